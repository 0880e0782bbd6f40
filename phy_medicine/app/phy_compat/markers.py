"""The forms of markers other than discs, as polygons of a unit size around the origin."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.views.ink import Ink

MARKERS = (
    "arrow", "asterisk", "chevron", "clover", "club", "cross", "diamond", "disc", "ellipse", "hbar", "heart",
    "infinity", "pin", "ring", "spade", "square", "tag", "triangle", "vbar",
)  # fmt: skip
"""The names that phy knows."""
_THIN = 0.16
_BAR = 0.3


def _turned(strokes: int, width: float) -> list[FloatArray]:
    """Bars through the middle, at equal angles."""
    bar = np.array([(-0.5, -width / 2), (0.5, -width / 2), (0.5, width / 2), (-0.5, width / 2)])
    out = []
    for angle in np.arange(strokes) * np.pi / strokes + np.pi / (2 * strokes):
        c, s = np.cos(angle), np.sin(angle)
        out.append(bar @ np.array([[c, s], [-s, c]]))
    return out


def _round(x: float = 0.0, y: float = 0.0, width: float = 0.5, height: float | None = None) -> FloatArray:
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    rise = width if height is None else height
    return np.stack([x + width * np.cos(angles), y + rise * np.sin(angles)], axis=1)


def _points(*corners: tuple[float, float]) -> FloatArray:
    return np.array(corners, dtype=np.float64)


_STALK = _points((0.0, 0.0), (0.16, -0.5), (-0.16, -0.5))


def _ring() -> list[FloatArray]:
    outer, inner = _round(), _round(width=0.34)
    following = np.roll(np.arange(16), -1)
    return [np.stack([outer[i], outer[k], inner[k], inner[i]]) for i, k in enumerate(following)]


@lru_cache(maxsize=len(MARKERS))
def outlines(marker: str) -> tuple[FloatArray, ...]:
    """Return convex polygons, (k, 2) each, y upwards, that make a marker as large as 1."""
    shapes = {
        "arrow": [
            _points((0.5, 0), (0.0, 0.4), (0.0, -0.4)), _points((0, 0.14), (-0.5, 0.14), (-0.5, -0.14), (0, -0.14)),
        ],
        "asterisk": _turned(3, _THIN),
        "chevron": [
            _points((-0.5, -0.2), (-0.5, 0.0), (0.0, 0.5), (0.0, 0.25)),
            _points((0.5, -0.2), (0.5, 0.0), (0.0, 0.5), (0.0, 0.25)),
        ],
        "clover": [_round(0, 0.22, 0.26), _round(-0.24, -0.08, 0.26), _round(0.24, -0.08, 0.26), _STALK],
        "club": [_round(0, 0.24, 0.24), _round(-0.24, -0.1, 0.24), _round(0.24, -0.1, 0.24), _STALK],
        "cross": _turned(2, 0.2),
        "diamond": [_points((0, -0.5), (0.4, 0), (0, 0.5), (-0.4, 0))],
        "ellipse": [_round(width=0.5, height=0.3)],
        "hbar": [_points((-0.5, -_BAR / 2), (0.5, -_BAR / 2), (0.5, _BAR / 2), (-0.5, _BAR / 2))],
        "heart": [_round(-0.22, 0.18, 0.25), _round(0.22, 0.18, 0.25), _points((-0.45, 0.1), (0, -0.5), (0.45, 0.1))],
        "infinity": [_round(-0.26, 0, 0.24), _round(0.26, 0, 0.24)],
        "pin": [_round(0, 0.2, 0.3), _points((-0.27, 0.06), (0, -0.5), (0.27, 0.06))],
        "ring": _ring(),
        "spade": [
            _round(-0.2, -0.08, 0.24), _round(0.2, -0.08, 0.24), _points((-0.42, 0), (0, 0.5), (0.42, 0)), _STALK,
        ],
        "square": [_points((-0.45, -0.45), (0.45, -0.45), (0.45, 0.45), (-0.45, 0.45))],
        "tag": [_points((-0.5, -0.3), (0.2, -0.3), (0.5, 0), (0.2, 0.3), (-0.5, 0.3))],
        "triangle": [_points((-0.5, -0.4), (0.5, -0.4), (0, 0.5))],
        "vbar": [_points((-_BAR / 2, -0.5), (_BAR / 2, -0.5), (_BAR / 2, 0.5), (-_BAR / 2, 0.5))],
    }  # fmt: skip
    return tuple(frozen(np.asarray(shape, dtype=np.float64)) for shape in shapes.get(marker, [_round()]))


def draw_markers(ink: Ink, marker: str, places: FloatArray, sizes: FloatArray, colors: FloatArray) -> None:
    """Add markers; places : (n, 2) px; sizes : (n,) px; colors : (n, 4) RGBA 0..1."""
    for outline in outlines(marker):
        # The canvas grows downwards.
        corners = places[:, None] + sizes[:, None, None] * outline[None] * np.array([1.0, -1.0])
        ink.fans(corners, colors)
