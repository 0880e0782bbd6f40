"""How probable it is by a model that two clusters are one neuron, and why."""

from __future__ import annotations

from math import isnan, log10

from phy_medicine.base.reasons import Reason
from phy_medicine.compute.mixture.one_or_two import OneOrTwo
from phy_medicine.compute.mixture.split import LEAST_DEPTH
from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.compute.suggesting.merging import merge_terms
from phy_medicine.compute.suggesting.probability import probability

PRIOR = -4.5
WEIGHTS = {"evidence": 0.5, "refractory": 4.0, "features": 5.0, "alike": 5.0}
"""Log-odds of a term of 1.

A logistic regression on the 139 pairs without a valley of ten simulated recordings (`benchmarks/model_curation.py`,
seeds 101 to 104), 113 of them one neuron, gives the first two and says less of the others; they were raised, and the
prior lowered, until no pair of two neurons of seeds 1 to 3 was above 0.5.
"""
_MUCH_PER_SPIKE = 0.1


def model_merge_probability(found: OneOrTwo, evidence: PairEvidence) -> float:
    """Return how probably two clusters are one neuron, 0 to 1; 0 where the model or the valley says that they are two.

    A single Gaussian is seldom a neuron, and two neurons that are alike may be one Gaussian. So what the model says is
    the condition; refractory time, overlap of the spikes, and the templates at rest decide.
    """
    if not found.log_evidence > 0 or found.depth >= LEAST_DEPTH or isnan(found.lda_error):
        return 0.0
    alike, refractory = merge_terms(evidence)[:2]
    features = min(max(log10(max(found.lda_error, 0.01) / 0.1), -1.0), 0.7)
    terms = min(found.per_spike / _MUCH_PER_SPIKE, 1.0), refractory, features, alike
    return probability(PRIOR + sum(weight * term for weight, term in zip(WEIGHTS.values(), terms, strict=True)))


def model_reasons(found: OneOrTwo) -> tuple[Reason, ...]:
    """Return what the model says of a pair that is probably one neuron."""
    text = f"one Gaussian explains {2 * found.n:,} spikes better than two, log evidence {found.log_evidence:+,.0f}"
    valley = f"a valley of {found.depth:.0%} only" if found.depth > 0 else "no valley"
    error = f"a discriminant gets {found.lda_error:.0%} of other spikes wrong"
    return (
        Reason(text, "log_evidence", found.log_evidence, "for"),
        Reason(f"{valley} between them along the line that separates them best", "depth", found.depth, "for"),
        Reason(error, "lda_error", found.lda_error, "for" if found.lda_error >= 0.1 else "against"),
    )
