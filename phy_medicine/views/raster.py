"""A picture of data: points, curves, histograms and densities, in one of two ways that look the same.

With GL primitives (`primitives`) where a graphics card draws, and with compiled kernels into one texture (`compiled`)
where OpenGL is done in software, as soon as the kernels are loaded; decision 0002 has the numbers. The environment
variable PHY_MEDICINE_RENDERER, `gl` or `cpu`, overrides.

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

import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.views import compiled, items
from phy_medicine.views.compiled import ready, warm_up
from phy_medicine.views.gpu import Gpu, Image
from phy_medicine.views.layout import Panels
from phy_medicine.views.primitives import Primitives

__all__ = ["Picture", "ready", "uses_kernels", "warm_up"]


def uses_kernels(software: bool) -> bool:
    """Whether pictures are drawn by the compiled kernels; `software` : OpenGL runs on the processor."""
    chosen = _chosen(os.environ.get("PHY_MEDICINE_RENDERER", ""))
    return software and ready() if chosen is None else chosen == "cpu"


@lru_cache(maxsize=4)
def _chosen(renderer: str) -> str | None:
    if renderer in ("gl", "cpu"):
        return renderer
    if renderer:
        logger.warning("PHY_MEDICINE_RENDERER is gl or cpu, not %s; it is left aside.", renderer)
    return None


class Picture:
    """Data of all panels of a view."""

    def __init__(self) -> None:
        self._items: list[items.Item] = []
        self._image = Image()
        self._primitives: Primitives | None = None
        self._pixels = np.zeros((1, 1), dtype=np.uint32)
        self._drawn: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def parts(self) -> tuple[items.Item, ...]:
        """What was added, in its order."""
        return tuple(self._items)

    def heats(self) -> Sequence[tuple[int, AnyArray, tuple[float, float, float, float]]]:
        """Return the images under all items: panel, premultiplied pixels, and x0, x1, y0, y1 in data units."""
        return ()

    def clear(self) -> None:
        """Forget all items."""
        self._items.clear()
        self._drawn, self._primitives = None, None

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
        xs, ys = items.column(x), items.column(y)
        n = xs.size
        panels, rows = items.panel_column(panel, n), items.row_column(index, n)
        self._add(items.Points(xs, ys, panels, rows, items.palette(color), size), n)

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
        bounds = np.array(starts, dtype=np.int64)
        n = bounds.size - 1
        panels, rows = items.panel_column(panel, n), items.row_column(index, n)
        self._add(items.Lines(items.column(x), items.column(y), bounds, panels, rows, items.palette(color), width), n)

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
        panels, rows = items.panel_column(panel, n), items.row_column(index, n)
        self._add(items.Steps(heights, ends, panels, rows, items.palette(color), sideways), n)

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
        xs, ys = items.column(x), items.column(y)
        self._add(items.Density(xs, ys, panel, items.palette(color)[0], cell, faintest, logarithmic), xs.size)

    def shades(
        self,
        x: AnyArray,
        y: AnyArray,
        *,
        color: AnyArray,
        index: AnyArray,
        panel: int = 0,
        cell: int = 1,
        faintest: float = 0.2,
    ) -> None:
        """Add an image of how many points fall on each cell, in the mean of their colours.

        color : (k, 4), a scale; index : (n,), the place of each point on it; cell, faintest : as of `density`
        """
        xs, ys = items.column(x), items.column(y)
        rows = items.row_column(index, xs.size)
        self._add(items.Shades(xs, ys, panel, rows, items.palette(color), cell, faintest), xs.size)

    def cells(
        self,
        sums: IntArray,
        boxes: AnyArray,
        *,
        color: AnyArray | Sequence[float],
        index: AnyArray | None = None,
        panel: int | AnyArray = 0,
        faintest: float = 0.25,
    ) -> None:
        """Add images of counts, opaque by the logarithm; a pixel of several cells shows their sum.

        sums : `fields.summed` of the counts; boxes : (n, 4) x0, x1, y0, y1 data units
        """
        n = len(sums)
        panels, rows = items.panel_column(panel, n), items.row_column(index, n)
        edges = np.array(np.broadcast_to(np.asarray(boxes, dtype=np.float64), (n, 4)))
        self._add(items.Cells(sums, edges, panels, rows, items.palette(color), faintest), n)

    def bands(
        self,
        low: AnyArray,
        high: AnyArray,
        spans: AnyArray,
        *,
        color: AnyArray | Sequence[float],
        index: AnyArray | None = None,
        panel: int | AnyArray = 0,
    ) -> None:
        """Add areas between even curves; low, high : (n, n_points), NaN breaks them; spans : (n, 2) ends in x."""
        n = len(low)
        panels, rows = items.panel_column(panel, n), items.row_column(index, n)
        ends = np.array(np.broadcast_to(np.asarray(spans, dtype=np.float64), (n, 2)))
        lows, highs = (np.asarray(curves, dtype=np.float64) for curves in (low, high))
        self._add(items.Bands(lows, highs, ends, panels, rows, items.palette(color)), n)

    def _add(self, item: items.Item, n: int) -> None:
        if n:
            self._items.append(item)
        self._drawn, self._primitives = None, None

    def prerender(self, gpu: Gpu, panels: Panels, ratio: float) -> Callable[[], None] | None:
        """Return what `draw` would do with the kernels, to be called in any thread before; None if nothing is to do."""
        state = (panels.version, ratio, gpu.width, gpu.height, True)
        if not self._items or state == self._drawn or not uses_kernels(gpu.software):
            return None

        def render() -> None:
            self._render_image(gpu, panels, ratio)
            self._drawn = state

        return render

    def _render_image(self, gpu: Gpu, panels: Panels, ratio: float) -> None:
        box = _bounds(panels.rects, gpu)
        self.render(panels, box, ratio)
        self._image.set(self.pixels, box)
        self._primitives = None

    def draw(self, gpu: Gpu, panels: Panels, ratio: float = 1.0) -> None:
        """Draw all items; places are computed anew if the data, the panels or the canvas changed."""
        if not self._items:
            return
        kernels = uses_kernels(gpu.software)
        state = (panels.version, ratio, gpu.width, gpu.height, kernels)
        if kernels:
            if state != self._drawn:
                self._render_image(gpu, panels, ratio)
            self._image.draw(gpu)
        else:
            if self._primitives is None:
                self._primitives = Primitives(self._items, software=gpu.software)
            if state != self._drawn:
                self._primitives.place(items.Frame.of(panels, (0, 0, gpu.width, gpu.height), ratio))
            self._primitives.draw(gpu)
        self._drawn = state

    @property
    def pixels(self) -> AnyArray:
        """(h, w, 4) uint8 premultiplied RGBA of the last `render`."""
        return self._pixels.view(np.uint8).reshape(*self._pixels.shape, 4)

    def render(self, panels: Panels, box: tuple[int, int, int, int], ratio: float) -> None:
        """Draw all items with the kernels into `pixels`, which stands for a box of the canvas; needs no GL."""
        left, top, right, bottom = box
        shape = (max(bottom - top, 1), max(right - left, 1))
        if self._pixels.shape != shape:
            self._pixels = np.zeros(shape, dtype=np.uint32)
        else:
            self._pixels.fill(0)
        compiled.render(self._items, items.Frame.of(panels, box, ratio), self._pixels)


def _bounds(rects: IntArray, gpu: Gpu) -> tuple[int, int, int, int]:
    left, top = np.maximum(rects[:, :2].min(axis=0), 0)
    right, bottom = np.minimum(rects[:, 2:].max(axis=0), (gpu.width, gpu.height))
    return int(left), int(top), int(max(right, left + 1)), int(max(bottom, top + 1))
