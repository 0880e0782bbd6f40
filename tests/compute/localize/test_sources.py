"""Where the signal comes from: pieces of a recording or stored waveforms; the same positions whatever the pieces."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.compute import kernels
from phy_medicine.compute.filtered_recording import FilteredRecording
from phy_medicine.compute.localize.contacts import Contacts, decrease, nearest, within
from phy_medicine.compute.localize.grid import GridConvolution
from phy_medicine.compute.localize.localize import Following, localize
from phy_medicine.compute.localize.localizers import CentreOfMass, Window
from phy_medicine.compute.localize.monopole import Monopole
from phy_medicine.compute.localize.sources import RecordingSource, StoredSource
from phy_medicine.compute.localize.spikes import RecordedSpikes, StoredSpikes
from phy_medicine.compute.signal_filters import SignalFilter
from phy_medicine.io.traces import Traces
from phy_medicine.io.waveform_subset import WaveformSubset

RATE = 30000.0
WINDOW = Window(15, 15)
RAW = SignalFilter("", "", "")
CONTACTS = Contacts.of(np.stack([np.tile([0.0, 32.0, 16.0, 48.0], 8), np.repeat(np.arange(16) * 20.0, 2)], axis=1))


@dataclass(frozen=True)
class Sample:
    """A recording of point sources: its traces, and of each spike sample, channel and place."""

    traces: Traces
    samples: np.ndarray
    channel_ids: np.ndarray
    place: np.ndarray


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Two seconds with 150 spikes at least 4 ms apart, one cut off by the start and one by the end."""
    rng = np.random.default_rng(0)
    samples = np.concatenate([[3], 300 + 390 * np.arange(148) + rng.integers(0, 100, 148), [59995]])
    channel_ids = rng.integers(0, 32, 150)
    place = np.column_stack([CONTACTS.positions_um[channel_ids] + rng.normal(0, 4, (150, 2)), rng.uniform(10, 40, 150)])
    data = np.zeros((60000 + 200, 32), dtype=np.float32)
    times = np.arange(-40, 60)
    shape = -np.exp(-0.5 * (times / 4.0) ** 2)
    for s, p in zip(samples, place, strict=True):
        away = np.sqrt(((CONTACTS.positions_um - p[:2]) ** 2).sum(1) + p[2] ** 2)
        data[s + 60 : s + 160] += shape[:, None] * 4000 / away
    return Sample(Traces([data[100:-100]], np.arange(32), RATE), samples, channel_ids, place)


def monopole() -> Monopole:
    neighbours = within(CONTACTS, 75)
    return Monopole(neighbours, WINDOW, decrease(neighbours))


def as_table(columns) -> np.ndarray:
    return np.stack([columns.x_um, columns.depth_um, columns.z_um, columns.alpha], axis=1)


def test_sources_in_a_recording_are_found(sample):
    columns = localize(RecordingSource(sample.traces, sample.samples, sample.channel_ids, RAW, 15), monopole(), 150)
    error = np.abs(as_table(columns)[:, :3] - sample.place)
    # The logarithm of the objective draws sources a little away from the probe.
    assert np.median(error, axis=0) == pytest.approx([0, 0, 0], abs=0.5) and columns.converged.all()
    assert (
        columns.alpha == pytest.approx(4000, rel=0.25) and columns.peak_channels.tolist() == sample.channel_ids.tolist()
    )


@pytest.mark.parametrize("method", ["monopole", "centre", "grid"])
def test_pieces_and_threads_change_nothing(sample, method):
    kernels.warm_up()
    localizer = {
        "monopole": monopole,
        "centre": lambda: CentreOfMass(nearest(CONTACTS), WINDOW),
        "grid": lambda: GridConvolution.of(CONTACTS, WINDOW, RATE),
    }[method]()
    mixed = np.random.default_rng(1).permutation(150)
    whole = RecordingSource(sample.traces, sample.samples, sample.channel_ids, RAW, 15)
    small = RecordingSource(
        sample.traces, sample.samples[mixed], sample.channel_ids[mixed], RAW, 15, piece_bytes=1 << 18
    )
    assert len(list(whole.blocks())) == 1 and len(list(small.blocks())) > 20
    one = as_table(localize(whole, localizer, 150))
    other = as_table(localize(small, localizer, 150, n_threads=3))
    assert np.allclose(other, one[mixed], atol=1e-3, equal_nan=True)
    assert np.isfinite(one[:, 0]).all()


