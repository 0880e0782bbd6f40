"""The recording in columns: minimum and maximum of stretches of equal length, kept by pieces, so that scrolling reads
only what comes into sight, and a look at an hour reads its gigabytes once, in the background.

Columns of one length lie on one grid over the recording, wherever a view starts; a tile is 128 columns. From 512
samples by column on, they are joined from columns of 512 samples of all channels, and from 16,384 on from columns of
that length, which are never dropped: 20 MB for an hour of 384 channels.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.reduction import extremes, joined
from phy_medicine.session.blocks import Trace
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.read_ahead import ReadAhead
from phy_medicine.session.trace_source import TraceSource, without_offset

TILE = 128
"""Columns of a tile: about a tenth of a screen."""
BLOCK, COARSE = 512, 16_384
"""Samples by column of what is kept for long stretches, and for very long ones."""
# Values filtered at a time; 16 MB of float32, whatever the length of the stretch.
_PIECE = 4_000_000
# Neighbours read ahead at most, in values: 1 s of reading.
_AHEAD = 80_000_000
_WAIT_S = 0.1
# A view that is still shown has asked again by then.
_LASTING_S = 2.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of one kind; channel_ids : None for all; length : samples by column, 1 for the samples themselves."""

    filter: str
    channel_ids: tuple[int, ...] | None
    length: int


