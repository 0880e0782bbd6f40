"""Scores of spikes on the principal components of the selected clusters."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.session import pca_source
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.pca_source import PcaSource
from phy_medicine.session.waveform_source import Window

N_SPIKES = 600


class Waves:
    """Waveforms of three clusters (spike id modulo 3) on four channels: a shape of each, in noise."""

    n_before = 30  # samples of `data` before the spike
    stored = None

    def __init__(self):
        rng = np.random.default_rng(5)
        shapes = rng.normal(size=(3, 80, 4)) * 4
        self.data = (shapes[np.arange(N_SPIKES) % 3] + rng.normal(size=(N_SPIKES, 80, 4))).astype(np.float32)
        self.read = []

    def known(self, spike_ids):
        if self.stored is None:
            return spike_ids
        return spike_ids[np.isin(spike_ids, self.stored)]

    def window(self, before_ms, after_ms):
        return Window(round(30 * before_ms), round(30 * after_ms))

    def of_spikes(self, spike_ids, channel_ids, window):
        self.read.append(len(spike_ids))
        first = self.n_before - window.before
        return self.data[spike_ids][:, first : first + sum(window), list(channel_ids)]


@pytest.fixture
def waves():
    return Waves()


@pytest.fixture
def source(waves):
    facts = SimpleNamespace(
        spikes=lambda c: np.arange(c, N_SPIKES, 3), pick=lambda c, n: np.arange(c, N_SPIKES, 3)[:: -(-200 // n)]
    )
    times = np.arange(N_SPIKES) / 10
    return PcaSource(waves, facts, ArrayCache(), lambda: times)


def test_the_scores_are_those_of_the_waveforms_of_these_clusters_alone(source, waves):
    selected = source.components([2, 0], [3, 1])
    assert selected.n_waveforms == 400
    # 0.7 ms before the spike and 1.3 ms after it: samples 9 to 69.
    rows = waves.data[np.arange(N_SPIKES) % 3 != 1][:, 9:69, 3].astype(float)
    rows -= rows.mean(axis=0)
    variances = np.linalg.svd(rows, compute_uv=False) ** 2
    got = [source.of_cluster(c, selected) for c in (0, 2)]
    scores = np.concatenate([g.data[:, 0] for g in got]).astype(float)
    assert (scores**2).sum(axis=0) == pytest.approx(variances[:3], rel=1e-4)
    assert got[1].spike_ids.tolist() == list(range(2, N_SPIKES, 3)) and got[1].times_s[0] == pytest.approx(0.2)


def test_the_order_of_the_clusters_changes_nothing(source):
    assert source.components([2, 0], [3, 1]) is source.components((0, 2), (3, 1))


def test_with_another_second_cluster_only_that_one_is_read(source, waves):
    source.components([0, 1], [0, 1])
    source.components([0, 2], [0, 1])
    assert waves.read == [200, 200, 200]
    assert source.ready([2, 0], [0, 1]) and not source.ready([1, 2], [0, 1]) and not source.ready([0, 1], [0, 2])


def test_all_spikes_go_through_the_same_components_in_pieces(source, waves, monkeypatch):
    monkeypatch.setattr(pca_source, "N_WAVEFORMS", 50)
    monkeypatch.setattr(pca_source, "_CHUNK", 64)
    selected = source.components([0, 1], [1, 2])
    assert selected.n_waveforms == 100
    drawn = source.of_cluster(1, selected)
    assert (len(drawn.spike_ids), drawn.n_total) == (50, 200)
    waves.read.clear()
    every = source.of_spikes(np.arange(N_SPIKES), selected)
    assert max(waves.read) == 64 and sum(waves.read) == N_SPIKES
    assert every.data[drawn.spike_ids] == pytest.approx(drawn.data, abs=1e-4)


def test_spikes_behind_come_from_other_clusters(source):
    selected = source.components([0], [1, 2])
    behind = source.behind([1, 2], selected)
    assert len(behind.spike_ids) == 400 and (behind.spike_ids % 3 > 0).all()
    assert behind.data.shape == (400, 2, 3)
    assert source.behind([], selected).data.shape == (0, 2, 3)


def test_only_spikes_with_a_waveform_are_used(source, waves):
    waves.stored = np.arange(100)
    assert source.components([0, 1], [0]).n_waveforms == 67
    assert source.n_without(np.arange(90, 120)) == 20


def test_without_any_waveforms_the_reason_is_passed_on(source, waves):
    def missing(_ids):
        raise DataMissing("No raw data: recording.dat not found.")

    waves.known = missing
    with pytest.raises(DataMissing, match="No raw data"):
        source.components([0], [0])