def test_filtered_pieces_are_the_filtered_whole(sample):
    kernels.warm_up()
    band = SignalFilter("", "", "", 300.0, 6000.0, common=True)
    noise = np.random.default_rng(2).normal(1000, 20, (60000, 32)).astype(np.float32)
    recording = FilteredRecording(Traces([noise], np.arange(32), RATE), band)
    whole, start = recording.read(0, 60000, 15)
    assert start == 0 and len(whole) == 60000
    part, begin = recording.read(20000, 21000, 15)
    assert begin == 20000 - 15 - 350
    assert np.abs(part[350:-350] - whole[begin + 350 : 21015]).max() < 1e-4 * whole.std()
    assert np.abs(np.median(whole, axis=1)).max() < 1e-3 and np.abs(whole[:30].mean()) < 1


def test_the_common_median_is_removed_where_it_is_wanted():
    kernels.warm_up()
    noise = np.random.default_rng(4).normal(0, 20, (3000, 32)).astype(np.float32)
    kept = noise.copy()
    recording = FilteredRecording(Traces([noise], np.arange(32), RATE), SignalFilter("", "", "", common=True))
    whole, _ = recording.read(0, 3000)
    part, begin = recording.read(900, 2011, 10, near=np.array([900, 1500, 1515, 2010]))
    wanted = np.r_[890:911, 1490:1526, 2000:2021]
    assert begin == 890 and (part[wanted - begin] == whole[wanted]).all()
    assert np.abs(np.median(whole, axis=1)).max() < 1e-4 and (part[100] == noise[990]).all()
    assert (noise == kept).all()


def test_between_rare_spikes_nothing_is_read_and_nothing_changes(sample):
    kernels.warm_up()
    band = SignalFilter("", "", "", 300.0, 6000.0, common=True)
    data = np.random.default_rng(3).normal(1000, 20, (60000, 32)).astype(np.float32) + sample.traces.read(0, 60000)
    traces, read = Traces([data], np.arange(32), RATE), []
    samples, channel_ids = np.array([3, 20000, 20300, 41000, 59995]), np.array([4, 9, 30, 17, 2])
    counting = SimpleNamespace(
        n_samples=60000, n_channels=32, sample_rate=RATE,
        read=lambda start, stop: read.append(stop - start) or traces.read(start, stop),
    )  # fmt: skip
    (block,) = RecordingSource(counting, samples, channel_ids, band, 15).blocks()
    found = block.load().snippets(within(CONTACTS, 75), 15, 15)
    assert len(read) == 4 and sum(read) < 5 * 800
    signal, _ = FilteredRecording(traces, band).read(0, 60000)
    whole = RecordedSpikes(signal, samples, channel_ids, RATE, 0, 60000).snippets(within(CONTACTS, 75), 15, 15)
    # The mean of another stretch is removed before, which shows where the recording begins and ends.
    assert np.abs(found - whole)[1:4].max() < 1e-4 * signal.std() and np.abs(found - whole).max() < 0.2 * signal.std()


def test_spikes_outside_of_the_recording_stay_unknown(sample):
    samples, channels = np.array([-5, 3, 60000, 70000]), np.array([4, 4, 4, 4])
    columns = localize(RecordingSource(sample.traces, samples, channels, RAW, 15), monopole(), 4)
    assert np.isfinite(columns.depth_um).tolist() == [False, True, False, False]
    assert columns.peak_channels.tolist() == [-1, 4, -1, -1] and not columns.converged[[0, 2, 3]].any()


def test_at_the_ends_only_what_was_recorded_counts():
    signal = np.zeros((100, 32), dtype=np.float32)
    signal[:20, 7], signal[40:60, 7] = 99, -50
    spikes = RecordedSpikes(signal, np.array([42]), np.array([7]), RATE, 30, 55)
    neighbours = within(CONTACTS, 10)
    assert spikes.amplitudes(neighbours, 30, 30).tolist() == [[50]]
    cut = spikes.snippets(neighbours, 13, 20)
    assert cut.shape == (1, 1, 33) and cut[0, 0].tolist() == [0] * 11 + [-50] * 15 + [0] * 7


