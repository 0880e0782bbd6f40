"""Ticks on round values, numbers as people write them, and axes in margins of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.views.ink import Ink
from phy_medicine.views.layout import Panels
from phy_medicine.views.theme import Theme

MINUS = "\N{MINUS SIGN}"
# Axis lines keep a contrast of 3:1 and stay behind the data.
LINE_ALPHA = 0.6
_RIGHT = 10  # margin on the right, logical px
# Over less than a factor of 5, values at equal steps say more than powers of ten.
_LEAST_DECADES = 0.7
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def tick_values(low: float, high: float, max_ticks: int = 5, *, whole: bool = False) -> FloatArray:
    """Return the most round values in a range, at most `max_ticks` and, where round steps allow it, at least three.

    whole : only whole numbers, for counts
    """
    span = high - low
    if not (math.isfinite(span) and span > 0) or max_ticks < 1:
        return np.zeros(0)
    decade = 10.0 ** math.floor(math.log10(span / max(max_ticks, 2)))
    for multiple in (*_STEPS, 20.0, 25.0, 50.0, 100.0):
        step = multiple * decade
        if whole and (step < 1 or step != round(step)):
            continue
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= max_ticks:
            return np.arange(first, last + 1) * step
    return np.zeros(0)


def format_number(value: float, decimals: int = 0) -> str:
    """Return a number with thousands separators and a real minus sign."""
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def tick_labels(values: FloatArray) -> tuple[str, ...]:
    """Return labels with as many decimals as the step needs, the same for all; powers of ten for extreme values."""
    if len(values) == 0:
        return ()
    step = float(values[1] - values[0]) if len(values) > 1 else float(abs(values[0])) or 1.0
    largest = float(np.abs(values).max())
    if largest >= 1e7 or (0 < largest < 1e-4):
        return tuple(f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e").replace("-", MINUS) for value in values)
    decimals = next((d for d in range(8) if abs(round(step, d) - step) < 1e-6 * step), 8)
    return tuple(format_number(float(value), decimals) for value in values)


def log_tick_values(low: float, high: float, max_ticks: int = 5) -> FloatArray:
    """Return log10 of round values between 10**low and 10**high: 1, 2, 5 of each decade, fewer where there are many."""
    if not (math.isfinite(high - low) and high > low) or max_ticks < 1:
        return np.zeros(0)
    if high - low < _LEAST_DECADES:
        plain: FloatArray = tick_values(10.0**low, 10.0**high, max_ticks)
        return np.log10(plain[plain > 0])
    decades = range(math.floor(low), math.ceil(high) + 1)
    for multiples in ((1, 2, 5), (1, 3), (1,)):
        values = np.array([decade + math.log10(m) for decade in decades for m in multiples])
        values = values[(values >= low - 1e-9) & (values <= high + 1e-9)]
        if len(values) <= max_ticks:
            return values
    first, step = math.ceil(low - 1e-9), -(-len(values) // max_ticks)
    return np.arange(first, math.floor(high + 1e-9) + 1, step, dtype=np.float64)


def log_tick_labels(values: FloatArray) -> tuple[str, ...]:
    """Return the labels of log10 values: the values themselves."""
    return tuple(
        f"{10.0**v:,.4g}" if -4 <= v < 4 else f"{10.0**v:,.0f}" if 4 <= v < 6.5 else f"1e{v:.0f}".replace("-", MINUS)
        for v in values.tolist()
    )


@dataclass(frozen=True, slots=True)
class Axes:
    """How the axes of panels look.

    x, y : titles with unit ("Time (s)"); None draws no axis on that side, "" one without a title
    grid : light lines at the ticks, for panels whose values are compared
    frame : outline all around instead of the two axis lines
    log_x, log_y : the panels' data are log10 of what the ticks say
    y_floor : log10 of what stands at 0 of a logarithmic y axis, for bars, which grow from 0
    """

    x: str | None = ""
    y: str | None = ""
    grid: bool = False
    frame: bool = False
    log_x: bool = False
    log_y: bool = False
    y_floor: float = 0.0

    def margins(self, ink: Ink, y_ranges: FloatArray, height: float, ratio: float) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom margin in px.

        y_ranges : (k, 2) ranges of the panels at the left edge; height : of one panel with its margins, px
        """
        left = bottom = 6 * ratio
        top, right = 8 * ratio, _RIGHT * ratio
        cap = ink.cap_height
        if self.x is not None:
            bottom = 9 * ratio + cap + 5 * ratio + (cap + 10 * ratio if self.x else 0)
        if self.y is not None:
            most = _count(height - top - bottom, ratio)
            floor = self.y_floor
            texts = [t for low, high in y_ranges + floor for t in _ticks(low, high, most, log=self.log_y)[1]]
            widest = max((ink.text_width(text) for text in texts), default=0)
            # In steps of 8 px, so that the picture does not move with every new number.
            left = math.ceil((12 * ratio + widest) / (8 * ratio)) * 8 * ratio + (
                cap + 8 * ratio if self.y else 4 * ratio
            )
        return round(left), round(top), round(right), round(bottom)

    def draw(self, panels: Panels, panel: int, under: Ink, over: Ink, *, theme: Theme, ratio: float) -> None:
        """Add the axes of one panel to the ink under and over the picture."""
        left, top, right, bottom = (float(edge) for edge in panels.rects[panel])
        line = max(1.0, round(ratio))
        color = theme.rgba("dim", LINE_ALPHA)
        if self.frame:
            over.frames([(left - line, top - line, right + line, bottom + line)], color, width=line)
        if self.x is not None:
            over.rects([(left - line, bottom, right, bottom + line)], color)
            self._draw_x(panels, panel, under, over, theme, ratio)
        if self.y is not None:
            over.rects([(left - line, top, left, bottom + line)], color)
            self._draw_y(panels, panel, under, over, theme, ratio)

    def _draw_x(self, panels: Panels, panel: int, under: Ink, over: Ink, theme: Theme, ratio: float) -> None:
        left, top, right, bottom = (float(edge) for edge in panels.rects[panel])
        low, high = panels.ranges()[panel, :2]
        line, tick = max(1.0, round(ratio)), 4 * ratio
        most = max(2, min(5, int((right - left) / (55 * ratio))))
        values, labels = _ticks(low, high, most, log=self.log_x)
        text_y = bottom + tick + 5 * ratio
        limit_left, limit_right = left - 30 * ratio, right + 20 * ratio
        for x, text in zip(np.round(panels.to_pixels(panel, values, 0.0)[0]), labels, strict=True):
            over.rects([(x, bottom, x + line, bottom + tick)], theme.rgba("dim", LINE_ALPHA))
            if self.grid:
                under.rects([(x, top, x + line, bottom)], theme.rgba("line"))
            half = over.text_width(text) / 2
            # A number under the last tick stays within the margin on its right, a little beside its tick.
            middle = min(x, right + (_RIGHT - 2) * ratio - half)
            if middle - half >= limit_left and x + half <= limit_right:
                over.text(text, middle, text_y, anchor="ct", color=theme.rgba("dim"))
                limit_left = middle + half + 8 * ratio
        if self.x:
            title_y = text_y + over.cap_height + 7 * ratio
            # A title longer than its axis ends where the margin on the right does.
            middle = min((left + right) / 2, right + (_RIGHT - 2) * ratio - over.text_width(self.x) / 2)
            over.text(self.x, middle, title_y, anchor="ct", color=theme.rgba("dim"))

    def _draw_y(self, panels: Panels, panel: int, under: Ink, over: Ink, theme: Theme, ratio: float) -> None:
        left, top, right, bottom = (float(edge) for edge in panels.rects[panel])
        low, high = panels.ranges()[panel, 2:] + self.y_floor
        line, tick = max(1.0, round(ratio)), 4 * ratio
        values, labels = _ticks(low, high, _count(bottom - top, ratio), log=self.log_y)
        values = values - self.y_floor
        widest = 0
        for y, text in zip(np.round(panels.to_pixels(panel, 0.0, values)[1]), labels, strict=True):
            over.rects([(left - tick, y, left, y + line)], theme.rgba("dim", LINE_ALPHA))
            if self.grid:
                under.rects([(left, y, right, y + line)], theme.rgba("line"))
            over.text(text, left - tick - 4 * ratio, y, anchor="rm", color=theme.rgba("dim"))
            widest = max(widest, over.text_width(text))
        if self.y:
            x = max(left - tick - 4 * ratio - widest - 8 * ratio, over.cap_height + 5 * ratio)
            # A title longer than its axis reaches beside the numbers below, and is left out when that is not enough.
            half, below = over.text_width(self.y) / 2, 0.0 if self.x is None else 2 * over.cap_height + 22 * ratio
            middle = max((top + bottom) / 2, half + 2 * ratio)
            if middle + half <= bottom + below:
                over.text(self.y, x, middle, anchor="cb", color=theme.rgba("dim"), rotated=True)


def _ticks(low: float, high: float, most: int, *, log: bool) -> tuple[FloatArray, tuple[str, ...]]:
    """Return places of ticks in data units, and their labels."""
    values = log_tick_values(low, high, most) if log else tick_values(low, high, most)
    return values, log_tick_labels(values) if log else tick_labels(values)


def _count(height: float, ratio: float) -> int:
    """Return how many ticks fit a vertical axis."""
    return max(2, min(5, int(height / (36 * ratio))))
