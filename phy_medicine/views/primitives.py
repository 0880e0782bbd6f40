"""Drawing with GL primitives: discs as points, lines and histograms as strokes, densities as images.

Places are computed here in float64 and sent as pixels, so that a zoom into an hour stays exact. Vertices of lines keep
their colours and indices on the GPU; a zoom sends their places only. The picture is that of `compiled`, but for
rounding: discs sit on whole pixels, strokes have the same coverage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray
from phy_medicine.compute.density import bin_points
from phy_medicine.views import fields
from phy_medicine.views.gpu import Gpu, Image, Marks
from phy_medicine.views.items import Bands, Cells, Density, Frame, Item, Lines, Points, Shades, Steps, merged
from phy_medicine.views.shades import shades

_FAR_PX = 16_384.0
# Software OpenGL needs 40 ms for 100,000 smooth strokes, and 15 ms for as many jagged lines of one pixel.
_SMOOTH_BUDGET = 20_000
_CORNERS = np.arange(4, dtype=np.float32)
# Two triangles of the four corners of a stroke.
_QUAD = np.array([0, 1, 2, 2, 1, 3], dtype=np.uint32)


class Primitives:
    """All items of a picture as GL objects; items of one kind that follow each other are one draw call.

    software : OpenGL runs on the processor; very many thin lines are then not smoothed
    """

    def __init__(self, items: Sequence[Item], *, software: bool = False) -> None:
        self._layers = [_layer(item, software) for item in merged(items)]

    def place(self, frame: Frame) -> None:
        """Compute where all items are now."""
        for layer in self._layers:
            layer.place(frame)

    def draw(self, gpu: Gpu) -> None:
        """Draw the items in order, as they were placed last."""
        for layer in self._layers:
            layer.picture.draw(gpu)


class _PointLayer:
    def __init__(self, item: Points) -> None:
        self._item = item
        self._colors = _shades(item.palette, item.rows)
        self.picture = Marks("points")

    def place(self, frame: Frame) -> None:
        item, clips = self._item, frame.clips[self._item.panels]
        x, y = frame.to_pixels(item.x, item.y, item.panels)
        left, top, right, bottom = clips.T
        kept = np.flatnonzero((left <= x) & (x < right) & (top <= y) & (y < bottom))
        # In the middle of a pixel, as the compiled kernels draw them: all discs look alike, and none is blurred.
        middles = (np.floor(np.stack([x[kept], y[kept]], axis=1)) + 0.5).astype(np.float32)
        style = np.tile(np.array([-1.0, max(item.size * frame.ratio, 1.0) / 2], dtype=np.float32), (kept.size, 1))
        self.picture.set(a_here=middles, a_next=middles, a_style=style)
        self.picture.set(a_color=self._colors[kept], a_clip=clips[kept].astype(np.float32))


class _LineLayer:
    """Lines of one pixel, one vertex for each point."""

    def __init__(self, item: Lines) -> None:
        self._x, self._y, self._panels, self._segments = _segments(item)
        self._colors = _shades(item.palette, np.repeat(item.rows, np.diff(item.starts)))
        self.picture = Marks("lines")
        self.picture.index((self._segments[:, None] + np.arange(2)).astype(np.uint32).reshape(-1))
        # As discs wide enough to leave every pixel of the line as it is.
        self.picture.set(a_color=self._colors, a_style=np.tile(np.array([-1, 2], np.float32), (self._x.size, 1)))

    def place(self, frame: Frame) -> None:
        points = np.stack(frame.to_pixels(self._x, self._y, self._panels), axis=1)
        places = np.clip(points, -_FAR_PX, _FAR_PX).astype(np.float32)
        self.picture.set(a_here=places, a_next=places, a_clip=frame.clips[self._panels].astype(np.float32))


class _StrokeLayer:
    """Smooth lines: each point is four vertices, which reach the next point's by an offset into the same places."""

    def __init__(self, item: Lines) -> None:
        self._item = item
        self._x, self._y, self._panels, self._segments = _segments(item)
        self.picture = Marks("triangles")
        self.picture.index(_quads(self._segments))
        rows = np.repeat(item.rows, np.diff(item.starts))
        self.picture.set(a_color=_corners(_shades(item.palette, rows)[:-1]))
        self._clips: IntArray | None = None
        self._width = -1.0

    def place(self, frame: Frame) -> None:
        if not self._segments.size:
            return
        points = np.stack(frame.to_pixels(self._x, self._y, self._panels), axis=1)
        self._place_ends(points)
        if self._clips is None or not np.array_equal(self._clips, frame.clips):
            self._clips = frame.clips
            self.picture.set(a_clip=_corners(frame.clips[self._panels[:-1]].astype(np.float32)))
        width = max(1.0, self._item.width * frame.ratio)
        if width != self._width:
            self._width = width
            self.picture.set(a_style=_style(np.full(len(points) - 1, width / 2, dtype=np.float32)))

    def _place_ends(self, points: FloatArray) -> None:
        places = _corners(points.astype(np.float32))
        here, following = places[:-4], places[4:]
        far: BoolArray = np.abs(points).max(axis=1) > _FAR_PX
        cut = self._segments[(far[:-1] | far[1:])[self._segments]]
        if cut.size:
            here, following = here.copy(), following.copy()
            rows = (cut[:, None] * 4 + np.arange(4)).reshape(-1)
            here[rows], following[rows] = (_corners(ends) for ends in shortened(points[cut], points[cut + 1]))
        self.picture.set(a_here=here, a_next=following)


