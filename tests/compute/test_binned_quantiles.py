"""Quantiles in bins of time against numpy, bin by bin."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.binned_quantiles import LEAST, binned_quantiles

points = st.lists(st.tuples(st.integers(0, 40), st.integers(-50, 50)), max_size=200)


@settings(deadline=None)
@given(points=points, n_bins=st.integers(1, 6), fraction=st.floats(0, 1))
def test_quantiles_of_each_bin_are_those_of_numpy(points, n_bins, fraction):
    times, values = (np.array([p[k] for p in points], dtype=np.float32) for k in (0, 1))
    found = binned_quantiles(times, values, span=(0.0, 40.0), n_bins=n_bins, fractions=(fraction,))
    for k in range(n_bins):
        mine = [v for t, v in points if min(int(t * (n_bins / 40.0)), n_bins - 1) == k]
        if len(mine) < LEAST:
            assert np.isnan(found[0, k])
        else:
            np.testing.assert_allclose(found[0, k], np.quantile(mine, fraction), atol=1e-9)


def test_values_that_are_not_numbers_and_times_outside_count_for_nothing():
    times = np.arange(24.0)
    values = np.where(times < 12, 1.0, np.nan)
    found = binned_quantiles(times, values, span=(1.0, 21.0), n_bins=2, fractions=(0.5, 0.95))
    assert found[:, 0].tolist() == [1.0, 1.0] and np.isnan(found[:, 1]).all()
