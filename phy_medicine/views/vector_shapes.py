"""The shapes of a vector picture; coordinates are px of the scene, colours (n, 4) int64 RGBA 0..255."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.layout import Box


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Filled outlines; outline i owns the points starts[i]:starts[i + 1]."""

    points: FloatArray
    starts: IntArray
    colors: IntArray
    clip: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Open lines of one width; line i owns the points starts[i]:starts[i + 1]."""

    points: FloatArray
    starts: IntArray
    colors: IntArray
    width: float
    clip: Box | None


@dataclass(frozen=True, slots=True, eq=False)
class Dots:
    """Discs of one size; points : (n, 2)."""

    points: FloatArray
    colors: IntArray
    radius: float
    clip: Box | None


@dataclass(frozen=True, slots=True, eq=False)
class Bitmap:
    """Premultiplied pixels, (h, w, 4) uint8, over a box."""

    pixels: AnyArray
    box: Box
