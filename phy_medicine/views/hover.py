"""A few words beside what is under the pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from phy_medicine.views.canvas import Canvas
from phy_medicine.views.gpu import Gpu
from phy_medicine.views.ink import Ink
from phy_medicine.views.scene import Scene

if TYPE_CHECKING:
    from phy_medicine.views.base import View

Words = tuple[str, float, float]
"""Text, perhaps of several lines, and the pixel of what it speaks of."""


class Hover:
    """Follows the pointer over a view, and draws anew only when it comes over something else.

    describe : physical pixel -> what is there, or None
    """

    def __init__(self, view: View, describe: Callable[[float, float], Words | None]) -> None:
        self._view = view
        self._describe = describe
        self._words: Words | None = None
        self._ink = Ink()
        self._canvas: Canvas | None = None

    @property
    def text(self) -> str:
        """What is said now, or ""."""
        return "" if self._words is None else self._words[0]

    def follow(self, canvas: Canvas) -> Canvas:
        """Listen to a canvas, once; return it."""
        if self._canvas is not canvas:
            self._canvas = canvas
            canvas.events.mouse_move.connect(self._moved)
            canvas.events.mouse_press.connect(lambda _event: self.forget())
        return canvas

    def _moved(self, event: Any) -> None:
        if not event.is_dragging:
            ratio = self._view.ratio
            self.move_to(float(event.pos[0]) * ratio, float(event.pos[1]) * ratio)

    def move_to(self, x: float, y: float) -> None:
        """Speak of what is at a physical pixel."""
        words = self._describe(x, y) if self._view.block is not None else None
        if words != self._words:
            self._words = words
            self._view.host.redraw(self._view)

    def forget(self) -> None:
        """Say nothing until the pointer moves."""
        self._words = None

    def leave(self) -> None:
        """Take the words away, because the pointer is elsewhere."""
        if self._words is not None:
            self._words = None
            self._view.host.redraw(self._view)

    def paint(self, gpu: Gpu, scene: Scene) -> None:
        """Draw the text over a finished frame."""
        ink = self.ink(scene)
        if ink is not None:
            ink.draw(gpu)

    def ink(self, scene: Scene) -> Ink | None:
        """Return the text on a ground of its own, inside of the canvas; None if nothing is said."""
        if self._words is None or scene.message:
            return None
        text, x, y = self._words
        ink, ratio, theme = self._ink, scene.ratio, scene.theme
        ink.clear(round(theme.font_px * ratio))
        lines, step = text.split("\n"), ink.cap_height + 7 * ratio
        width = max(ink.text_width(line) for line in lines) + 12 * ratio
        height = len(lines) * step + 3 * ratio
        left = x + 12 * ratio if x + 12 * ratio + width <= scene.size[0] else x - 12 * ratio - width
        left = min(max(left, 2 * ratio), max(scene.size[0] - width - 2 * ratio, 0.0))
        top = min(max(y - height - 8 * ratio, 2 * ratio), max(scene.size[1] - height - 2 * ratio, 0.0))
        box = (left, top, left + width, top + height)
        ink.rects([box], theme.rgba("panel", 0.94))
        ink.frames([box], theme.rgba("line"), width=max(1.0, round(ratio)))
        for i, line in enumerate(lines):
            ink.text(
                line, left + 6 * ratio, top + (i + 0.5) * step + 1.5 * ratio, anchor="lm", color=theme.rgba("text")
            )
        return ink
