"""What speaks for two units being one neuron."""

from __future__ import annotations

import pytest

from phy_medicine.compute.pairs.pair_counts import PairCounts
from phy_medicine.compute.sorting.merge_evidence import Evidence, _dips
from phy_medicine.compute.sorting.post_settings import PostSettings


def evidence(**changes):
    facts = {
        "cosine": 0.9, "lag": 0, "dip": 0.0, "dip_upper": 0.05, "dips": True, "contamination": 0.0, "bimodality": 0.1,
        "one_sided": False, "complementary": False, "settings": PostSettings(),
    }  # fmt: skip
    return Evidence(**{**facts, **changes})


NO_DIP = {"dips": False, "dip": 0.4, "dip_upper": 0.6}
UNKNOWN = {"dips": None, "dip": float("inf"), "dip_upper": float("inf")}
SURE, TWO_KINDS, IMPURE = {"cosine": 0.97}, {"bimodality": 0.8}, {"contamination": 0.06}


@pytest.mark.parametrize(
    ("changes", "passes", "suggests"),
    [
        ({}, True, True),
        (TWO_KINDS, False, True),
        (IMPURE, False, True),
        ({**TWO_KINDS, **IMPURE}, False, False),
        ({**TWO_KINDS, "one_sided": True}, True, True),
        (NO_DIP, False, False),
        ({**NO_DIP, **SURE}, False, True),
        ({**NO_DIP, **SURE, "dip": 0.6}, False, False),
        ({**NO_DIP, **SURE, **IMPURE}, False, False),
        (UNKNOWN, False, False),
        ({**UNKNOWN, **SURE}, True, True),
        ({**UNKNOWN, **SURE, **TWO_KINDS}, False, False),
        ({**UNKNOWN, **SURE, **IMPURE}, False, True),
        ({**UNKNOWN, **SURE, "bimodality": None}, False, False),
    ],
)
def test_what_is_joined_and_what_is_suggested(changes, passes, suggests):
    found = evidence(**changes)
    assert (found.passes, bool(found.suggests)) == (passes, suggests)


def test_the_score_falls_with_all_that_speaks_against():
    best = evidence().score
    worse = [SURE | {"cosine": 0.8}, {"dip_upper": 0.5}, TWO_KINDS, IMPURE, UNKNOWN]
    assert all(evidence(**changes).score < best for changes in worse)
    assert 0 < evidence(**UNKNOWN).score < best < 1


def counts(refractory, expected):
    return PairCounts(0, refractory, 0, 0, expected, (1, 1, 1))


@pytest.mark.parametrize(
    ("refractory", "expected", "dips"),
    [(0, 30, True), (0, 21, True), (0, 10, None), (0, 0, None), (1, 2, None), (4, 10, None), (5, 10, False)],
)
def test_few_pairs_are_a_dip_where_many_are_expected(refractory, expected, dips):
    assert _dips(counts(refractory, expected), 0.15, 0.15) is dips


def test_the_figures_are_told():
    assert evidence().words == "cosine 0.90, dip (0.00, at most 0.05), contamination +0.00, bimodality 0.10"
    assert "too few spikes for a dip" in evidence(**UNKNOWN).words
    assert "one after the other" in evidence(**UNKNOWN, complementary=True).words
