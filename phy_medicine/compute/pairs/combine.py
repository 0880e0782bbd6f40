"""One number for a pair out of all that is known of it: how likely the two are one neuron, for an order of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, inf, isnan, nan

from phy_medicine.compute.pairs.evidence import PairEvidence

NEAR_UM = 25.0
"""Distance at which two clusters count half."""
STILL_UM = 10.0
"""Tissue that moved by more than about this shows another waveform."""

WEIGHTS: Mapping[str, float] = {
    "template": 1.0,
    "drift": 1.0,
    "waveform": 1.0,
    "features": 1.0,
    "correlogram": 1.0,
    "amplitude": 0.5,
    "distance": 0.5,
}
"""Sources -> how much each counts, unless somebody chose otherwise."""


def scores(evidence: PairEvidence) -> dict[str, float]:
    """Return how much each source speaks for one neuron, 0 to 1; those that are not known are left out.

    template, drift, waveform : the cosine, below 0 counts as 0
    features : twice the error of the discriminant
    correlogram : 1 less the middle of the bounds of the dip, so that it is 0.5 where too few pairs are expected
    amplitude : the continuity of the amplitudes
    distance : 1 / (1 + (d / 25 µm)²)
    """
    found = {name: make(evidence) for name, make in _SCORES.items()}
    return {name: min(max(score, 0.0), 1.0) for name, score in found.items() if not isnan(score)}


def combined(
    evidence: PairEvidence, weights: Mapping[str, float] = WEIGHTS, more: Mapping[str, float] | None = None
) -> float:
    """Return the mean of the scores by their weights, 0 to 1; NaN where nothing that counts is known.

    What depends on where the tissue was, `template`, `waveform` and `features`, counts less the more it moved between
    the two: by exp(-(m / 10 µm)² / 2), where m is `moved_um`.

    Parameters
    ----------
    weights : source -> weight, 0 or more; a source without one does not count
    more : further sources, as of plugins -> score, 0 to 1; NaN where one is not known
    """
    still = 1.0 if isnan(evidence.moved_um) else exp(-0.5 * (evidence.moved_um / STILL_UM) ** 2)
    total = weight_sum = 0.0
    for name, score in {**scores(evidence), **(more or {})}.items():
        weight = weights.get(name, 0.0) * (still if name in _SEEN else 1.0)
        if weight > 0 and not isnan(score):
            total += weight * min(max(score, 0.0), 1.0)
            weight_sum += weight
    return total / weight_sum if weight_sum > 0 else nan


def _correlogram(evidence: PairEvidence) -> float:
    """1 less the middle of the bounds, each 1 at most."""
    if isnan(evidence.dip_upper):
        return nan
    return 1 - (min(evidence.dip_lower, 1.0) + min(evidence.dip_upper, 1.0)) / 2


def _distance(evidence: PairEvidence) -> float:
    return 1 / (1 + (evidence.distance_um / NEAR_UM) ** 2) if evidence.distance_um < inf else nan


_SCORES: Mapping[str, Callable[[PairEvidence], float]] = {
    "template": lambda e: e.cosine,
    "drift": lambda e: e.drift_cosine,
    "waveform": lambda e: e.waveform_cosine,
    "features": lambda e: 2 * e.lda_error,
    "correlogram": _correlogram,
    "amplitude": lambda e: e.amplitude_continuity,
    "distance": _distance,
}
_SEEN = frozenset({"template", "waveform", "features"})
"""What changes with the depth of the tissue."""
