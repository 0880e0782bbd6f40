"""How certain it is that two units are one neuron: from how alike the halves of one session are, and its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray

_ROUNDS = 10
_FEWEST = 5
_FLOOR = 1e-4
_SCALE = np.array([0.25, 0.10, 2.5])
"""What differs by less than this in a feature counts as the same, however few examples there are."""
_BETTER = np.array([1.0, -1.0, -1.0])
"""Which way a feature speaks for the same neuron."""


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """What is known of pairs of units.

    alike : cosine of the mean waveforms, with one moved to where the other is; log_ratio : log of the ratio of their
    sizes; apart_um : distance of their centres; all (n_pairs,) float64
    """

    alike: FloatArray
    log_ratio: FloatArray
    apart_um: FloatArray

    @property
    def columns(self) -> FloatArray:
        """(n_pairs, 3) float64, each nearer to a normal distribution."""
        return np.column_stack(
            [np.arctanh(np.clip(self.alike, -0.99, 0.999)), np.abs(self.log_ratio), np.sqrt(self.apart_um)]
        )

    @property
    def score(self) -> FloatArray:
        """(n_pairs,) float64, 0 to 1: alike in shape, size and place."""
        ratio = 1.0 / np.cosh(self.log_ratio)
        return np.asarray(np.maximum(self.alike, 0.0) * ratio * np.exp(-0.5 * (self.apart_um / 30.0) ** 2))


def probabilities(
    pairs: PairFeatures, rows: IntArray, columns: IntArray, same: PairFeatures, different: PairFeatures
) -> FloatArray:
    """Return the probability that each pair is one neuron, given that a unit has one partner at most.

    Parameters
    ----------
    pairs : of units of two sessions; rows, columns : (n_pairs,) int, unit of each
    same : first half of a unit against its second; different : first half of a unit against second of a neighbour,
        both within a session

    Returns
    -------
    (n_pairs,) float64

    Notes
    -----
    Naive Bayes on shape, size and distance. The densities of different neurons are those within sessions; those of the
    same neuron begin as within sessions and follow, by expectation maximization, what a neuron changes from one session
    to the next. The odds of a pair are set against those of all pairs that share a unit
    with it.

    Source: van Beest et al. 2025, Nat. Methods 22:787 (UnitMatch), halves of a session as the reference and naive
    Bayes; the adaptation and the competition are ours.
    """
    values, odds = pairs.columns, np.full(len(rows), 0.5)
    if not len(values):
        return np.zeros(0)
    negative = _Density.of(different.columns) if len(different.alike) >= _FEWEST else _Density.of(values)
    within = same.columns if len(same.alike) >= _FEWEST else _best_pairs(pairs, rows, columns)
    positive = _Density.of(within)
    share = 0.5 * min(len(set(rows.tolist())), len(set(columns.tolist()))) / len(values)
    found = odds
    for _ in range(_ROUNDS):
        ratio = positive.log(values, _BETTER) - negative.log(values, -_BETTER)
        odds = np.exp(np.clip(ratio, -30, 30)) * share / (1 - share)
        found = _in_competition(odds, rows, columns)
        # A pair counts as an example the more certain it is; the halves keep their say.
        positive = _Density.of(
            np.concatenate([within, values]), np.concatenate([np.full(len(within), 0.5), found * (found > 0.5)])
        )
        share = float(np.clip(found.mean(), 1e-4, 0.9))
    return found


def _in_competition(odds: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """Odds of each pair against none, and against every other pair of its units."""
    by_row, by_column = np.bincount(rows, odds), np.bincount(columns, odds)
    return np.asarray(odds / (1.0 + by_row[rows] + by_column[columns] - odds))


def _best_pairs(pairs: PairFeatures, rows: IntArray, columns: IntArray) -> FloatArray:
    """Features of the pairs that choose each other, where no halves tell what the same neuron looks like."""
    best_row, best_column = np.full(int(rows.max()) + 1, -1.0), np.full(int(columns.max()) + 1, -1.0)
    np.maximum.at(best_row, rows, pairs.score)
    np.maximum.at(best_column, columns, pairs.score)
    mutual: BoolArray = (pairs.score == best_row[rows]) & (pairs.score == best_column[columns]) & (pairs.alike > 0.7)
    return pairs.columns[mutual] if mutual.any() else pairs.columns[pairs.score == pairs.score.max()]


@dataclass(frozen=True, slots=True)
class _Density:
    """Independent columns, each normal, with tails as heavy as a small share of a wide one."""

    mean: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, values: FloatArray, weights: FloatArray | None = None) -> _Density:
        weights = np.ones(len(values)) if weights is None else weights
        mean = np.average(values, axis=0, weights=weights)
        spread = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
        return cls(mean, np.maximum(spread, _SCALE))

    def log(self, values: FloatArray, towards: FloatArray) -> FloatArray:
        """(n,) float64, log density; beyond the mean in the direction `towards` it falls no more."""
        z = np.minimum((values - self.mean) / self.spread * towards, 0.0)
        density = np.exp(-0.5 * z**2) / (self.spread * np.sqrt(2 * np.pi)) + _FLOOR
        return np.asarray(np.log(density).sum(axis=1))
