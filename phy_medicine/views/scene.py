"""What a view shows: panels with axes, the picture of the data, shapes and labels, and its state in words.

A frame is at most four draw calls: ink under the picture, the picture, ink over it (axes, marks, text), and a cover
that dims it while newer data are awaited.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from phy_medicine.views.axes import Axes
from phy_medicine.views.gpu import Gpu
from phy_medicine.views.ink import Ink
from phy_medicine.views.lasso import Lasso
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.raster import Picture
from phy_medicine.views.theme import DARK, Theme

# A wait that ends before this is not shown, so that nothing flickers.
WAIT_SHOWN_AFTER_S = 0.15


class Scene:
    """Panels and layers of one view; `arrange` places the panels, `decorate` adds the view's own marks."""

    def __init__(self, panels: Panels, axes: Axes) -> None:
        self.panels = panels
        self.axes = axes
        self.under, self.over, self._cover = Ink(), Ink(), Ink()
        self._sized: dict[int, Ink] = {}
        self.picture = Picture()
        self.lasso = Lasso()
        self.theme = DARK
        self.ratio = 1.0
        self.message = ""
        self.waiting_since: float | None = None
        # Part of a long work that is done, while its results are drawn as they come.
        self.progress: float | None = None
        self.size = (1, 1)
        self._built: tuple[Any, ...] | None = None

    def set_theme(self, theme: Theme) -> None:
        """Use other colours from the next frame on."""
        self.theme = theme
        self.touch()

    def touch(self) -> None:
        """Build axes, marks and labels anew in the next frame."""
        self._built = None

    def paint(self, gpu: Gpu, ratio: float, arrange: Callable[[Box], None], decorate: Callable[[], None]) -> None:
        """Draw a frame."""
        self.settle((gpu.width, gpu.height), ratio, arrange, decorate)
        gpu.begin(self.theme.rgba("view"))
        self.under.draw(gpu)
        if not self.message:
            self.picture.draw(gpu, self.panels, ratio)
        for ink in self.inks_over:
            ink.draw(gpu)
        self._draw_wait(gpu)

    @property
    def inks_over(self) -> tuple[Ink, ...]:
        """What is drawn over the picture, in its order."""
        return self.over, *self._sized.values()

    def ink_of(self, font_px: int) -> Ink:
        """Return the ink over the picture for text of a size, px; to be asked for while marks are added."""
        if font_px == self.over.font_px:
            return self.over
        return self._sized.setdefault(font_px, Ink(font_px))

    def settle(
        self, size: tuple[int, int], ratio: float, arrange: Callable[[Box], None], decorate: Callable[[], None]
    ) -> None:
        """Place panels and add marks for a canvas of this size, px, if that is not done yet; needs no GL."""
        if size != self.size or ratio != self.ratio:
            self.size, self.ratio = size, ratio
            self.touch()
        if self._built != (self.panels.version, self.message):
            self._build(arrange, decorate)

    def prerender(
        self, gpu: Gpu, ratio: float, arrange: Callable[[Box], None], decorate: Callable[[], None]
    ) -> Callable[[], None] | None:
        """Return the part of the next frame that may be drawn in another thread, without GL; None if there is none."""
        if self.message or (gpu.width, gpu.height) != self.size or ratio != self.ratio:
            return None
        if self._built != (self.panels.version, self.message):
            self._build(arrange, decorate)
        return self.picture.prerender(gpu, self.panels, ratio)

    def _build(self, arrange: Callable[[Box], None], decorate: Callable[[], None]) -> None:
        font_px = round(self.theme.font_px * self.ratio)
        self.under.clear(font_px)
        self.over.clear(font_px)
        self._sized.clear()
        message = self.message  # what is drawn now may find that there is something to say
        box, ranges = (0.0, 0.0, float(self.size[0]), float(self.size[1])), self.panels.ranges()
        arrange(box)
        if not np.array_equal(ranges, self.panels.ranges()):
            # With one scale for both axes the ranges follow the room, and the room is what their numbers leave.
            arrange(box)
        if self.message:
            self._draw_message()
        else:
            decorate()
            self._draw_lasso()
        self._built = (self.panels.version, message)

    def inner(self, box: Box, y_ranges: Any = None) -> Box:
        """Return what the margins of the axes leave of a box; y_ranges : (k, 2) of the panels at its left edge."""
        left, top, right, bottom = box
        ranges = self.panels.ranges()[:1, 2:] if y_ranges is None else np.asarray(y_ranges)
        m = self.axes.margins(self.over, ranges, bottom - top, self.ratio)
        return left + m[0], top + m[1], max(right - m[2], left + m[0] + 1), max(bottom - m[3], top + m[1] + 1)

    def draw_axes(self, panel: int, axes: Axes | None = None) -> None:
        """Add the axes of a panel."""
        style = self.axes if axes is None else axes
        style.draw(self.panels, panel, self.under, self.over, theme=self.theme, ratio=self.ratio)

    def _draw_message(self) -> None:
        lines = wrap(self.message, lambda text: self.over.text_width(text) <= self.size[0] - 32 * self.ratio)
        step = round(1.6 * self.theme.font_px * self.ratio)
        y = self.size[1] / 2 - step * (len(lines) - 1) / 2
        for i, line in enumerate(lines):
            self.over.text(line, self.size[0] / 2, y + i * step, anchor="cm", color=self.theme.rgba("dim"))

    def _draw_lasso(self) -> None:
        if not len(self.lasso) or self.lasso.panel is None:
            return
        corners = self.lasso.corners
        points = np.stack(self.panels.to_pixels(self.lasso.panel, corners[:, 0], corners[:, 1]), axis=1)
        edges = np.hstack([points, np.roll(points, -1, axis=0)])
        color = self.theme.rgba("text")
        self.over.segments(edges[:-1], color, width=1.5 * self.ratio)
        if self.lasso.closed:
            self.over.segments(edges[-1:], self.theme.rgba("text", 0.45), width=1.5 * self.ratio)
        self.over.rects(np.hstack([points - 2 * self.ratio, points + 2 * self.ratio]), color)

    @property
    def shows_wait(self) -> bool:
        """Whether the wait has lasted long enough to be shown."""
        return self.waiting_since is not None and time.perf_counter() - self.waiting_since > WAIT_SHOWN_AFTER_S

    def _draw_wait(self, gpu: Gpu) -> None:
        if self.progress is not None and not self.message:
            self._cover.clear()
            self._cover.rects([(0, 0, self.progress * self.size[0], 2 * self.ratio)], self.theme.rgba("accent"))
            self._cover.draw(gpu)
            return
        if not self.shows_wait or self.waiting_since is None:
            return
        width, height = self.size
        self._cover.clear()
        if not self.message:
            self._cover.rects([(0, 0, width, height)], self.theme.rgba("view", 0.5))
        # A third of the line runs across in 1.2 s.
        phase = (time.perf_counter() - self.waiting_since) / 1.2 % 1.0
        start = (phase * 4 / 3 - 1 / 3) * width
        self._cover.rects(
            [(max(start, 0), 0, min(start + width / 3, width), 2 * self.ratio)], self.theme.rgba("accent")
        )
        self._cover.draw(gpu)


def wrap(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Break a text between words so that every line fits; a word that does not fit stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and fits(f"{lines[-1]} {word}"):
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines
