"""Colours by role and the size of text; the window and the views use the same theme.

`Theme.rgba("text")` gives a role as floats for drawing. Colours that mean a cluster are not here: they come with the
selection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

MIN_POINTS, MAX_POINTS = 9, 24
"""Smallest and largest text that can be chosen."""

RGBA = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Theme:
    """Roles of colours as hex strings; text reaches a contrast of 4.5:1 and `line` is for frames, not for data.

    points : size of text in the window; font_px : height of labels in views in logical pixels, 12 px is 9 pt at 96 dots
    per inch; band : of the stretch of time that the trace views show, RGBA
    """

    name: str
    window: str
    view: str
    panel: str
    line: str
    text: str
    dim: str
    accent: str
    hover: str
    warning: str
    error: str
    background_spikes: str
    band: RGBA = (1.0, 1.0, 0.0, 0.25)
    points: int = 10
    font_px: int = 12

    def sized(self, points: int) -> Theme:
        """Return the theme with text of another size; labels in views are a tenth smaller than text in the window."""
        return self if points == self.points else replace(self, points=points, font_px=round(1.2 * points))

    def rgba(self, role: str, alpha: float = 1.0) -> RGBA:
        """Return the colour of a role, 0..1."""
        return hex_rgba(getattr(self, role), alpha)


@lru_cache(maxsize=256)
def hex_rgba(color: str, alpha: float = 1.0) -> RGBA:
    """Return a `#rrggbb` colour as RGBA 0..1."""
    value = int(color.lstrip("#"), 16)
    return ((value >> 16 & 255) / 255, (value >> 8 & 255) / 255, (value & 255) / 255, alpha)


DARK = Theme(
    name="dark",
    window="#16181c",
    view="#0e0f12",
    panel="#1d2026",
    line="#2b2f37",
    text="#d8dce3",
    dim="#8a919e",
    accent="#0892fc",
    hover="#262a31",
    warning="#e5a84b",
    error="#ff7b72",
    background_spikes="#808080",
)
LIGHT = Theme(
    name="light",
    window="#eceef1",
    view="#ffffff",
    panel="#f6f7f9",
    line="#cdd2d9",
    text="#1c2026",
    dim="#59616d",
    accent="#0569b8",
    hover="#e3e7ec",
    warning="#8a5600",
    error="#b3261e",
    background_spikes="#808080",
    # Yellow is not seen on white.
    band=(0.85, 0.55, 0.0, 0.55),
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}
