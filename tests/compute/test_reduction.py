from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.reduction import extremes, joined


def test_each_stretch_keeps_its_lowest_and_highest_sample():
    data = np.array([[1, 9], [5, 2], [0, 0], [7, 3], [4, 4], [6, 8]])
    assert extremes(data, 3).tolist() == [[[0, 0], [5, 9]], [[4, 3], [7, 8]]]


@given(n=st.integers(0, 12), length=st.integers(1, 9), n_channels=st.integers(1, 3), seed=st.integers(0, 99))
def test_extremes_equal_a_loop_over_stretches(n, length, n_channels, seed):
    data = np.random.default_rng(seed).integers(-9, 9, (n * length, n_channels)).astype(np.int16)
    expected = [[data[i : i + length].min(axis=0).tolist(), data[i : i + length].max(axis=0).tolist()]
                for i in range(0, len(data), length)]  # fmt: skip
    assert extremes(data, length).tolist() == expected
    assert extremes(data, length).dtype == np.int16


@given(n=st.integers(0, 6), length=st.integers(1, 5), joins=st.integers(1, 5), seed=st.integers(0, 99))
def test_joined_stretches_are_those_of_longer_ones(n, length, joins, seed):
    data = np.random.default_rng(seed).normal(size=(n * length * joins, 2)).astype(np.float32)
    assert joined(extremes(data, length), joins).tolist() == extremes(data, length * joins).tolist()


def test_stretches_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="10 samples cannot be cut into stretches of 3"):
        extremes(np.zeros((10, 2)), 3)
    with pytest.raises(ValueError, match="5 stretches cannot be joined by 2"):
        joined(np.zeros((5, 2, 1)), 2)
