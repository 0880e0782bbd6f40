"""Turns what visuals hold into items of a picture, and into ink where a size in px must stay as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from phy_medicine.app.phy_compat.layouts import BaseLayout
from phy_medicine.app.phy_compat.markers import draw_markers
from phy_medicine.app.phy_compat.panels import SHEET, BoxPanels
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.contrast import legible, luminance
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.scene import Scene

# Of more marks than this only a cloud is seen: they are discs of the picture, which are quick.
MOST_MARKS = 50_000
_PALETTE = 256
_SIZES = 24
# Colours of plugins are made for black: on either ground they must be seen, and no more than that.
_SEEN, _READ = 1.5, 4.5
_STANDARD_FONT = 6.0
_LINE = 1.9  # height of a line of text by that of a capital
_LEAST_FONT = 6
# Of the ground behind text, so that it can be read on curves.
_GROUND = 0.55


class _Marks(NamedTuple):
    marker: str
    places: FloatArray
    panels: IntArray
    sizes: FloatArray
    colors: FloatArray


class Drawing:
    """What a canvas shows; panels: of its boxes; place : (n, 2) in units of a box."""

    def __init__(self, scene: Scene, panels: BoxPanels, picture: HeatPicture) -> None:
        self.scene, self.panels, self.picture = scene, panels, picture
        self.layout: BaseLayout | None = None
        self.current: Any = 0
        self.on_sheet = False
        self._marks: list[_Marks] = []
        self._images: list[tuple[AnyArray, int]] = []

    def begin(self, layout: BaseLayout | None) -> None:
        """Start a new picture."""
        self.layout = layout
        self.picture.clear()
        self._marks.clear()

    def begin_ink(self) -> None:
        """Start the shapes of a fixed size anew, since the picture is laid out."""
        self._images.clear()

    def panels_of(self, box: Any, n: int) -> IntArray:
        """Return the panel of each of n items, -1 where there is none."""
        if self.layout is None or self.on_sheet:
            return np.full(n, SHEET)
        numbers = self.layout.numbers(self.current if box is None else box)
        if len(numbers) not in (1, n):
            raise ValueError(f"box_index has {len(numbers)} rows for {n} items.")
        return np.broadcast_to(np.where(numbers >= 0, numbers + 1, -1), (n,))

    def seen(self, colors: AnyArray, ratio: float = _SEEN) -> FloatArray:
        """Return colours that are seen on the ground of the view; white is the colour of its text."""
        shades = np.array(colors, dtype=np.float32).reshape(-1, 4)
        white = luminance(shades) > 0.98
        shades[white, :3] = self.scene.theme.rgba("text")[:3]
        return legible(shades, self.scene.theme.rgba("view"), ratio)

    # Items of the picture

    def points(
        self, visual: Any, place: FloatArray, box: Any, colors: FloatArray, sizes: FloatArray, order: Any = None
    ) -> None:
        """Add markers; sizes : (n,) logical px; order : of drawing."""
        panels = self.panels_of(box, len(place))
        kept = (panels >= 0) & np.isfinite(place).all(axis=1)
        rows = np.flatnonzero(kept) if order is None else order[kept[order]]
        if not rows.size:
            return
        place, panels, colors, sizes = place[rows], panels[rows], colors[rows], sizes[rows]
        if visual.marker != "disc" and rows.size <= MOST_MARKS:
            self._marks.append(_Marks(visual.marker, place, panels, sizes, colors))
            return
        for size, mine in _by_size(sizes):
            for palette, index, chosen in palettes(colors[mine]):
                here = mine[chosen]
                self.picture.points(
                    place[here, 0], place[here, 1], color=self.seen(palette), index=index, panel=panels[here], size=size
                )

    def curves(
        self,
        place: FloatArray,
        lengths: IntArray,
        box: Any,
        colors: FloatArray,
        *,
        order: Any = None,
        width: float = 1.0,
        closed: bool = False,
    ) -> None:
        """Add curves of these numbers of points; NaN breaks them."""
        panels = self.panels_of(box, len(lengths))
        starts = np.cumsum(lengths) - lengths
        lines = np.arange(len(lengths)) if order is None else np.asarray(order)
        lines = lines[(panels[lines] >= 0) & (np.asarray(lengths)[lines] > 0)]
        for palette, index, chosen in palettes(colors[lines]):
            mine = lines[chosen]
            points, bounds = _gathered(starts[mine], np.asarray(lengths)[mine], closed=closed)
            self.picture.lines(
                place[points, 0], place[points, 1], color=self.seen(palette), index=index, panel=panels[mine],
                width=width, starts=bounds,
            )  # fmt: skip

    def bars(self, heights: FloatArray, box: Any, colors: FloatArray) -> None:
        """Add histograms over the width of their boxes; heights : (n, n_bins), 1 is the height of the box."""
        panels = self.panels_of(box, len(heights))
        rows = np.flatnonzero(panels >= 0)
        for palette, index, chosen in palettes(colors[rows]):
            mine = rows[chosen]
            self.picture.steps(
                np.nan_to_num(heights[mine]), (0.0, 1.0), color=self.seen(palette), index=index, panel=panels[mine]
            )

    # Ink

    def text(
        self, place: FloatArray, box: Any, lines: Sequence[str], anchors: FloatArray, colors: FloatArray, font: float
    ) -> None:
        """Write lines of text; font : in units in which 6 is the size of the program's own labels."""
        scene, panels = self.scene, self.panels_of(box, len(lines))
        px = round(scene.theme.font_px * scene.ratio * font / _STANDARD_FONT)
        ink, shades = scene.ink_of(max(px, _LEAST_FONT)), self.seen(colors, _READ)
        height = _LINE * ink.cap_height
        for i in np.flatnonzero((panels >= 0) & np.isfinite(place).all(axis=1)).tolist():
            x, y = (float(v) for v in self.panels.to_pixels(int(panels[i]), *place[i]))
            if not self._in_sight(int(panels[i]), x, y):
                continue
            width = ink.text_width(lines[i])
            left = x + width / 2 * (anchors[i, 0] - 1)
            if 0 <= x <= scene.size[0]:
                left = max(min(left, scene.size[0] - width - 2 * scene.ratio), 2 * scene.ratio)
            baseline = y + height / 2 * (1 - anchors[i, 1]) - (height - ink.cap_height) / 2
            red, green, blue, alpha = (float(v) for v in shades[i])
            around = (left - 2, baseline - ink.cap_height - 3, left + width + 2, baseline + 3)
            ink.rects([around], self.scene.theme.rgba("view", _GROUND))
            ink.text(lines[i], left, baseline, color=(red, green, blue, alpha))

    def _in_sight(self, panel: int, x: float, y: float) -> bool:
        """Tell whether a place is on the canvas, and in its cell where cells are zoomed."""
        left, top, right, bottom = self.panels.rects[panel]
        if self.panels.zoomed and not (left - 1 <= x <= right + 1 and top - 1 <= y <= bottom + 1):
            return False
        return -1 <= x <= self.scene.size[0] + 1 and -1 <= y <= self.scene.size[1] + 1

    def marks(self) -> None:
        """Draw markers that are no discs."""
        for marks in self._marks:
            x, y = np.empty(len(marks.places)), np.empty(len(marks.places))
            for panel in np.unique(marks.panels).tolist():
                mine = marks.panels == panel
                x[mine], y[mine] = self.panels.to_pixels(panel, *marks.places[mine].T)
            left, top, right, bottom = self.panels.rects[marks.panels].T
            kept = (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
            sizes = np.maximum(marks.sizes[kept] * self.scene.ratio, 2.0)
            draw_markers(
                self.scene.over, marks.marker, np.stack([x, y], axis=1)[kept], sizes, self.seen(marks.colors[kept])
            )

    def patches(self, place: FloatArray, box: Any, colors: FloatArray, corners: AnyArray) -> None:
        """Fill triangles under the picture; corners : (k, 3) rows of `place`."""
        panels = self.panels_of(box, len(place))
        for triangle in corners:
            panel = int(panels[triangle[0]])
            if panel < 0 or not np.isfinite(place[triangle]).all():
                continue
            points = np.stack(self.panels.to_pixels(panel, *place[triangle].T), axis=1)
            inside = clipped_polygon(points, self.panels.rects[panel])
            if len(inside) >= 3:
                red, green, blue, alpha = (float(v) for v in colors[triangle].mean(axis=0))
                self.scene.under.polygon(inside, (red, green, blue, alpha))

    def image(self, pixels: FloatArray, box: Any) -> None:
        """Lay an image over a box; (h, w, 4) RGBA 0..1."""
        panel = int(self.panels_of(box, 1)[0])
        if panel >= 0:
            self._images.append((pixels, panel))

    def lay_images(self) -> None:
        """Make one image under the items of all images, as they are in sight."""
        left, top, right, bottom = (int(edge) for edge in self.panels.rects[SHEET])
        x0, x1, y0, y1 = self.panels.ranges()[SHEET].tolist()
        if not self._images or right <= left or bottom <= top:
            self.picture.set_heat(None, (0.0, 1.0, 0.0, 1.0))
            return
        sheet = np.zeros((bottom - top, right - left, 4))
        for pixels, panel in self._images:
            self._lay(sheet, (left, top), pixels, panel)
        self.picture.set_heat(np.round(sheet * 255).astype(np.uint8), (x0, x1, y0, y1))

    def _lay(self, sheet: FloatArray, origin: tuple[int, int], pixels: FloatArray, panel: int) -> None:
        (a, b), (d, c) = self.panels.to_pixels(panel, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        left, top, right, bottom = self.panels.rects[panel].tolist()
        columns = np.arange(max(left, int(np.floor(a))), min(right, int(np.ceil(b))))
        rows = np.arange(max(top, int(np.floor(c))), min(bottom, int(np.ceil(d))))
        if not columns.size or not rows.size:
            return
        u = np.clip(((columns + 0.5 - a) / (b - a) * pixels.shape[1]).astype(np.int64), 0, pixels.shape[1] - 1)
        v = np.clip(((rows + 0.5 - c) / (d - c) * pixels.shape[0]).astype(np.int64), 0, pixels.shape[0] - 1)
        shown = np.clip(pixels[v[:, None], u], 0, 1).astype(np.float64)
        shown[..., :3] *= shown[..., 3:]
        here = np.ix_(rows - origin[1], columns - origin[0])
        sheet[here] = shown + sheet[here] * (1 - shown[..., 3:])


def palettes(colors: FloatArray) -> Iterator[tuple[FloatArray, IntArray, IntArray]]:
    """Give palettes of at most 256 colours, the row in it of each item that has one of them, and these items."""
    if not len(colors):
        return
    whole = np.round(np.clip(colors, 0, 1) * 255).astype(np.uint8)
    if (whole == whole[0]).all():
        yield colors[:1], np.zeros(len(colors), dtype=np.uint8), np.arange(len(colors))
        return
    words = np.ascontiguousarray(whole).view(np.uint32)[:, 0]
    unique, first, row = np.unique(words, return_index=True, return_inverse=True)
    for start in range(0, len(unique), _PALETTE):
        items = np.flatnonzero((row >= start) & (row < start + _PALETTE))
        yield colors[first[start : start + _PALETTE]], (row[items] - start).astype(np.uint8), items


def _by_size(sizes: FloatArray) -> Iterator[tuple[float, IntArray]]:
    """Give items by size, the large ones first, so that none hides another; sizes that differ little are one."""
    unique = np.unique(sizes)
    if len(unique) > _SIZES:
        low, high = max(float(unique[0]), 0.5), float(unique[-1])
        steps = np.round(np.log(np.maximum(sizes, low) / low) / max(np.log(high / low), 1e-9) * (_SIZES - 1))
        sizes = low * (high / low) ** (steps / (_SIZES - 1))
        unique = np.unique(sizes)
    for size in unique[::-1].tolist():
        yield float(size), np.flatnonzero(sizes == size)


def _gathered(starts: IntArray, lengths: IntArray, *, closed: bool) -> tuple[IntArray, IntArray]:
    """Return the points of some curves one after the other, and where each begins; closed : its first point again."""
    sizes = lengths + 1 if closed else lengths
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    step = np.arange(bounds[-1]) - np.repeat(bounds[:-1], sizes)
    points = np.repeat(starts, sizes) + (step % np.repeat(lengths, sizes) if closed else step)
    return points, bounds


def clipped_polygon(points: FloatArray, rect: IntArray) -> FloatArray:
    """Return the part of a convex polygon inside a rectangle; Sutherland & Hodgman 1974, Commun. ACM 17:32."""
    left, top, right, bottom = (float(edge) for edge in rect)
    for axis, limit, sign in ((0, left, 1.0), (0, right, -1.0), (1, top, 1.0), (1, bottom, -1.0)):
        if not len(points):
            break
        inside = sign * (points[:, axis] - limit)
        out = []
        for i in range(len(points)):
            before = i - 1
            if (inside[i] >= 0) != (inside[before] >= 0):
                t = inside[before] / (inside[before] - inside[i])
                out.append(points[before] + t * (points[i] - points[before]))
            if inside[i] >= 0:
                out.append(points[i])
        points = np.array(out).reshape(-1, 2)
    return points
