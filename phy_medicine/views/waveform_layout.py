"""Where the box of each channel stands: the probe's geometry, stretched so that boxes fill the view without overlap.

Empty stretches between distant groups of channels are shortened and told in `breaks`; staggered columns stay.
All lengths are fractions of the view, y grows upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray

# A gap of more than this many channel distances is shortened to `_SHORT_GAP` of them.
_LONG_GAP, _SHORT_GAP = 3.0, 2.5
# Width by height from which a box is not made better by being wider.
_WIDE_ENOUGH = 2.0


@dataclass(frozen=True, slots=True)
class Break:
    """A shortened stretch without channels; at : fraction of the view; vertical : it interrupts y."""

    at: float
    gap_um: float
    vertical: bool


@dataclass(frozen=True, slots=True)
class BoxLayout:
    """Equal boxes of channels.

    centers : (n, 2) float64, fractions of the view; size : (width, height) of every box, fractions of the view
    """

    centers: FloatArray
    size: tuple[float, float]
    breaks: tuple[Break, ...] = ()


def place_boxes(positions: FloatArray, aspect: float) -> BoxLayout:
    """Return boxes that fill the view.

    Parameters
    ----------
    positions : (n, 2) float64, µm, n >= 1
    aspect : width of the view by its height
    """
    points = _apart(np.asarray(positions, dtype=np.float64))
    scale = _nearest(points)
    x, x_gaps = _shortened(points[:, 0], scale)
    y, y_gaps = _shortened(points[:, 1], scale)
    width, height = _box_size(np.stack([x, y], axis=1), aspect)
    spans = float(np.ptp(x)) + width, float(np.ptp(y)) + height
    centers = np.stack([(x - x.min() + width / 2) / spans[0], (y - y.min() + height / 2) / spans[1]], axis=1)
    breaks = [Break((at - x.min() + width / 2) / spans[0], gap, False) for at, gap in x_gaps]
    breaks += [Break((at - y.min() + height / 2) / spans[1], gap, True) for at, gap in y_gaps]
    return BoxLayout(centers, (width / spans[0], height / spans[1]), tuple(breaks))


def strip_places(cluster_boxes: tuple[FloatArray, ...], n_boxes: int) -> tuple[tuple[int, ...], int]:
    """Return the strip of each cluster and how many strips a box has: the first that is free in all its boxes."""
    used = np.zeros(n_boxes, dtype=np.int64)
    places = []
    for boxes in cluster_boxes:
        places.append(int(used[boxes].max(initial=0)))
        used[boxes] = places[-1] + 1
    return tuple(places), max(places, default=0) + 1


def strip_span(place: int, n_strips: int) -> tuple[float, float]:
    """Return start and end of a strip in 0..1 of its box; the space between two strips is an eighth of a strip."""
    unit = 9 * n_strips - 1
    return 9 * place / unit, (9 * place + 8) / unit


def _apart(points: FloatArray) -> FloatArray:
    """Return the points, or a column of them where two channels claim the same place."""
    if len(np.unique(points, axis=0)) == len(points):
        return points
    rank = np.empty(len(points))
    rank[np.lexsort((np.arange(len(points)), points[:, 0], points[:, 1]))] = np.arange(len(points))
    return np.stack([np.zeros(len(points)), 20.0 * rank], axis=1)


def _nearest(points: FloatArray) -> float:
    """Return the median distance of a channel to its nearest one, µm."""
    if len(points) < 2:
        return 1.0
    distances = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(distances, np.inf)
    return float(np.median(distances.min(axis=1)))


def _shortened(values: FloatArray, nearest: float) -> tuple[FloatArray, list[tuple[float, float]]]:
    """Return coordinates with long gaps shortened, and (middle in the new coordinates, length in µm) of each."""
    levels = np.unique(values)
    steps = np.diff(levels)
    # Channels that are out of line by a few µm are no rows of their own.
    real = steps[steps > nearest / 3]
    pitch = float(np.median(real)) if len(real) else 1.0
    long = steps > _LONG_GAP * pitch
    shown = np.where(long, _SHORT_GAP * pitch, steps)
    new = levels[0] + np.concatenate([[0.0], np.cumsum(shown)])
    gaps = [(float(new[i] + shown[i] / 2), float(steps[i])) for i in np.flatnonzero(long)]
    return new[np.searchsorted(levels, values)], gaps


def _box_size(points: FloatArray, aspect: float) -> tuple[float, float]:
    """Return the width and height, µm, of the best equal boxes around the points that do not overlap."""
    spans = np.ptp(points, axis=0)
    widest = float(spans[0]) or 1.0
    highest = float(spans[1]) or 1.0
    first, second = np.triu_indices(len(points), 1)
    dx, dy = np.abs(points[first] - points[second]).T
    order = np.argsort(dy, kind="stable")
    dx, dy = dx[order], dy[order]
    # Boxes of height dy[i] may be as wide as the smallest dx of the pairs closer than that in y.
    closest = np.concatenate([[np.inf], np.minimum.accumulate(dx)]) if len(dx) else np.array([np.inf])
    heights = np.append(np.unique(dy[dy > 0]), np.inf)
    best, size = -1.0, (widest, highest)
    for height in heights:
        width = min(float(closest[np.searchsorted(dy, height - 1e-9 if np.isfinite(height) else height)]), widest)
        height = min(float(height), highest)
        if width <= 0:
            continue
        share_x, share_y = width / (spans[0] + width), height / (spans[1] + height)
        score = share_x * share_y * min(1.0, share_x * aspect / share_y / _WIDE_ENOUGH)
        if score > best:
            best, size = score, (width, height)
    return size
