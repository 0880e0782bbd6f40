"""The widget a view draws on: a GL canvas without multisampling, timers or buffer swaps of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from vispy import app
from vispy.gloo.glir import GlirParser
from vispy.util.event import EmitterGroup, Event

from phy_medicine.base.log import logger
from phy_medicine.views.gpu import Gpu

_CONFIG = {"samples": 0, "depth_size": 0, "stencil_size": 0}


_MOUSE = ("mouse_press", "mouse_move", "mouse_release", "mouse_double_click", "mouse_wheel")


def _let_go(event: Any) -> None:
    """Forget Qt's event once it was handled.

    The backend keeps the last events. Qt makes its own on the stack, and what Python still holds of one stands for the
    next that is made at the same place: a key that was pressed would come to every widget as a move of the mouse.
    """
    event._native = None


class Painter(Protocol):
    """What the canvas needs of a view."""

    def paint(self, gpu: Gpu, ratio: float) -> None:
        """Draw a whole frame; `ratio` is physical pixels by logical pixel."""


class ViewCanvas(Protocol):
    """What the window needs of what a view draws on; a `Canvas`, or a `WidgetCanvas` around any widget.

    native : the widget that stands in the dock; events : `events.draw` is emitted each time it has been drawn
    """

    native: Any
    events: Any

    def update(self) -> None:
        """Draw now or as soon as the toolkit likes; in the GUI thread."""

    def release(self) -> None:
        """Give back what the graphics card holds; it is built again when it is drawn again."""

    def close(self) -> object:
        """Give back the widget."""


class WidgetCanvas:
    """Any widget in the place of a GL canvas.

    draw : brings the widget up to date; called in the GUI thread, as often as a GL canvas would be drawn
    """

    def __init__(self, native: Any, draw: Callable[[], object]) -> None:
        self.native = native
        self.events = EmitterGroup(source=self, draw=Event)
        self._draw = draw

    def update(self) -> None:
        """Draw now; what goes wrong is no reason for other views not to be drawn."""
        try:
            self._draw()
        except Exception:
            logger.exception("A view could not be drawn")
        self.events.draw()

    def release(self) -> None:
        """Nothing of it is on the graphics card."""

    def close(self) -> None:
        """Close the widget."""
        self.native.close()


class Canvas(app.Canvas):
    """A GL canvas that draws a view whenever it is asked to, and survives the loss of its context.

    When a floating dock loses its context, GL starts anew: the generation of `gpu` grows, and every GPU object is
    built again from its arrays in the next frame. The backend (`app.use_app("pyqt5")`) is chosen before.
    """

    def __init__(self, painter: Painter, gestures: Any, *, title: str = "", size: tuple[int, int] = (620, 400)) -> None:
        self.gpu = Gpu()
        self.error: Exception | None = None
        self._painter = painter
        self._gestures = gestures
        # The resolution is given because asking the system for it starts a process for every canvas.
        super().__init__(title=title, size=size, autoswap=False, vsync=False, config=_CONFIG, dpi=96.0)
        for name in _MOUSE:
            self.events[name].connect(_let_go, position="last")

    @property
    def ratio(self) -> float:
        """Physical pixels by logical pixel."""
        return float(self.pixel_scale)

    @property
    def ready(self) -> bool:
        """Whether there is a context to draw with, which is so once the canvas was shown."""
        return self.gpu.generation > 0

    def on_initialize(self, event: Any) -> None:
        """Note a new context; the names of objects of the old one must never be used or deleted in it."""
        if self.gpu.generation > 0:
            self._forget()
        self.gpu.generation += 1

    def _forget(self) -> None:
        """Begin anew with no object."""
        self.context.glir.clear()
        self.context.shared.parser = GlirParser()

    def release(self) -> None:
        """Delete every GPU object; the next frame builds them again.

        All contexts of the application share their objects, so those of a canvas would outlive it.
        """
        if not self.ready or not self.native.isValid():
            return
        self.native.makeCurrent()
        for made in list(self.context.shared.parser._objects.values()):
            if hasattr(made, "delete"):  # not what was deleted already
                made.delete()
        self._forget()
        self.native.doneCurrent()
        self.gpu.generation += 1

    def close(self) -> None:
        """Delete the GPU objects and give back the widget."""
        if not self._closed:
            self.release()
        super().close()

    def on_draw(self, event: Any) -> None:
        """Draw the view."""
        if not self.ready:
            return
        width, height = self.physical_size
        self.gpu.width, self.gpu.height = int(width), int(height)
        try:
            self._painter.paint(self.gpu, self.ratio)
        except Exception as error:
            # An exception in a paint event would end the program; the view says it and the log tells why.
            logger.exception("A view could not be drawn")
            self.error = error

    def on_mouse_press(self, event: Any) -> None:
        self._gestures.press(event)

    def on_mouse_move(self, event: Any) -> None:
        self._gestures.move(event)

    def on_mouse_release(self, event: Any) -> None:
        self._gestures.release(event)

    def on_mouse_double_click(self, event: Any) -> None:
        self._gestures.double_click(event)

    def on_mouse_wheel(self, event: Any) -> None:
        self._gestures.wheel(event)

    def on_key_press(self, event: Any) -> None:
        self._gestures.key(event)

    def on_key_release(self, event: Any) -> None:
        self._gestures.key_release(event)
