"""The fast motion solver as a whole: what it recovers, and that it is repeatable, bounded and can be ended."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion import curve, selection, solver
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.score import error_against
from phy_medicine.compute.motion.solver import FastSettings, estimate_motion, fit_motion

SPAN = 800.0


def drifting(u, *, duration: float = 120.0, n_units: int = 60, rate: float = 4.0, seed: int = 0) -> Peaks:
    """Peaks of neurons that move by u(times, rest depths), 8 % of them false and still."""
    rng = np.random.default_rng(seed)
    rest, amplitude = rng.uniform(0, SPAN, n_units), rng.lognormal(4.5, 0.5, n_units)
    unit = rng.integers(0, n_units, int(duration * n_units * rate))
    times = rng.uniform(0, duration, unit.size)
    depths = rest[unit] + u(times, rest[unit]) + rng.normal(0, 5, unit.size)
    false = rng.random(unit.size) < 0.08
    depths[false] = rng.uniform(0, SPAN, false.sum())
    return Peaks(times, depths, -amplitude[unit] * rng.normal(1, 0.1, unit.size))


def error(motion: Motion, u, duration: float = 120.0):
    grid, rest = np.arange(0, duration + 0.1, 0.2), np.linspace(0, SPAN, 41)
    truth = Motion(u(grid[:, None], rest[None]) + np.zeros((grid.size, 41)), grid, rest)
    return error_against(motion, truth, duration_s=duration, span_um=(0.0, SPAN))


def wave(times, depths):
    return 20 * np.sin(2 * np.pi * times / 60)


def bent(times, depths):
    return 25 * np.sin(2 * np.pi * times / 60) * (depths / SPAN)


def jump(times, depths):
    return 40.0 * (times >= 60.0)


def still(times, depths):
    return 0.0 * times


@pytest.mark.parametrize(
    ("u", "levels", "median", "p95"), [(wave, 1, 0.5, 1.5), (jump, 1, 0.5, 1.5), (bent, 2, 0.8, 2.5)]
)
def test_known_motion_is_recovered_and_its_levels_are_chosen(u, levels, median, p95):
    found = fit_motion(drifting(u))
    assert found.n_levels == levels
    result = error(found.motion, u)
    assert result.median_um < median
    assert result.p95_um < p95


def test_still_tissue_stays_still():
    found = fit_motion(drifting(still))
    assert found.n_levels == 1
    assert np.abs(found.motion.displacement).max() < 1.0


def test_few_peaks_do_not_make_it_wander():
    assert np.abs(estimate_motion(drifting(still, n_units=8, rate=0.5)).displacement).max() < 5.0


def test_the_grid_is_that_of_the_specification():
    peaks = drifting(wave)
    motion = estimate_motion(peaks, FastSettings(num_depth_bins=3, time_bin_size=2.0))
    low, high = peaks.times_s.min(), peaks.times_s.max()
    n_time = int(np.ceil((high - low + 0.002) / 2.0))
    assert motion.displacement.shape == (n_time, 3)
    assert np.allclose(motion.temporal_bins_s, low - 0.001 + 2.0 * np.arange(n_time))
    assert np.allclose(motion.spatial_bins_um, np.linspace(peaks.depths_um.min(), peaks.depths_um.max(), 3))
    assert np.abs(motion.displacement.mean(axis=0)).max() < 1e-9


def test_more_levels_than_are_fitted_are_interpolated(monkeypatch):
    monkeypatch.setattr(solver, "MAX_LEVELS", 2)
    motion = estimate_motion(drifting(bent, duration=40.0), FastSettings(num_depth_bins=5))
    assert motion.displacement.shape[1] == motion.spatial_bins_um.size == 5
    assert np.allclose(np.diff(motion.displacement, n=2, axis=1), 0)


def test_the_same_peaks_in_another_order_give_the_same_motion_twice():
    peaks = drifting(wave, duration=40.0)
    order = np.argsort(peaks.times_s)
    ordered = Peaks(peaks.times_s[order], peaks.depths_um[order], peaks.amplitudes[order])
    settings = FastSettings(num_depth_bins=1, density_smoothing=4.0)
    one, two, three = (estimate_motion(p, settings).displacement for p in (peaks, peaks, ordered))
    assert np.array_equal(one, two)
    assert np.abs(one - three).max() < 0.5  # other peaks are held out; the final fit sees them all


def test_the_bound_is_obeyed():
    motion = estimate_motion(drifting(wave), FastSettings(motion_bound=16.0, num_depth_bins=1))
    assert np.ptp(motion.displacement, axis=0).max() <= 16.0 + 1e-9


def test_a_given_kernel_width_smooths_in_time():
    peaks = drifting(jump)
    sharp, smooth = (
        estimate_motion(peaks, FastSettings(num_depth_bins=1, time_kernel_width=width)).displacement[:, 0]
        for width in (0.0, 30.0)
    )
    assert np.abs(np.diff(sharp)).max() > 15
    assert np.abs(np.diff(smooth)).max() < 5


@pytest.mark.parametrize(
    "peaks",
    [
        Peaks(np.array([1.0, 1.0]), np.array([0.0, 100.0]), np.array([-50.0, -60.0])),
        Peaks(np.array([0.0, 500.0, 500.5]), np.array([0.0, 50.0, 100.0]), np.array([1.0, 1.0, 1.0])),
        Peaks(np.arange(50), np.arange(50) % 7, np.zeros(50)),
    ],
)
def test_hardly_any_peaks_give_a_finite_motion(peaks):
    assert np.isfinite(estimate_motion(peaks).displacement).all()


def test_a_gap_in_time_is_bridged():
    peaks = drifting(wave)
    kept = (peaks.times_s < 50) | (peaks.times_s > 56)
    motion = estimate_motion(
        Peaks(peaks.times_s[kept], peaks.depths_um[kept], peaks.amplitudes[kept]), FastSettings(num_depth_bins=1)
    )
    assert error(motion, wave).p95_um < 3


def test_more_peaks_than_the_limit_are_thinned(monkeypatch):
    monkeypatch.setattr(solver, "MAX_PEAKS", 10_000)
    assert error(estimate_motion(drifting(wave), FastSettings(num_depth_bins=1)), wave).median_um < 1.0


def test_progress_runs_from_0_to_1():
    fractions = []
    estimate_motion(
        drifting(wave, duration=40.0),
        progress=lambda fraction, message: fractions.append(fraction) or message.encode(),
    )
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0


@pytest.mark.parametrize(
    ("u", "settings"), [(wave, FastSettings()), (bent, FastSettings()), (bent, FastSettings(num_depth_bins=2))]
)
def test_previews_come_all_the_time_and_converge_to_the_result(u, settings):
    told = []

    def away(preview: Motion, motion: Motion) -> float:
        grid = motion.temporal_bins_s[:, None], np.linspace(0, SPAN, 9)[None]
        return float(np.sqrt(np.mean((preview.at(*grid) - motion.at(*grid)) ** 2)))

    motion = estimate_motion(
        drifting(u), settings, progress=lambda f, _: told.append(f), preview=lambda motion: told.append(motion)
    )
    previews = [i for i, item in enumerate(told) if isinstance(item, Motion)]
    assert 6 <= len(previews) <= 20
    distances = [away(told[i], motion) for i in previews]
    assert distances[-1] < 0.1
    assert max(distances[-3:]) < distances[0]
    at = [next(f for f in told[i::-1] if isinstance(f, float)) for i in previews]
    assert at[0] < 0.3 and at[-1] >= 0.8


def test_previews_of_long_sessions_are_small(monkeypatch):
    monkeypatch.setattr(solver, "PREVIEW_BINS", 25)
    previews = []
    motion = estimate_motion(
        drifting(wave), FastSettings(num_depth_bins=1, density_smoothing=4.0), preview=previews.append
    )
    assert {p.displacement.shape for p in previews} == {(24, 1)}  # every fifth of 120
    last = previews[-1].temporal_bins_s
    assert np.abs(previews[-1].at(last, SPAN / 2) - motion.at(last, SPAN / 2)).max() < 0.5


def test_cancelling_ends_it_at_the_next_question():
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        estimate_motion(drifting(wave, duration=40.0), cancelled=cancelled)
    assert len(asked) == 6


def test_levels_that_only_follow_biases_of_single_neurons_are_not_chosen():
    rng = np.random.default_rng(3)
    bias = rng.normal(0, 4, int(SPAN // 25) + 4)

    def biased(times, depths):
        """Rigid motion, but where a neuron is seen shifts with its own phase between the contacts."""
        moved = 15 * np.sin(2 * np.pi * times / 60)
        return moved + bias[(depths // 25).astype(int)] * np.cos(2 * np.pi * moved / 40)

    assert fit_motion(drifting(biased, n_units=30, rate=10.0)).n_levels == 1


def test_without_a_choice_nothing_is_tried_across_stripes():
    found = fit_motion(drifting(wave, duration=40.0), FastSettings(num_depth_bins=1))
    assert [trial.n_levels for trial in found.trials] == [1]
    assert np.isnan(found.gain_over_rigid())


def test_few_levels_are_tried_on_a_short_probe():
    peaks = solver.bin_peaks(drifting(wave), start_s=0.0, width_s=1.0, n_bins=120, limit=10**9)
    assert selection.level_counts(peaks) == (1, 2, 3, 5)


def test_knots_of_a_straight_line_lie_on_it_and_those_of_a_jump_do_not_ring():
    times = (np.arange(40) + 0.5) / 4
    assert np.allclose(curve.at_knots((3 * times)[:, None], np.ones(40), 4)[1:-1, 0], 3.0 * np.arange(1, 9), atol=0.02)
    step = np.where(times < 5.25, 0.0, 40.0)
    weights = np.where(np.arange(40) == 21, 0.01, 1.0)
    knots = curve.at_knots(step[:, None], weights, 4)[:, 0]
    assert np.allclose(knots[:6], 0, atol=0.05)
    assert np.allclose(knots[6:], 40, atol=0.05)


def test_the_triangle_keeps_a_constant_and_its_sum():
    assert np.allclose(curve.triangular(np.full((9, 2), 3.0), 5.0), 3.0)
    impulse = np.zeros((9, 1))
    impulse[4] = 1
    assert np.allclose(curve.triangular(impulse, 4.0)[:, 0], [0, 0, 0, 0.25, 0.5, 0.25, 0, 0, 0])
    assert np.allclose(curve.triangular(impulse, 0.1), impulse)
