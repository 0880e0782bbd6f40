"""Raw amplitudes are measured part by part, even in time, and all of them in the end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.session import raw_amplitude_source
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.raw_amplitude_source import PART, RawAmplitudeSource, _order


class FakeWaveforms:
    """Spike i is i high on channel 0 and 10 i on channel 1; those in `outside` are flat."""

    def __init__(self, outside=(), stored=None):
        self.outside, self.stored, self.n_read = set(outside), stored, 0

    def known(self, spike_ids):
        return spike_ids if self.stored is None else spike_ids[np.isin(spike_ids, self.stored)]

    def of_spikes(self, spike_ids, channel_ids):
        self.n_read += len(spike_ids)
        data = np.zeros((len(spike_ids), 5, 1), dtype=np.float32)
        data[:, 2, 0] = [0 if i in self.outside else -i * (10 if channel_ids[0] else 1) for i in spike_ids]
        return data


def make_source(clusters, **options):
    n = max((int(ids.max(initial=0)) for ids in clusters.values()), default=0) + 1
    waveforms = FakeWaveforms(**options)
    times = np.arange(n) / 10
    return RawAmplitudeSource(waveforms, clusters.__getitem__, ArrayCache(), lambda: times), waveforms


def even_and_odd(n):
    return {0: np.arange(0, 2 * n, 2), 1: np.arange(1, 2 * n, 2)}


def test_at_first_one_part_of_each_cluster_is_measured():
    source, waveforms = make_source(even_and_odd(3 * PART))
    first, second = source.read((0, 1), 0)
    assert (len(first.values), len(second.values), waveforms.n_read) == (PART, PART, 2 * PART)
    assert first.spike_ids.tolist() == list(range(0, 6 * PART, 6))
    assert source.n_measured(0, 0) == PART and source.n_measured(0, 1) == 0


def test_what_was_measured_is_not_measured_again_and_the_rest_comes_by_and_by():
    source, waveforms = make_source(even_and_odd(3 * PART))
    source.read((0,), 0)
    (whole,) = source.read((0,), 0, seconds=None)
    assert waveforms.n_read == 3 * PART
    assert whole.spike_ids.tolist() == list(range(0, 6 * PART, 2))
    assert whole.values[1:].tolist() == whole.spike_ids[1:].tolist()
    assert whole.times_s.tolist() == (whole.spike_ids / 10).tolist()
    assert np.isnan(whole.values[0])  # spike 0 is flat, as outside of the recording


def test_no_more_are_measured_than_asked_for():
    source, _ = make_source(even_and_odd(4 * PART))
    parts = source.read((0, 1), 0, seconds=None, most=3 * PART)
    assert [len(p.values) for p in parts] == [2 * PART, PART]


def test_stored_waveforms_are_the_only_ones_known():
    source, _ = make_source({0: np.arange(20)}, stored=np.array([3, 5, 30]))
    assert source.known(0).tolist() == [3, 5]
    assert source.read((0,), 0)[0].values.tolist() == [3, 5]


def test_an_empty_cluster_has_none():
    source, _ = make_source({0: np.zeros(0, np.int64)})
    assert len(source.read((0,), 0)[0].values) == 0 and len(source.first((0,), 0)) == 0


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 100])
def test_parts_come_in_an_order_that_halves_the_gaps(n):
    assert sorted(_order(n)) == list(range(n))
    half = sorted(_order(n)[: -(-n // 2)])
    assert max(np.diff([*half, n]), default=1) <= 4


@settings(deadline=None, max_examples=30)
@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=3), part=st.integers(1, 9), most=st.integers(0, 60))
def test_any_way_to_all_spikes_gives_the_same(sizes, part, most):
    ends = np.cumsum([1, *sizes])
    clusters = {c: np.arange(ends[c], ends[c + 1]) for c in range(len(sizes))}
    before = raw_amplitude_source.PART
    raw_amplitude_source.PART = part
    try:
        source, waveforms = make_source(clusters)
        some = source.read(tuple(clusters), 1, seconds=None, most=most)
        whole = source.read(tuple(clusters), 1, seconds=None)
    finally:
        raw_amplitude_source.PART = before
    for cluster, mine, every in zip(clusters.values(), some, whole, strict=True):
        assert every.spike_ids.tolist() == cluster.tolist()
        assert every.values.tolist() == (10 * cluster).tolist()
        assert set(mine.spike_ids) <= set(cluster.tolist()) and bool(len(mine.spike_ids)) == bool(len(cluster))
        assert (np.diff(mine.spike_ids) > 0).all()
    assert waveforms.n_read == sum(sizes)
