"""An order of merges that is learned of a curator's own decisions, and whether it is better than the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.suggesting.merging import PRIOR, TERMS, WEIGHTS
from phy_medicine.compute.suggesting.probability import probability

Values = Mapping[str, float]
"""What was known of a pair, by name; see `merge_finder.values_of`."""

MIN_EACH = 10
"""Accepted and rejected merges that are needed of each."""
LOG_ODDS = "log_odds"
FEATURES: tuple[str, ...] = (
    LOG_ODDS, *(f"term_{name}" for name in TERMS), "cosine", "drift_cosine", "waveform_cosine", "lda_error", "dip",
    "dip_lower", "dip_upper", "presence_overlap", "amplitude_continuity", "distance_um", "moved_um",
)  # fmt: skip
"""What a pair is ordered by: the log-odds that the default adds up, its terms, and what it does not use or bends."""
PENALTY = 1.0
"""Of the square of a weight, for standardised features: with few decisions little is changed of the default."""
N_FOLDS = 10
_MOST_STEPS, _SMALL_STEP = 100, 1e-9


@dataclass(frozen=True, slots=True)
class OwnRanking:
    """Logistic regression on `FEATURES`.

    mean, scale : (n_features,) float64, of each over the decisions where it was known; what is not known counts as mean
    weights : (n_features,) float64, log-odds of a standard deviation; intercept : log-odds at the mean of all
    """

    mean: FloatArray
    scale: FloatArray
    weights: FloatArray
    intercept: float

    def probability(self, values: Values) -> float:
        """Return how probably the curator would accept a pair, 0 to 1."""
        x = standardised(features([values]), self.mean, self.scale)[0]
        return probability(float(self.intercept + x @ self.weights))


@dataclass(frozen=True, slots=True)
class Comparison:
    """How well decisions are told that were not learned from, beside the default.

    own_order, default_order : part of the pairs of an accepted and a rejected merge that are ordered right, 0 to 1
    uncertainty : standard error of the difference of the two
    own_loss, default_loss : mean negative log-likelihood of a decision
    """

    own_order: float
    default_order: float
    uncertainty: float
    own_loss: float
    default_loss: float

    @property
    def better(self) -> bool:
        """Whether the order is better by more than chance often makes it, and no more often sure and wrong."""
        gain = self.own_order - self.default_order
        return gain > 0 and gain >= self.uncertainty and self.own_loss <= self.default_loss


def features(values: Sequence[Values]) -> FloatArray:
    """Return `FEATURES` of some pairs, (n, n_features) float64, NaN where one is not known."""
    table = np.full((len(values), len(FEATURES)), np.nan)
    for row, known in zip(table, values, strict=True):
        row[:] = [known.get(name, np.nan) for name in FEATURES]
        row[0] = log_odds(known)
    return table


def log_odds(values: Values) -> float:
    """Return the log-odds by which the default orders a pair."""
    return PRIOR + sum(weight * values.get(f"term_{name}", 0.0) for name, weight in WEIGHTS.items())


def usable(values: Values) -> bool:
    """Tell whether enough was known of a pair to learn from it."""
    return all(isfinite(values.get(f"term_{name}", np.nan)) for name in TERMS)


def learned(table: FloatArray, accepted: BoolArray, penalty: float = PENALTY) -> OwnRanking:
    """Fit a ranking.

    Minimises the negative log-likelihood of the decisions, plus half the penalty times the squared distance of the
    weights from those of the default: 1 for its log-odds, 0 for all else. The intercept is not penalised.

    table : (n, n_features) float64, as of `features`; accepted : (n,) bool, some of each
    """
    mean, scale = spread_of(table)
    x = np.column_stack([np.ones(len(table)), standardised(table, mean, scale)])
    start = np.zeros(x.shape[1])
    start[0], start[1] = mean[0], scale[0]
    weights = _minimised(x, accepted.astype(float), start, penalty)
    return OwnRanking(mean, scale, weights[1:], float(weights[0]))


def compared(table: FloatArray, accepted: BoolArray, penalty: float = PENALTY) -> Comparison:
    """Compare with the default on decisions that were left out in turn, a tenth at a time; the same each time.

    table, accepted : as for `learned`, at least two of each
    """
    fold = folds(accepted)
    own = np.zeros(len(table))
    for k in range(int(fold.max()) + 1):
        out = fold == k
        ranking = learned(table[~out], accepted[~out], penalty)
        x = standardised(table[out], ranking.mean, ranking.scale)
        own[out] = ranking.intercept + x @ ranking.weights
    default = table[:, 0]
    mine, theirs = _placements(own, accepted), _placements(default, accepted)
    by_accepted, by_rejected = mine[0] - theirs[0], mine[1] - theirs[1]
    # DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837: of the difference of two areas on the same cases.
    variance = np.var(by_accepted, ddof=1) / len(by_accepted) + np.var(by_rejected, ddof=1) / len(by_rejected)
    return Comparison(
        float(mine[0].mean()), float(theirs[0].mean()), sqrt(float(variance)), _loss(own, accepted),
        _loss(default, accepted),
    )  # fmt: skip


def folds(accepted: BoolArray) -> IntArray:
    """Return the fold of each decision, (n,) int: both kinds dealt out in turn, so that each has some."""
    fold = np.zeros(len(accepted), np.int64)
    n_folds = min(N_FOLDS, int(accepted.sum()), int((~accepted).sum()))
    for kind in (accepted, ~accepted):
        fold[kind] = np.arange(int(kind.sum())) % n_folds
    return fold


def spread_of(table: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of each column over what is known of it; 0 and 1 for one that is not known."""
    known = np.isfinite(table)
    n = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, table, 0.0).sum(axis=0) / n
    scale = np.sqrt((np.where(known, table - mean, 0.0) ** 2).sum(axis=0) / n)
    return mean, np.where(scale > 1e-12, scale, 1.0)


