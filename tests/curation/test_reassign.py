"""Spikes shared out anew, against a slow and obvious version."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import Split
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.reassign import NONE, Contingency, Reassignment, match, split_of

SPIKES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=25).map(sorted)


def arrays(spikes):
    """Samples and labels of spikes."""
    both = np.array(spikes, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def slow_match(present, new, reach):
    """One pair after the other, the best of all that are left."""
    near = [(i, j) for i, p in enumerate(present) for j, n in enumerate(new) if abs(p[0] - n[0]) <= reach]

    def agreement(cluster, unit):
        common = sum((present[i][1], new[j][1]) == (cluster, unit) for i, j in near)
        return common / (sum(c == cluster for _, c in present) + sum(u == unit for _, u in new))

    order = sorted(
        near, key=lambda ij: (-agreement(present[ij[0]][1], new[ij[1]][1]), abs(present[ij[0]][0] - new[ij[1]][0]), ij)
    )
    units, used = [NONE] * len(present), set()
    for i, j in order:
        if units[i] == NONE and j not in used:
            units[i] = new[j][1]
            used.add(j)
    return units


@settings(max_examples=300, deadline=None)
@given(SPIKES, SPIKES, st.integers(0, 6))
def test_spikes_are_matched_as_one_would_by_hand(present, new, reach):
    found = match(*arrays(present), *arrays(new), reach)
    assert found.tolist() == slow_match(present, new, reach)


def test_a_spike_goes_to_the_nearest_new_one_within_reach():
    found = match(np.array([100, 200, 300]), np.array([0, 0, 0]), np.array([95, 103, 213]), np.array([1, 0, 2]), 12)
    assert found.tolist() == [0, NONE, NONE]


def test_overlapping_spikes_go_to_the_units_that_their_clusters_agree_with():
    """The unit of cluster 1 is found three samples late, so that its spike falls onto one of cluster 2."""
    present = [(100, 1), (200, 1), (300, 1), (303, 2), (400, 2)]
    new = [(103, 0), (203, 0), (303, 0), (306, 1), (403, 1)]
    assert match(*arrays(present), *arrays(new), 12).tolist() == [0, 0, 0, 1, 1]


def test_contingency_counts_spikes_of_each_cluster_in_each_unit():
    found = Reassignment(
        np.arange(6), np.array([3, 3, 3, 7, 7, 7]), np.array([0, 0, 1, 1, NONE, 1]), np.array([2, 5])
    ).contingency()
    assert found.cluster_ids == (3, 7) and found.counts.tolist() == [[2, 1], [0, 2]]
    assert found.left.tolist() == [0, 1] and found.added.tolist() == [0, 2]
    assert found.cluster_counts.tolist() == [3, 3]
    np.testing.assert_allclose(found.agreement, [[2 / 3, 1 / 7], [0, 2 / 6]])
    assert found.same() == {0: 3}


def test_of_two_equally_good_halves_one_is_the_cluster():
    found = Contingency((3,), np.array([[5, 5]]), np.array([0]), np.array([5, 5]))
    assert found.same() == {0: 3}


def spikes_by_cluster(labels):
    return {int(c): np.flatnonzero(labels == c) for c in np.unique(labels)}


def obvious(labels, ids, units, kept):
    """The clusters after a split, as a partition of all spikes: units, rests, and units that are a cluster."""
    names = [("cluster", int(c)) for c in labels]
    for i, unit in zip(ids, units, strict=True):
        if unit != NONE:
            names[i] = ("cluster", kept[unit]) if unit in kept else ("unit", int(unit))
    return {frozenset(i for i, n in enumerate(names) if n == name) for name in names}


def partition(labels):
    return {frozenset(np.flatnonzero(labels == c).tolist()) for c in np.unique(labels)}


@st.composite
def cases(draw):
    n = draw(st.integers(2, 30))
    labels = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    ids = np.array(sorted(draw(st.sets(st.integers(0, n - 1), min_size=1))))
    units = np.array(draw(st.lists(st.integers(NONE, 3), min_size=len(ids), max_size=len(ids))))
    found = Reassignment(ids, labels[ids], units, np.bincount(units[units >= 0], minlength=4))
    return labels, found, draw(st.booleans())


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_split_shares_out_all_spikes_and_undo_brings_them_back_exactly(case):
    labels, found, keep = case
    kept = found.contingency().same() if keep else {}
    manager = ClusterManager(labels, {})
    wanted = obvious(labels, found.spike_ids, found.units, kept)
    try:
        spike_ids, parts = split_of(found, spikes_by_cluster(labels), kept)
        action = manager.plan_split(spike_ids, parts)
    except ActionError:
        assert wanted == partition(labels)
        return
    delta = manager.apply(manager.draft(action), None)
    assert partition(manager.assignment.labels()) == wanted
    untouched = [c for c in np.unique(labels) if manager.assignment.contains(int(c))]
    assert all(np.array_equal(manager.assignment.spikes(int(c)), np.flatnonzero(labels == c)) for c in untouched)
    assert delta is not None
    manager.undo(None)
    assert manager.assignment.labels().tolist() == labels.tolist()


def test_a_unit_that_is_a_cluster_takes_its_spikes_there_and_others_stay():
    """Within a time range, spikes 2 to 5: of cluster 1 one goes over to cluster 2, whose other spikes stay."""
    labels = np.array([1, 2, 1, 1, 2, 2, 5, 1])
    found = Reassignment(np.arange(2, 6), labels[2:6], np.array([0, 1, 1, 1]), np.array([1, 3]))
    spike_ids, parts = split_of(found, spikes_by_cluster(labels), {0: 1, 1: 2})
    assert spike_ids.tolist() == [0, 1, 2, 3, 4, 5, 7] and len(set(parts.tolist())) == 2
    manager = ClusterManager(labels, {})
    action = manager.plan_split(spike_ids, parts)
    assert isinstance(action, Split)
    manager.apply(manager.draft(action), None)
    groups = [g.tolist() for g in map(manager.assignment.spikes, manager.cluster_ids)]
    assert sorted(groups) == [[0, 2, 7], [1, 3, 4, 5], [6]]


def test_what_would_change_nothing_is_refused():
    labels = np.array([1, 1, 2])
    found = Reassignment(np.arange(3), labels, np.array([0, 0, NONE]), np.array([2]))
    with pytest.raises(ActionError, match="shares out the spikes as they are; nothing would change"):
        split_of(found, spikes_by_cluster(labels), {0: 1})


def test_many_spikes_are_matched_in_a_moment():
    rng = np.random.default_rng(0)
    samples = np.sort(rng.integers(0, 30_000_000, 200_000))
    clusters = rng.integers(0, 50, 200_000)
    found = match(samples, clusters, samples, clusters, 12)
    assert np.mean(found == clusters) > 0.999
