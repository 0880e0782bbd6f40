"""Shanks of a probe: which channels stand on which, their outline, how far apart they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen

# Columns further apart than this stand on different shanks even if the dataset names only one.
_SHANK_GAP_UM = 100.0
# Gaps between shanks wider than so many distances of contacts, or than the widest shank, are shortened to that.
_LEAST_GAP = 3.0


@dataclass(frozen=True, slots=True)
class Shank:
    """One shank.

    channels : (n,) int; outline : (k, 2) float64, µm, a convex polygon around the contacts with the tip downwards
    """

    channels: IntArray
    outline: FloatArray


@dataclass(frozen=True, slots=True)
class Break:
    """A shortened gap between two shanks; left, right : where it is drawn, µm; gap_um : its true width."""

    left: float
    right: float
    gap_um: float

    @property
    def middle(self) -> float:
        """Where the line in the gap is drawn, µm."""
        return (self.left + self.right) / 2


def spacing(positions: FloatArray) -> float:
    """Return the median distance of a contact to its nearest one, µm; 20 for a single contact."""
    if len(positions) < 2:
        return 20.0
    # Some hundreds of contacts tell it; all pairs of a dense array would be too many.
    some = positions[:: max(1, len(positions) // 400)]
    distances = np.hypot(*(some[:, None] - positions[None]).transpose(2, 0, 1))
    distances[distances == 0] = np.inf
    nearest = distances.min(axis=1)
    nearest = nearest[np.isfinite(nearest)]
    return float(np.median(nearest)) if len(nearest) else 20.0


def shanks_of(positions: FloatArray, shank_ids: IntArray) -> tuple[Shank, ...]:
    """Return the shanks; a shank of the dataset is parted only where its columns are far apart.

    positions : (n, 2) float64, µm; shank_ids : (n,) int
    """
    near = spacing(positions)
    gap = max(_SHANK_GAP_UM, 3 * near)
    shanks = []
    for shank_id in np.unique(shank_ids):
        channels = np.flatnonzero(shank_ids == shank_id)
        columns = np.unique(positions[channels, 0])
        starts = np.concatenate([[-np.inf], columns[1:][np.diff(columns) > gap], [np.inf]])
        for start, stop in pairwise(starts):
            own = channels[(positions[channels, 0] >= start) & (positions[channels, 0] < stop)]
            shanks.append(Shank(own, outline(positions[own], near)))
    return tuple(shanks)


def side_by_side(shanks: tuple[Shank, ...], near: float) -> tuple[FloatArray, tuple[Break, ...]]:
    """Return how far each shank moves to the left, (n,) float64, µm, so that no gap is long, and the gaps shortened.

    Shanks above each other move together.
    """
    lefts = np.array([shank.outline[:, 0].min() for shank in shanks])
    rights = np.array([shank.outline[:, 0].max() for shank in shanks])
    longest = max(_LEAST_GAP * near, float((rights - lefts).max()))
    moves, breaks = np.zeros(len(shanks)), []
    moved, reached = 0.0, -np.inf
    for i in np.argsort(lefts, kind="stable"):
        gap = lefts[i] - reached
        if np.isfinite(gap) and gap > longest:
            start = reached - moved
            breaks.append(Break(start, start + longest, float(gap)))
            moved += gap - longest
        moves[i] = moved
        reached = max(reached, float(rights[i]))
    return frozen(moves), tuple(breaks)


def outline(points: FloatArray, near: float) -> FloatArray:
    """Return a rectangle around the points, with a tip below; (5, 2)."""
    pad = 0.6 * near
    (x0, y0), (x1, y1) = points.min(axis=0) - pad, points.max(axis=0) + pad
    tip = y0 - max(1.2 * (x1 - x0), 2 * near) if y1 - y0 > x1 - x0 else y0 - near
    return np.array([(x0, y1), (x0, y0), ((x0 + x1) / 2, tip), (x1, y0), (x1, y1)])


def clipped(polygon: FloatArray, box: FloatArray) -> FloatArray:
    """Return what lies in a rectangle of a convex polygon.

    polygon : (k, 2); box : (4,) left, top, right, bottom

    Source: Sutherland & Hodgman 1974, Comm. ACM 17:32.
    """
    points = np.asarray(polygon, dtype=np.float64)
    for axis, limit, sign in ((0, box[0], 1), (0, box[2], -1), (1, box[1], 1), (1, box[3], -1)):
        if not len(points):
            break
        ahead = np.roll(points, -1, axis=0)
        depth, depth_ahead = sign * (points[:, axis] - limit), sign * (ahead[:, axis] - limit)
        kept = []
        for point, following, d0, d1 in zip(points, ahead, depth, depth_ahead, strict=True):
            if d0 >= 0:
                kept.append(point)
            if (d0 >= 0) != (d1 >= 0):
                kept.append(point + (following - point) * d0 / (d0 - d1))
        points = np.array(kept).reshape(-1, 2)
    return points
