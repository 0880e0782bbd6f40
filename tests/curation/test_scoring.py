"""The score of a curation against slow, obvious versions, and the accuracy against SpikeInterface's."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from phy_medicine.curation.agreement import agreement_of
from phy_medicine.curation.scoring import (
    LabelCheck,
    Mistake,
    check_labels,
    match_units,
    mistakes,
    total_score,
)

N = 24
LABELS = arrays(np.int32, N, elements=st.integers(0, 5))
NO_NEURONS = st.sets(st.integers(0, 5), max_size=2)


def spikes_of(labels):
    return {label: set(np.flatnonzero(labels == label).tolist()) for label in sorted(set(labels.tolist()))}


def jaccard(a, b):
    return len(a & b) / len(a | b)


@given(LABELS, LABELS, NO_NEURONS)
def test_accuracy_is_that_of_the_best_assignment(truth, labels, no_neurons):
    units = sorted(set(truth.tolist()) - no_neurons)
    true, clusters = spikes_of(truth), spikes_of(labels)
    table = np.array([[jaccard(true[u], c) for c in clusters.values()] for u in units]).reshape(-1, len(clusters))
    table[table < 0.5] = 0
    expected = [table[row, column] for row, column in zip(*linear_sum_assignment(-table), strict=True)]
    scores = match_units(agreement_of(truth, labels), units)
    assert scores.accuracy.sum() == pytest.approx(sum(expected))
    matched = scores.cluster_ids[scores.cluster_ids >= 0].tolist()
    assert len(set(matched)) == len(matched)
    for unit, cluster, accuracy, precision, recall in zip(
        scores.unit_ids.tolist(), scores.cluster_ids.tolist(), scores.accuracy, scores.precision, scores.recall,
        strict=True,
    ):  # fmt: skip
        common = true[unit] & clusters.get(cluster, set())
        assert accuracy == (jaccard(true[unit], clusters[cluster]) if cluster >= 0 else 0)
        assert precision == (len(common) / len(clusters[cluster]) if cluster >= 0 else 0)
        assert recall == len(common) / len(true[unit])


def slow_origin(start, spikes):
    counts = Counter(start[sorted(spikes)].tolist())
    return min(counts, key=lambda c: (-counts[c], c))


def slow_mistakes(truth, start, now, no_neurons):
    sources, clusters = spikes_of(truth), spikes_of(now)
    found = []
    owned = {source: [] for source in sources}
    for cluster, inside in clusters.items():
        counts = {s: len(sources[s] & inside) for s in sources if sources[s] & inside}
        owner = min(counts, key=lambda s: (-counts[s], s))
        if counts[owner] >= 0.05 * len(sources[owner]):
            owned[owner].append(cluster)
        parts = [s for s in counts if counts[s] >= 0.2 * len(inside) or counts[s] >= 0.2 * len(sources[s])]
        if len(parts) > 1 and not set(parts) <= no_neurons:
            n_different = len({slow_origin(start, sources[s] & inside) for s in parts}) - 1
            n_same = len(parts) - 1 - n_different
            found += [Mistake("wrong merge", tuple(parts), (cluster,), n_different)] * bool(n_different)
            found += [Mistake("missed split", tuple(parts), (cluster,), n_same)] * bool(n_same)
    for source, pieces in owned.items():
        if source not in no_neurons and len(pieces) > 1:
            n_different = len({slow_origin(start, sources[source] & clusters[c]) for c in pieces}) - 1
            n_same = len(pieces) - 1 - n_different
            found += [Mistake("missed merge", (source,), tuple(pieces), n_different)] * bool(n_different)
            found += [Mistake("wrong split", (source,), tuple(pieces), n_same)] * bool(n_same)
    return found


@given(LABELS, LABELS, LABELS, NO_NEURONS)
def test_mistakes_are_those_found_by_looking_at_every_spike(truth, start, now, no_neurons):
    found = mistakes(truth, start, now, no_neurons)
    expected = slow_mistakes(truth, start, now, no_neurons)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))


@given(LABELS, LABELS)
def test_at_the_start_nothing_is_the_curators_fault_and_the_truth_has_no_mistake(truth, start):
    assert {m.kind for m in mistakes(truth, start, start)} <= {"missed merge", "missed split"}
    assert mistakes(truth, start, truth) == ()
    assert match_units(agreement_of(truth, truth), set(truth.tolist())).mean == 1


def test_who_did_what():
    truth = np.repeat([0, 0, 1, 2, 3], 10)
    start = np.repeat([5, 6, 7, 7, 8], 10)
    assert [(m.kind, m.n) for m in mistakes(truth, start, start)] == [("missed merge", 1), ("missed split", 1)]
    now = np.repeat([9, 9, 7, 7, 7], 10)
    assert mistakes(truth, start, now) == (
        Mistake("wrong merge", (1, 2, 3), (7,), 1),
        Mistake("missed split", (1, 2, 3), (7,), 1),
    )
    halves = np.repeat([5, 6, 7, 8, 9, 10], [10, 10, 10, 10, 5, 5])
    assert mistakes(truth, start, halves)[0] == Mistake("wrong split", (3,), (9, 10), 1)


def test_labels_of_neurons_of_several_at_once_and_of_what_is_none():
    truth = np.repeat([0, 1, 2, 3, 4, 5], 10)
    now = np.repeat([20, 21, 21, 23, 24, 25], 10)
    groups = {20: "good", 21: "good", 23: "mua", 24: "mua", 25: "unsorted"}
    assert check_labels(agreement_of(truth, now), groups, artifacts={3}, far={4}) == (
        LabelCheck(20, "good", "good", True),
        LabelCheck(21, "mua", "good", False),
        LabelCheck(23, "noise", "mua", False),
        LabelCheck(24, "noise", "mua", True),
        LabelCheck(25, "good", "", False),
    )


@pytest.mark.parametrize(
    ("before", "after", "labels", "score"),
    [(0.5, 1.0, 1.0, 100), (0.5, 0.75, 0.5, 50), (0.5, 0.2, 0.0, 0), (1.0, 1.0, 0.0, 80), (0.8, 0.8, 1.0, 20)],
)
def test_the_score(before, after, labels, score):
    assert total_score(before, after, labels) == pytest.approx(score)


def test_accuracy_equals_that_of_spikeinterface():
    comparison = pytest.importorskip("spikeinterface.comparison")
    from spikeinterface.core import NumpySorting

    rng = np.random.default_rng(3)
    truth = rng.integers(0, 8, 4000)
    labels = np.where(rng.random(4000) < 0.2, rng.integers(0, 8, 4000), truth)
    labels = np.where((labels == 2) & (rng.random(4000) < 0.4), 9, np.where(labels == 5, 6, labels))
    samples = np.arange(4000) * 100
    mine = truth < 7
    gt = NumpySorting.from_samples_and_labels(samples[mine], truth[mine], 30000)
    tested = NumpySorting.from_samples_and_labels(samples, labels, 30000)
    theirs = comparison.compare_sorter_to_ground_truth(gt, tested, match_score=0.5).get_performance()
    ours = match_units(agreement_of(truth, labels), range(7))
    np.testing.assert_allclose(ours.accuracy, theirs["accuracy"].to_numpy(float), atol=1e-12)
    np.testing.assert_allclose(ours.precision, theirs["precision"].to_numpy(float), atol=1e-12)
    np.testing.assert_allclose(ours.recall, theirs["recall"].to_numpy(float), atol=1e-12)
    assert 0 < ours.mean < 1
