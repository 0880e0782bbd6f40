"""PC scores as views get them: read once, for all channels."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from phy_medicine.io.features import FeatureStore, SparseRows
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.feature_source import FeatureSource


class CountedStore(FeatureStore):
    n_reads = 0

    def read(self, spike_ids):
        self.n_reads += 1
        return super().read(spike_ids)


def source_of(row_ids=None, n_spikes=40):
    """Two templates, on channels 0, 1 and 1, 2; the score of spike s on its k-th channel is s + 1000 k."""
    templates = (np.arange(n_spikes) % 2).astype(np.int32)
    ids = np.arange(n_spikes) if row_ids is None else np.asarray(row_ids)
    data = (ids[:, None, None] + 1000.0 * np.arange(2)[None, :, None]).astype(np.float32)
    store = CountedStore(data, SparseRows(templates, 2, np.array([[0, 1], [1, 2]]), row_ids))
    model = SimpleNamespace(features=store, n_spikes=n_spikes, n_channels=3, spike_times=np.arange(n_spikes) / 10)
    facts = SimpleNamespace(
        spikes=lambda c: np.flatnonzero(templates == c), pick=lambda c, n: np.flatnonzero(templates == c)[:n]
    )
    return FeatureSource(model, facts, ArrayCache()), store


def test_other_channels_of_the_same_cluster_are_not_read_again():
    source, store = source_of()
    assert source.of_cluster(0, [0, 1], 5).data[1, :, 0].tolist() == [2, 1002]
    assert np.isnan(source.of_cluster(0, [2], 5).data).all()
    assert store.n_reads == 1


def test_with_another_second_cluster_only_that_one_is_read():
    source, store = source_of()
    source.of_cluster(0, [1], 5)
    source.of_cluster(1, [1], 5)
    source.of_cluster(0, [1, 2], 5)
    assert store.n_reads == 2


def test_spikes_without_a_row_are_not_picked_and_the_total_counts_them():
    source, _ = source_of(row_ids=np.array([0, 2, 8, 9]))
    got = source.of_cluster(0, [0], 5)
    assert got.spike_ids.tolist() == [0, 2, 8]
    assert got.n_total == 20
    assert source.n_without(np.array([0, 1, 2, 3])) == 2


def test_the_background_holds_only_spikes_seen_on_the_channels():
    source, _ = source_of()
    got = source.of_recording([2], 40)
    assert got.spike_ids.tolist() == list(range(1, 40, 2))
    assert len(source.of_recording([1], 10).spike_ids) <= 10


def test_ready_tells_what_needs_no_reading():
    source, _ = source_of()
    assert not source.ready([0], [0, 1], 5)
    source.of_cluster(0, [0, 1], 5)
    source.of_recording([0, 1], 5)
    assert source.ready([0], [0, 1], 5)
    assert not source.ready([0, 1], [0, 1], 5)


def test_a_dataset_without_features_says_so():
    source, _ = source_of()
    source._model.features, source._model.missing = None, lambda what: f"No {what}: pc_features.npy not found."
    with pytest.raises(DataMissing, match="pc_features"):
        source.of_cluster(0, [0], 5)
