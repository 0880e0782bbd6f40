"""The compiled passes of the fast solver against slow obvious versions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from phy_medicine.compute.motion import _kernels_paths, coarse
from phy_medicine.compute.motion.binned import BinnedPeaks, bin_peaks
from phy_medicine.compute.motion.density import (
    Density,
    Grid,
    corrected_depths,
    estimate_density,
    log_likelihood,
    scores,
)
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.walk import Walk


def some_peaks(n: int = 400, seed: int = 0, span: float = 300.0) -> Peaks:
    rng = np.random.default_rng(seed)
    return Peaks(rng.uniform(0, 10, n), rng.uniform(0, span, n), -rng.lognormal(4, 0.5, n))


def binned(peaks: Peaks, n_bins: int = 5, **options) -> BinnedPeaks:
    return bin_peaks(peaks, start_s=0.0, width_s=10.0 / n_bins, n_bins=n_bins, limit=10**9, **options)


def slow_corrected(peaks: BinnedPeaks, motion: np.ndarray) -> np.ndarray:
    """Corrected depths by the public motion record, its times being the numbers of the bins."""
    bins = np.repeat(np.arange(peaks.n_bins), np.diff(peaks.first))
    depths = peaks.low_um + peaks.codes * peaks.step_um
    whole = Motion(motion, np.arange(peaks.n_bins), peaks.levels_um(motion.shape[1]))
    return whole.corrected(bins, depths)


def random_motion(n_levels: int, n_bins: int = 5, sd: float = 8.0) -> np.ndarray:
    return np.random.default_rng(n_levels).normal(0, sd, (n_bins, n_levels))


def test_every_peak_is_in_its_time_bin_with_its_depth_and_row():
    peaks = some_peaks()
    bins = binned(peaks)
    order = np.argsort((peaks.times_s / 2).astype(int), kind="stable")
    assert np.array_equal(np.diff(bins.first), np.bincount((peaks.times_s / 2).astype(int), minlength=5))
    assert np.abs(bins.low_um + bins.codes * bins.step_um - peaks.depths_um[order]).max() < 300 / 65535
    size = np.log(np.abs(peaks.amplitudes[order]))
    low, high = np.quantile(size, [0.005, 0.995])
    assert np.array_equal(bins.rows, np.clip((size - low) / (high - low) * 12, 0, 11).astype(int))


@pytest.mark.parametrize("chunk", [1, 7, 399, 1000])
def test_chunks_of_any_size_give_the_same_peaks(chunk):
    peaks = some_peaks()
    one = bin_peaks(peaks, start_s=0.0, width_s=2.0, n_bins=5, limit=150)
    two = bin_peaks(peaks, start_s=0.0, width_s=2.0, n_bins=5, limit=150, chunk=chunk)
    assert 100 < one.n_peaks < 200
    for name in ("first", "codes", "rows"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def test_equal_and_zero_amplitudes_are_one_row():
    peaks = some_peaks()
    assert not binned(Peaks(peaks.times_s, peaks.depths_um, np.full(400, -50.0))).rows.any()
    assert not binned(Peaks(peaks.times_s, peaks.depths_um, np.zeros(400))).rows.any()


@pytest.mark.parametrize("n_levels", [1, 2, 5])
def test_corrected_depths_are_those_of_the_motion(n_levels):
    bins, motion = binned(some_peaks()), random_motion(n_levels)
    assert np.abs(corrected_depths(bins, motion) - slow_corrected(bins, motion)).max() < 1e-4


@pytest.mark.parametrize("n_levels", [1, 3])
def test_counts_share_each_peak_between_two_cells(n_levels):
    bins, motion = binned(some_peaks()), random_motion(n_levels)
    grid = Grid.over(bins, 50.0, 2.0)
    counts = estimate_density(bins, motion, grid, 4.0).peaks
    slow = np.zeros_like(counts)
    place = (slow_corrected(bins, motion) - grid.start_um) / grid.step_um
    for row, x in zip(bins.rows, place, strict=True):
        n = int(x)
        slow[row, n] += 1 - (x - n)
        slow[row, n + 1] += x - n
    assert np.abs(counts - slow).max() < 1e-9
    assert counts.sum() == pytest.approx(400)


def smooth_density(bins: BinnedPeaks, step: float = 0.25) -> Density:
    """A density that is smooth on its grid, so that sums of its slopes are exact derivatives."""
    return estimate_density(bins, np.zeros((bins.n_bins, 1)), Grid.over(bins, 60.0, step), 12.0)


@pytest.mark.parametrize("n_levels", [1, 2, 4])
def test_the_scores_are_the_derivatives_of_the_likelihood(n_levels):
    bins = binned(some_peaks())
    density = smooth_density(bins)
    motion = random_motion(n_levels, sd=0.0)
    gradient, _, _ = scores(bins, motion, density)

    def fixed_density_likelihood(moved: np.ndarray) -> float:
        place = (slow_corrected(bins, moved) - density.grid.start_um) / density.grid.step_um
        cell = place.astype(int)
        part = place - cell
        log = density.log()
        return float(((1 - part) * log[bins.rows, cell] + part * log[bins.rows, cell + 1]).sum())

    for k, level in itertools.product(range(5), range(n_levels)):
        up, down = motion.copy(), motion.copy()
        up[k, level] += 0.5
        down[k, level] -= 0.5
        numeric = fixed_density_likelihood(up) - fixed_density_likelihood(down)
        assert gradient[k, level] == pytest.approx(numeric, abs=2e-2)


def test_information_between_levels_is_that_of_the_hat_functions():
    bins, motion = binned(some_peaks()), random_motion(3)
    density = smooth_density(bins)
    _, information, between = scores(bins, motion, density)
    curvature = density.curvature()
    place = (slow_corrected(bins, motion) - density.grid.start_um) / density.grid.step_um
    cell = place.astype(int)
    part = place - cell
    each = (1 - part) * curvature[bins.rows, cell] + part * curvature[bins.rows, cell + 1]
    depths = bins.low_um + bins.codes * bins.step_um
    hats = np.stack([np.interp(depths, bins.levels_um(3), row) for row in np.eye(3)])
    time_bin = np.repeat(np.arange(5), np.diff(bins.first))
    for k in range(5):
        here = time_bin == k
        full = (hats[:, here] * each[here]) @ hats[:, here].T
        assert np.allclose(np.diag(full), information[k], rtol=1e-6)
        assert np.allclose(np.diag(full, 1), between[k, :-1], rtol=1e-6)


def test_likelihood_counts_the_stretching_of_depths():
    bins = binned(some_peaks())
    flat = Density(Grid.over(bins, 50.0, 1.0), np.full((12, 402), 1 / (12 * 402)), 4.0, np.zeros((12, 402)))
    squeezed = np.tile([0.0, 0.1 * (bins.high_um - bins.low_um)], (5, 1))  # depths shrink by a tenth
    same, less = (log_likelihood(bins, m, flat)[0] for m in (np.zeros((5, 2)), squeezed))
    assert less - same == pytest.approx(400 * np.log(0.9))
    parts = log_likelihood(bins, squeezed, flat, 7)
    assert parts.shape == (7,)
    assert parts.sum() == pytest.approx(less)


@pytest.mark.parametrize("n_levels", [1, 3])
def test_shift_scores_are_the_likelihoods_of_all_shifts(n_levels):
    bins = binned(some_peaks(n=60), n_bins=4)
    grid = Grid.over(bins, 40.0, 8.0)
    log = np.random.default_rng(0).normal(size=(12, grid.n_cells))
    fast = coarse._shift_scores(bins, log, grid, n_levels, 2, 5)
    slow = np.zeros((2, n_levels, 11))
    depths = bins.low_um + bins.codes * bins.step_um
    time_bin = np.repeat(np.arange(4), np.diff(bins.first))
    for i, z in enumerate(depths):
        hats = [1.0] if n_levels == 1 else [np.interp(z, bins.levels_um(n_levels), row) for row in np.eye(n_levels)]
        cell = int(np.floor((z - grid.start_um) / 8 + 0.5))
        for level, shift in itertools.product(range(n_levels), range(-5, 6)):
            slow[time_bin[i] // 2, level, shift + 5] += hats[level] * log[bins.rows[i], cell - shift]
    assert np.abs(fast - slow).max() < 1e-4


@pytest.mark.parametrize("jump_cost", [2.0, 100.0])
def test_the_best_path_is_the_best_of_all_paths(jump_cost):
    for seed in range(20):
        values = np.random.default_rng(seed).normal(0, 2, (5, 5))

        def worth(path, values=values):
            moves = np.minimum(np.abs(np.diff(path)) * 0.8, jump_cost).sum()
            return values[np.arange(5), path].sum() - moves

        found = _kernels_paths.best_path(values, 0.8, jump_cost)
        best = max(itertools.product(range(5), repeat=5), key=worth)
        assert worth(found) == pytest.approx(worth(best))


@pytest.mark.parametrize("n_levels", [1, 2, 4])
def test_the_smoother_is_the_posterior_of_the_whole_walk(n_levels):
    rng = np.random.default_rng(n_levels)
    n_times = 6
    b = rng.normal(size=(n_times, n_levels))
    h1 = rng.uniform(0, 0.4, (n_times, n_levels))
    h = rng.uniform(1, 2, (n_times, n_levels))
    root = rng.normal(size=(n_levels, n_levels))
    precision = root @ root.T + np.eye(n_levels)
    weights = rng.uniform(0.2, 1, n_times)
    n = n_times * n_levels
    dense = np.zeros((n_times, n_levels, n_times, n_levels))
    for k in range(n_times):
        dense[k, :, k, :] += np.diag(h[k]) + np.diag(h1[k, :-1], 1) + np.diag(h1[k, :-1], -1)
    for k in range(1, n_times):
        for a, c, sign in ((k, k, 1), (k - 1, k - 1, 1), (k, k - 1, -1), (k - 1, k, -1)):
            dense[a, :, c, :] += sign * weights[k] * precision
    covariance = np.linalg.inv(dense.reshape(n, n))
    mean = (covariance @ b.ravel()).reshape(n_times, n_levels)
    blocks = covariance.reshape(n_times, n_levels, n_times, n_levels)
    moments, distance = np.zeros((n_levels, n_levels)), np.zeros(n_times)
    for k in range(1, n_times):
        step = mean[k] - mean[k - 1]
        square = blocks[k, :, k] + blocks[k - 1, :, k - 1] - blocks[k, :, k - 1] - blocks[k - 1, :, k]
        square = square + np.outer(step, step)
        moments += weights[k] * square
        distance[k] = np.sum(precision * square)
    found = _kernels_paths.smooth_walk(b, h, h1, precision, weights)
    for fast, slow in zip(found, (mean, moments, distance), strict=True):
        assert np.allclose(fast, slow, atol=1e-6)


def test_the_prior_of_a_walk_learns_the_steps_it_was_drawn_with():
    rng = np.random.default_rng(0)
    true = np.array([[4.0, 3.6], [3.6, 4.0]])
    walk = np.cumsum(rng.multivariate_normal([0, 0], true, 4000), axis=0)
    information = np.full((4000, 2), 4.0)
    seen = walk + rng.normal(0, 0.5, walk.shape)
    prior, zero = Walk.begin(np.array([0.0, 1000.0]), 4000, 1.0), np.zeros((4000, 2))
    for _ in range(20):
        mean, prior = prior.smooth(zero, information * seen, information, zero, learn=True)
    correlation = prior.covariance[0, 1] / prior.covariance[0, 0]
    assert correlation == pytest.approx(0.9, abs=0.03)
    assert np.sqrt(np.mean((mean - walk) ** 2)) < 0.48  # 0.5 without the prior
