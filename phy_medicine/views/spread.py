"""Labels along an axis whose places are too close: each moves as little as possible, the least important ones go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray

# A label that is farther from its place than this, in its own lengths, would name another one.
_FARTHEST = 1.5


def spread(places: AnyArray, lengths: AnyArray, span: tuple[float, float]) -> FloatArray:
    """Return the middles, nearest to the places in the least squares, at which no label overlaps another.

    Parameters
    ----------
    places : (n,) wished middles, in any order; lengths : (n,) of the labels, gaps included, together no more than the
    span; span : ends of the axis, which no label leaves

    Source: isotonic regression by pooling adjacent violators, Barlow et al. 1972, after taking out the lengths.
    """
    order = np.argsort(places, kind="stable")
    wished, size = np.asarray(places, dtype=np.float64)[order], np.asarray(lengths, dtype=np.float64)[order]
    if not len(wished):
        return wished
    before = np.concatenate([[0.0], np.cumsum((size[:-1] + size[1:]) / 2)])
    pools: list[tuple[float, int]] = []
    for value in (wished - before).tolist():
        mean, n = value, 1
        while pools and pools[-1][0] > mean:
            other, m = pools.pop()
            mean, n = (mean * n + other * m) / (n + m), n + m
        pools.append((mean, n))
    free = np.repeat([mean for mean, _ in pools], [n for _, n in pools])
    low, high = span[0] + size[0] / 2, span[1] - size[-1] / 2 - before[-1]
    middles = np.empty(len(wished))
    middles[order] = np.clip(free, low, max(low, high)) + before
    return middles


def placed(places: Sequence[float], lengths: Sequence[float], span: tuple[float, float]) -> dict[int, float]:
    """Return the labels that can be shown and their middles; the first are the most important.

    A label is left out when its place is outside of the span, or when it or another one would have to move too far.
    """
    shown: list[int] = []
    middles = np.zeros(0)
    room = span[1] - span[0]
    for i, (place, length) in enumerate(zip(places, lengths, strict=True)):
        room -= length
        if room < 0:
            break
        tried = [*shown, i]
        at, size = np.array([places[k] for k in tried]), np.array([lengths[k] for k in tried])
        moved = spread(at, size, span)
        if span[0] <= place <= span[1] and (np.abs(moved - at) <= _FARTHEST * size).all():
            shown, middles = tried, moved
        else:
            room += length
    return dict(zip(shown, middles.tolist(), strict=True))
