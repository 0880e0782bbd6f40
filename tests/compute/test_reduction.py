from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.reduction import column_edges, minmax_reduce


def test_each_stretch_gives_its_minimum_then_its_maximum():
    data = np.array([[3, 0], [1, 5], [2, 4], [9, 9], [8, 7], [8, 8], [7, 7]], dtype=np.int16)
    reduced = minmax_reduce(data, 2)
    assert reduced.tolist() == [[1, 0], [9, 9], [7, 7], [8, 8]]
    assert reduced.dtype == np.int16


def test_data_with_no_more_rows_than_the_result_are_given_back():
    data = np.zeros((6, 2))
    assert minmax_reduce(data, 3) is data


@given(n_samples=st.integers(0, 60), n_columns=st.integers(1, 20), seed=st.integers(0, 9))
def test_reduction_equals_brute_force(n_samples, n_columns, seed):
    data = np.random.default_rng(seed).normal(size=(n_samples, 3))
    edges = column_edges(n_samples, n_columns)
    lengths = np.diff(edges)
    assert (edges[0], edges[-1], len(lengths)) == (0, n_samples, n_columns)
    assert lengths.max() - lengths.min() <= 1
    if n_samples > 2 * n_columns:
        expected = [
            extreme(data[edges[k] : edges[k + 1]], axis=0).tolist()
            for k in range(n_columns)
            for extreme in (np.min, np.max)
        ]
        assert minmax_reduce(data, n_columns).tolist() == expected


def test_strided_data_are_reduced():
    data = np.arange(40).reshape(10, 4)[:, ::2]
    assert minmax_reduce(data, 1).tolist() == [[0, 2], [36, 38]]


def test_no_columns_are_refused():
    with pytest.raises(ValueError, match="at least one column"):
        minmax_reduce(np.zeros((5, 1)), 0)
