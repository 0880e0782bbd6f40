"""Pairs one to one and groups of many sessions, against slow, obvious versions."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.sessions.assign import group_certainty, one_to_one, put_together

PAIRS = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.floats(0, 1), max_size=12)


def slow_best(pairs, threshold):
    """The largest sum of certainties of all ways to pair."""
    good = {pair: value for pair, value in pairs.items() if value >= threshold and value > 0}
    return max(
        sum(good.get((row, column), 0.0) for row, column in enumerate(order)) for order in permutations(range(5))
    )


@given(PAIRS, st.sampled_from([0.0, 0.3, 0.7]))
def test_no_unit_is_in_two_pairs_and_the_sum_is_the_largest(pairs, threshold):
    rows, columns = np.array([p[0] for p in pairs], int), np.array([p[1] for p in pairs], int)
    values = np.array(list(pairs.values()))
    chosen = one_to_one(rows, columns, values, threshold=threshold)
    assert (values[chosen] >= threshold).all()
    assert len(set(rows[chosen].tolist())) == len(set(columns[chosen].tolist())) == len(chosen)
    assert values[chosen].sum() == pytest.approx(slow_best(pairs, threshold))


@st.composite
def matchings(draw):
    """Certainties of three sessions' units, one to one between any two."""
    found = {}
    for a, b in combinations(range(3), 2):
        columns = draw(st.permutations(range(4)))
        for row, column in enumerate(columns):
            if draw(st.booleans()):
                found[(a, row), (b, column)] = draw(st.floats(0.5, 1))
    return found


@given(matchings(), st.floats(0.3, 0.9))
def test_a_group_has_one_unit_of_a_session_and_is_certain_enough(certainties, threshold):
    groups = put_together(certainties, threshold=threshold)
    units = [unit for group in groups for unit in group]
    assert len(units) == len(set(units))
    for group in groups:
        assert len({session for session, _ in group}) == len(group) > 1
        assert sum(certainties.get(pair, 0) > 0 for pair in combinations(group, 2)) >= len(group) - 1
    alone = {u for pair in certainties for u in pair} - set(units)
    for (a, b), value in certainties.items():
        assert not (a in alone and b in alone and value >= threshold)


@given(matchings())
def test_two_sessions_are_put_together_as_they_are_matched(certainties):
    two = {pair: value for pair, value in certainties.items() if (pair[0][0], pair[1][0]) == (0, 1)}
    assert put_together(two, threshold=0.5) == sorted(two)
    assert all(group_certainty(group, two) == two[group] for group in put_together(two, threshold=0.5))


def test_a_chain_needs_its_ends_to_agree_when_much_is_asked():
    chain = {((0, 0), (1, 0)): 0.9, ((1, 0), (2, 0)): 0.8}
    assert put_together(chain, threshold=0.4) == [((0, 0), (1, 0), (2, 0))]
    assert put_together(chain, threshold=0.5) == [((0, 0), (1, 0))]
    assert group_certainty(((0, 0), (1, 0), (2, 0)), chain) == pytest.approx(1.7 / 3)
