"""Spikes between two samples: what a large one leaves that is put half a sample off looks like a small one."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.priors import TruncatedNormal
from phy_medicine.compute.sorting.pursuit import Pursuit, PursuitOptions
from phy_medicine.compute.sorting.scores import Scorer
from phy_medicine.compute.sorting.sparse_templates import compress

WIDTH, TROUGH = 41, 14
BETWEEN = PursuitOptions(min_isi=15, between_from=10.0)


def shape(later):
    """A narrow trough and what follows it, at any time."""
    t = np.arange(WIDTH) - TROUGH - later
    return -np.exp(-0.5 * (t / 2.5) ** 2) + 0.3 * np.exp(-0.5 * ((t - 10) / 4) ** 2)


def footprints():
    return np.exp(-np.abs(np.arange(8)[None] - np.array([1.0, 3.0, 6.0])[:, None]) / 1.5)


def templates():
    out = footprints()[:, :, None] * shape(0.0)
    return out / np.linalg.norm(out, axis=(1, 2), keepdims=True)


def recording(spikes, n_samples, *, noise=1.0, seed=0):
    """Data with (time, unit, amplitude, shift)."""
    data = noise * np.random.default_rng(seed).normal(size=(8, n_samples))
    norms = np.linalg.norm(footprints()[:, :, None] * shape(0.0), axis=(1, 2))
    for time, k, amplitude, shift in spikes:
        data[:, time : time + WIDTH] += amplitude / norms[k] * footprints()[k, :, None] * shape(shift)
    return data.astype(np.float32)


def find(data, options):
    sparse = compress(templates(), least_share=0.0)
    scores = Scorer(sparse)(data)
    pursuit = Pursuit(sparse, [TruncatedNormal(50.0, 30.0, 0.001)] * 3, options=options)
    return pursuit(scores), scores, sparse


def crowd(n_samples=12_000):
    rng = np.random.default_rng(4)
    times = np.sort(rng.choice(np.arange(50, n_samples - 100, 60), 80, replace=False)) + rng.integers(0, 20, 80)
    return [(int(t), int(rng.integers(3)), rng.uniform(30, 90), rng.uniform(-0.5, 0.5)) for t in times]


@pytest.mark.parametrize("shift", [-0.4, 0.0, 0.3])
def test_a_large_spike_is_found_where_it_is(shift):
    found, _, _ = find(recording([(100, 1, 80.0, shift)], 400, noise=0.0), BETWEEN)
    assert (found.times.tolist(), found.units.tolist()) == ([100], [1])
    assert found.shifts[0] == pytest.approx(shift, abs=0.03)
    assert found.amplitudes[0] == pytest.approx(80.0, rel=0.01)


def test_a_small_spike_stays_at_its_sample():
    found, _, _ = find(recording([(100, 1, 9.0, 0.4)], 400, noise=0.0), BETWEEN)
    assert found.taps.tolist() == [[0, 1, 0]]


def test_large_spikes_leave_nothing_that_looks_like_others():
    spikes = crowd()
    data = recording(spikes, 12_000)
    at_samples, _, _ = find(data, PursuitOptions(min_isi=15))
    between, _, _ = find(data, BETWEEN)
    assert len(at_samples.times) >= len(spikes) + 4
    assert len(between.times) == len(spikes)
    assert between.units.tolist() == [k for _, k, _, _ in spikes]
    wrong = between.times + between.shifts - [t + shift for t, _, _, shift in spikes]
    assert np.sqrt(np.mean(wrong**2)) < 0.1


def test_scores_that_are_left_are_those_of_the_data_without_the_spikes():
    rng = np.random.default_rng(1)
    crowded = [(50 + 17 * i, int(rng.integers(3)), 60.0, rng.uniform(-0.5, 0.5)) for i in range(100)]
    data = recording(crowded, 2000)
    found, scores, sparse = find(data, BETWEEN)
    left = data.astype(np.float64)
    for time, k, amplitude, taps in zip(found.times, found.units, found.amplitudes, found.taps, strict=True):
        for later, share in zip((-1, 0, 1), taps, strict=True):
            start = time + later
            if share:
                left[:, start : start + WIDTH] -= share * amplitude * sparse.dense()[k]
    assert (found.taps[:, 1] < 0.99).sum() > 10
    assert np.square(data, dtype=np.float64).sum() - found.explained.sum() == pytest.approx((left**2).sum(), rel=1e-5)
    np.testing.assert_allclose(scores, Scorer(sparse)(left.astype(np.float32)), atol=0.02)
