"""Drawing with compiled kernels into one image: the fast way where OpenGL is done in software.

The kernels come as machine code in a few milliseconds, except the first time after an installation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.views import _kernels_raster as raster
from phy_medicine.views import fields
from phy_medicine.views.items import Bands, Cells, Density, Frame, Item, Lines, Points, Shades, Steps
from phy_medicine.views.shades import shades


def warm_up() -> None:
    """Load the kernels, or compile them where there is no code of them yet; meant for a worker thread."""
    raster.kernels.load()


def ready() -> bool:
    """Whether the kernels are loaded."""
    return raster.kernels.ready


def render(items: Sequence[Item], frame: Frame, pixels: AnyArray) -> None:
    """Draw items one over the other into `pixels`, (h, w) uint32 premultiplied RGBA."""
    for item in items:
        _DRAW[type(item)](item, frame, pixels)


def _points(item: Points, frame: Frame, pixels: AnyArray) -> None:
    stamp = disc(item.size * frame.ratio)
    place = frame.transforms, frame.clips
    alphas = np.empty((len(item.palette), len(stamp)), dtype=np.int64)
    raster.points(pixels, item.x, item.y, item.panels, item.rows, item.palette, *place, stamp, alphas)


def _lines(item: Lines, frame: Frame, pixels: AnyArray) -> None:
    width = max(1.0, item.width * frame.ratio)
    place = frame.transforms, frame.clips
    raster.lines(pixels, item.x, item.y, item.starts, item.panels, item.rows, item.palette, *place, width)


def _steps(item: Steps, frame: Frame, pixels: AnyArray) -> None:
    place = frame.transforms, frame.clips
    raster.steps(pixels, item.values, item.panels, item.rows, item.edges, item.palette, *place, item.sideways)


def _density(item: Density, frame: Frame, pixels: AnyArray) -> None:
    clip, step = frame.clips[item.panel], max(1, round(item.cell * frame.ratio))
    shape = (-(-(clip[3] - clip[1]) // step), -(-(clip[2] - clip[0]) // step))
    counts = np.zeros(shape, dtype=np.uint32)
    raster.count(counts, item.x, item.y, frame.transforms[item.panel], clip, step)
    raster.tint(pixels, counts, item.alphas(counts), item.color, clip, step)


_DRAW: dict[type, Any] = {
    Points: _points, Lines: _lines, Steps: _steps, Density: _density, Cells: fields.cells, Bands: fields.bands,
    Shades: shades,
}  # fmt: skip


def disc(diameter: float) -> IntArray:
    """Return a disc of soft edge as rows of dy, dx and coverage 0..256, from the middle pixel; (n, 3) int64."""
    radius = max(diameter, 1.0) / 2
    reach = int(np.ceil(radius - 0.5))
    offsets = np.arange(-reach, reach + 1)
    dy, dx = np.meshgrid(offsets, offsets, indexing="ij")
    cover = np.clip(radius + 0.5 - np.hypot(dx, dy), 0, 1)
    rows = np.stack([dy, dx, np.round(cover * 256)], axis=-1).reshape(-1, 3).astype(np.int64)
    kept: IntArray = np.ascontiguousarray(rows[rows[:, 2] > 0])
    return kept