class TraceColumns:
    """Reads and keeps columns; safe in any thread."""

    def __init__(self, source: TraceSource, *, cache_bytes: int = 96 << 20, long_bytes: int = 256 << 20) -> None:
        self._source = source
        self._tiles = ArrayCache(cache_bytes)
        self._blocks = ArrayCache(long_bytes)
        self._coarse: dict[tuple[str, int], FloatArray] = {}
        self._arrived = threading.Condition()
        self._reader = ReadAhead()

    def read(self, start_s: float, stop_s: float, channel_ids: tuple[int, ...], n_points: int, *, filter: str) -> Trace:
        """Return a stretch in at most some `n_points` rows: its samples, or minimum and maximum of columns in turn.

        The first column may start a little before `start_s`. Of a stretch that takes long to read, what is not
        there yet is NaN, `unread` says how much that is, and the reading goes on while it is asked for again.

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        grid, first, last = self._columns(start_s, stop_s, channel_ids, n_points, filter)
        rate = self._source.rate
        if grid.length >= BLOCK:
            columns, unread = self._long(grid, first, last, channel_ids)
        else:
            columns, unread = self._short(grid, first, last), 0.0
            self._ask_ahead(grid, first, last)
        data = without_offset(columns.reshape(-1, len(channel_ids)), filter) if not unread else _partly(columns, filter)
        rows_by_s = rate if grid.length == 1 else 2 * rate / grid.length
        return Trace(first * grid.length / rate, frozen(data), np.asarray(channel_ids), rows_by_s, unread)

    def ready(self, start_s: float, stop_s: float, channel_ids: tuple[int, ...], n_points: int, *, filter: str) -> bool:
        """Tell whether `read` needs no reading."""
        grid, first, last = self._columns(start_s, stop_s, channel_ids, n_points, filter)
        if grid.length >= BLOCK:
            return not self._missing(*self._long_tiles(grid, first, last))
        return all((grid, tile) in self._tiles for tile in _tiles(first, last))

    def forget(self) -> None:
        """Drop everything, because a filter is another one now; what is being read is dropped as well."""
        self._tiles.clear()
        self._blocks.clear()
        self._coarse = {}

    def close(self) -> None:
        """Read nothing any more."""
        self._reader.close()

    def _columns(
        self, start_s: float, stop_s: float, channel_ids: tuple[int, ...], n_points: int, filter: str
    ) -> tuple[Grid, int, int]:
        """Return the grid for a stretch, and its first column and the one after the last."""
        n_recorded = self._source.n_samples
        start, stop = round(start_s * self._source.rate), round(stop_s * self._source.rate)
        # The same wherever a stretch starts, so that scrolling stays on one grid.
        n_samples = round((stop_s - start_s) * self._source.rate)
        length = 1 if n_samples <= n_points else -(-n_samples // max(1, n_points // 2 - 1))
        if length >= COARSE:
            length = -(-length // COARSE) * COARSE
        elif length >= BLOCK:
            length = -(-length // BLOCK) * BLOCK
        last = min(-(-stop // length), -(-n_recorded // length)) if stop > 0 else -(-stop // length)
        first = start // length
        return Grid(filter, channel_ids, length), first, max(last, first + 1)

    # Short stretches, read at once

    def _short(self, grid: Grid, first: int, last: int) -> FloatArray:
        """(n, 2 or 1, n_channels) of the columns [first, last)."""
        tiles = _tiles(first, last)
        # Held here: others may push them out of the cache before they are put together.
        held = self._fill(grid, tiles)
        whole = np.concatenate([held[tile] for tile in tiles])
        columns: FloatArray = whole[first - tiles[0] * TILE : last - tiles[0] * TILE]
        return columns

    def _fill(self, grid: Grid, tiles: Sequence[int]) -> dict[int, FloatArray]:
        """Return tiles, those that are missing read in runs, since every run reads a margin for the filter."""
        held: dict[int, FloatArray] = {}
        absent = np.array([tile for tile in tiles if (grid, tile) not in self._tiles], dtype=np.int64)
        for run in np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1):
            held.update(zip(run.tolist(), self._read_run(grid, run.tolist()), strict=True))
        for tile in tiles:
            held[tile] = self._tiles.get((grid, tile), partial(self._one, grid, tile, held))
        return held

    def _one(self, grid: Grid, tile: int, held: dict[int, FloatArray]) -> FloatArray:
        """One tile, read if it was dropped from the cache in the meantime."""
        return held[tile] if tile in held else self._read_run(grid, [tile])[0]

    def _read_run(self, grid: Grid, run: list[int]) -> list[FloatArray]:
        if not run:
            return []
        channels = np.arange(self._source.n_channels) if grid.channel_ids is None else np.asarray(grid.channel_ids)
        columns = self._compute(grid, run[0] * TILE, (run[-1] + 1) * TILE, channels.astype(np.int64))
        return [frozen(columns[i * TILE : (i + 1) * TILE].copy()) for i in range(len(run))]

    def _compute(self, grid: Grid, first: int, last: int, channel_ids: IntArray) -> FloatArray:
        """Read columns, in pieces that memory bears."""
        length = grid.length
        shape = (last - first, 1 if length == 1 else 2, len(channel_ids))
        out = np.empty(shape, dtype=np.float32)
        n_read = self._source.n_channels if self._source.filters[grid.filter].all_channels else len(channel_ids)
        step = max(1, _PIECE // (length * max(1, n_read)))
        for a in range(first, last, step):
            b = min(a + step, last)
            data = self._source.samples(a * length, b * length, channel_ids, grid.filter)
            out[a - first : b - first] = data[:, np.newaxis] if length == 1 else extremes(data, length)
        return out

    def _ask_ahead(self, grid: Grid, first: int, last: int) -> None:
        """Have half a screen on both sides read, what is nearest first, in place of what was asked for before."""
        n_last = -(-self._source.n_samples // grid.length)
        by_tile = TILE * grid.length * max(1, len(grid.channel_ids or ()))
        most = int(np.clip(_AHEAD // by_tile, 1, max(2, (last - first) // 2 // TILE)))
        near = _tiles(first, last)
        after = [t for t in range(near[-1] + 1, near[-1] + 1 + most) if t * TILE < n_last]
        before = [t for t in range(near[0] - 1, near[0] - 1 - most, -1) if t >= 0]
        asked = [t for pair in zip(after, before, strict=False) for t in pair]
        asked += [*after[len(before) :], *before[len(after) :]]
        missing = [t for t in asked if (grid, t) not in self._tiles]
        self._reader.ask(("ahead", grid.channel_ids), [partial(self._fill, grid, [tile]) for tile in missing])

    # Long stretches, read in the background

    def _long_tiles(self, grid: Grid, first: int, last: int) -> tuple[Grid, bool, range]:
        """Return the grid of what is kept, whether its coarse columns do, and the tiles of the columns."""
        by_tile = TILE * BLOCK
        n_last = -(-self._source.n_samples // by_tile)
        tiles = range(max(first * grid.length // by_tile, 0), min(-(-last * grid.length // by_tile), n_last))
        return Grid(grid.filter, None, BLOCK), grid.length % COARSE == 0, tiles

    def _missing(self, grid: Grid, coarse: bool, tiles: Iterable[int]) -> list[int]:
        if coarse:
            return [t for t in tiles if (grid.filter, t) not in self._coarse]
        return [t for t in tiles if (grid, t) not in self._blocks]

    def _long(self, grid: Grid, first: int, last: int, channel_ids: tuple[int, ...]) -> tuple[FloatArray, float]:
        """Return columns, NaN where nothing is read yet, and the part of them that is not."""
        base, coarse, tiles = self._long_tiles(grid, first, last)
        missing = self._missing(base, coarse, tiles)
        if missing:
            pieces = [partial(self._read_block, base, tile) for tile in missing]
            self._reader.ask(("long", grid.filter), pieces, lasting_s=_LASTING_S)
            with self._arrived:
                self._arrived.wait_for(lambda: len(self._missing(base, coarse, tiles)) < len(missing), _WAIT_S)
        size = COARSE if coarse else BLOCK
        by_tile = TILE * BLOCK // size
        joins = grid.length // size
        channels = np.asarray(channel_ids)
        whole = np.full((len(tiles) * by_tile, 2, len(channels)), np.nan, dtype=np.float32)
        n_read = 0
        for i, tile in enumerate(tiles):
            kept = self._kept(base, coarse, tile)
            if kept is not None:
                whole[i * by_tile : (i + 1) * by_tile] = kept[:, :, channels]
                n_read += 1
        low = first * joins - tiles.start * by_tile
        wanted = whole[max(low, 0) : low + (last - first) * joins]
        short = (last - first) * joins - len(wanted)
        if short > 0:
            # After the end of the recording.
            wanted = np.concatenate([wanted, np.repeat(wanted[-1:], short, axis=0)])
        return joined(wanted, joins), 1 - n_read / max(len(tiles), 1)

    def _kept(self, grid: Grid, coarse: bool, tile: int) -> FloatArray | None:
        if coarse:
            return self._coarse.get((grid.filter, tile))
        found: FloatArray | None = self._blocks.peek((grid, tile))
        return found

    def _read_block(self, grid: Grid, tile: int) -> None:
        kept = self._coarse
        columns = self._blocks.get((grid, tile), partial(self._one, grid, tile, {}))
        kept[grid.filter, tile] = frozen(joined(columns, COARSE // BLOCK))
        with self._arrived:
            self._arrived.notify_all()


def _tiles(first: int, last: int) -> range:
    return range(first // TILE, -(-last // TILE))


def _partly(columns: FloatArray, filter: str) -> FloatArray:
    """Return rows of which some are NaN, less the median of the others if they are raw."""
    rows = columns.reshape(-1, columns.shape[2])
    known = ~np.isnan(rows[:, 0])
    if known.any():
        rows[known] = without_offset(rows[known], filter)
    return rows