class _StepLayer:
    """A histogram is one stroke for each run of pixel columns of the same height."""

    def __init__(self, item: Steps) -> None:
        self._item = item
        totals = np.cumsum(item.values, axis=1, dtype=np.float64)
        self._totals = np.hstack([np.zeros((len(totals), 1)), totals])
        self._colors = _shades(item.palette, item.rows)
        self.picture = Marks("triangles")

    def place(self, frame: Frame) -> None:
        item = self._item
        u, v = (1, 0) if item.sideways else (0, 1)
        transforms, clips = frame.transforms[item.panels], frame.clips[item.panels]
        histogram, start, stop, mean = self._runs(transforms[:, u], transforms[:, u + 2], clips[:, [u, u + 2]])
        zero = transforms[histogram, v + 2]
        end = mean * transforms[histogram, v] + zero
        middle = (zero + end) / 2
        ends = np.stack([np.stack([start, middle], 1), np.stack([stop, middle], 1)], axis=1).astype(np.float32)
        if item.sideways:
            ends = ends[:, :, ::-1]
        self.picture.index(_quads(np.arange(histogram.size)))
        self.picture.set(a_here=_corners(ends[:, 0]), a_next=_corners(ends[:, 1]))
        self.picture.set(a_style=_style(np.abs(end - zero) / 2), a_color=_corners(self._colors[histogram]))
        self.picture.set(a_clip=_corners(clips[histogram].astype(np.float32)))

    def _runs(self, scale: FloatArray, shift: FloatArray, limits: IntArray) -> tuple[AnyArray, ...]:
        """Return histogram, first and past-the-last pixel, and mean value of runs of equal pixel columns."""
        ends = self._item.edges * scale[:, None] + shift[:, None]
        low = np.maximum(limits[:, 0], ends.min(axis=1).astype(np.int64))
        high = np.minimum(limits[:, 1], (ends.max(axis=1) + 1).astype(np.int64))
        counts = np.maximum(high - low, 0)
        histogram = np.repeat(np.arange(counts.size), counts)
        pixel = np.arange(histogram.size) - np.repeat(np.cumsum(counts) - counts - low, counts)
        mean = self._means(histogram, pixel, ends)
        breaks = (np.diff(histogram) != 0) | (np.diff(mean) != 0)
        first = np.flatnonzero(np.concatenate([np.ones(min(mean.size, 1), dtype=bool), breaks]))
        last = np.append(first[1:], mean.size)[: first.size] - 1
        shown = mean[first] != 0
        first, last = first[shown], last[shown]
        return histogram[first], pixel[first], pixel[last] + 1, mean[first]

    def _means(self, histogram: IntArray, pixel: IntArray, ends: FloatArray) -> FloatArray:
        """Return the mean of the bins that a pixel column covers, or the bin in its middle where bins are wide."""
        values = self._item.values
        n_bins = values.shape[1]
        first, per_pixel = ends[histogram, 0], (n_bins / (ends[:, 1] - ends[:, 0]))[histogram]
        f0, f1 = (pixel - first) * per_pixel, (pixel + 1 - first) * per_pixel
        f0, f1 = np.clip(np.minimum(f0, f1), 0, n_bins), np.clip(np.maximum(f0, f1), 0, n_bins)
        spread = self._total(histogram, f1) - self._total(histogram, f0)
        middle = np.floor((pixel + 0.5 - first) * per_pixel).astype(np.int64)
        single = np.where((middle >= 0) & (middle < n_bins), values[histogram, np.clip(middle, 0, n_bins - 1)], 0)
        means: FloatArray = np.where(np.abs(per_pixel) < 0.5, single, spread / np.maximum(f1 - f0, 1e-9))
        return means

    def _total(self, histogram: IntArray, position: FloatArray) -> FloatArray:
        """Return the sum of a histogram up to a position in bins, of the last bin a part."""
        whole = np.minimum(position.astype(np.int64), self._item.values.shape[1] - 1)
        sums: FloatArray = self._totals[histogram, whole] + (position - whole) * self._item.values[histogram, whole]
        return sums