def standardised(table: FloatArray, mean: FloatArray, scale: FloatArray) -> FloatArray:
    """Return a table in standard deviations from the mean, 0 where a value is not known."""
    return np.where(np.isfinite(table), (table - mean) / scale, 0.0)


def _minimised(x: FloatArray, y: FloatArray, start: FloatArray, penalty: float) -> FloatArray:
    """Newton's method with halved steps: the problem is convex, and the penalty makes its minimum the only one."""
    towards, cost_of = start.copy(), np.full(x.shape[1], penalty)
    cost_of[0] = 0.0
    weights = start.copy()

    def cost(w: FloatArray) -> float:
        z = x @ w
        return float(np.logaddexp(0, z).sum() - y @ z + 0.5 * (cost_of * (w - towards) ** 2).sum())

    now = cost(weights)
    for _ in range(_MOST_STEPS):
        p = _expit(x @ weights)
        slope = x.T @ (p - y) + cost_of * (weights - towards)
        bend = (x.T * (p * (1 - p))) @ x + np.diag(cost_of)
        bend[0, 0] += 1e-12  # of decisions that are all certain
        step = np.linalg.solve(bend, slope)
        part = 1.0
        while part > _SMALL_STEP and cost(weights - part * step) > now:
            part /= 2
        weights = weights - part * step
        now = cost(weights)
        if np.abs(part * step).max() < _SMALL_STEP:
            break
    return weights


def _placements(score: FloatArray, accepted: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Of each accepted one the part of the rejected below it, of each rejected one that of the accepted above it."""
    above = np.sign(score[accepted][:, None] - score[~accepted][None, :]) / 2 + 0.5
    return above.mean(axis=1), above.mean(axis=0)


def _loss(log_odds_: FloatArray, accepted: BoolArray) -> float:
    return float(np.logaddexp(0, np.where(accepted, -log_odds_, log_odds_)).mean())


def _expit(z: FloatArray) -> FloatArray:
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
