"""One number for a pair out of all that is known of it: how likely the two are one neuron, for an order of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp, inf, isnan, log, nan

from phy_medicine.compute.pairs.evidence import PairEvidence

NEAR_UM = 25.0
"""Distance at which two clusters count half."""
STILL_UM = 10.0
"""Tissue that moved by more than about this shows another waveform."""

WEIGHTS: Mapping[str, float] = {
    "template": 1.0,
    "drift": 2.0,
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
    correlogram : 1 less the dip
    amplitude : the continuity of the amplitudes
    distance : 1 / (1 + (d / 25 µm)²)
    """
    found = {name: make(evidence) for name, make in _SCORES.items()}
    return {name: min(max(score, 0.0), 1.0) for name, score in found.items() if not isnan(score)}


def combined(
    evidence: PairEvidence, weights: Mapping[str, float] = WEIGHTS, more: Mapping[str, float] | None = None
) -> float:
    """Return the geometric mean of the scores by their weights, 0.01 to 1; NaN where nothing that counts is known.

    So what speaks clearly against it is not made good by what speaks for it. A score below 0.01 counts as that.

    What depends on where the tissue was, `template`, `waveform` and `features`, counts less the more it moved between
    the two: by exp(-(m / 10 µm)² / 2), where m is `moved_um`. The correlogram counts as much as it can tell, by 1 less
    the distance between the bounds of the dip, each 1 at most.

    Parameters
    ----------
    weights : source -> weight, 0 or more; a source without one does not count
    more : further sources, as of plugins -> score, 0 to 1; NaN where one is not known
    """
    part = _parts(evidence)
    total = weight_sum = 0.0
    for name, score in {**scores(evidence), **(more or {})}.items():
        weight = weights.get(name, 0.0) * part.get(name, 1.0)
        if weight > 0 and not isnan(score):
            total += weight * log(min(max(score, _LEAST), 1.0))
            weight_sum += weight
    return exp(total / weight_sum) if weight_sum > 0 else nan


def _parts(evidence: PairEvidence) -> dict[str, float]:
    """Source -> what is left of its weight, of those that do not always tell."""
    still = 1.0 if isnan(evidence.moved_um) else exp(-0.5 * (evidence.moved_um / STILL_UM) ** 2)
    bounds = [min(max(bound, 0.0), 1.0) for bound in (evidence.dip_lower, evidence.dip_upper)]
    sure = 0.0 if isnan(sum(bounds)) else min(max(1 - (bounds[1] - bounds[0]), 0.0), 1.0)
    return {**dict.fromkeys(_SEEN, still), "correlogram": sure}


def _distance(evidence: PairEvidence) -> float:
    return 1 / (1 + (evidence.distance_um / NEAR_UM) ** 2) if evidence.distance_um < inf else nan


_SCORES: Mapping[str, Callable[[PairEvidence], float]] = {
    "template": lambda e: e.cosine,
    "drift": lambda e: e.drift_cosine,
    "waveform": lambda e: e.waveform_cosine,
    "features": lambda e: 2 * e.lda_error,
    "correlogram": lambda e: 1 - e.dip,
    "amplitude": lambda e: e.amplitude_continuity,
    "distance": _distance,
}
_SEEN = ("template", "waveform", "features")
"""What changes with the depth of the tissue."""
_LEAST = 0.01
