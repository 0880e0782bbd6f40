"""Picked spikes are nested, even and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.assignment import Assignment
from phy_medicine.curation.selector import Selector, spread


def _plain(n_total: int, n: int) -> list[int]:
    """All numbers with their bits reversed, those in range, the first n of them."""
    n_bits = max(n_total - 1, 0).bit_length()
    reverse = [int(format(k, f"0{n_bits}b")[::-1], 2) if n_bits else 0 for k in range(1 << n_bits)]
    return sorted([r for r in reverse if r < n_total][:n])


@given(st.integers(0, 300), st.integers(0, 320))
def test_ranks_are_the_first_of_the_van_der_corput_order(n_total: int, n: int) -> None:
    assert spread(n_total, n).tolist() == _plain(n_total, n)


@given(st.integers(1, 5000), st.integers(0, 5000), st.integers(0, 5000))
def test_fewer_are_part_of_more(n_total: int, n: int, m: int) -> None:
    assert set(spread(n_total, min(n, m)).tolist()) <= set(spread(n_total, max(n, m)).tolist())


@given(st.integers(100, 100_000), st.integers(10, 90))
def test_ranks_are_even_over_the_whole(n_total: int, n: int) -> None:
    ranks = np.concatenate([[-1], spread(n_total, n), [n_total]])
    assert np.diff(ranks).max() <= 4 * n_total / n + 1


def test_a_pick_is_ascending_spikes_of_the_cluster() -> None:
    assignment = Assignment(np.array([0, 1] * 8))
    assert Selector(assignment).pick(1, 4).tolist() == [1, 5, 9, 13]
    assert Selector(assignment).pick(1, 99).tolist() == list(range(1, 16, 2))


def test_an_unknown_cluster_is_an_error() -> None:
    with pytest.raises(ActionError):
        Selector(Assignment(np.array([0]))).pick(4, 1)
