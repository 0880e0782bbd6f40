"""Images of counts and bands between two curves, drawn with numpy in either way of drawing pictures.

They are few and large, so that their cost is that of the pixels: 12 ms for 24 images that fill 620 x 400.
"""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.views.items import Bands, Cells, Frame, opacities

# One pixel in so many is fuller than what has the full opacity.
_FULLEST = 0.005


def summed(counts: IntArray) -> IntArray:
    """Return the sums that `Picture.cells` draws of images of counts, (n, n_rows, n_columns), lowest row first."""
    n, height, width = counts.shape
    sums = np.zeros((n, height + 1, width + 1), dtype=np.int64)
    sums[:, 1:, 1:] = counts[:, ::-1].cumsum(axis=1, dtype=np.int64).cumsum(axis=2)
    return sums


def cells(item: Cells, frame: Frame, pixels: AnyArray) -> None:
    """Draw images of counts; a pixel counts all cells that begin on it, or shows the one that it lies in."""
    seen = [(i, *_on_pixels(item, i, frame)) for i in range(len(item.sums))]
    for row in np.unique(item.rows):
        mine = [(counts, left, top) for i, counts, left, top in seen if item.rows[i] == row and counts.size]
        full = np.concatenate([np.zeros(0, dtype=np.int64), *(counts[counts > 0] for counts, _, _ in mine)])
        top_count = int(np.quantile(full, 1 - _FULLEST)) if full.size else 1
        table = opacities(top_count, item.faintest, logarithmic=True)
        for counts, left, top in mine:
            alpha = table[np.minimum(counts, len(table) - 1)]
            _blend(pixels, left, top, alpha, item.palette[row])


def _on_pixels(item: Cells, i: int, frame: Frame) -> tuple[IntArray, int, int]:
    """Counts of one image on the pixels that it covers, (h, w), and the first of them."""
    panel, sums = item.panels[i], item.sums[i]
    a, b, c, d = frame.transforms[panel]
    x0, x1, y0, y1 = item.boxes[i]
    clip = frame.clips[panel]
    rows, top = _edges((y1 * b + d, y0 * b + d), (clip[1], clip[3]), sums.shape[0] - 1)
    columns, left = _edges((x0 * a + c, x1 * a + c), (clip[0], clip[2]), sums.shape[1] - 1)
    if not (len(rows) and len(columns)):
        return np.zeros((0, 0), dtype=np.int64), 0, 0
    below = sums[rows[:, 1]] - sums[rows[:, 0]]
    return below[:, columns[:, 1]] - below[:, columns[:, 0]], left, top


def _edges(span: tuple[float, float], limits: tuple[int, int], n: int) -> tuple[IntArray, int]:
    """For each pixel of a span, (k, 2): its first cell and the one after its last, of n; and the first pixel."""
    start, stop = span
    first, last = max(int(np.ceil(start - 0.5)), int(limits[0])), min(int(np.ceil(stop - 0.5)), int(limits[1]))
    if last <= first or stop <= start:
        return np.zeros((0, 2), dtype=np.int64), first
    scale = n / (stop - start)
    if scale <= 1:
        own = np.clip(np.floor((np.arange(first, last) + 0.5 - start) * scale).astype(np.int64), 0, n - 1)
        return np.stack([own, own + 1], axis=1), first
    bounds = np.clip(np.round((np.arange(first, last + 1) - start) * scale).astype(np.int64), 0, n)
    return np.stack([bounds[:-1], bounds[1:]], axis=1), first


def bands(item: Bands, frame: Frame, pixels: AnyArray) -> None:
    """Fill between two curves; the edges are smooth in y."""
    n_points = item.low.shape[1]
    for i in range(len(item.low)):
        panel = item.panels[i]
        a, b, c, d = frame.transforms[panel]
        clip = frame.clips[panel]
        (x0, x1) = item.spans[i] * a + c
        left, right = max(int(np.ceil(x0 - 0.5)), int(clip[0])), min(int(np.ceil(x1 - 0.5)), int(clip[2]))
        if right <= left:
            continue
        at = (np.arange(left, right) + 0.5 - x0) / (x1 - x0) * (n_points - 1)
        upper, lower = (_between(curve[i], at) * b + d for curve in (item.high, item.low))
        if not np.isfinite(upper).any():
            continue
        top = max(int(np.floor(np.nanmin(upper))), int(clip[1]))
        bottom = min(int(np.ceil(np.nanmax(lower))), int(clip[3]))
        y = np.arange(top, max(bottom, top))[:, None]
        cover = np.nan_to_num(np.clip(np.minimum(y + 1, lower) - np.maximum(y, upper), 0, 1))
        _blend(pixels, left, top, cover, item.palette[item.rows[i]])


def _between(curve: FloatArray, at: FloatArray) -> FloatArray:
    """Values between the points of a curve; NaN beside a NaN."""
    whole = np.minimum(at.astype(np.int64), len(curve) - 2)
    part = at - whole
    values: FloatArray = curve[whole] * (1 - part) + curve[whole + 1] * part
    return values


def _blend(pixels: AnyArray, left: int, top: int, alpha: FloatArray, color: IntArray) -> None:
    """Lay a colour over part of (h, w) uint32 premultiplied pixels; alpha : (k, m) 0..1, of the colour's own."""
    height, width = alpha.shape
    if not alpha.size:
        return
    part = pixels[top : top + height, left : left + width].view(np.uint8).reshape(height, width, 4)
    share = (alpha * (color[3] / 255)).astype(np.float32)[..., None]
    source = np.array([*color[:3], 255], dtype=np.float32)
    part[...] = np.round(source * share + part * (1 - share)).astype(np.uint8)
