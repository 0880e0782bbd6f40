"""Time ranges in views whose horizontal axis is time: what lies outside is dimmed; a drag marks a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.session.time_ranges import TimeRange

if TYPE_CHECKING:
    from phy_medicine.views.base import View
    from phy_medicine.views.theme import RGBA

_MARKED = 0.25


@dataclass(frozen=True, slots=True)
class Marked:
    """A stretch of time that is being marked: where the drag began, where it is, and for which range."""

    panel: int
    start_s: float
    now_s: float
    which: str

    @property
    def ends(self) -> tuple[float, float]:
        """Its earlier and its later end, s."""
        return min(self.start_s, self.now_s), max(self.start_s, self.now_s)


def draw_ranges(view: View) -> None:
    """Dim what is outside the range shown, mark the other range at the top, and what is being marked."""
    request = view.shown_request
    for panel in view.time_panels():
        if request.time_range is not None:
            _dim_outside(view, panel, request.time_range)
        if request.other_range is not None:
            _mark_other(view, panel, request.other_range)
    if view.marked is not None and view.marked.panel < len(view.panels):
        x0, x1, top, bottom = _place(view, view.marked.panel, *view.marked.ends)
        if x1 > x0:
            color = _color(view, view.marked.which)
            view.scene.over.rects([(x0, top, x1, bottom)], (*color[:3], _MARKED))


def _color(view: View, which: str) -> RGBA:
    return view.scene.theme.rgba("accent" if which == "a" else "warning")


def _place(view: View, panel: int, start_s: float, stop_s: float) -> tuple[float, float, float, float]:
    """Return left, right, top and bottom of a stretch of time in a panel, px."""
    left, top, right, bottom = (float(edge) for edge in view.panels.rects[panel])
    x0, x1 = (float(x) for x in view.panels.to_pixels(panel, np.array([start_s, stop_s]), 0.0)[0])
    return min(max(x0, left), right), min(max(x1, left), right), top, bottom


def _dim_outside(view: View, panel: int, shown: TimeRange) -> None:
    left, _, right, _ = (float(edge) for edge in view.panels.rects[panel])
    x0, x1, top, bottom = _place(view, panel, shown.start_s, shown.stop_s)
    over, theme, line = view.scene.over, view.scene.theme, max(1.0, round(view.ratio))
    outside = [rect for rect in ((left, top, x0, bottom), (x1, top, right, bottom)) if rect[2] > rect[0]]
    if outside:
        over.rects(outside, theme.rgba("view", view.veil))
    edges = [(x, top, x + line, bottom) for x in (x0, x1 - line) if left < x < right - line]
    if edges:
        over.rects(edges, theme.rgba("dim", 0.8))


def _mark_other(view: View, panel: int, other: TimeRange) -> None:
    x0, x1, top, _ = _place(view, panel, other.start_s, other.stop_s)
    if x1 > x0:
        # Range A is never "the other" of a view of A.
        color = _color(view, "a" if view.range_name == "b" else "b")
        view.scene.over.rects([(x0, top, x1, top + 3 * view.ratio)], color)


class Marking:
    """A drag that marks a range in a view."""

    def __init__(self, view: View, panel: int, which: str, x: float) -> None:
        self._view, self._panel, self._which = view, panel, which
        self._start_s = self._time(x)

    def _time(self, x: float) -> float:
        time_s = float(self._view.panels.to_data(self._panel, x, 0.0)[0])
        return min(max(time_s, 0.0), self._view.host.data.duration_s)

    def move(self, x: float) -> None:
        """Show what would be chosen if the drag ended here."""
        self._view.marked = Marked(self._panel, self._start_s, self._time(x), self._which)
        self._view.redraw()

    def end(self) -> None:
        """Choose what was marked."""
        marked, self._view.marked = self._view.marked, None
        if marked is not None and marked.now_s != marked.start_s:
            self._view.host.set_time_range(*marked.ends, self._which)
        self._view.redraw()


def begin(view: View, panel: int | None, button: int, modifiers: frozenset[str], x: float) -> Marking | None:
    """Return the marking that a press of the mouse begins, None if it is another gesture."""
    which = {1: "a", 2: "b"}.get(button)
    if which is None or panel not in view.time_panels() or modifiers != {"shift", "alt"}:
        return None
    return Marking(view, panel, which, x)
