"""Events of the experiment as lines in views whose horizontal axis is time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.io.events import EventTrain

if TYPE_CHECKING:
    from phy_medicine.views.base import View

# More lines than this would hide the data: then there is a tick at the top for each column of pixels with an event.
_MOST_LINES = 30
# In narrower panels events say nothing, logical px.
_NARROWEST = 160
_LINE, _GROUND = 0.55, 0.1


def draw_events(view: View) -> None:
    """Mark the events in sight, with their names where there is room, and how long they last."""
    events = view.host.data.events
    if not events or not view.shows_events:
        return
    for panel in view.time_panels():
        left, _, right, _ = (float(edge) for edge in view.panels.rects[panel])
        if right - left < _NARROWEST * view.ratio:
            continue
        low, high = (float(v) for v in view.panels.ranges()[panel, :2])
        inside = [train.between(low, high) for train in events.values()]
        n = sum(map(len, inside))
        if n > _MOST_LINES:
            _draw_ticks(view, panel, np.concatenate([train.times_s for train in inside]))
        elif n:
            _draw_lines(view, panel, inside)


def _draw_ticks(view: View, panel: int, times_s: FloatArray) -> None:
    _, top, _, _ = (float(edge) for edge in view.panels.rects[panel])
    x = np.unique(np.round(view.panels.to_pixels(panel, times_s, 0.0)[0]))
    width, height = max(1.0, round(view.ratio)), 5 * view.ratio
    ticks = np.stack([x, np.full(len(x), top), x + width, np.full(len(x), top + height)], axis=1)
    view.scene.over.rects(ticks, view.scene.theme.rgba("text", _LINE))


def _draw_lines(view: View, panel: int, inside: list[EventTrain]) -> None:
    left, top, right, bottom = (float(edge) for edge in view.panels.rects[panel])
    scene, theme, ratio = view.scene, view.scene.theme, view.ratio
    width, ink = max(1.0, round(ratio)), view.scene.over
    marks = sorted((float(t), train.name) for train in inside for t in train.times_s)
    x = np.round(view.panels.to_pixels(panel, np.array([t for t, _ in marks]), 0.0)[0]).tolist()
    for train in inside:
        pixels = (view.panels.to_pixels(panel, times, 0.0)[0] for times in (train.times_s, train.ends_s))
        starts, stops = (np.clip(places, left, right) for places in pixels)
        long = np.isfinite(stops) & (stops - starts >= 2 * width)
        grounds = [(a, top, b, bottom) for a, b in zip(starts[long].tolist(), stops[long].tolist(), strict=True)]
        scene.under.rects(grounds, theme.rgba("text", _GROUND))
    ink.rects([(at, top, at + width, bottom) for at in x], theme.rgba("text", _LINE))
    for at, following, (_, name) in zip(x, [*x[1:], right], marks, strict=True):
        label = ink.text_width(name)
        if at + label + 8 * ratio <= following:
            box = (at + width, top, at + label + 8 * ratio, top + ink.cap_height + 6 * ratio)
            ink.rects([box], theme.rgba("view", 0.75))
            ink.text(name, at + 4 * ratio, top + 3 * ratio, anchor="lt", color=theme.rgba("text"))
