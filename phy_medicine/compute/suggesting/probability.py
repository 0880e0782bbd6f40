"""Log-odds that are added up, each from one thing that was measured.

What is said of the refractory time is a likelihood ratio: the pairs of spikes too close to each other that there are,
by how many there would be of two neurons that know nothing of each other, and of one. The other weights are of a
logistic regression on simulated recordings with known mistakes, rounded; `docs/curation.md` lists them.
"""

from __future__ import annotations

from math import exp, isfinite, log

ONE_NEURON = 0.08
"""Pairs within the refractory time of one neuron, by those that two neurons would have: sorters add some."""
MOST = 5.0
"""What one thing says at most: neurons that wait for each other, and spikes of others, are not counted on."""


def probability(log_odds: float) -> float:
    """Return the probability of log-odds, 0..1."""
    return 1 / (1 + exp(-log_odds)) if log_odds > -700 else 0.0


def of_two_neurons(pairs: float, expected: float) -> float:
    """Return the log-odds of two neurons against one, -`MOST` to `MOST`.

    pairs : of spikes within the refractory time; expected : of two neurons that know nothing of each other
    """
    if not expected > 0 or not isfinite(expected):
        return 0.0
    value = pairs * log(1 / ONE_NEURON) - expected * (1 - ONE_NEURON)
    return min(max(value, -MOST), MOST)
