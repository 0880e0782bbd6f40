"""The same values as SpikeInterface's functions on the same arrays; each tolerance is said where it is not rounding."""

from __future__ import annotations

import numpy as np
import pytest
from spikeinterface.metrics.quality import misc_metrics, pca_metrics
from spikeinterface.metrics.template.metrics import get_half_widths, get_peak_to_trough_duration

from phy_medicine.compute.discriminant import discriminant
from phy_medicine.compute.metrics.amplitudes import amplitude_cutoff
from phy_medicine.compute.metrics.contamination import (
    contamination_by_many,
    isi_violations_ratio,
    refractory_pairs,
    short_intervals,
)
from phy_medicine.compute.metrics.isolation import l_ratio_and_distance
from phy_medicine.compute.metrics.neighbours import nearest_neighbours, silhouette
from phy_medicine.compute.metrics.presence import presence_bins, presence_ratio
from phy_medicine.compute.metrics.shape import half_width_ms, peak_to_trough_ms

RATE, DURATION_S = 30_000.0, 600.0


def train(seed: int, n: int = 5000) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).integers(0, int(RATE * DURATION_S), n))


def clouds(seed: int, apart: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three clusters in nine dimensions, their labels, and which of them are of the first one."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([4, 1, 9], [400, 700, 300])
    centers = {4: 0.0, 1: apart, 9: -2 * apart}
    points = rng.normal(size=(len(labels), 9)) * rng.uniform(0.5, 2, 9)
    points[:, 0] += [centers[label] for label in labels]
    return points, labels, labels == 4


@pytest.mark.parametrize("seed", range(3))
def test_isi_violations(seed):
    samples = train(seed)
    ratio, _, count = misc_metrics.isi_violations([samples / RATE], DURATION_S, 0.0015)
    n = short_intervals(samples, round(0.0015 * RATE))
    assert n == pytest.approx(count, abs=1)  # an interval of exactly 1.5 ms, which floats put on either side
    assert isi_violations_ratio(len(samples), n, 0.0015, DURATION_S) == pytest.approx(ratio, rel=1.5 / count)


@pytest.mark.parametrize("seed", range(3))
def test_contamination_by_many(seed):
    samples = train(seed)
    pairs = misc_metrics._compute_rp_violations_numba(samples, 0, 45)
    assert refractory_pairs(samples, 0, 46) == pairs  # theirs are up to and with the refractory time
    theirs = misc_metrics._compute_rp_contamination_one_unit(pairs // 3, len(samples), RATE * DURATION_S, 0, 45)
    assert contamination_by_many(len(samples), pairs // 3, 45 / RATE, DURATION_S) == pytest.approx(theirs)


def test_presence_with_the_same_stretches():
    samples = train(0, 60)
    edges = np.linspace(0, RATE * DURATION_S, presence_bins(DURATION_S) + 1)
    theirs = misc_metrics.presence_ratio(samples, bin_edges=edges)
    assert presence_ratio(samples / RATE, DURATION_S) == theirs < 1


@pytest.mark.parametrize("cut", [-3.0, -1.0, -0.5])
def test_amplitude_cutoff(cut):
    """Within 0.05: other bins and another smoothing of the same histogram."""
    values = np.random.default_rng(0).normal(size=20_000)
    values = 50 + 10 * values[values > cut]
    assert amplitude_cutoff(values) == pytest.approx(misc_metrics.amplitude_cutoff(values, 100), abs=0.05)


@pytest.mark.parametrize("apart", [0.5, 2.0, 6.0])
def test_l_ratio_and_isolation_distance(apart):
    """Within 2 % of the distance: ours has a ridge."""
    points, labels, own = clouds(1, apart)
    distance, ratio = pca_metrics.mahalanobis_metrics(points, labels, 4)
    ours = l_ratio_and_distance(points[own], points[~own], n_own=400)
    assert ours[0] == pytest.approx(ratio, rel=0.03, abs=1e-6) and ours[1] == pytest.approx(distance, rel=0.02)


@pytest.mark.parametrize("apart", [0.5, 2.0, 6.0])
def test_d_prime(apart):
    points, labels, own = clouds(2, apart)
    theirs = pca_metrics.d_prime_metric(points, labels, 4)
    assert discriminant(points[own], points[~own]).d_prime == pytest.approx(abs(theirs), rel=0.005)


@pytest.mark.parametrize("apart", [0.5, 2.0, 6.0])
def test_nearest_neighbours(apart):
    points, labels, own = clouds(3, apart)
    theirs = pca_metrics.nearest_neighbors_metrics(points, labels, 4, max_spikes=10_000, n_neighbors=4)
    assert nearest_neighbours(points[own], points[~own]) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("apart", [0.5, 2.0, 6.0])
def test_silhouette(apart):
    points, labels, own = clouds(4, apart)
    theirs = pca_metrics.simplified_silhouette_score(points, labels, 4)
    assert silhouette(points[own], points[~own], labels[~own]) == pytest.approx(theirs)


def test_widths():
    """Within two samples: they count whole samples where we go between them."""
    t = np.arange(-30, 60)
    for width, lag in ((3.0, 9), (5.0, 14), (8.0, 25)):
        waveform = -np.exp(-0.5 * (t / width) ** 2) + 0.4 * np.exp(-0.5 * ((t - lag) / (1.4 * width)) ** 2)
        trough = int(waveform.argmin())
        after = trough + int(waveform[trough:].argmax())
        info = {"trough_index": trough, "peak_after_index": after, "peak_before_index": None}
        duration, (half, _) = get_peak_to_trough_duration(info, RATE), get_half_widths(waveform, RATE, info)
        assert peak_to_trough_ms(waveform, RATE) == pytest.approx(1e3 * duration)
        assert half_width_ms(waveform, RATE) == pytest.approx(1e3 * half, abs=2e3 / RATE)
