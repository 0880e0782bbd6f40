"""Functions of `phylib.utils.geometry`: positions of channels, and boxes around them that do not overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray


def linear_positions(n_channels: int) -> FloatArray:
    """Return channels on a vertical line of length 1, (n, 2)."""
    return np.column_stack([np.zeros(n_channels), np.linspace(0.0, 1.0, n_channels)])


def staggered_positions(n_channels: int) -> FloatArray:
    """Return channels in a staggered column, the last at the origin, (n, 2)."""
    i = np.arange(n_channels - 1)
    rising = np.column_stack([(-1) ** i * (5 + i), 10 * (i + 1)])
    return np.flipud(np.vstack([[0, 0], rising])).astype(float)


def range_transform(from_bounds: Any, to_bounds: Any, positions: Any, do_offset: bool = True) -> AnyArray:
    """Map points (n, 2) from one rectangle (x0, y0, x1, y1) to another; sides of no length count as -1 to 1."""
    points = np.asarray(positions)
    (f0, f1), (t0, t1) = _corners(from_bounds), _corners(to_bounds)
    span = f1 - f0
    scale = ((t1 - t0) / np.where(span == 0, 1, span)).astype(points.dtype)
    moved: AnyArray = points * scale
    if do_offset:
        moved = (points - f0.astype(points.dtype)) * scale + t0.astype(points.dtype)
    return moved


def _corners(bounds: Any) -> tuple[FloatArray, FloatArray]:
    box = np.array(bounds, dtype=np.float64)
    low, high = box[..., :2], box[..., 2:]
    flat = np.abs(high - low) < 1e-8
    low[flat], high[flat] = -1, 1
    return low, high


def get_non_overlapping_boxes(box_pos: Any) -> tuple[FloatArray, tuple[float, float]]:
    """Return centres (n, 2) in -1..1 and the half size (w, h) of boxes around them that do not overlap."""
    centres = np.asarray(box_pos, dtype=np.float64)
    whole = [[-1.0, -1.0, 1.0, 1.0]]
    centres = range_transform([[*centres.min(axis=0), *centres.max(axis=0)]], whole, centres)
    size = np.array(_box_size(centres))
    outer = [[*(centres - size).min(axis=0), *(centres + size).max(axis=0)]]
    w, h = range_transform(outer, whole, size[np.newaxis], do_offset=False).ravel().tolist()
    return range_transform(outer, whole, centres), (w * 0.95, h * 0.9)


def _box_size(centres: FloatArray, ratio: float = 0.5, margin: float = 0.1) -> tuple[float, float]:
    """Half width and height: as large as possible with a fixed ratio, then as wide as possible."""
    dx = np.abs(centres[:, :1] - centres[:, :1].T)
    dy = np.abs(centres[:, 1:] - centres[:, 1:].T)
    others = ~np.eye(len(centres), dtype=bool)

    def fits(w: float, h: float) -> bool:
        return not ((dx < 2 * w) & (dy < 2 * h) & others).any()

    widest = float(np.ptp(centres[:, 0])) or 1.0
    w = _largest(lambda w: fits(w, w * ratio), 0.0, widest) * (1 - margin)
    h = w * ratio
    return _largest(lambda w: fits(w, h), w, widest) * (1 - margin), h


def _largest(fits: Any, low: float, high: float) -> float:
    """Largest number between two that fits, to 1e-9."""
    if high <= low:
        return (low + high) / 2
    if fits(high):
        return high
    if not fits(low):
        return low
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def get_closest_box(pos: Any, box_pos: Any, box_size: tuple[float, float]) -> int:
    """Return the box nearest to a point; box_size : half width and height."""
    away = np.maximum(np.abs(np.asarray(box_pos) - np.asarray(pos)) - np.asarray(box_size), 0)
    return int(np.argmin((away**2).sum(axis=1)))
