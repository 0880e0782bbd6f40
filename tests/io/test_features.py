from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.io.features import FeatureStore, SparseRows, TemplateFeatureStore


def slow_value(data, templates, index, row_ids, spike, channel):
    """The scores of one spike on one channel, found by looking."""
    rows = list(range(len(templates))) if row_ids is None else list(row_ids)
    columns = list(index[templates[spike]]) if index is not None else list(range(data.shape[1]))
    if spike not in rows or channel not in columns:
        return [np.nan] * data.shape[2]
    return data[rows.index(spike), columns.index(channel)].tolist()


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_features_are_those_found_by_looking(seed: int, sparse: bool, partial: bool):
    rng = np.random.default_rng(seed)
    n, n_templates, n_loc = 12, 3, 4
    templates = rng.integers(0, n_templates, n).astype(np.int32)
    index = np.array([rng.permutation(np.r_[np.arange(6), -1])[:n_loc] for _ in range(n_templates)]) if sparse else None
    row_ids = rng.permutation(n)[: rng.integers(0, n)] if partial else None
    data = rng.normal(size=(n if row_ids is None else len(row_ids), n_loc, 2)).astype(np.float32)
    store = FeatureStore(data, SparseRows(templates, n_loc, index, row_ids))
    spikes, channels = rng.integers(0, n, 5), rng.permutation(6)[:3]
    expected = [[slow_value(data, templates, index, row_ids, s, c) for c in channels] for s in spikes]
    np.testing.assert_array_equal(store.get(spikes, channels), np.array(expected, dtype=np.float32))
    assert store.has_row(spikes).tolist() == [row_ids is None or s in row_ids for s in spikes]


def test_no_spikes_or_no_channels_give_empty_arrays():
    store = FeatureStore(np.ones((3, 4, 2), np.float32), SparseRows(np.zeros(3, np.int32), 4, None, None))
    assert store.get(np.array([], int), np.array([1])).shape == (0, 1, 2)
    assert store.get(np.array([1]), np.array([], int)).shape == (1, 0, 2)


def test_template_features_are_0_far_away_and_nan_without_a_row():
    templates, index = np.array([0, 1, 0], np.int32), np.array([[0, 1], [1, 2]])
    data = np.array([[5.0, 6.0], [7.0, 8.0]], np.float32)
    store = TemplateFeatureStore(data, SparseRows(templates, 2, index, np.array([0, 1])))
    got = store.get(np.array([0, 1, 2]), np.array([0, 1, 2]))
    np.testing.assert_array_equal(got, [[5, 6, 0], [0, 7, 8], [np.nan] * 3])
    assert not store.complete


def test_depth_is_the_centre_of_mass_of_the_squared_positive_first_scores():
    data = np.zeros((3, 2, 3), np.float32)
    data[0, :, 0], data[1, :, 0], data[2, :, 0] = (1, 2), (3, -9), (-1, -1)
    store = FeatureStore(data, SparseRows(np.zeros(3, np.int32), 2, np.array([[4, 1]]), None))
    depths = store.depths_um(np.arange(3), np.array([0.0, 100, 0, 0, 50]))
    np.testing.assert_allclose(depths, [90, 50, np.nan])
