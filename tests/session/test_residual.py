"""The signal without its spikes, on made-up recordings whose spikes are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.io.traces import Traces
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.residual import ResidualSource, _of_minute
from phy_medicine.session.trace_source import TraceSource

RATE, N, NOISE = 20_000.0, 400_000, 10.0
POSITIONS = np.c_[np.zeros(8), 20.0 * np.arange(8)]
PEAKS = (1, 4, 5)


def spike(peak, size, shift=0.0):
    """(60, 8): fast, then slow, smaller with distance."""
    t = np.arange(60)[:, np.newaxis] - 20 - shift
    shape = -np.exp(-((t / 3) ** 2)) + 0.4 * np.exp(-(((t - 10) / 8) ** 2))
    return size * shape * np.exp(-np.abs(POSITIONS[:, 1] - POSITIONS[peak, 1]) / 30)


def recording(*, growth=0.0, shifts=0.0, slow=0.0):
    """20 s of 8 channels, three units of 10 spikes/s that overlap by chance, each spike of a size of its own."""
    rng = np.random.default_rng(6)
    raw = rng.normal(0, NOISE, (N, 8)) + slow * np.sin(np.arange(N) / RATE * 2 * np.pi * 8)[:, np.newaxis]
    samples = np.sort(rng.choice(np.arange(100, N - 100), 600, replace=False))
    clusters = rng.integers(0, 3, 600)
    for at, cluster in zip(samples, clusters, strict=True):
        size = (150, 120, 100)[cluster] * rng.normal(1, 0.15) * (1 + growth * at / N)
        raw[at - 20 : at + 40] += spike(PEAKS[cluster], size, rng.uniform(-shifts, shifts))
    return raw.round().astype(np.int16), samples, clusters


class Facts:
    def __init__(self, clusters):
        self.clusters = clusters

    def spikes(self, cluster_id):
        return np.flatnonzero(self.clusters == cluster_id)

    def labels_of(self, spike_ids):
        return self.clusters[spike_ids]

    def main_template(self, cluster_id):
        return cluster_id


def make(raw, samples, clusters):
    model = SimpleNamespace(
        traces=Traces([raw], np.arange(8), RATE), n_channels=8, sample_rate=RATE, traces_missing="",
        spike_samples=samples, channel_positions=POSITIONS, channel_shanks=np.zeros(8, dtype=int),
        template_channels=lambda template_id: np.array([PEAKS[template_id % 3]]),
    )  # fmt: skip
    source = TraceSource(model)
    return source, ResidualSource(model, Facts(clusters), source, ArrayCache())


def energy(data, samples, start):
    """Mean square on all channels within a millisecond of the spikes."""
    at = samples[(samples > start + 100) & (samples < start + len(data) - 100)] - start
    return np.square(np.concatenate([data[i - 20 : i + 20] for i in at]), dtype=np.float64).mean()


@pytest.mark.parametrize("filter", ["high-pass", "band-pass"])
@pytest.mark.parametrize("changes", [{}, {"growth": 0.5}, {"shifts": 0.5}, {"slow": 200.0}])
def test_at_the_spikes_the_noise_is_left(filter, changes):
    raw, samples, clusters = recording(**changes)
    source, residual = make(raw, samples, clusters)
    channels = np.arange(8)
    seen = source.samples(100_000, 200_000, channels, filter)
    left = residual.samples(100_000, 200_000, channels, filter)
    away = np.ones(len(seen), dtype=bool)
    for at in samples[(samples > 99_900) & (samples < 200_100)] - 100_000:
        away[max(at - 60, 0) : at + 100] = False
    noise = np.square(seen[away], dtype=np.float64).mean()
    assert energy(seen, samples, 100_000) > 4 * noise
    assert 0.8 * noise < energy(left, samples, 100_000) < 1.25 * noise
    assert np.abs(left[away] - seen[away]).max() < 2 * NOISE


def test_of_the_raw_signal_the_slow_waves_stay():
    raw, samples, clusters = recording(slow=200.0)
    source, residual = make(raw, samples, clusters)
    seen = source.samples(100_000, 200_000, np.arange(8), "none")
    left = residual.samples(100_000, 200_000, np.arange(8), "none")
    wave = 200 * np.sin((np.arange(100_000, 200_000) / RATE) * 2 * np.pi * 8)[:, np.newaxis]
    assert energy(seen - wave, samples, 100_000) > 4 * NOISE**2
    assert energy(left - wave, samples, 100_000) < 1.4 * NOISE**2


def test_the_common_median_is_subtracted_from_the_shapes_too():
    raw, samples, clusters = recording()
    source, residual = make(raw, samples, clusters)
    seen = source.samples(100_000, 200_000, np.arange(8), "common median")
    left = residual.samples(100_000, 200_000, np.arange(8), "common median")
    assert energy(left, samples, 100_000) < 1.3 * NOISE**2 < energy(seen, samples, 100_000) / 2


def test_a_spike_that_no_cluster_has_stays():
    raw, samples, clusters = recording()
    missed = 5 + int(np.argmax(np.diff(samples[100:400]) > 400)) + 95
    gap = (samples[missed] + samples[missed + 1]) // 2
    raw[gap - 20 : gap + 40] += spike(4, 120).astype(np.int16)
    _, residual = make(raw, samples, clusters)
    left = residual.samples(gap - 2000, gap + 2000, np.arange(8), "high-pass")
    assert left[1990:2010, 4].min() < -80


def test_a_label_without_a_spike_subtracts_next_to_nothing():
    raw, samples, clusters = recording()
    gaps = np.flatnonzero(np.diff(samples) > 600)
    false = (samples[gaps[0]] + samples[gaps[0] + 1]) // 2
    at = np.searchsorted(samples, false)
    source, residual = make(raw, np.insert(samples, at, false), np.insert(clusters, at, 1))
    window = false - 100, false + 100
    difference = residual.samples(*window, np.arange(8), "high-pass") - source.samples(
        *window, np.arange(8), "high-pass"
    )
    assert np.abs(difference).max() < 2 * NOISE


def test_two_clusters_with_the_same_spikes_share_them():
    raw, samples, clusters = recording()
    both, twice = np.repeat(samples, 2), np.repeat(clusters, 2)
    twice[1::2] += 3
    _, residual = make(raw, both, twice)
    left = residual.samples(100_000, 140_000, np.arange(8), "high-pass")
    assert energy(left, samples, 100_000) < 1.25 * NOISE**2


def test_pieces_and_columns_are_those_of_the_whole(monkeypatch):
    raw, samples, clusters = recording()
    _, residual = make(raw, samples, clusters)
    monkeypatch.setattr("phy_medicine.session.residual._PIECE_S", 0.2)
    channels = np.array([4, 1])
    whole = residual.samples(20_000, 40_000, channels, "high-pass")
    every = residual.read(1.0, 2.0, channels, filter="high-pass")
    assert every.sample_rate == RATE and every.start_s == 1.0
    assert np.abs(every.data - whole).max() < 5
    columns = residual.read(1.0, 2.0, channels, filter="high-pass", n_points=402)
    size = round(2 * RATE / columns.sample_rate)
    assert size == 100 and columns.data.shape == (400, 2)
    assert np.abs(columns.data[::2] - whole.reshape(200, 100, 2).min(axis=1)).max() < 5


def test_without_spikes_nothing_is_subtracted():
    raw, samples, clusters = recording()
    source, residual = make(raw, samples[:0], clusters[:0])
    left = residual.samples(5000, 9000, np.arange(8), "high-pass")
    assert (left == source.samples(5000, 9000, np.arange(8), "high-pass")).all()


def test_other_clusters_are_another_version():
    raw, samples, clusters = recording()
    _, before = make(raw, samples, clusters)
    _, after = make(raw, samples, np.where(clusters == 2, 7, clusters))
    assert before.version(1.0, 2.0) == before.version(1.0, 2.0) != after.version(1.0, 2.0)


def test_a_minute_is_stood_for_by_its_own_spikes_or_the_nearest():
    times = np.concatenate([np.linspace(0, 59.9, 500), np.linspace(60, 119, 5), np.linspace(120, 179, 40)])
    assert (times[_of_minute(times, 0)] < 60).all() and len(_of_minute(times, 0)) == 100
    few = times[_of_minute(times, 1)]
    assert len(few) == 30 and few.min() < 60 and few.max() > 120
    assert len(_of_minute(times, 2)) == 40
    assert _of_minute(np.array([3.0]), 9).tolist() == [0]
