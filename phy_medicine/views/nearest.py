"""The point of a picture nearest to the pointer."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.axes import format_number
from phy_medicine.views.layout import Panels

REACH = 8.0
"""How far from a point a pointer still means it, logical px."""


def nearest_point(
    panels: Panels, panel: int, x: FloatArray, y: FloatArray, *, place: tuple[float, float], reach: float
) -> int | None:
    """Return the point of a panel nearest to a physical pixel, None if all are farther than `reach` px.

    x, y : (n,) data units; NaN is nowhere

    A million points take 2 ms: only those in the square around the pixel are measured.
    """
    corners_x, corners_y = np.array([-reach, reach]) + place[0], np.array([reach, -reach]) + place[1]
    (x0, x1), (y0, y1) = panels.to_data(panel, corners_x, corners_y)
    near = np.flatnonzero((x >= x0) & (x <= x1))
    near = near[(y[near] >= y0) & (y[near] <= y1)]
    if not len(near):
        return None
    px, py = panels.to_pixels(panel, x[near], y[near])
    distances = np.hypot(px - place[0], py - place[1])
    best = int(np.argmin(distances))
    return int(near[best]) if distances[best] <= reach else None


def words_of_spike(cluster_id: int, time_s: float, values: str) -> str:
    """Return what the pointer is told of a spike: cluster and time, and below its values."""
    return f"cluster {cluster_id} · {format_number(time_s, 3)} s\n{values}"
