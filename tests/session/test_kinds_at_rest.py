"""Two kinds of spikes followed over the positions of the tissue, in which they may change places along an axis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.session.kinds_at_rest import FEWEST, STRATUM_UM, same_kinds

POSITIONS = np.array([[(0.0, 32.0, 16.0, 48.0)[i % 4], 20.0 * (i // 2)] for i in range(32)])
CHANNELS = np.arange(6, 24)


def recorded(depths_um: np.ndarray, moved_um: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Features (n, n_channels, 2) of spikes of neurons that rest at these depths, while the tissue is moved."""
    away = POSITIONS[CHANNELS][None] - np.stack([np.full(len(depths_um), 24.0), depths_um + moved_um], axis=1)[:, None]
    size = np.exp(-(away**2).sum(axis=2) / (2 * 30.0**2))
    return np.stack([10 * size, 4 * size], axis=2) + rng.normal(0, 0.3, (*size.shape, 2))


@settings(max_examples=20)
@given(seed=st.integers(0, 999), n_levels=st.integers(2, 5), step_um=st.sampled_from([16.0, 20.0, 40.0]))
def test_kinds_that_change_places_from_one_position_to_another_are_told_which_is_which(
    seed: int, n_levels: int, step_um: float
) -> None:
    rng = np.random.default_rng(seed)
    n = 800
    levels = step_um * (np.arange(n_levels) - (n_levels - 1) / 2)
    level = rng.integers(0, n_levels, n) if step_um < 40 else rng.integers(0, 2, n)
    moved = levels[level] + rng.normal(0, 0.5, n)
    neuron = rng.random(n) < 0.4
    features = recorded(np.where(neuron, 165.0, 135.0), moved, rng)
    swapped = rng.random(n_levels) < 0.5
    found = same_kinds(neuron ^ swapped[level], moved, features.__getitem__, CHANNELS, POSITIONS)
    assert (found == neuron).all() or (found == ~neuron).all()


def test_positions_with_few_spikes_follow_the_nearest_and_order_of_positions_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    moved = np.concatenate([np.full(100, 0.0), np.full(FEWEST, 40.0), np.full(5, 25.0), np.full(100, 40.5)])
    neuron = rng.random(len(moved)) < 0.5
    features = recorded(np.where(neuron, 165.0, 135.0), moved, rng)
    found = same_kinds(neuron ^ (moved > 20), moved, features.__getitem__, CHANNELS, POSITIONS)
    assert (found == neuron).all() or (found == ~neuron).all()


def test_where_the_tissue_rests_nothing_is_read() -> None:
    second = np.arange(100) % 3 == 0

    def features(_rows: np.ndarray) -> np.ndarray:
        pytest.fail("read")

    assert same_kinds(second, np.linspace(0, 0.9 * STRATUM_UM, 100), features, CHANNELS, POSITIONS) is second


def test_kinds_that_differ_by_noise_alone_stay_as_they_are_said_to_be() -> None:
    rng = np.random.default_rng(3)
    moved = np.repeat([0.0, 40.0], 300)
    second = rng.random(600) < 0.5
    features = recorded(np.full(600, 150.0), moved, rng)
    assert (same_kinds(second, moved, features.__getitem__, CHANNELS, POSITIONS) == second).mean() > 0.4
