"""Data that are moved back where the tissue moved."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting import interpolation, tiles
from phy_medicine.compute.sorting.interpolation import Interpolation, Moves, displacements
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.tiles import Tiles

POSITIONS = np.stack([np.arange(40) % 4 * 16.0, np.arange(40) // 4 * 40.0 + np.arange(40) % 2 * 20.0], axis=1)
ONE_SHANK = np.zeros(40, np.int32)


def field_of(source_um, positions=POSITIONS):
    """What a point source, (x, depth, distance), gives at each channel."""
    away = np.hypot(np.linalg.norm(positions - source_um[:2], axis=1), source_um[2])
    return 1 / away


def error(moved, still):
    return np.sum((moved - still) ** 2) / np.sum(still**2)


@pytest.mark.parametrize("displacement", [-15.0, -4.0, 7.0, 12.0])
def test_a_source_that_moved_is_seen_where_it_belongs(displacement):
    matrix = Interpolation(POSITIONS, ONE_SHANK).matrix(np.full(40, displacement))
    still, seen = field_of([20.0, 190.0, 30.0]), field_of([20.0, 190.0 + displacement, 30.0])
    assert error(matrix @ seen, still) < 2e-3
    assert error(matrix @ seen, still) < 0.1 * error(seen, still)


def test_each_channel_is_moved_by_its_own_displacement():
    matrix = Interpolation(POSITIONS, ONE_SHANK).matrix(np.linspace(0, 10, 40))
    low, high = field_of([20.0, 50.0, 20.0]), field_of([20.0, 350.0, 20.0])
    seen = field_of([20.0, 51.0, 20.0]) + field_of([20.0, 359.0, 20.0])
    assert error(matrix @ seen, low + high) < 3e-3


def test_other_shanks_take_no_part():
    shanks = np.repeat([0, 1], 20)
    matrix = Interpolation(POSITIONS, shanks).matrix(np.full(40, 6.0))
    assert not matrix[:20, 20:].any() and not matrix[20:, :20].any()


def test_what_left_the_probe_gives_nothing():
    matrix = Interpolation(POSITIONS, ONE_SHANK).matrix(np.full(40, 2000.0))
    assert np.abs(matrix.sum(axis=1)).max() < 0.1


def test_a_motion_is_turned_round_to_ask_where_tissue_is_now():
    # At the observed depth y the tissue is displaced by y / 10, so what belongs at 90 is seen at 100.
    motion = Motion(np.array([[0.0, 20.0]]), np.array([0.0]), np.array([0.0, 200.0]))
    assert displacements(motion, np.array([0.0]), np.array([90.0]))[0] == pytest.approx(10, abs=1e-3)


def moves(**kwargs):
    motion = Motion(np.linspace(0, 4, 5)[:, None], np.arange(5.0), np.zeros(1))
    return Moves.of(motion, SortedChannels(np.arange(40), POSITIONS, ONE_SHANK), 45_000, 10_000.0, **kwargs)


def test_bins_begin_at_the_same_samples_wherever_reading_begins():
    assert list(moves().bins(4000, 11_000)) == [(0, 0, 1000), (1, 1000, 6000), (2, 6000, 7000)]
    assert list(moves().bins(5000, 10_000)) == [(1, 0, 5000)]


def test_the_displacement_is_that_of_the_middle_of_the_bin_in_half_micrometres():
    assert (moves().levels[:, 0] * interpolation.STEP_UM).tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_few_products_are_kept(monkeypatch):
    monkeypatch.setattr(interpolation, "KEPT_BYTES", 2 * 40 * 40 * 4)
    made, whitening = moves(), np.diag(np.linspace(1, 2, 40))
    products = [made.product(whitening, number) for number in range(9)]
    assert len(made._kept) <= 3
    out = np.empty((40, 40), np.float32)
    products[3].apply(np.eye(40, dtype=np.float32), out)
    np.testing.assert_allclose(out, whitening @ made.matrix(3), rtol=1e-5, atol=1e-3)
    assert made.product(whitening, 8) is products[8]


def test_a_matrix_in_tiles_leaves_out_what_is_far(monkeypatch):
    monkeypatch.setattr(tiles, "ROWS", 4)
    matrix = np.eye(10) + 0.5 * np.eye(10, k=1)
    matrix[0, 9] = 1e-5
    cut = Tiles.of(matrix)
    assert [(row, column, values.shape) for row, column, values in cut.parts] == [
        (0, 0, (4, 5)), (4, 4, (4, 5)), (8, 8, (2, 2)),
    ]  # fmt: skip
    out, signal = np.empty((10, 7), np.float32), np.random.default_rng(0).normal(size=(7, 10)).astype(np.float32)
    cut.apply(signal, out)
    matrix[0, 9] = 0
    np.testing.assert_allclose(out, matrix @ signal.T, atol=1e-6)


def test_channels_in_any_order_are_multiplied_whole():
    order = np.random.default_rng(1).permutation(200)
    matrix = (np.eye(200) + 0.3 * np.eye(200, k=1))[np.ix_(order, order)]
    out, signal = np.empty((200, 5), np.float32), np.random.default_rng(0).normal(size=(5, 200)).astype(np.float32)
    Tiles.of(matrix).apply(signal, out)
    np.testing.assert_allclose(out, matrix @ signal.T, atol=1e-6)


def test_a_channel_without_weights_is_zero():
    matrix = np.diag([0.0] * 64 + [1.0])
    out = np.full((65, 3), 7, np.float32)
    Tiles.of(matrix).apply(np.ones((3, 65), np.float32), out)
    assert not out[:64].any() and (out[64] == 1).all()
