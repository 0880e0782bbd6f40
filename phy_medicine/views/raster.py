"""A picture of data: points, curves, histograms and densities, drawn by compiled kernels into one texture.

A frame costs one textured rectangle however many spikes there are; the kernels run only when data or transforms
change. Software OpenGL would need 30 ms for 60,000 points and 70 ms for 2,400 waveforms of 82 samples; the kernels
need 2.3 and 4 ms (620 x 400 px, two cores), with anti-aliased lines and the same picture on every computer.

    picture = Picture()
    picture.density(x, y, color=grey)                                   # true counts, logarithmic opacity
    picture.points(x, y, color=colors, index=cluster_rows, size=3)      # data units of the panel
    picture.lines(x, y, color=colors, index=rows, panel=panel_of_line)  # x, y: (n_lines, n_points)
    picture.steps(counts, (0, 1), sideways=True, panel=1, color=colors)
    picture.draw(gpu, panels, ratio)

`panel` is an int or one per item; `color` is (4,) or (k, 4) RGBA 0..1 with `index` the row of each item.
Items are drawn in the order in which they were added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.gpu import Gpu, Image
from phy_medicine.views.layout import Panels


def kernels() -> ModuleType:
    """Return the compiled kernels; the first call loads numba (0.8 s), so make it in a worker thread."""
    from phy_medicine.views import _kernels_raster

    return _kernels_raster


@dataclass(frozen=True, slots=True)
class Target:
    """What kernels draw into: pixels (h, w) uint32, transforms and clips of the panels in these pixels."""

    pixels: AnyArray
    transforms: FloatArray
    clips: IntArray
    ratio: float


Item = Callable[[Target], None]


class Picture:
    """Data of all panels in one image."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._image = Image()
        self._pixels = np.zeros((1, 1), dtype=np.uint32)
        self._drawn: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def clear(self) -> None:
        """Forget all items."""
        self._items.clear()
        self._drawn = None

    def points(
        self,
        x: AnyArray,
        y: AnyArray,
        *,
        color: AnyArray | Sequence[float],
        index: AnyArray | None = None,
        panel: int | AnyArray = 0,
        size: float = 3.0,
    ) -> None:
        """Add discs; x, y : (n,) data units; size : diameter in logical px."""
        x, y = _column(x), _column(y)
        panels, rows, palette = _panels(panel, x.size), _rows(index, x.size), _palette(color)

        def draw(t: Target) -> None:
            stamp = disc(size * t.ratio)
            kernels().points(t.pixels, x, y, panels, rows, palette, t.transforms, t.clips, stamp)

        self.add(draw, x.size)

    def lines(
        self,
        x: AnyArray,
        y: AnyArray,
        *,
        color: AnyArray | Sequence[float],
        index: AnyArray | None = None,
        panel: int | AnyArray = 0,
        width: float = 1.0,
        starts: AnyArray | None = None,
    ) -> None:
        """Add polylines, NaN breaks them; x, y : (n_lines, n_points), or flat with `starts` (n_lines + 1,).

        width : logical px; `index` and `panel` are given by line
        """
        y = np.asarray(y)
        if starts is None:
            x = np.broadcast_to(x, y.shape)
            starts = np.arange(y.shape[0] + 1) * y.shape[1]
        xs, ys, bounds = _column(x), _column(y), np.array(starts, dtype=np.int64)
        n = bounds.size - 1
        panels, rows, palette = _panels(panel, n), _rows(index, n), _palette(color)

        def draw(t: Target) -> None:
            kernels().lines(
                t.pixels, xs, ys, bounds, panels, rows, palette, t.transforms, t.clips, max(1.0, width * t.ratio)
            )

        self.add(draw, n)

    def steps(
        self,
        values: AnyArray,
        edges: Sequence[float] | AnyArray,
        *,
        color: AnyArray | Sequence[float],
        index: AnyArray | None = None,
        panel: int | AnyArray = 0,
        sideways: bool = False,
    ) -> None:
        """Add filled histograms; values : (n, n_bins); edges : first and last edge, (2,) or (n, 2), data units."""
        heights = np.array(values, dtype=np.float32, order="C", ndmin=2)
        n = len(heights)
        ends = np.array(np.broadcast_to(np.asarray(edges, dtype=np.float64), (n, 2)), order="C")
        panels, rows, palette = _panels(panel, n), _rows(index, n), _palette(color)

        def draw(t: Target) -> None:
            kernels().steps(t.pixels, heights, panels, rows, ends, palette, t.transforms, t.clips, sideways)

        self.add(draw, n)

    def density(
        self,
        x: AnyArray,
        y: AnyArray,
        *,
        color: Sequence[float] | AnyArray,
        panel: int = 0,
        cell: int = 1,
        faintest: float = 0.2,
        logarithmic: bool = True,
    ) -> None:
        """Add an image of how many points fall on each cell: opacity grows with the count up to that of `color`.

        cell : logical px; faintest : opacity of one point, as part of the color's
        """
        x, y = _column(x), _column(y)
        palette = _palette(color)[0]

        def draw(t: Target) -> None:
            clip, step = t.clips[panel], max(1, round(cell * t.ratio))
            shape = (-(-(clip[3] - clip[1]) // step), -(-(clip[2] - clip[0]) // step))
            counts = np.zeros(shape, dtype=np.uint32)
            kernels().count(counts, x, y, t.transforms[panel], clip, step)
            alphas = opacities(int(counts.max(initial=0)), faintest, logarithmic)
            alphas = np.round(alphas * palette[3] * (256 / 255)).astype(np.int64)
            kernels().tint(t.pixels, counts, alphas, palette, clip, step)

        self.add(draw, x.size)

    def add(self, item: Item, n: int = 1) -> None:
        """Add something that draws itself with a kernel of its own; n : of things in it, 0 adds nothing."""
        if n:
            self._items.append(item)
        self._drawn = None

    def draw(self, gpu: Gpu, panels: Panels, ratio: float = 1.0) -> None:
        """Draw the image, made anew if the data, the panels or the canvas changed."""
        if not self._items:
            return
        state = (panels.version, ratio, gpu.width, gpu.height)
        if state != self._drawn:
            box = _bounds(panels.rects, gpu)
            self.render(panels, box, ratio)
            self._image.set(self.pixels, box)
            self._drawn = state
        self._image.draw(gpu)

    @property
    def pixels(self) -> AnyArray:
        """(h, w, 4) uint8 premultiplied RGBA of the last `render`."""
        return self._pixels.view(np.uint8).reshape(*self._pixels.shape, 4)

    def render(self, panels: Panels, box: tuple[int, int, int, int], ratio: float) -> None:
        """Draw all items into `pixels`, which stands for a box of the canvas."""
        left, top, right, bottom = box
        shape = (max(bottom - top, 1), max(right - left, 1))
        if self._pixels.shape != shape:
            self._pixels = np.zeros(shape, dtype=np.uint32)
        else:
            self._pixels.fill(0)
        transforms = panels.transforms() - np.array([0.0, 0.0, left, top])
        clips = panels.rects - np.array([left, top, left, top])
        limit = np.array([shape[1], shape[0], shape[1], shape[0]])
        target = Target(self._pixels, transforms, np.clip(clips, 0, limit).astype(np.int64), ratio)
        for item in self._items:
            item(target)


def disc(diameter: float) -> IntArray:
    """Return a disc of soft edge as rows of dy, dx and coverage 0..256, from the middle pixel; (n, 3) int64."""
    radius = max(diameter, 1.0) / 2
    reach = int(np.ceil(radius - 0.5))
    offsets = np.arange(-reach, reach + 1)
    dy, dx = np.meshgrid(offsets, offsets, indexing="ij")
    cover = np.clip(radius + 0.5 - np.hypot(dx, dy), 0, 1)
    rows = np.stack([dy, dx, np.round(cover * 256)], axis=-1).reshape(-1, 3).astype(np.int64)
    kept: IntArray = np.ascontiguousarray(rows[rows[:, 2] > 0])
    return kept


def opacities(largest: int, faintest: float, logarithmic: bool) -> FloatArray:
    """Return the opacity 0..1 of each count from 0 to the largest, at most 1024 of them."""
    counts = np.arange(min(max(largest, 1), 1024) + 1, dtype=np.float64)
    top = counts[-1]
    share = np.log(np.maximum(counts, 1)) / np.log(max(top, 2)) if logarithmic else (counts - 1) / max(top - 1, 1)
    alphas = faintest + (1 - faintest) * np.clip(share, 0, 1)
    alphas[0] = 0
    return alphas


def _bounds(rects: IntArray, gpu: Gpu) -> tuple[int, int, int, int]:
    left, top = np.maximum(rects[:, :2].min(axis=0), 0)
    right, bottom = np.minimum(rects[:, 2:].max(axis=0), (gpu.width, gpu.height))
    return int(left), int(top), int(max(right, left + 1)), int(max(bottom, top + 1))


def _column(values: AnyArray) -> FloatArray:
    """Return an own copy, writeable as the kernels' signatures ask."""
    return np.array(values, dtype=np.float32, order="C").reshape(-1)


def _panels(panel: int | AnyArray, n: int) -> IntArray:
    return np.array(np.broadcast_to(np.asarray(panel, dtype=np.uint16), (n,)), order="C")


def _rows(index: AnyArray | None, n: int) -> IntArray:
    return np.zeros(n, dtype=np.uint8) if index is None else np.array(index, dtype=np.uint8)


def _palette(color: AnyArray | Sequence[float]) -> IntArray:
    rows = np.asarray(color, dtype=np.float64).reshape(-1, 4)
    return np.round(np.clip(rows, 0, 1) * 255).astype(np.int64)
