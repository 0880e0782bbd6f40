from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.score import error_against, halves, sharpness

SPAN = (0.0, 1000.0)


def drifting(n: int = 40_000, seed: int = 0) -> tuple[Peaks, Motion]:
    """Twenty units that move by 100 µm over 100 s, and their true motion."""
    rng = np.random.default_rng(seed)
    truth = Motion([[-50.0], [50.0]], [0.0, 100.0], [0.0])
    times, rest = np.sort(rng.uniform(0, 100, n)), rng.uniform(100, 900, 20)[rng.integers(0, 20, n)]
    return Peaks(times, rest + truth.at(times, 0) + rng.normal(0, 2, n), np.ones(n)), truth


def test_the_truth_has_no_error_and_an_offset_does_not_count():
    _, truth = drifting()
    shifted = Motion(truth.displacement + 7, truth.temporal_bins_s, truth.spatial_bins_um)
    for estimate in (truth, shifted):
        error = error_against(estimate, truth, duration_s=100, span_um=SPAN)
        assert (error.median_um, error.p95_um, error.mean_um) == pytest.approx((0, 0, 0), abs=1e-9)


def test_the_error_of_no_motion_is_the_motion_itself():
    _, truth = drifting()
    none = Motion(np.zeros((2, 1)), [0.0, 100.0], [0.0])
    error = error_against(none, truth, duration_s=100, span_um=SPAN)
    # |u| is uniform between 0 and 50 µm.
    assert (error.median_um, error.p95_um, error.mean_um) == pytest.approx((25, 47.5, 25), abs=0.6)


def test_the_estimate_is_read_at_the_observed_depth():
    times, depths = [0.0, 100.0], [0.0, 1000.0]
    truth = Motion([[0.0, 0.0], [100.0, 100.0]], times, depths)
    # At time t the observed depth is rest + t µm: the estimate gives t (rest + t) / 1000, the truth t.
    estimate = Motion([[0.0, 0.0], [0.0, 100.0]], times, depths)
    error = error_against(estimate, truth, duration_s=100, span_um=SPAN)
    assert error.mean_um == pytest.approx(10.4, abs=0.3)


def slow_sharpness(times, depths, bin_s, widest):
    """All pairs of bins, one after the other."""
    from scipy.ndimage import gaussian_filter1d

    rows = {}
    for k in range(int(times.max() // bin_s) + 1):
        inside = depths[(times // bin_s) == k]
        if inside.size and np.histogram(inside, bins=np.arange(0, 1001, 4.0))[0].sum() >= 20:
            row = gaussian_filter1d(np.histogram(inside, bins=np.arange(0, 1001, 4.0))[0].astype(float), 1.0,
                                    mode="constant")  # fmt: skip
            rows[k] = (row - row.mean()) / np.linalg.norm(row - row.mean())
    pairs = [rows[i] @ rows[j] for i in rows for j in rows if 0 < abs(i - j) * bin_s <= widest]
    return np.mean(pairs)


def test_sharpness_equals_all_pairs_one_by_one():
    peaks, _ = drifting(4000)
    gap = peaks.where((peaks.times_s < 40) | (peaks.times_s > 55))
    found = sharpness(gap, span_um=SPAN)
    assert found.rho_w30 == pytest.approx(slow_sharpness(gap.times_s, gap.depths_um, 1.0, 30), abs=1e-5)
    assert found.rho_all == pytest.approx(slow_sharpness(gap.times_s, gap.depths_um, 10.0, np.inf), abs=1e-5)


def test_the_true_motion_makes_depths_sharper():
    fitted, scored = halves(drifting()[0])
    truth = drifting()[1]
    assert abs(fitted.n_peaks - scored.n_peaks) < 1000
    assert fitted.n_peaks + scored.n_peaks == 40_000
    before, after = sharpness(scored), sharpness(scored, truth)
    assert after.rho_all > 0.9 > 0.5 > before.rho_all and after.rho_w30 > before.rho_w30


def test_too_few_peaks_have_no_sharpness():
    few = Peaks(np.arange(5.0), np.arange(5.0), np.ones(5))
    assert np.isnan(sharpness(few).rho_w30) and np.isnan(sharpness(few).rho_all)
