"""What the evidence of a pair says in words."""

from __future__ import annotations

from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.compute.pairs.reasons import reasons


def test_nothing_known_gives_no_reason():
    assert reasons(PairEvidence()) == ()


def test_those_for_come_before_those_against():
    found = reasons(PairEvidence(lda_error=0.01, cosine=0.95))
    assert [(r.name, r.speaks) for r in found] == [("cosine", "for"), ("lda_error", "against")]
    assert found[0].text == "templates alike, cosine 0.95"
    assert found[1].text == "features are apart, 1 % of the spikes on the wrong side"


def test_what_is_between_says_nothing():
    assert reasons(PairEvidence(cosine=0.8, lda_error=0.1, dip=0.4, dip_lower=0.2, dip_upper=0.7)) == ()


def test_a_dip_needs_pairs_to_go_by():
    few, many = (PairEvidence(dip=0.0, dip_lower=0.0, dip_upper=upper) for upper in (float("inf"), 0.1))
    assert reasons(few) == ()
    assert [r.name for r in reasons(many)] == ["dip"]


def test_a_far_cluster_is_told_of_as_against():
    (reason,) = reasons(PairEvidence(distance_um=120.0))
    assert reason.text == "120 µm apart" and reason.speaks == "against"
    assert reasons(PairEvidence(distance_um=8.0))[0].speaks == "for"
