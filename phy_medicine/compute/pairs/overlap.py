"""How much the spikes of two clusters overlap in feature space."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.discriminant import discriminant, wrong_side

FEWEST = 10
"""Spikes of each cluster, below which nothing is said."""


def lda_error(first: FloatArray, second: FloatArray) -> float:
    """Return the part of the spikes that a linear discriminant puts on the wrong side, 0 to 0.5.

    Every other spike makes the discriminant for the ones between, and the reverse, so that many features of few spikes
    do not look apart by chance. Each cluster counts alike, however many spikes it has; 0.5 where the two are one cloud.

    Parameters
    ----------
    first, second : (n, ...), (m, ...) float, scores in the order of time; one that is not a number counts as 0

    Returns
    -------
    NaN with fewer than 10 spikes of either

    Source: Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, 4.3 and 7.10.
    """
    if min(len(first), len(second)) < FEWEST:
        return float("nan")
    errors = []
    for learned, seen in ((0, 1), (1, 0)):
        axis = discriminant(first[learned::2], second[learned::2])
        errors.append(wrong_side(axis.along(first[seen::2]), axis.along(second[seen::2])))
    return min(float(np.mean(errors)), 0.5)
