"""Gestures that all views share: pan, zoom, reset, lasso, and what is passed on to the view.

Drag left pans, drag right zooms, the wheel zooms at the pointer, double click or R resets, arrows pan, + and - zoom.
Control+left adds a lasso corner, Control+right clears the lasso; a view may say another key (`lasso_modifier`).
Shift+Alt+drag marks a time range in a view over time. A click without drag, and a wheel turned with Control, Alt or
Shift, go to the view (`on_click`, `on_wheel`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from phy_medicine.views import time_marks

LEFT, RIGHT = 1, 2
WHEEL_FACTOR = 1.1
# A hand trembles by less than this, in logical px.
_CLICK_SLOP = 4
_PAN_KEYS = {"Left": (1, 0), "Right": (-1, 0), "Up": (0, 1), "Down": (0, -1)}
_ZOOM_KEYS = {"+": 1.25, "=": 1.25, "-": 0.8}


@dataclass(frozen=True, slots=True)
class Click:
    """A click in a view.

    x, y : physical px; panel : the one under the pointer, or None; data_x, data_y : its data coordinates there;
    modifiers : some of control, alt, shift, meta; digit : number key held down, or None
    """

    x: float
    y: float
    panel: int | None
    data_x: float
    data_y: float
    button: int
    modifiers: frozenset[str]
    digit: int | None = None


class Gestures:
    """Turns events of a canvas into changes of a view's panels and lasso, and into its clicks."""

    def __init__(self, view: Any) -> None:
        self._view = view
        self._start: tuple[float, float] | None = None
        self._last = (0.0, 0.0)
        self._button = 0
        self._modifiers: frozenset[str] = frozenset()
        self._panel: int | None = None
        self._dragged = False
        self._marking: time_marks.Marking | None = None
        self._digit: int | None = None

    def press(self, event: Any) -> None:
        """Start a click or a drag."""
        x, y = self._place(event)
        self._start = self._last = (x, y)
        self._button, self._modifiers = event.button, modifiers_of(event)
        self._panel = self._view.panels.at(x, y)
        self._dragged = False
        self._marking = time_marks.begin(self._view, self._panel, self._button, self._modifiers, x)
        event.handled = True

    def move(self, event: Any) -> None:
        """Pan or zoom while a button is held."""
        if self._start is None:
            return
        x, y = self._place(event)
        slop = _CLICK_SLOP * self._view.ratio
        self._dragged = self._dragged or math.dist((x, y), self._start) > slop
        if self._dragged and self._marking is not None:
            self._marking.move(x)
        elif self._dragged and not self._modifiers and self._panel is not None:
            dx, dy = x - self._last[0], y - self._last[1]
            if self._button == LEFT:
                self._view.panels.pan(self._panel, (dx, dy))
            elif self._button == RIGHT:
                speed = 0.005 / self._view.ratio
                self._view.panels.zoom(self._panel, self._start, (math.exp(speed * dx), math.exp(-speed * dy)))
            self._view.redraw()
        if self._dragged:
            self._last = (x, y)
        event.handled = True

    def release(self, event: Any) -> None:
        """End a drag, or tell the view of a click."""
        if self._start is not None and not self._dragged:
            self._click(self._start)
        elif self._start is not None and self._marking is not None:
            # Moves that follow each other fast are not all told.
            self._marking.move(self._place(event)[0])
            self._marking.end()
        self._start = None
        event.handled = True

    def _click(self, place: tuple[float, float]) -> None:
        view, panel = self._view, self._panel
        data_x, data_y = view.panels.to_data(panel, *place) if panel is not None else (math.nan, math.nan)
        click = Click(*place, panel, float(data_x), float(data_y), self._button, self._modifiers, self._digit)
        if view.has_lasso and self._modifiers == {view.lasso_modifier}:
            if self._button == LEFT:
                view.add_lasso_corner(click)
            elif self._button == RIGHT:
                view.clear_lasso()
        else:
            view.on_click(click)

    def double_click(self, event: Any) -> None:
        """Reset the zoom."""
        self._start = self._marking = None
        if not modifiers_of(event):
            self._reset()
        event.handled = True

    def wheel(self, event: Any) -> None:
        """Zoom at the pointer, or pass on a wheel turned with a modifier."""
        # Qt swaps the axes of the wheel while Alt is held.
        notches = float(event.delta[1] or event.delta[0])
        held = modifiers_of(event)
        event.handled = True
        if held:
            self._view.on_wheel(held, notches)
            return
        x, y = self._place(event)
        panel = self._view.panels.at(x, y)
        if panel is not None:
            factor = 1.2**notches
            self._view.panels.zoom(panel, (x, y), (factor, factor))
            self._view.redraw()

    def key(self, event: Any) -> None:
        """Pan, zoom or reset by keys; others are left to the window."""
        name = event.key.name if event.key is not None else event.text
        if event.text.isdigit():
            self._digit = int(event.text)
        if modifiers_of(event) - {"shift"}:
            return
        if name in _PAN_KEYS or name in _ZOOM_KEYS:
            self._step(name)
        elif name == "R" and not modifiers_of(event):
            self._reset()
        else:
            return
        event.handled = True

    def key_release(self, event: Any) -> None:
        """Forget a digit that was held."""
        if event.text.isdigit():
            self._digit = None

    def _step(self, name: str) -> None:
        panels = self._view.panels
        for panel in range(min(len(panels), 1)):
            left, top, right, bottom = (float(edge) for edge in panels.rects[panel])
            if name in _PAN_KEYS:
                dx, dy = _PAN_KEYS[name]
                panels.pan(panel, (dx * (right - left) / 10, dy * (bottom - top) / 10))
            else:
                factor = _ZOOM_KEYS[name]
                panels.zoom(panel, ((left + right) / 2, (top + bottom) / 2), (factor, factor))
        self._view.redraw()

    def _reset(self) -> None:
        self._view.panels.reset()
        self._view.redraw()

    def _place(self, event: Any) -> tuple[float, float]:
        ratio = self._view.ratio
        return float(event.pos[0]) * ratio, float(event.pos[1]) * ratio


def modifiers_of(event: Any) -> frozenset[str]:
    """Return the modifier keys held during an event, in lower case."""
    return frozenset(key.name.lower() for key in event.modifiers)
