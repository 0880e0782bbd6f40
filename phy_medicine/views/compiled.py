"""Drawing with compiled kernels into one image: the fast way where OpenGL is done in software.

Importing this module is cheap; `kernels` loads numba, and `warm_up` does so in the background.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.views.items import Density, Frame, Item, Lines, Points, Steps

_loaded = threading.Event()


def kernels() -> ModuleType:
    """Return the compiled kernels; the first call loads numba, which takes 0.4 s."""
    if not _loaded.is_set():
        _load()
    from phy_medicine.views import _kernels_raster

    return _kernels_raster


def _load() -> None:
    """Import the kernels, without the import of scipy.linalg (0.14 s) by which numba sees if it could use BLAS."""
    numba_linalg: Any = importlib.import_module("numba.np.linalg")
    check = getattr(numba_linalg, "ensure_blas", None)
    numba_linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("phy_medicine.views._kernels_raster")
    finally:
        numba_linalg.ensure_blas = check
    _loaded.set()


def warm_up() -> None:
    """Load the kernels; meant for a worker thread once the first picture is on the screen."""
    kernels()


def ready() -> bool:
    """Whether the kernels are loaded."""
    return _loaded.is_set()


def render(items: Sequence[Item], frame: Frame, pixels: AnyArray) -> None:
    """Draw items one over the other into `pixels`, (h, w) uint32 premultiplied RGBA."""
    for item in items:
        _DRAW[type(item)](item, frame, pixels)


def _points(item: Points, frame: Frame, pixels: AnyArray) -> None:
    stamp = disc(item.size * frame.ratio)
    place = frame.transforms, frame.clips
    kernels().points(pixels, item.x, item.y, item.panels, item.rows, item.palette, *place, stamp)


def _lines(item: Lines, frame: Frame, pixels: AnyArray) -> None:
    width = max(1.0, item.width * frame.ratio)
    place = frame.transforms, frame.clips
    kernels().lines(pixels, item.x, item.y, item.starts, item.panels, item.rows, item.palette, *place, width)


def _steps(item: Steps, frame: Frame, pixels: AnyArray) -> None:
    place = frame.transforms, frame.clips
    kernels().steps(pixels, item.values, item.panels, item.rows, item.edges, item.palette, *place, item.sideways)


def _density(item: Density, frame: Frame, pixels: AnyArray) -> None:
    clip, step = frame.clips[item.panel], max(1, round(item.cell * frame.ratio))
    shape = (-(-(clip[3] - clip[1]) // step), -(-(clip[2] - clip[0]) // step))
    counts = np.zeros(shape, dtype=np.uint32)
    kernels().count(counts, item.x, item.y, frame.transforms[item.panel], clip, step)
    kernels().tint(pixels, counts, item.alphas(counts), item.color, clip, step)


_DRAW: dict[type, Any] = {Points: _points, Lines: _lines, Steps: _steps, Density: _density}


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
