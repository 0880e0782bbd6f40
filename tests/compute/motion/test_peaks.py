from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.peaks import Peaks

TIMES, DEPTHS = np.arange(5.0), np.arange(5.0) * 10
AMPLITUDES = np.array([-50.0, 10.0, -20.0, 30.0, -40.0])


@pytest.mark.parametrize(
    ("times", "depths", "amplitudes", "words"),
    [
        ([0, 1], [0, 1, 2], [1, 1], "must be equally many, not 2, 3, 2"),
        ([], [], [], "There are no peaks"),
        ([0, np.nan], [0, 1], [1, 1], "times_s hold values that are not finite"),
        ([0, 1], [0, np.inf], [1, 1], "depths_um hold values that are not finite"),
        ([0, 1], [0, 1], [1, np.nan], "amplitudes hold values that are not finite"),
        ([0, 1], [7, 7], [1, 2], "same depth"),
        ([[0, 1]], [0, 1], [1, 2], "must be numbers in one row"),
        (["a", "b"], [0, 1], [1, 2], "must be numbers in one row"),
    ],
)
def test_input_of_no_use_is_refused_in_one_sentence(times, depths, amplitudes, words):
    with pytest.raises(PhyMedError, match=words) as error:
        Peaks(np.array(times), np.array(depths), np.array(amplitudes))
    assert str(error.value).endswith(".") and ". " not in str(error.value)


def test_constant_amplitude_is_allowed():
    assert Peaks(TIMES, DEPTHS, np.ones(5)).n_peaks == 5


@pytest.mark.parametrize(
    ("quantile", "signed", "kept"),
    [
        (0.0, False, [-50, 10, -20, 30, -40]),
        (0.25, False, [-50, 30, -40]),
        (-0.25, False, [10, -20, 30]),
        (0.25, True, [10, -20, 30]),
        (-0.25, True, [-50, -20, -40]),
    ],
)
def test_the_amplitude_cut_drops_weak_or_strong_peaks(quantile, signed, kept):
    # |a| sorted: 10 20 30 40 50, quantiles 20 and 40; a sorted: -50 -40 -20 10 30, quantiles -40 and 10.
    assert Peaks(TIMES, DEPTHS, AMPLITUDES).cut(quantile, signed=signed).amplitudes.tolist() == kept


def test_a_cut_of_one_or_more_and_one_that_leaves_nothing_are_refused():
    peaks = Peaks(TIMES, DEPTHS, np.ones(5))
    for quantile in (1.0, -1.0, 3.0, np.nan):
        with pytest.raises(PhyMedError, match="must lie between -1 and 1"):
            peaks.cut(quantile)
    with pytest.raises(PhyMedError, match="leaves no peaks"):
        peaks.cut(0.5)


def test_the_callers_array_stays_writable():
    depths = np.arange(5.0)
    peaks = Peaks(TIMES, depths, AMPLITUDES)
    depths[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        peaks.depths_um[0] = 2.0


def test_time_bins_are_left_edges_of_the_specification():
    peaks = Peaks(np.array([10.0, 13.0]), np.array([0.0, 1.0]), np.ones(2))
    assert peaks.time_bins_s(1.0) == pytest.approx([9.999, 10.999, 11.999, 12.999])
    assert peaks.time_bins_s(2.0, epsilon=0.5) == pytest.approx([9.5, 11.5])
    assert peaks.depth_bins_um(3).tolist() == [0.0, 0.5, 1.0]
    assert peaks.depth_bins_um(1).tolist() == [0.0]


def test_a_sample_keeps_the_order_and_all_of_few_peaks():
    peaks = Peaks(np.arange(10_000.0), np.arange(10_000.0), np.ones(10_000))
    some = peaks.sample(1000, seed=2)
    assert abs(some.n_peaks - 1000) < 100 and (np.diff(some.times_s) > 0).all()
    assert (some.times_s == some.depths_um).all() and peaks.sample(10_000) is peaks
