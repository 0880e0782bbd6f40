"""Chosen spikes as a range of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.session.session import Session
from phy_medicine.session.spike_subset import SpikeSubset
from phy_medicine.session.time_ranges import TimeRange


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset, read_only=True)
    yield session
    session.close()


WHOLE = TimeRange(0.0, 10.0, 0, 100)


@given(st.sets(st.integers(0, 99)), st.sets(st.integers(0, 99)), st.integers(0, 50), st.integers(50, 100))
def test_a_subset_holds_the_chosen_spikes_inside_its_range(chosen, spikes, first, stop):
    subset = SpikeSubset.of(np.array(sorted(chosen), dtype=np.int64), TimeRange(0.0, 1.0, first, stop))
    kept = subset.cut(np.array(sorted(spikes), dtype=np.int32))
    assert kept.tolist() == [s for s in sorted(spikes) if s in chosen and first <= s < stop]


def test_subsets_are_the_same_if_their_spikes_are():
    a, b = SpikeSubset.of(np.array([3, 1]), WHOLE), SpikeSubset.of(np.array([1, 3, 3]), WHOLE)
    assert a == b and hash(a) == hash(b)
    assert a != SpikeSubset.of(np.array([1, 4]), WHOLE)
    assert a != WHOLE
    assert a.text == "2 chosen spikes"


def test_data_within_a_subset_are_those_of_its_spikes(session):
    spikes = session.data.spikes(2)
    request = session.request_for([2, 1], spikes[::3])
    assert [len(ids) for ids in request.spike_ids] == [len(spikes[::3]), 0]
    part = session.data.within(request.time_range)
    assert part.spikes(2).tolist() == spikes[::3].tolist()
    assert len(part.features(2, part.best_channels(2)[:2]).spike_ids) == len(spikes[::3])
