"""How well found units agree with true ones, by their spikes and by their templates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from phy_medicine.base.types import FloatArray, IntArray

WELL, SOME = 0.8, 0.2
"""Agreement of a unit that is well detected, and from which two units have something to do with each other."""


@dataclass(frozen=True, slots=True)
class Spikes:
    """Spikes of several units, in order of time.

    times : (n,) int64, samples, of the largest value of the unit's main channel; units : (n,) int
    templates : (K, N, D)
    """

    times: IntArray
    units: IntArray
    templates: FloatArray

    @classmethod
    def starting(cls, starts: IntArray, units: IntArray, templates: FloatArray) -> Spikes:
        """Return spikes of which the first sample of the template is known."""
        times = starts + main_samples(templates)[units]
        order = np.argsort(times, kind="stable")
        return cls(times[order], units[order], templates)

    @classmethod
    def of(cls, amplitudes: FloatArray, templates: FloatArray) -> Spikes:
        """Return the spikes of dense amplitudes (K, T)."""
        units, starts = np.nonzero(amplitudes)
        return cls.starting(starts, units, templates)

    def by_unit(self) -> tuple[IntArray, IntArray]:
        """Return the times of one unit after the other, and where each begins, (K + 1,)."""
        order = np.argsort(self.units, kind="stable")
        starts = np.searchsorted(self.units[order], np.arange(len(self.templates) + 1))
        return np.ascontiguousarray(self.times[order]), starts


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Agreement of found units with true ones.

    agreement : (n_true, n_found) float64, spikes in common over spikes of either
    partner : (n_true,) int64, found unit of each true one, each used once, -1 for none
    accuracy, precision, recall : (n_true,) float64, of the partner; 0 without one
    similarity, similarity_lag_0 : (n_true,) float64, cosine of templates at the best lag and without one, each after
        an assignment of its own
    n_false_positive : found units that agree with no true one
    n_redundant : found units that agree with a true one whose partner is another
    n_over_merged : found units that agree with several true ones
    """

    agreement: FloatArray
    partner: IntArray
    accuracy: FloatArray
    precision: FloatArray
    recall: FloatArray
    similarity: FloatArray
    similarity_lag_0: FloatArray
    n_false_positive: int
    n_redundant: int
    n_over_merged: int

    @property
    def n_well_detected(self) -> int:
        """True units with an accuracy of 0.8 or more."""
        return int((self.accuracy >= WELL).sum())


def evaluate(truth: Spikes, found: Spikes, tolerance: int = 15) -> Evaluation:
    """Compare spikes and templates.

    tolerance : samples that a spike may be away from the true one; 15 are 0.5 ms at 30 kHz
    """
    matches = count_matches(truth, found, tolerance)
    n_true, n_found = (np.bincount(s.units, minlength=len(s.templates)) for s in (truth, found))
    union = n_true[:, None] + n_found - matches
    agreement = matches / np.maximum(union, 1)
    rows, columns = linear_sum_assignment(agreement, maximize=True)
    partner = np.full(len(n_true), -1)
    partner[rows] = np.where(agreement[rows, columns] > 0, columns, -1)
    hits = np.where(partner >= 0, matches[np.arange(len(n_true)), partner], 0)
    some = agreement >= SOME
    with_other = some & (np.arange(len(n_found)) != partner[:, None])
    single = some.sum(axis=0) == 1
    return Evaluation(
        agreement,
        partner,
        accuracy=np.where(partner >= 0, agreement[np.arange(len(n_true)), partner], 0.0),
        precision=hits / np.maximum(np.where(partner >= 0, n_found[partner], 1), 1),
        recall=hits / np.maximum(n_true, 1),
        similarity=_assigned(best_lag_similarity(truth.templates, found.templates)),
        similarity_lag_0=_assigned(best_lag_similarity(truth.templates, found.templates, max_lag=0)),
        n_false_positive=int((~some.any(axis=0)).sum()),
        n_redundant=int((with_other.any(axis=0) & single).sum()),
        n_over_merged=int((some.sum(axis=0) > 1).sum()),
    )


def count_matches(a: Spikes, b: Spikes, tolerance: int) -> IntArray:
    """Return how many spikes of each unit of `a` have one of each unit of `b` within a tolerance, (K_a, K_b) int64."""
    from phy_medicine.compute.sorting import _kernels_evaluate as kernels

    out = np.zeros((len(a.templates), len(b.templates)), np.int64)
    kernels.count_matches(*a.by_unit(), *b.by_unit(), tolerance, out)
    return out


def main_samples(templates: FloatArray) -> IntArray:
    """Return the sample of the largest value of each template, (K,) int64."""
    return np.asarray(np.abs(templates).max(axis=1).argmax(axis=1))


def best_lag_similarity(a: FloatArray, b: FloatArray, *, max_lag: int | None = None) -> FloatArray:
    """Return the largest cosine of templates over lags, (K_a, K_b) float64.

    Parameters
    ----------
    a, b : (K, N, D), not 0; max_lag : samples; None is all of them
    """
    width = a.shape[2]
    reach = width - 1 if max_lag is None else max_lag
    padded = np.pad(b, ((0, 0), (0, 0), (reach, reach)))
    best = np.full((len(a), len(b)), -np.inf)
    flat = a.reshape(len(a), -1)
    for lag in range(2 * reach + 1):
        np.maximum(best, flat @ padded[:, :, lag : lag + width].reshape(len(b), -1).T, out=best)
    norms = (np.linalg.norm(t.reshape(len(t), -1), axis=1) for t in (a, b))
    return best / np.multiply.outer(*norms)


def _assigned(similarity: FloatArray) -> FloatArray:
    """Similarity of each row to the column given to it."""
    out = np.zeros(len(similarity))
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    out[rows] = similarity[rows, columns]
    return out
