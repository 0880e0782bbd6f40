"""Densities whose colour is the mean of a number: drawn with numpy in either way of drawing pictures.

A million points on 620 x 400 pixels take 35 ms.
"""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.views.items import Frame, Shades, opacities


def shades(item: Shades, frame: Frame, pixels: AnyArray) -> None:
    """Draw cells in the mean colour of their points over `pixels`, (h, w) uint32 premultiplied RGBA."""
    left, top, right, bottom = (int(edge) for edge in frame.clips[item.panel])
    step = max(1, round(item.cell * frame.ratio))
    n_rows, n_columns = -(-(bottom - top) // step), -(-(right - left) // step)
    if n_rows < 1 or n_columns < 1:
        return
    a, b, c, d = frame.transforms[item.panel]
    columns, rows = np.floor((item.x * a + c - left) / step), np.floor((item.y * b + d - top) / step)
    inside = (columns >= 0) & (columns < n_columns) & (rows >= 0) & (rows < n_rows)
    cells = rows[inside].astype(np.int64) * n_columns + columns[inside].astype(np.int64)
    counts = np.bincount(cells, minlength=n_rows * n_columns)
    sums = np.bincount(cells, weights=item.rows[inside], minlength=n_rows * n_columns)
    means = np.rint(sums / np.maximum(counts, 1)).astype(np.int64)
    table = opacities(int(counts.max()), item.faintest, logarithmic=True)
    colors = item.palette[means].astype(np.float32)
    alphas = (table[np.minimum(counts, len(table) - 1)] * colors[:, 3] / 255).astype(np.float32)
    source = np.concatenate([colors[:, :3], np.full((len(colors), 1), 255, np.float32)], axis=1) * alphas[:, None]
    over = _spread(source.reshape(n_rows, n_columns, 4), step)[: bottom - top, : right - left]
    through = 1 - _spread(alphas.reshape(n_rows, n_columns, 1), step)[: bottom - top, : right - left]
    part = pixels[top:bottom, left:right].view(np.uint8).reshape(bottom - top, right - left, 4)
    part[...] = np.round(over + part * through).astype(np.uint8)


def _spread(cells: AnyArray, step: int) -> AnyArray:
    """Cells as pixels."""
    return cells.repeat(step, axis=0).repeat(step, axis=1) if step > 1 else cells
