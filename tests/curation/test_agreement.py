"""Two curations of the same spikes, counted against loops over spikes and pairs of spikes."""

from __future__ import annotations

from itertools import combinations
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.curation import agreement
from phy_medicine.curation.agreement import Change, agreement_of, groups_by_cluster, groups_by_spike

IDS = st.sampled_from([0, 1, 2, 3, 7, 70_000, 2**31 - 2, -1])
LABELS = st.lists(st.tuples(IDS, IDS), min_size=1, max_size=40)
GROUPS = st.dictionaries(IDS, st.sampled_from(["good", "mua", "noise"]))


def both(pairs):
    a, b = np.array(pairs, np.int32).T
    return a, b


@given(LABELS, st.integers(1, 50), st.integers(1, 5))
def test_pairs_are_counted_in_pieces_as_in_one(pairs, chunk, many):
    with mock.patch.object(agreement, "_CHUNK", chunk), mock.patch.object(agreement, "_MANY", many):
        found = agreement_of(*both(pairs))
    counted = {pair: pairs.count(pair) for pair in sorted(set(pairs))}
    ids = zip(found.a_ids[found.rows].tolist(), found.b_ids[found.columns].tolist(), strict=True)
    assert dict(zip(ids, found.counts.tolist(), strict=True)) == counted
    assert list(zip(found.a_ids[found.rows].tolist(), found.b_ids[found.columns].tolist(), strict=True)) == list(
        counted
    )
    assert dict(zip(found.a_ids.tolist(), found.a_counts.tolist(), strict=True)) == {
        a: sum(x == a for x, _ in pairs) for a, _ in pairs
    }
    assert dict(zip(found.b_ids.tolist(), found.b_counts.tolist(), strict=True)) == {
        b: sum(y == b for _, y in pairs) for _, b in pairs
    }


@given(LABELS)
def test_agreement_and_the_best_partner_of_each_cluster(pairs):
    found = agreement_of(*both(pairs))
    spikes_a = {a: {i for i, (x, _) in enumerate(pairs) if x == a} for a, _ in pairs}
    spikes_b = {b: {i for i, (_, y) in enumerate(pairs) if y == b} for _, b in pairs}
    for row, a in enumerate(found.a_ids.tolist()):
        shares = {b: len(spikes_a[a] & s) / len(spikes_a[a] | s) for b, s in spikes_b.items()}
        pair = found.best[row]
        assert found.rows[pair] == row
        assert found.shares[pair] == max(shares.values())
        assert found.b_ids[found.columns[pair]] == min(b for b, s in shares.items() if s == max(shares.values()))
    same = {(a, b) for a, s in spikes_a.items() for b, t in spikes_b.items() if s == t}
    assert {(found.a_ids[found.rows[p]], found.b_ids[found.columns[p]]) for p in found.identical} == same
    assert found.n_unchanged == sum(len(spikes_a[a]) for a, _ in same)


@given(LABELS)
def test_the_adjusted_rand_index_counts_pairs_of_spikes(pairs):
    found = agreement_of(*both(pairs))
    of = list(combinations(pairs, 2))
    in_a, in_b = sum(x[0] == y[0] for x, y in of), sum(x[1] == y[1] for x, y in of)
    together, expected = sum(x == y for x, y in of), in_a * in_b / max(len(of), 1)
    most = (in_a + in_b) / 2
    wanted = 1.0 if most == expected else (together - expected) / (most - expected)
    assert found.rand_index() == pytest.approx(wanted)


@given(LABELS)
def test_what_became_of_what_is_told_of_parts_that_share_no_spike(pairs):
    found = agreement_of(*both(pairs))
    parts: list[tuple[set[int], set[int]]] = []
    for a, b in pairs:
        touched = [p for p in parts if a in p[0] or b in p[1]]
        parts = [p for p in parts if p not in touched]
        parts.append((set().union({a}, *(p[0] for p in touched)), set().union({b}, *(p[1] for p in touched))))
    wanted = sorted(
        (tuple(sorted(x)), tuple(sorted(y)), sum(a in x for a, _ in pairs)) for x, y in parts if x != y or len(x) > 1
    )
    assert [(c.before, c.after, c.n_spikes) for c in found.changes()] == wanted
    names = {(True, True): "renamed", (False, True): "merged", (True, False): "split", (False, False): "shared out"}
    assert all(c.kind == names[len(c.before) == 1, len(c.after) == 1] for c in found.changes())


@given(LABELS, GROUPS, GROUPS)
def test_kappa_of_the_groups_by_spike(pairs, a, b):
    table = groups_by_spike(agreement_of(*both(pairs)), a, b)
    seen = [(a.get(x, "unsorted"), b.get(y, "unsorted")) for x, y in pairs]
    assert {
        (f, s): n for i, f in enumerate(table.names) for s, n in zip(table.names, table.counts[i], strict=True) if n
    } == {pair: seen.count(pair) for pair in seen}
    n = len(seen)
    agree = sum(x == y for x, y in seen) / n
    chance = sum(sum(x == g for x, _ in seen) * sum(y == g for _, y in seen) for g in table.names) / n**2
    if chance == 1:
        assert table.kappa is None
    else:
        assert table.kappa == pytest.approx((agree - chance) / (1 - chance))


def test_groups_are_compared_on_clusters_that_are_the_same_neuron():
    a = np.array([1, 1, 1, 1, 2, 2, 3, 3])
    b = np.array([9, 9, 9, 2, 2, 2, 3, 4])
    table = groups_by_cluster(agreement_of(a, b), {1: "good", 2: "mua"}, {9: "good", 2: "good"})
    assert table.names == ("good", "mua")
    assert table.counts.tolist() == [[1, 0], [1, 0]]  # 3 is half of 3 and half of 4


def test_words_for_a_merge_a_split_and_a_new_number():
    a, b = np.array([1, 1, 2, 2, 3, 3, 5, 6]), np.array([8, 8, 8, 8, 9, 10, 5, 11])
    assert agreement_of(a, b).changes() == (
        Change("merged", (1, 2), (8,), 4),
        Change("split", (3,), (9, 10), 2),
        Change("renamed", (6,), (11,), 1),
    )


def test_labels_of_different_length_are_refused():
    with pytest.raises(ValueError, match="3 and 4 spikes"):
        agreement_of(np.zeros(3, int), np.zeros(4, int))
