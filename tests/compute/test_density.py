from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phy_medicine.compute.density import bin_points, histogram

with_fixture = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
floats = {32: st.floats(-3, 5, width=32), 64: st.floats(-3, 5)}
odd = [st.just(np.nan), st.just(np.inf), st.just(-np.inf)]
columns = st.sampled_from([32, 64]).flatmap(
    lambda width: hnp.arrays(f"f{width // 8}", 50, elements=st.one_of(floats[width], *odd))
)


def brute_force_bin(value, low, high, n):
    """The bin of one value, or None."""
    value = float(value)
    if not low <= value <= high:
        return None
    return min(int((value - low) * (n / (high - low))), n - 1)


def test_rows_go_up_and_columns_to_the_right(either_path):
    counts = bin_points([0.5, 1.5, 1.5, 2.5], [0.5, 0.5, 1.5, 1.5], (0, 3), (0, 2), shape=(2, 3))
    assert counts.tolist() == [[1, 1, 0], [0, 1, 1]]
    assert counts.dtype == np.uint32


def test_high_edge_belongs_to_the_last_pixel_and_points_outside_to_none(either_path):
    x = np.array([0, 2, 2.1, -0.1, np.nan, np.inf], dtype=np.float32)
    assert bin_points(x, np.ones(6), (0, 2), (0, 1), shape=(1, 2)).tolist() == [[1, 1]]
    assert histogram(x, (0, 2), n_bins=2).tolist() == [1, 1]


@with_fixture
@given(x=columns, y=columns)
def test_pixels_equal_brute_force(either_path, x, y):
    expected = np.zeros((4, 7), dtype=int)
    for x_value, y_value in zip(x, y, strict=True):
        column, row = brute_force_bin(x_value, -1.0, 2.7, 7), brute_force_bin(y_value, 0.1, 4.0, 4)
        if column is not None and row is not None:
            expected[row, column] += 1
    assert bin_points(x, y, (-1, 2.7), (0.1, 4), shape=(4, 7)).tolist() == expected.tolist()


@with_fixture
@given(values=columns)
def test_histogram_equals_brute_force(either_path, values):
    bins = [brute_force_bin(value, -1.1, 3.0, 9) for value in values]
    assert histogram(values, (-1.1, 3), n_bins=9).tolist() == [bins.count(k) for k in range(9)]


@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.uint8, np.float16])
def test_numbers_of_other_types_and_strides_are_read(either_path, dtype):
    values = np.array([1, 9, 2, 9, 2, 9], dtype=dtype)[::2]
    assert histogram(values, (0, 3), n_bins=3).tolist() == [0, 1, 2]
    assert bin_points(values, values, (0, 4), (0, 4), shape=(2, 2)).tolist() == [[1, 0], [0, 2]]


def test_no_points_give_an_empty_image(either_path):
    assert bin_points([], [], (0, 1), (0, 1), shape=(1, 2)).tolist() == [[0, 0]]
    assert histogram([], (0, 1), n_bins=2).tolist() == [0, 0]


@pytest.mark.parametrize("bad", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_range_that_does_not_grow_is_refused(bad):
    with pytest.raises(ValueError, match="must grow"):
        histogram([1.0], bad, n_bins=3)
    with pytest.raises(ValueError, match="must grow"):
        bin_points([1.0], [1.0], (0, 1), bad, shape=(2, 2))


def test_unequal_lengths_and_empty_images_are_refused():
    with pytest.raises(ValueError, match="one y for each x"):
        bin_points([1.0], [1.0, 2.0], (0, 1), (0, 1), shape=(2, 2))
    with pytest.raises(ValueError, match="At least one bin"):
        bin_points([1.0], [1.0], (0, 1), (0, 1), shape=(2, 0))
