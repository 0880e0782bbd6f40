"""Which spike of a panel a click means: the nearest one in sight, however far."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.layout import Panels

# The square that is searched around a click grows by so much until a spike is in its circle.
_FIRST_REACH, _GROWTH = 8.0, 4.0


def nearest_in_sight(
    panels: Panels, panel: int, x: FloatArray, y: FloatArray, place: tuple[float, float]
) -> int | None:
    """Return which of some points of a panel is nearest to a physical pixel, None if none is in sight.

    x, y : (n,) data units; NaN is nowhere

    Ten million points take some 50 ms: only those in a square around the pixel are measured.
    """
    left, top, right, bottom = (float(edge) for edge in panels.rects[panel])
    reach, farthest = _FIRST_REACH, float(np.hypot(right - left, bottom - top))
    while True:
        x0, x1 = max(place[0] - reach, left), min(place[0] + reach, right)
        y0, y1 = max(place[1] - reach, top), min(place[1] + reach, bottom)
        (low_x, high_x), (high_y, low_y) = panels.to_data(panel, np.array([x0, x1]), np.array([y0, y1]))
        near = np.flatnonzero((x >= low_x) & (x <= high_x))
        near = near[(y[near] >= low_y) & (y[near] <= high_y)]
        if len(near):
            px, py = panels.to_pixels(panel, x[near].astype(np.float64), y[near].astype(np.float64))
            distances = np.hypot(px - place[0], py - place[1])
            best = int(np.argmin(distances))
            if distances[best] <= reach or reach >= farthest:
                return int(near[best])
        elif reach >= farthest:
            return None
        reach *= _GROWTH
