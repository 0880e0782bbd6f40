"""Shift of the tissue and certainty of matches, on units made of formulas."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sessions.certainty import PairFeatures, probabilities
from phy_medicine.compute.sessions.shift import estimate_shift
from phy_medicine.compute.sessions.unit_set import UnitSet

POSITIONS = np.column_stack([np.tile([0.0, 32.0], 40), np.repeat(np.arange(40) * 20.0, 2)])
TIMES = np.arange(40)


def units(depths, *, seed=0, moved=0.0, displacement=0.0):
    """Neurons at these depths, each with a shape of its own, seen with the tissue moved."""
    rng = np.random.default_rng(seed)
    n = len(depths)
    widths, lags, x = rng.uniform(2, 5, n), rng.uniform(8, 16, n), rng.uniform(0, 32, n)
    sizes = rng.uniform(50, 250, n)
    after = np.exp(-0.5 * ((TIMES - 12 - lags[:, None]) / 4) ** 2) * rng.uniform(0.1, 0.6, n)[:, None]
    shapes = after - np.exp(-0.5 * ((TIMES - 12) / widths[:, None]) ** 2)
    places = np.column_stack([x, depths + moved])
    far = np.hypot(*(places[:, None] - POSITIONS[None]).transpose(2, 0, 1))
    order = np.argsort(far, axis=1)[:, :16]
    falls = sizes[:, None] / (1 + (np.take_along_axis(far, order, axis=1) / 25) ** 2)
    waves = (shapes[:, :, None] * falls[:, None, :]).astype(np.float32)
    return UnitSet(np.arange(n), np.stack([waves, waves], axis=1), order, POSITIONS, np.full(n, displacement))


DEPTHS = np.random.default_rng(5).permutation(np.linspace(120, 640, 25))


@pytest.mark.parametrize("moved", [0.0, 7.0, -43.0, 90.0])
def test_a_shift_of_everything_is_found(moved):
    shift = estimate_shift(units(DEPTHS), units(DEPTHS, moved=moved))
    np.testing.assert_allclose(shift.values_um, moved, atol=3)
    assert shift.rigid_um == pytest.approx(moved, abs=3)


def test_a_shift_that_grows_along_the_probe_is_followed():
    moved = 30 + 0.04 * (DEPTHS - 120)
    shift = estimate_shift(units(DEPTHS), units(DEPTHS, moved=moved))
    np.testing.assert_allclose(shift.at(DEPTHS + moved), moved, atol=4)


def test_neurons_that_are_gone_and_new_do_not_draw_it():
    later = units(DEPTHS, moved=35.0)
    others = units(DEPTHS, seed=9, moved=-20.0)
    keep = np.arange(25) % 3 > 0
    mixed = UnitSet(
        later.cluster_ids,
        np.where(keep[:, None, None, None], later.halves, others.halves),
        np.where(keep[:, None], later.channel_ids, others.channel_ids),
        POSITIONS,
        later.displacement_um,
    )
    np.testing.assert_allclose(estimate_shift(units(DEPTHS), mixed).values_um, 35, atol=5)


def test_motion_within_a_session_is_no_shift_between_sessions():
    shift = estimate_shift(units(DEPTHS), units(DEPTHS, moved=25.0, displacement=25.0))
    np.testing.assert_allclose(shift.values_um, 0, atol=3)


def test_sessions_without_units_have_no_shift():
    nobody = units(np.zeros(0))
    assert estimate_shift(nobody, units(DEPTHS)).at(np.array([3.0, 400.0])).tolist() == [0, 0]


def features(alike, ratio, apart):
    return PairFeatures(np.array(alike, float), np.array(ratio, float), np.array(apart, float))


SAME = features([0.97, 0.95, 0.98, 0.93, 0.96, 0.97], [0.05, -0.1, 0.02, 0.1, 0.0, -0.05], [1, 2, 1, 4, 2, 1])
OTHERS = features(
    [0.3, 0.5, 0.1, 0.6, 0.4, 0.2, 0.7], [0.5, -0.8, 1, 0.3, -0.4, 0.9, 0.2], [40, 20, 50, 30, 25, 45, 35]
)


def test_what_is_like_the_halves_is_certain_and_what_is_like_a_neighbour_is_not():
    pairs = features([0.96, 0.4], [0.03, 0.6], [2, 35])
    found = probabilities(pairs, np.array([0, 1]), np.array([0, 1]), SAME, OTHERS)
    assert found[0] > 0.95
    assert found[1] < 0.05


def test_a_unit_with_two_likely_partners_is_less_certain_of_either():
    one = probabilities(features([0.95], [0.0], [2]), np.array([0]), np.array([0]), SAME, OTHERS)
    two = probabilities(features([0.95, 0.95], [0, 0], [2, 2]), np.array([0, 0]), np.array([0, 1]), SAME, OTHERS)
    assert one[0] > 0.9
    assert two[0] == two[1] < 0.51


def test_without_pairs_there_is_nothing():
    nothing = features([], [], [])
    assert len(probabilities(nothing, np.zeros(0, int), np.zeros(0, int), SAME, OTHERS)) == 0
