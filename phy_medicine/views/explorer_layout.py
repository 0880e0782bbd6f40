"""Where the four parts of the explorer stand: as many as can be read at a size, in the columns that give them most."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from phy_medicine.views.layout import Box, Panels

LOCAL, MAP, WAVES, FRAME = "local", "map", "waves", "frame"
PARTS = (LOCAL, MAP, WAVES, FRAME)
"""Six panels of offsets from the anchor, three of the probe, waveforms of the picked spike, and its frame in space."""
# Width and height that each needs, in px where text is 12 px high.
_LEAST = {LOCAL: (320, 240), MAP: (230, 200), WAVES: (230, 200), FRAME: (230, 170)}
# What is left out first where there is not enough room.
_DROPPED = (FRAME, MAP, WAVES, LOCAL)
_GAP = 10

PAIRS = (
    ("lx", "ly"), ("lx", "z"), ("ly", "z"), ("lx", "a"), ("ly", "a"), ("z", "a"),
    ("x", "y"), ("x", "z"), ("z", "y"),
)  # fmt: skip
"""Quantities of the nine panels, x before y: the corner of the pairs row by row, then those of the probe."""
N_LOCAL, N_PAIRS, WAVES_PANEL, FRAME_PANEL = 6, 9, 9, 10
CORNER = ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
"""Row and column of each panel of the corner."""
HIDDEN = (-9, -9, -8, -8)
_TURN_DEG = 180.0
_AZIMUTH_DEG, _ELEVATION_DEG = 25.0, 40.0


def place_parts(parts: Sequence[str], box: Box, unit: float) -> dict[str, Box]:
    """Return the box of each part that can be read; one of them at least.

    Parameters
    ----------
    parts : those that are wanted, in the order of `PARTS`
    box : left, top, right, bottom
    unit : size of the text by 12 px
    """
    wanted = list(parts)
    while True:
        found = [_columns(split, box, unit) for split in _splits(wanted)]
        best = max(found, key=lambda boxes: _room(boxes, unit))
        if _room(best, unit) >= 1 or len(wanted) == 1:
            return best
        wanted.remove(next(part for part in _DROPPED if part in wanted))


def _splits(parts: Sequence[str]) -> list[list[list[str]]]:
    """Every way to cut a row of parts into columns."""
    n, splits = len(parts), []
    for cuts in itertools.product((False, True), repeat=n - 1):
        columns = [[parts[0]]]
        for part, cut in zip(parts[1:], cuts, strict=True):
            columns.append([part]) if cut else columns[-1].append(part)
        splits.append(columns)
    return splits


def _columns(columns: list[list[str]], box: Box, unit: float) -> dict[str, Box]:
    """Boxes of parts in columns, each as wide and high by what it needs."""
    left, top, right, bottom = box
    gap = round(_GAP * unit)
    found = {}
    widths = [max(_LEAST[part][0] for part in column) for column in columns]
    for column, (x0, x1) in zip(columns, _shares(left, right, widths, gap), strict=True):
        heights = [_LEAST[part][1] for part in column]
        for part, (y0, y1) in zip(column, _shares(top, bottom, heights, gap), strict=True):
            found[part] = (x0, y0, x1, y1)
    return found


def _shares(start: float, stop: float, weights: list[int], gap: float) -> list[tuple[float, float]]:
    room = max(stop - start - gap * (len(weights) - 1), len(weights))
    ends = np.cumsum(np.array(weights) / sum(weights) * room)
    starts = np.concatenate([[0.0], ends[:-1]])
    offsets = start + gap * np.arange(len(weights))
    return list(zip((starts + offsets).tolist(), (ends + offsets).tolist(), strict=True))


def _room(boxes: dict[str, Box], unit: float) -> float:
    """How many times what it needs the poorest part has."""
    return min(
        min((x1 - x0) / _LEAST[part][0], (y1 - y0) / _LEAST[part][1]) / unit for part, (x0, y0, x1, y1) in boxes.items()
    )


class ExplorerPanels(Panels):
    """Nine panels of spikes, one of waveforms, and one where dragging turns and the wheel magnifies."""

    def __init__(self) -> None:
        super().__init__(
            FRAME_PANEL + 1,
            x_links=(0, 0, 1, 0, 1, 2, 3, 3, 4, 5, 6),
            y_links=(0, 1, 1, 2, 2, 2, 3, 4, 3, 5, 6),
            common="",
        )

    @property
    def angles_deg(self) -> tuple[float, float]:
        """How far the frame is turned around its z axis, and from how far above its plane it is seen."""
        x0, x1, y0, y1 = self.ranges()[FRAME_PANEL]
        turned, raised = 0.5 - (x0 + x1) / 2, (y0 + y1) / 2 - 0.5
        return _AZIMUTH_DEG + _TURN_DEG * turned, _ELEVATION_DEG + _TURN_DEG * raised

    @property
    def magnification(self) -> float:
        """How much larger than at first the frame is."""
        x0, x1 = self.ranges()[FRAME_PANEL, :2]
        return float(1 / (x1 - x0))

    def turn(self, around_deg: float, up_deg: float) -> None:
        """Turn the frame around its z axis, and raise the place from which it is seen."""
        left, top, right, bottom = self.rects[FRAME_PANEL]
        part = self.magnification / _TURN_DEG
        self.pan(FRAME_PANEL, (around_deg * part * (right - left), up_deg * part * (bottom - top)))

    def pan(self, panel: int, by: tuple[float, float]) -> None:
        """Move or turn by pixels to the right and down."""
        super().pan(panel, by)
        if panel == FRAME_PANEL:
            shown = self._shown[1, self._links[FRAME_PANEL, 1]]
            middle = shown.mean()
            low, high = (0.5 + (limit - _ELEVATION_DEG) / _TURN_DEG for limit in (-90.0, 90.0))
            shown += np.clip(middle, low, high) - middle

    def zoom(self, panel: int, at: tuple[float, float], factors: tuple[float, float]) -> None:
        """Magnify around a pixel, the frame around its middle and alike in both directions."""
        if panel == FRAME_PANEL:
            left, top, right, bottom = (float(edge) for edge in self.rects[panel])
            factor = factors[0] if factors[0] == factors[1] else factors[0] * factors[1]
            at, factors = ((left + right) / 2, (top + bottom) / 2), (factor, factor)
        super().zoom(panel, at, factors)
