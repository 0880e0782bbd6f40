"""The panels of a plugin's canvas: the first is the whole canvas, the others are the boxes of its layout.

Data are in units of a box, 0..1 from its left and bottom. Without a grid all panels have the same rectangle on the
canvas, and each has the range in which its box lies where the layout says; so they move as one sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.layout import Box, Panels, grid

SHEET = 0
"""The panel of the whole canvas."""
_GAP = 10.0  # between cells of a grid, logical px


class BoxPanels(Panels):
    """Panels of one layout; bounds : how far may be panned and zoomed out, x0, y0, x1, y1 in NDC."""

    def __init__(self) -> None:
        self.limits: Sequence[float] | None = None
        self.by_hand: Callable[[], object] = lambda: None
        self.cells = False
        super().__init__(1)

    def follow(self, bounds: FloatArray | None, *, cells: bool, scaling: Sequence[float], edge: float) -> None:
        """Take over the boxes of a layout; bounds : (n, 4) in NDC of the canvas, None without a layout.

        cells : each box has edges of its own; scaling : of what is in cells; edge : room around the sheet, part of it
        """
        n = 0 if bounds is None else len(bounds)
        if (n + 1, cells) != (len(self), self.cells):
            shown = self._shown[:, 0].copy()
            links = [-1] + [0] * n if cells else [0] * (n + 1)
            self.cells = cells
            self.resize(n + 1, x_links=links, y_links=links)
            self._shown[:, 0] = shown
        home = np.tile(np.array([-edge, 1 + edge, -edge, 1 + edge]), (n + 1, 1))
        if bounds is not None and cells:
            half = 0.5 / np.broadcast_to(np.asarray(scaling, dtype=np.float64), 2)
            home[1:] = [0.5 - half[0], 0.5 + half[0], 0.5 - half[1], 0.5 + half[1]]
        elif bounds is not None:
            low, size = bounds[:, :2], bounds[:, 2:] - bounds[:, :2]
            lows, highs = (-1 - low) / size, (1 - low) / size
            home[1:] = np.stack([lows[:, 0], highs[:, 0], lows[:, 1], highs[:, 1]], axis=1)
        if not np.array_equal(home, self._home):
            self._home = home
            self.version += 1

    def place(self, box: Box, shape: tuple[int, int], ratio: float) -> None:
        """Put the panels on the canvas; shape : rows and columns of a grid."""
        rects = np.tile(np.array(box, dtype=np.float64), (len(self), 1))
        if self.cells:
            rects[1:] = grid(*shape, box, gap=_GAP * ratio)
        self.set_rects(rects)

    def at(self, x: float, y: float) -> int | None:
        """Return the cell of a grid under a pixel, else the sheet."""
        left, top, right, bottom = self.rects.T
        hits = np.flatnonzero((left <= x) & (x < right) & (top <= y) & (y < bottom))
        if not len(hits):
            return None
        return int(hits[-1]) if self.cells and len(hits) > 1 else (SHEET if not self.cells else None)

    # Pan and zoom, as parts of what is shown at home

    @property
    def reference(self) -> int:
        """A panel that moves."""
        return 1 if self.cells and len(self) > 1 else SHEET

    @property
    def shown(self) -> FloatArray:
        """(2, 2) the part that is shown in x and y: low and high, of 0..1."""
        return self._shown[:, 0].copy()

    def show(self, part: FloatArray) -> None:
        """Show a part, (2, 2) as `shown`; what is beyond the limits is cut off."""
        self._shown[:, 0] = part
        self._keep_within()
        self._tell()

    def pan(self, panel: int, by: tuple[float, float]) -> None:
        """Move what is shown, within the limits."""
        super().pan(self._moving(panel), by)
        self._keep_within()
        self.by_hand()

    def zoom(self, panel: int, at: tuple[float, float], factors: tuple[float, float]) -> None:
        """Magnify around a pixel, within the limits."""
        super().zoom(self._moving(panel), at, factors)
        self._keep_within()
        self.by_hand()

    def _moving(self, panel: int) -> int:
        return self.reference if self.cells and panel == SHEET else panel

    def _keep_within(self) -> None:
        """Move or shrink what is shown until it is within the limits."""
        if self.limits is None:
            return
        x0, y0, x1, y1 = ((float(limit) + 1) / 2 for limit in self.limits)
        for axis, (low, high) in enumerate(((x0, x1), (y0, y1))):
            shown = self._shown[axis, 0]
            span = min(shown[1] - shown[0], high - low)
            start = min(max(shown[0], low), high - span)
            shown[:] = start, start + span
        self.version += 1
