"""How probable it is that two clusters are one neuron, and in which way it came to be two."""

from __future__ import annotations

from functools import cache
from math import inf, isfinite, isnan, log10
from typing import Literal

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.compute.suggesting.probability import MOST, of_two_neurons, probability

Way = Literal["over-split", "drift-split", "duplicate"]
"""How one neuron came to be two clusters."""

TERMS = ("alike", "refractory", "features", "contamination", "continuity", "coincidence", "burst")
"""What is added up, in the order of `merge_terms`."""
PRIOR = -1.5
WEIGHTS = {
    "alike": 3.3, "refractory": 4.5, "features": 4.5, "contamination": -2.2, "continuity": 2.2,
    "coincidence": 3.0, "burst": 1.0,
}  # fmt: skip
"""Log-odds of a term of 1.

The first five are near those of a logistic regression (L2, C = 10) on 6,165 pairs of eight simulated recordings
(`benchmarks/corrupted.py`, seeds 101 to 109), 146 of them one neuron; it gives `refractory` 0.9 times the likelihood
ratio that it is. The last two do not come up in the simulation and are set by hand.
"""
DUPLICATE_COINCIDENCE = 0.3
_APART_OVERLAP, _MOVED_UM, _MOVED_FAR_UM = 0.4, 10.0, 40.0


def merge_terms(evidence: PairEvidence) -> tuple[float, ...]:
    """Return the terms of a pair in the order of `TERMS`, 0 for one that is not known.

    alike : cosine of the templates at rest where a motion is in use, else the larger one as seen; 0 at 0.85, 1 at 1,
        -2 at least
    refractory : log-likelihood ratio of one neuron against two by its bound, -1 to 1
    features : logarithm of the LDA error by 10 %, -1 to 0.7
    contamination : of the union beyond the worse of the two, by 30 %, 0 to 1
    continuity : of the amplitudes, for two that are there one after the other, -1 to 1
    coincidence : 0 at 10 % of the spikes, 1 at 50 %
    burst : 1 where spikes of one follow those of the other

    Where the tissue moved between the two, features and amplitudes differ in any case: they speak against one neuron
    the less the farther, and from 40 µm on not at all.
    """
    alike = evidence.drift_cosine
    if isnan(alike):
        alike = max((c for c in (evidence.cosine, evidence.waveform_cosine) if not isnan(c)), default=0.85)
    apart = _between(1 - _or(evidence.presence_overlap, 1.0) / _APART_OVERLAP, 0.0, 1.0)
    still = _between(1 - _or(evidence.moved_um, 0.0) / _MOVED_FAR_UM, 0.0, 1.0)
    features = _between(log10(max(evidence.lda_error, 0.01) / 0.1), -1.0, 0.7) if evidence.known("lda_error") else 0.0
    continuity = apart * 2 * (_or(evidence.amplitude_continuity, 0.5) - 0.5)
    return (
        _between((alike - 0.85) / 0.15, -2.0, 1.0),
        -of_two_neurons(*pairs_of(evidence)) / MOST,
        features * (still if features < 0 else 1.0),
        _between(_or(evidence.contamination_gain, 0.0) / 0.3, 0.0, 1.0),
        continuity * (still if continuity < 0 else 1.0),
        _between((_or(evidence.coincidence, 0.0) - 0.1) / 0.4, 0.0, 1.0),
        float(evidence.one_sided),
    )


def merge_probability(evidence: PairEvidence) -> float:
    """Return how probably two clusters are one neuron, 0 to 1."""
    terms = zip(WEIGHTS.values(), merge_terms(evidence), strict=True)
    return probability(PRIOR + sum(weight * term for weight, term in terms))


def way_of(evidence: PairEvidence) -> Way:
    """Return in which way one neuron came to be these two clusters."""
    if evidence.coincidence >= DUPLICATE_COINCIDENCE:
        return "duplicate"
    moved = evidence.moved_um >= _MOVED_UM
    return "drift-split" if moved or evidence.presence_overlap < _APART_OVERLAP / 2 else "over-split"


def pairs_of(evidence: PairEvidence) -> tuple[float, float]:
    """Return how many pairs of spikes are within the refractory time, and how many are expected of two neurons.

    Their ratio is the dip, and the upper bound says of how many it is.
    """
    if isnan(evidence.dip) or not isfinite(evidence.dip_upper) or evidence.dip_upper <= 0:
        return 0.0, 0.0
    counts, uppers = _bounds()
    if evidence.dip <= 0:
        return 0.0, float(uppers[0] / evidence.dip_upper)
    # The larger the count, the nearer is its bound to it.
    count = float(np.interp(-evidence.dip_upper / evidence.dip, -uppers[1:] / counts[1:], counts[1:]))
    return count, count / evidence.dip


@cache
def _bounds() -> tuple[FloatArray, FloatArray]:
    """Counts, and the upper bound of each as `poisson_upper` has it."""
    from scipy.special import gammaincinv

    counts = np.unique(np.concatenate([np.arange(200), np.geomspace(200, 1e6, 200).round()]))
    return counts, gammaincinv(counts + 1, 0.95)


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _or(value: float, instead: float) -> float:
    return instead if isnan(value) or abs(value) == inf else value
