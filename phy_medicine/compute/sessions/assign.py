"""Who is who: pairs of units of two sessions, one to one, and units of many sessions put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from phy_medicine.base.types import FloatArray, IntArray

Unit = tuple[int, int]
"""Session, and row of the unit in it."""


def one_to_one(rows: IntArray, columns: IntArray, certainty: FloatArray, *, threshold: float) -> IntArray:
    """Choose pairs so that no unit is in two, with the largest sum of certainties.

    Parameters
    ----------
    rows, columns : (n_pairs,) int, unit of each session; certainty : (n_pairs,) float, 0 to 1
    threshold : pairs that are less certain are left out

    Returns
    -------
    (n_chosen,) int64, positions of pairs, ascending

    Source: Kuhn 1955, Naval Research Logistics Quarterly 2:83.
    """
    good = np.flatnonzero(certainty >= max(threshold, np.finfo(float).tiny))
    if not len(good):
        return np.zeros(0, np.int64)
    units_a, a = np.unique(rows[good], return_inverse=True)
    units_b, b = np.unique(columns[good], return_inverse=True)
    gain = np.zeros((len(units_a), len(units_b)))
    pair = np.full(gain.shape, -1, np.int64)
    gain[a, b], pair[a, b] = certainty[good], good
    chosen = pair[linear_sum_assignment(gain, maximize=True)]
    return np.sort(chosen[chosen >= 0])


def put_together(certainties: Mapping[tuple[Unit, Unit], float], *, threshold: float) -> list[tuple[Unit, ...]]:
    """Join matched units of many sessions, at most one of each session, the most certain first.

    certainties : of the chosen pairs of any two sessions, first the one of the earlier session
    threshold : two groups are joined when the mean certainty over all pairs between them reaches it; a pair that was
        not chosen counts 0

    Returns
    -------
    Groups of two or more units, each in the order of the sessions, by their first unit
    """
    group_of: dict[Unit, tuple[Unit, ...]] = {unit: (unit,) for pair in certainties for unit in pair}
    for (a, b), _ in sorted(certainties.items(), key=lambda item: (-item[1], item[0])):
        first, second = group_of[a], group_of[b]
        if first is second or {s for s, _ in first} & {s for s, _ in second}:
            continue
        between = [certainties.get((min(u, v), max(u, v)), 0.0) for u in first for v in second]
        if sum(between) / len(between) >= threshold:
            joined = tuple(sorted((*first, *second)))
            group_of.update(dict.fromkeys(joined, joined))
    return sorted({group for group in group_of.values() if len(group) > 1})


def group_certainty(group: Sequence[Unit], certainties: Mapping[tuple[Unit, Unit], float]) -> float:
    """Return the mean certainty over all pairs of a group."""
    pairs = [(a, b) for i, a in enumerate(group) for b in group[i + 1 :]]
    return sum(certainties.get(pair, 0.0) for pair in pairs) / max(len(pairs), 1)