def test_ten_nearest_snippets_have_the_peak_at_sample_30(sample):
    source = RecordingSource(sample.traces, sample.samples, sample.channel_ids, RAW, 60)
    (block,) = source.blocks()
    snippets = block.load().snippets(nearest(CONTACTS), 30, 60)
    assert snippets.shape == (150, 10, 90)
    best = np.ptp(snippets[1:-1], axis=2).argmax(axis=1)
    assert (np.take_along_axis(snippets[1:-1], best[:, None, None], axis=1)[:, 0].argmin(axis=1) == 30).all()


def test_a_spike_far_from_its_template_is_followed(sample):
    shifted = np.clip(sample.channel_ids + 4, 0, 31)
    source = RecordingSource(sample.traces, sample.samples, shifted, RAW, 15)
    columns = localize(source, monopole(), 150, following=Following(nearest(CONTACTS), WINDOW))
    away = np.linalg.norm(CONTACTS.positions_um[columns.peak_channels] - sample.place[:, :2], axis=1)
    assert away.max() < 25
    assert np.median(np.abs(columns.depth_um - sample.place[:, 1])) < 0.5


def test_stored_waveforms_give_what_the_recording_gives(sample):
    ids = np.array([40, 3, 90, 17])
    channels = within(CONTACTS, 75).channel_ids[sample.channel_ids[ids]].astype(np.int64)
    windows = sample.traces.read_many(sample.samples[ids] - 41, 82)
    waveforms = np.where(channels[:, None] >= 0, np.take_along_axis(windows, np.maximum(channels, 0)[:, None], 2), 7e9)
    source = StoredSource(WaveformSubset(waveforms, channels, ids), sample.channel_ids, RATE)
    raw = RecordingSource(sample.traces, sample.samples, sample.channel_ids, RAW, 15)
    stored, whole = localize(source, monopole(), 150), localize(raw, monopole(), 150)
    assert np.allclose(as_table(stored)[ids], as_table(whole)[ids], atol=1e-3)
    assert np.isnan(np.delete(stored.depth_um, ids)).all()


def test_stored_features_are_cut_to_what_is_stored():
    waveforms = np.arange(20, dtype=np.float32).reshape(1, 10, 2)
    spikes = StoredSpikes(waveforms, np.array([[7, -1]]), np.array([7]), RATE, 5)
    neighbours = within(CONTACTS, 25)
    slot = neighbours.channel_ids[7].tolist().index(7)
    amplitudes = spikes.amplitudes(neighbours, 20, 20)[0]
    assert amplitudes[slot] == 18 and np.isnan(np.delete(amplitudes, slot)).all()
    assert spikes.projections(neighbours, np.ones(40, np.float32), 20)[0, slot] == sum(range(0, 20, 2))
    snippet = spikes.snippets(neighbours, 7, 7)[0, slot]
    assert snippet.tolist() == [0, 0, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 0, 0]


def test_the_centre_of_mass_of_two_contacts():
    contacts = Contacts.of(np.array([[0.0, 0.0], [0.0, 30.0]]))
    found = CentreOfMass(nearest(contacts), WINDOW).solve(np.array([[1, 3], [0, 0]], np.float32), np.array([0, 1]))
    assert found.um[0].tolist() == [0, 22.5, 0] and np.isnan(found.um[1]).all()
    assert found.converged.tolist() == [True, False] and found.alpha[0] > 0


@pytest.mark.parametrize("sign", [1, -1])
def test_the_grid_finds_depth_of_spikes_of_either_sign(sample, sign):
    data = sign * sample.traces.read(0, 60000)
    source = RecordingSource(Traces([data], np.arange(32), RATE), sample.samples, sample.channel_ids, RAW, 15)
    columns = localize(source, GridConvolution.of(CONTACTS, WINDOW, RATE), 150)
    inner = (sample.place[:, 1] > 40) & (sample.place[:, 1] < 260)
    assert np.median(np.abs(columns.depth_um - sample.place[:, 1])[inner]) < 3
    assert columns.converged.all()


def test_an_exception_of_progress_ends_the_work(sample):
    source = RecordingSource(sample.traces, sample.samples, sample.channel_ids, RAW, 15, piece_bytes=1 << 16)
    seen = []

    def progress(n_done, columns):
        seen.append(n_done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        localize(source, monopole(), 150, n_threads=2, progress=progress)
    assert len(seen) == 1
