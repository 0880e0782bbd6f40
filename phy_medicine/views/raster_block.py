"""Spikes of every cluster by time, one row for each: counted in any thread, kept by cluster; and rows as pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.session.cache import ArrayCache
from phy_medicine.views.theme import RGBA

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

Range = tuple[float, float]

_CACHE_BYTES = 24 << 20
_MOST = (1 << 16) - 1
# How strong a single spike is, as part of a full cell: alone, and where many cells are full.
_ALONE, _AMONG_MANY, _FAINTEST_RATE = 0.85, 0.4, 0.1
# One cell in so many may be fuller than what has the full strength, so that a burst does not dim all others.
_FULLEST = 0.02
_LEAST_LARGEST = 4
_GAMMA = 0.7


@dataclass(frozen=True, slots=True)
class RasterBlock:
    """The rows of the cluster table over a stretch of time.

    levels : (n_clusters, n_columns) uint8, strength of each cell; colors : (n_clusters, 4) of those not selected;
    n_inside : spikes in the window; presence : levels are rates, each row by its own highest
    """

    cluster_ids: tuple[int, ...]
    window: Range
    n_pixels: int
    levels: IntArray
    colors: FloatArray
    n_inside: int
    presence: bool


class RasterSource:
    """Counts the spikes of clusters in equal bins of time; safe in any thread."""

    def __init__(self, data: DataService) -> None:
        self._data = data
        self._cache = ArrayCache(_CACHE_BYTES)

    def counts(self, cluster_ids: Sequence[int], window: Range, n_bins: int) -> IntArray:
        """Return the spikes of each cluster in each bin, (n_clusters, n_bins) uint16, 65,535 for as many and more.

        A cluster that has gone meanwhile has none. Rows are kept, so that a filter or a new order counts nothing.
        """
        rows = np.zeros((len(cluster_ids), n_bins), dtype=np.uint16)
        firsts = self._first_spikes(window, n_bins)
        for row, cluster_id in zip(rows, cluster_ids, strict=True):
            key = (cluster_id, window, n_bins, self._data.time_range)
            try:
                row[:] = self._cache.get(key, partial(self._count, cluster_id, firsts))
            except ActionError:
                continue
        return rows

    def _first_spikes(self, window: Range, n_bins: int) -> IntArray:
        """Return the first spike of each bin, and the one after the last bin; a spike on the high edge is inside."""
        times = self._data.spike_times
        firsts = np.searchsorted(times, np.linspace(*window, n_bins + 1))
        firsts[-1] = np.searchsorted(times, window[1], side="right")
        return firsts

    def _count(self, cluster_id: int, firsts: IntArray) -> IntArray:
        """Count by the places of spike ids: 10 M spikes in 1,100 bins take 35 ms, by their times 460."""
        spikes = self._data.spikes(cluster_id)
        # In the type of the ids, which would be copied to be compared with another.
        firsts = firsts.astype(spikes.dtype)
        start, stop = np.searchsorted(spikes, firsts[[0, -1]])
        if stop - start < len(firsts):
            columns = np.searchsorted(firsts[1:-1], spikes[start:stop], side="right")
            counts = np.bincount(columns, minlength=len(firsts) - 1)
        else:
            counts = np.diff(np.searchsorted(spikes, firsts))
        return frozen(np.minimum(counts, _MOST).astype(np.uint16))


def density_levels(counts: IntArray, *, single: bool) -> IntArray:
    """Return how strong each count is drawn, the same for all rows, uint8; single : few spikes, all clearly seen."""
    full = counts[counts > 0]
    largest = max(int(np.quantile(full, 1 - _FULLEST)) if full.size else 1, _LEAST_LARGEST)
    shares = (np.arange(largest + 1) / largest) ** _GAMMA
    low = _ALONE if single else _AMONG_MANY
    strengths = np.round(255 * (low + (1 - low) * shares)).astype(np.uint8)
    strengths[0] = 0
    levels: IntArray = strengths[np.minimum(counts, largest)]
    return levels


def presence_levels(counts: IntArray) -> IntArray:
    """Return how strong each count is drawn by the fullest bins of its row, uint8; 0 is nothing."""
    if not counts.size:
        return counts.astype(np.uint8)
    place = min(int(counts.shape[1] * (1 - _FULLEST)), counts.shape[1] - 1)
    full = np.partition(counts, place, axis=1)[:, place]
    # A row with few filled bins has its largest there.
    full = np.where(full > 0, full, counts.max(axis=1)).astype(np.float32)
    shares = np.minimum(counts / np.maximum(full, 1)[:, None], 1)
    levels: IntArray = np.round(255 * (_FAINTEST_RATE + (1 - _FAINTEST_RATE) * shares)).astype(np.uint8)
    levels[counts == 0] = 0
    return levels


def widened(levels: IntArray, width: int) -> IntArray:
    """Return levels in which every cell is so many columns wide, the strongest on top."""
    wide: IntArray = levels.copy()
    n = levels.shape[1]
    for by in range(1, min(width, n)):
        # One to the right, one to the left, in turn, so that the bar stays in its place.
        step = (by + 1) // 2
        if by % 2:
            np.maximum(wide[:, step:], levels[:, : n - step], out=wide[:, step:])
        else:
            np.maximum(wide[:, : n - step], levels[:, step:], out=wide[:, : n - step])
    return wide


def raster_pixels(
    levels: IntArray,
    rows: tuple[int, int],
    height: int,
    *,
    colors: AnyArray,
    selected: Sequence[tuple[int, RGBA]],
    least: int,
    faintest: int = 0,
) -> AnyArray:
    """Draw rows `rows[0]` to `rows[1]` of levels into so many pixels from top to bottom.

    colors : (n, 4) of all rows, or (1, 4) the same for all; selected : row and colour, drawn over the others, at least
    `least` pixels high, and with levels not below `faintest` where there is something

    Returns
    -------
    (height, n_columns, 4) uint8, premultiplied, first row at the top
    """
    first, last = rows
    shown = levels[first:last]
    per_row = height / max(last - first, 1)
    palette = np.asarray(colors, dtype=np.float32)
    words = _words(shown, palette if len(palette) == 1 else palette[first:last])
    if per_row < 1:
        # Several rows in a pixel: the strongest is seen.
        starts = (np.arange(height) * (last - first) / height).astype(np.int64)
        strongest = np.maximum.reduceat(shown, starts, axis=0)
        owner = starts[:, None] + np.zeros_like(strongest, dtype=np.int64)
        for offset in range(1, int(np.ceil(1 / per_row)) + 1):
            rows_there = np.minimum(starts + offset, last - first - 1)
            mine = (rows_there < np.r_[starts[1:], last - first])[:, None] & (shown[rows_there] == strongest)
            owner = np.where(mine, rows_there[:, None], owner)
        image = words[owner, np.arange(shown.shape[1])[None]]
    else:
        places = (np.arange(height) + 0.5) / per_row
        owners = np.minimum(places.astype(np.int64), last - first - 1)
        image = words[owners]
        image[_gaps(owners, height, per_row)] = 0
    for row, color in reversed(selected):
        if first <= row < last:
            top, bottom = _band(row - first, per_row, least, height)
            mine = levels[row : row + 1]
            mine = np.where(mine > 0, np.maximum(mine, faintest), 0)
            image[top:bottom] = _words(mine, np.array([color], dtype=np.float32))[0]
    pixels: AnyArray = np.ascontiguousarray(image).view(np.uint8).reshape(height, -1, 4)
    return pixels


def _gap(per_row: float) -> int:
    """Return the pixels between rows."""
    return 0 if per_row < 3 else max(1, round(0.15 * per_row))


def _gaps(owners: IntArray, height: int, per_row: float) -> IntArray:
    """Return the pixels that part rows: the last ones of each."""
    ends = np.round((owners + 1) * per_row)
    gaps: IntArray = np.flatnonzero(np.arange(height) >= ends - _gap(per_row))
    return gaps


def _band(row: int, per_row: float, least: int, height: int) -> tuple[int, int]:
    """Return first and last pixel of a row, higher than it is when it could not be seen."""
    top, bottom = round(row * per_row), round((row + 1) * per_row) - _gap(per_row)
    if bottom - top < least:
        top = round((row + 0.5) * per_row - least / 2)
        bottom = top + least
    return max(top, 0), min(bottom, height)


def _words(levels: IntArray, colors: FloatArray) -> AnyArray:
    """Return levels as premultiplied RGBA in uint32; colors : one for each row, or one for all."""
    strength = np.arange(256, dtype=np.float32) / 255
    tables = np.empty((len(colors), 256, 4), dtype=np.uint8)
    alphas = colors[:, 3:4] * strength
    tables[..., :3] = np.round(255 * colors[:, None, :3] * alphas[..., None])
    tables[..., 3] = np.round(255 * alphas)
    luts = tables.view(np.uint32)[..., 0]
    words: AnyArray = luts[0][levels] if len(colors) == 1 else np.take_along_axis(luts, levels.astype(np.int64), axis=1)
    return words
