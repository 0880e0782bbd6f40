"""A line through all channels at every spike of the selected clusters, and a lane for each cluster above them."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.views.contrast import legible
from phy_medicine.views.scene import Scene

_LANES, _TICK, _GAP = 8, 5, 2
_DASH = 7
_ALPHA = 0.55
# With more lines than one in so many pixels, they would be a curtain; the lanes remain.
_DENSE = 4


def lanes_height(n_clusters: int, ratio: float) -> float:
    """Return the room that the lanes need above the traces, px."""
    n = min(n_clusters, _LANES)
    return n * (_TICK + _GAP) * ratio + _GAP * ratio if n else 0.0


def draw_spike_lines(scene: Scene, x: FloatArray, rows: IntArray, colors: FloatArray) -> int:
    """Draw lines at spikes, behind the traces, and return how many there are; 0 when only the lanes are drawn.

    Spikes of several clusters at one pixel share the line: its dashes take turns.

    Parameters
    ----------
    x : (n,) px; rows : (n,) position in the selection; colors : (n_clusters, 4)
    """
    left, top, right, bottom = (float(edge) for edge in scene.panels.rects[0])
    inside = (x >= left) & (x < right)
    columns, rows = np.floor(x[inside]).astype(np.int64), rows[inside]
    pairs = np.unique(np.stack([columns, rows], axis=1), axis=0)
    columns, rows = pairs[:, 0], pairs[:, 1]
    bright = legible(colors, scene.theme.rgba("view"))
    _draw_lanes(scene, columns, rows, bright, top)
    unique, first, counts = np.unique(columns, return_index=True, return_counts=True)
    if not len(unique) or len(unique) > (right - left) / (_DENSE * scene.ratio):
        return 0
    turn = np.arange(len(columns)) - np.repeat(first, counts)
    boxes, shades = dashes(columns, turn, np.repeat(counts, counts), (top, bottom), scene.ratio)
    lines = bright[rows[shades]].copy()
    lines[:, 3] *= _ALPHA
    scene.under.rects(boxes, lines)
    return len(unique)


def dashes(
    columns: IntArray, turn: IntArray, counts: IntArray, span: tuple[float, float], ratio: float
) -> tuple[FloatArray, IntArray]:
    """Return (n, 4) boxes of dashes and the entry that each belongs to; one that is alone gets a whole line.

    columns : (k,) px; turn : of the entry among those at its pixel; counts : how many these are; span : top, bottom
    """
    top, bottom = span
    width = max(1.0, round(ratio))
    boxes, owners = [np.zeros((0, 4))], [np.zeros(0, dtype=np.int64)]
    for count in np.unique(counts).tolist():
        here = np.flatnonzero(counts == count)
        size = bottom - top if count == 1 else _DASH * ratio
        starts = np.arange(top, bottom, size * count)
        tops = (starts[np.newaxis] + (turn[here] * size)[:, np.newaxis]).ravel()
        lefts, owner = np.repeat(columns[here], len(starts)), np.repeat(here, len(starts))
        kept = tops < bottom
        box = np.stack([lefts, tops, lefts + width, np.minimum(tops + size, bottom)], axis=1)
        boxes.append(box[kept])
        owners.append(owner[kept])
    return np.concatenate(boxes), np.concatenate(owners)


def _draw_lanes(scene: Scene, columns: IntArray, rows: IntArray, colors: FloatArray, top: float) -> None:
    shown = rows < _LANES
    ratio, n = scene.ratio, min(len(colors), _LANES)
    # The first cluster has the highest lane.
    tops = top - (n - rows[shown]) * (_TICK + _GAP) * ratio
    lefts, width = columns[shown], max(1.0, round(ratio))
    boxes = np.stack([lefts, tops, lefts + width, tops + _TICK * ratio], axis=1)
    scene.over.rects(boxes, colors[rows[shown]])
