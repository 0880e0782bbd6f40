"""What a picture holds: points, curves, histograms and densities as plain records, whichever way they are drawn.

In all of them `panels` is (n,) uint16, the panel of each item; `rows` (n,) uint8, its row in `palette`, (k, 4) int64
RGBA 0..255, not premultiplied. Coordinates are float32 in data units of the panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.layout import Panels


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Discs; x, y : (n,); size : diameter in logical px."""

    x: FloatArray
    y: FloatArray
    panels: IntArray
    rows: IntArray
    palette: IntArray
    size: float


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Polylines; line i owns the points starts[i]:starts[i + 1] of x, y, NaN breaks it; width : logical px."""

    x: FloatArray
    y: FloatArray
    starts: IntArray
    panels: IntArray
    rows: IntArray
    palette: IntArray
    width: float


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Filled histograms; values : (n, n_bins); edges : (n, 2) float64 first and last edge; sideways: bins along y."""

    values: FloatArray
    edges: FloatArray
    panels: IntArray
    rows: IntArray
    palette: IntArray
    sideways: bool


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Counts of points by cell; color : (4,) of a palette; cell : logical px; see `Picture.density`."""

    x: FloatArray
    y: FloatArray
    panel: int
    color: IntArray
    cell: int
    faintest: float
    logarithmic: bool

    def alphas(self, counts: IntArray) -> IntArray:
        """Return the opacity 0..256 of each count from 0 on, the last for all above; (k,) int64."""
        shares = opacities(int(counts.max(initial=0)), self.faintest, self.logarithmic)
        alphas: IntArray = np.round(shares * self.color[3] * (256 / 255)).astype(np.int64)
        return alphas


@dataclass(frozen=True, slots=True, eq=False)
class Shades:
    """Counts of points by cell, each in the mean colour of its points; rows : (n,), of a palette that is a scale."""

    x: FloatArray
    y: FloatArray
    panel: int
    rows: IntArray
    palette: IntArray
    cell: int
    faintest: float


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Images of counts; images of one colour have one scale.

    sums : (n, n_rows + 1, n_columns + 1) int64, of all cells above and to the left, with the highest row first
    boxes : (n, 4) float64 left, right, bottom, top in data units
    """

    sums: IntArray
    boxes: FloatArray
    panels: IntArray
    rows: IntArray
    palette: IntArray
    faintest: float


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Areas between two curves; low, high : (n, n_points), NaN breaks them; spans : (n, 2) first and last x."""

    low: FloatArray
    high: FloatArray
    spans: FloatArray
    panels: IntArray
    rows: IntArray
    palette: IntArray


Item = Points | Lines | Steps | Density | Shades | Cells | Bands


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where panels are in an image: pixel = x * [0] + [2], y * [1] + [3] of `transforms`, (n, 4) float64.

    clips : (n, 4) int64 left, top, right, bottom, inside the image; ratio : physical px by logical px
    """

    transforms: FloatArray
    clips: IntArray
    ratio: float

    @classmethod
    def of(cls, panels: Panels, box: tuple[int, int, int, int], ratio: float) -> Frame:
        """Return the frame of an image that stands for a box of the canvas, in px."""
        left, top, right, bottom = box
        clips = np.clip(panels.rects, (left, top, left, top), (right, bottom, right, bottom))
        origin = np.array([left, top, left, top])
        transforms = panels.transforms() - np.array([0.0, 0.0, left, top])
        return cls(transforms, (clips - origin).astype(np.int64), ratio)

    def to_pixels(self, x: FloatArray, y: FloatArray, panels: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return float64 pixels of data coordinates."""
        if panels.size and (panels == panels[0]).all():
            a, b, c, d = self.transforms[panels[0]]
            return x * a + c, y * b + d
        a, b, c, d = self.transforms.T
        return x * a[panels] + c[panels], y * b[panels] + d[panels]


def merged(items: Sequence[Item]) -> list[Item]:
    """Return the same picture in fewer items: discs of one size, or lines of one width, that follow each other."""
    runs: list[list[Item]] = []
    for item in items:
        if runs and _joins(runs[-1][-1], item):
            runs[-1].append(item)
        else:
            runs.append([item])
    return [run[0] if len(run) == 1 else _joined(run) for run in runs]


def _joins(before: Item, item: Item) -> bool:
    if isinstance(before, Points) and isinstance(item, Points):
        return before.size == item.size
    if not (isinstance(before, Lines) and isinstance(item, Lines) and before.width == item.width):
        return False
    # A line starts where the one before ends, also from one item to the next.
    return all(lines.starts[0] == 0 and lines.starts[-1] == lines.x.size for lines in (before, item))


def _joined(run: Sequence[Any]) -> Item:
    parts = {name: [getattr(item, name) for item in run] for name in ("x", "y", "panels", "palette", "rows")}
    offsets = np.cumsum([0, *(len(colors) for colors in parts["palette"])])
    parts["rows"] = [rows.astype(np.int64) + offset for rows, offset in zip(parts["rows"], offsets, strict=False)]
    joined = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    if isinstance(run[0], Points):
        return Points(**joined, size=run[0].size)
    shifts = np.cumsum([0, *(item.x.size for item in run)])
    starts = [item.starts + shift for item, shift in zip(run, shifts, strict=False)]
    return Lines(**joined, starts=np.concatenate([starts[0], *(s[1:] for s in starts[1:])]), width=run[0].width)


def opacities(largest: int, faintest: float, logarithmic: bool) -> FloatArray:
    """Return the opacity 0..1 of each count from 0 to the largest, at most 1024 of them."""
    counts = np.arange(min(max(largest, 1), 1024) + 1, dtype=np.float64)
    top = counts[-1]
    share = np.log(np.maximum(counts, 1)) / np.log(max(top, 2)) if logarithmic else (counts - 1) / max(top - 1, 1)
    alphas: FloatArray = faintest + (1 - faintest) * np.clip(share, 0, 1)
    alphas[0] = 0
    return alphas


def column(values: AnyArray) -> FloatArray:
    """Return an own (n,) float32 copy, writeable as the kernels' signatures ask."""
    return np.array(values, dtype=np.float32, order="C").reshape(-1)


def panel_column(panel: int | AnyArray, n: int) -> IntArray:
    """Return the panel of each item."""
    return np.array(np.broadcast_to(np.asarray(panel, dtype=np.uint16), (n,)), order="C")


def row_column(index: AnyArray | None, n: int) -> IntArray:
    """Return the row of the palette of each item; the first one by default."""
    return np.zeros(n, dtype=np.uint8) if index is None else np.array(index, dtype=np.uint8)


def palette(color: AnyArray | Sequence[float]) -> IntArray:
    """Return colours RGBA 0..1 as whole numbers 0..255."""
    rows = np.asarray(color, dtype=np.float64).reshape(-1, 4)
    whole: IntArray = np.round(np.clip(rows, 0, 1) * 255).astype(np.int64)
    return whole
