from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.quantiles import robust_range


def test_one_percent_is_left_out_on_either_side():
    assert robust_range(np.arange(101.0)) == (1.0, 99.0)


def test_missing_and_infinite_values_do_not_count():
    values = np.array([[np.nan, 1.0, 2.0], [np.inf, 3.0, -np.inf]], dtype=np.float32)
    assert robust_range(values) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], (0.0, 1.0)), ([np.nan], (0.0, 1.0)), ([4, 4], (3.5, 4.5)), ([1e30], (1e30 - 1e24, 1e30 + 1e24))],
)
def test_a_range_always_grows(values, expected):
    assert robust_range(np.array(values)) == expected


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=50), st.sampled_from([0.0, 0.01, 0.25]))
def test_small_inputs_equal_the_nearest_rank(values, low):
    ordered = sorted(values)
    bottom, top = ordered[round(low * (len(values) - 1))], ordered[round((1 - low) * (len(values) - 1))]
    expected = (bottom, top) if bottom < top else (bottom - 0.5, bottom + 0.5)
    assert robust_range(np.array(values), low=low, high=1 - low) == expected


def test_large_inputs_are_thinned_regularly_and_not_changed():
    values = np.arange(1_000_000)[::-1]
    assert robust_range(values, low=0, high=1, n_max=1000) == (999.0, 999999.0)
    assert values[0] == 999999


def test_quantiles_that_do_not_grow_are_refused():
    with pytest.raises(ValueError, match="low < high"):
        robust_range(np.arange(3), low=0.5, high=0.5)
