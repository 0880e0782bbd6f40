"""Waveforms of chosen spikes, from the recording or from stored ones."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.io.model import WaveformRule
from phy_medicine.io.waveform_subset import WaveformSubset
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.session import Session
from phy_medicine.session.waveform_source import WaveformSource, Window


class Ramp:
    """A recording of 1,000 samples, row t of channel c is 10 t + c."""

    n_samples = 1000

    def read_many(self, starts, n_samples, channel_ids):
        times = starts[:, None, None] + np.arange(n_samples)[None, :, None]
        return (10 * times + channel_ids).astype(np.int16)


def source_of(*, traces=None, subset=None, **rule):
    rule = WaveformRule(before=2, after=3, filtered=False, **rule)
    model = SimpleNamespace(
        traces=traces, waveform_subset=subset, waveform_rule=rule, sample_rate=1000.0,
        spike_samples=np.array([100, 200, 300]), traces_missing="No raw data: recording.dat not found.",
    )  # fmt: skip
    facts = SimpleNamespace(pick=lambda c, n: np.arange(3)[:n], spikes=lambda c: np.arange(3))
    return WaveformSource(model, facts)


def test_waveforms_of_exactly_these_spikes_are_cut_out_of_the_recording():
    source = source_of(traces=Ramp())
    assert source.known(np.array([2, 0])).tolist() == [2, 0]
    data = source.of_spikes(np.array([2, 0]), [1, 3])
    # Without the median of the 9 samples read: those from 4 before the spike to 4 after it.
    assert data[:, :, 0].tolist() == [[-20, -10, 0, 10, 20]] * 2
    assert data.shape == (2, 5, 2)


def test_offset_and_scale_of_the_dataset_are_applied():
    source = source_of(traces=Ramp(), offset=1.0, scale=0.5)
    assert source.of_spikes(np.array([0]), [0])[0, :, 0].tolist() == [-10.5, -5.5, -0.5, 4.5, 9.5]


def test_without_a_recording_only_stored_waveforms_are_known():
    stored = WaveformSubset(np.full((1, 4, 1), 7.0), np.array([[5]]), np.array([1]))
    source = source_of(subset=stored)
    assert source.known(np.array([0, 1, 2])).tolist() == [1]
    got = source.of_cluster(0, (5, 6), 10)
    assert got.spike_ids.tolist() == [1] and (got.n_before, got.n_total) == (2, 3)
    assert got.data[0, 0].tolist() == [7, 0]


def test_without_any_the_sentence_of_the_dataset_is_said():
    for ask in (lambda s: s.known(np.arange(2)), lambda s: s.of_cluster(0, (0,), 5)):
        with pytest.raises(DataMissing, match=r"recording\.dat not found"):
            ask(source_of())


def test_without_a_wish_the_window_is_that_of_the_dataset():
    source = source_of(traces=Ramp())
    assert source.window() == (2, 3)
    assert source.window(10, 0) == (10, 3)
    assert source.window(0.4, 0.4) == (0, 2)
    data = source.of_spikes(np.array([1]), [0], Window(1, 2))
    assert data[0, :, 0].tolist() == [-10, 0, 10]


def test_stored_waveforms_limit_the_window():
    stored = WaveformSubset(np.arange(6.0).reshape(1, 6, 1), np.array([[5]]), np.array([1]))
    source = source_of(subset=stored)
    # The rule says 2 and 3 samples, for a recording.
    assert source.window() == source.window(10, 10) == (3, 3)
    assert source.window(1, 2) == (1, 2)
    assert source.of_spikes(np.array([1]), [5], Window(1, 2))[0, :, 0].tolist() == [2, 3, 4]
    assert source.some_spikes(0, 5).tolist() == [1]


def test_a_wider_window_holds_the_narrow_one(dataset):
    session = Session.open(dataset)
    data, usual = session.data, session.data.waveform_source.window()
    spikes = data.spikes(data.cluster_ids()[0])[5:25]
    wide = data.waveform_source.window(2.0, 3.0)
    assert wide == (60, 90)
    narrow = data.waveform_source.of_spikes(spikes, (0, 3), Window(20, 30))
    wider = data.waveform_source.of_spikes(spikes, (0, 3), wide)[:, 40:90]
    assert narrow.shape == wider.shape
    # The median that is taken off is that of what was read, and the filter forgets its start in 2 ms.
    assert np.abs(narrow - wider).mean() < 0.1 * np.abs(narrow).mean()
    assert data.waveforms(data.cluster_ids()[0], (0, 3), n=20).data.shape == (20, sum(usual), 2)
    session.close()


def test_stored_waveforms_are_seen_filtered_as_those_of_the_recording(dataset):
    path = dataset.parent / "recording.dat"
    (np.fromfile(path, np.int16) // 2 + 9000).tofile(path)
    session = Session.open(dataset)
    spikes = np.load(session.extract_waveforms(20).files[2])
    channels = session.model.template_channels(int(session.model.spike_templates[spikes[0]]))[:3]
    spikes = spikes[session.model.spike_templates[spikes] == session.model.spike_templates[spikes[0]]]
    seen = session.data.waveform_source.of_spikes(spikes, channels)
    session.close()
    path.unlink()
    session = Session.open(dataset)
    stored = session.data.waveform_source.of_spikes(spikes, channels)
    assert stored.shape == seen.shape and len(spikes) == 20
    # The recording has a margin for the filter to settle in, what is stored has not.
    assert np.abs(stored - seen).mean() < 0.2 * np.abs(seen).mean()
    wide = session.data.waveform_source.window(0.5, 0.5)
    assert np.array_equal(session.data.waveform_source.of_spikes(spikes, channels, wide), stored[:, 26:56])
    session.close()