class _DensityLayer:
    def __init__(self, item: Density) -> None:
        self._item = item
        self.picture = Image()

    def place(self, frame: Frame) -> None:
        item, clip = self._item, frame.clips[self._item.panel]
        left, top, right, bottom = (int(edge) for edge in clip)
        step = max(1, round(item.cell * frame.ratio))
        n_rows, n_columns = -(-(bottom - top) // step), -(-(right - left) // step)
        if n_rows < 1 or n_columns < 1:
            return
        a, b, c, d = frame.transforms[item.panel]
        spans = (left, left + n_columns * step), (top, top + n_rows * step)
        counts = bin_points(item.x * a + c, item.y * b + d, *spans, shape=(n_rows, n_columns))
        alphas = item.alphas(counts)
        shades = (np.append(item.color[:3], 255) * alphas[:, None]) >> 8
        cells = shades.astype(np.uint8).view(np.uint32)[:, 0][np.minimum(counts, alphas.size - 1)]
        pixels = cells.repeat(step, axis=0).repeat(step, axis=1) if step > 1 else cells
        shown = np.ascontiguousarray(pixels[: bottom - top, : right - left])
        self.picture.set(shown.view(np.uint8).reshape(*shown.shape, 4), (left, top, right, bottom))


class _FieldLayer:
    def __init__(self, item: Cells | Bands | Shades) -> None:
        self._item = item
        self.picture = Image()

    def place(self, frame: Frame) -> None:
        right, bottom = (int(edge) for edge in frame.clips[:, 2:].max(axis=0))
        pixels = np.zeros((max(bottom, 1), max(right, 1)), dtype=np.uint32)
        _FIELDS[type(self._item)](self._item, frame, pixels)
        self.picture.set(pixels.view(np.uint8).reshape(*pixels.shape, 4), (0, 0, pixels.shape[1], pixels.shape[0]))


_FIELDS: dict[type, Any] = {Cells: fields.cells, Bands: fields.bands, Shades: shades}
_LAYERS: dict[type, Any] = {
    Points: _PointLayer, Lines: _StrokeLayer, Steps: _StepLayer, Density: _DensityLayer, Cells: _FieldLayer,
    Bands: _FieldLayer, Shades: _FieldLayer,
}  # fmt: skip


def _layer(item: Item, software: bool) -> Any:
    if isinstance(item, Lines) and software and item.width <= 1.5 and item.x.size > _SMOOTH_BUDGET:
        return _LineLayer(item)
    return _LAYERS[type(item)](item)


def _segments(item: Lines) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Return x, y and panel of all points, and the points from which a piece of a line leads to the next one."""
    sizes = np.diff(item.starts)
    panels = np.repeat(item.panels, sizes)
    first, n = int(item.starts[0]), panels.size
    x, y = item.x[first : first + n], item.y[first : first + n]
    whole = np.isfinite(x) & np.isfinite(y)
    drawn = whole[:-1] & whole[1:]
    breaks = item.starts[1:-1] - first
    drawn[breaks[(breaks > 0) & (breaks < n)] - 1] = False
    return x, y, panels, np.flatnonzero(drawn)


def shortened(starts: FloatArray, stops: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cut segments to the middle 32,768 px around the origin, beyond which float32 would bend them.

    starts, stops : (n, 2) float64 px, finite; a segment all outside becomes a dot outside
    """
    along = stops - starts
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = np.stack([(-_FAR_PX - starts) / along, (_FAR_PX - starts) / along])
    # A segment parallel to an edge crosses it never: from minus to plus infinity inside, or nowhere.
    still = along == 0
    enter = np.where(still, np.where(np.abs(starts) <= _FAR_PX, -np.inf, np.inf), crossings.min(axis=0)).max(axis=1)
    leave = np.where(still, np.inf, crossings.max(axis=0)).min(axis=1)
    t0, t1 = np.clip(enter, 0, 1)[:, None], np.clip(leave, 0, 1)[:, None]
    inside = (enter <= leave)[:, None]
    dot = np.array([-_FAR_PX, -_FAR_PX])
    return np.where(inside, starts + t0 * along, dot), np.where(inside, starts + t1 * along, dot)


def _shades(palette: IntArray, rows: IntArray) -> FloatArray:
    shades: FloatArray = (palette / 255).astype(np.float32)[rows]
    return shades


def _corners(values: AnyArray) -> AnyArray:
    return np.repeat(np.ascontiguousarray(values), 4, axis=0)


def _style(halves: FloatArray) -> FloatArray:
    """Return corner and half width of all vertices of strokes, (4 n, 2) float32."""
    style = np.empty((halves.size, 4, 2), dtype=np.float32)
    style[:, :, 0], style[:, :, 1] = _CORNERS, halves[:, None]
    return style.reshape(-1, 2)


def _quads(strokes: IntArray) -> IntArray:
    quads: IntArray = (strokes[:, None].astype(np.uint32) * np.uint32(4) + _QUAD).reshape(-1)
    return quads
