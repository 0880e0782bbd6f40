"""What the drift view shows of all spikes in a window, prepared in any thread; counts are kept by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.spike_map import Window, count_window, rank_window, spikes_in_window
from phy_medicine.session.cache import ArrayCache
from phy_medicine.views.drift_curves import Curves, make_curves
from phy_medicine.views.drift_levels import DriftLevels, Levels

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.session.data import DataService
    from phy_medicine.session.localization import Positions
    from phy_medicine.session.view_host import ViewRequest

# Fewer spikes in sight are drawn one by one.
POINT_BUDGET = 25_000
_CACHE_BYTES = 48 << 20
# Around the spikes of the selected clusters, µm.
_AROUND_UM, _LEAST_UM = 60.0, 240.0
_BEYOND_UM = 40.0
_RANGE_SPIKES = 4000
# A range is kept while it holds the next selection and is not larger than this many times what that needs.
_STILL_NEAR = 1.8

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown, as the window's thread knows it.

    shown : parts of the home range in time and depth, (2, 2); size : (rows, columns) of cells; color : what decides it;
    motion : for curves, and taken out of the depths when `corrected`; region : depths that are the home range now, None
    at first; beside : those of a twin, which are shown too
    """

    shown: FloatArray
    size: tuple[int, int]
    color: str
    whole_probe: bool
    corrected: bool
    motion: Motion | None
    n_curves: int
    region: Range | None
    beside: Range | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """Single spikes.

    times_s, depths_um : (n,) float32, time from the start of the window; rows : (n,) uint8, of a palette
    """

    times_s: FloatArray
    depths_um: FloatArray
    rows: IntArray


@dataclass(frozen=True, slots=True)
class DriftBlock:
    """Spikes of a window.

    home_um : depths shown without zoom; window, size : what the counts stand for; removed : motion that was taken out
    of the depths, or None; n_inside : spikes in the window that are drawn; levels : what decides their colour, None
    where it is the cluster; counts, sums : cells of these spikes and sums of their levels, empty when the spikes are in
    `others`; layers : counts of each selected cluster, or none when they are in `selected`
    """

    home_um: Range
    window: Window
    size: tuple[int, int]
    removed: Motion | None
    curves: Curves | None
    n_inside: int
    levels: Levels | None
    counts: IntArray | None
    sums: IntArray | None
    others: Points | None
    layers: tuple[IntArray, ...]
    selected: Points | None


class DriftSource:
    """All spikes over time and depth; safe in any thread."""

    def __init__(self, data: DataService) -> None:
        self._data = data
        self._cache = ArrayCache(_CACHE_BYTES)
        self._numbered: tuple[Motion | None, Positions | None, int] = (None, None, 0)
        self._levels = DriftLevels(data)

    @property
    def whole_s(self) -> Range:
        """Time of the recording."""
        return 0.0, max(self._data.duration_s, 1e-3)

    @property
    def whole_um(self) -> Range:
        """Depths of the whole probe and a little beyond."""
        y = self._data.channel_positions[:, 1]
        return float(y.min()) - _BEYOND_UM, float(y.max()) + _BEYOND_UM

    def depths(self, removed: Motion | None) -> FloatArray:
        """Depths of all spikes, (n_spikes,) float32, µm."""
        return self._data.depths.without(removed)

    def home(self, request: ViewRequest, wish: Wish) -> Range:
        """Depths to show without zoom: around the selected clusters, or the whole probe.

        They are those of the observed depths, so that nothing jumps when the motion is taken out.
        """
        whole = self.whole_um
        if wish.whole_probe or not request.spike_ids:
            return whole
        raw = self.depths(None)
        some = [ids[:: max(1, len(ids) // _RANGE_SPIKES)] for ids in request.spike_ids]
        ends = [np.nanquantile(raw[ids], (0.02, 0.98)) for ids in some if len(ids) and np.isfinite(raw[ids]).any()]
        if not ends:
            return whole
        low, high = float(np.min(ends)) - _AROUND_UM, float(np.max(ends)) + _AROUND_UM
        middle, half = (low + high) / 2, max(high - low, _LEAST_UM) / 2
        low, high = max(middle - half, whole[0]), min(middle + half, whole[1])
        if high - low >= 0.8 * (whole[1] - whole[0]):
            return whole
        kept = wish.region
        if kept is not None and kept != whole and kept[0] <= low and kept[1] >= high:
            return kept if kept[1] - kept[0] <= _STILL_NEAR * (high - low) else (low, high)
        return low, high

    def block(self, request: ViewRequest, wish: Wish) -> DriftBlock:
        """Count or gather the spikes of the window."""
        home = self.home(request, wish)
        low, high = wish.beside or home
        window = window_of(wish.shown, self.whole_s, (min(low, home[0]), max(high, home[1])))
        removed = wish.motion if wish.corrected else None
        levels = self._levels.of(wish.color)
        counts, sums = self._counts(window, wish.size, removed, levels)
        n_inside = int(counts.sum(dtype=np.int64))
        others, layers, selected = None, [], None
        if n_inside <= POINT_BUDGET:
            others = self._all_points(window, removed, levels)
        if levels is None:
            layers, selected = self._selected(request.spike_ids, window, wish.size, removed)
        curves = (
            make_curves(wish.motion, window, wish.size[1], wish.n_curves, wish.corrected)
            if wish.motion and wish.n_curves
            else None
        )
        return DriftBlock(
            home, window, wish.size, removed, curves, n_inside, levels,
            None if others is not None else counts, None if others is not None or levels is None else sums,
            others, tuple(layers), selected,
        )  # fmt: skip

    def inside(self, window: Window, removed: Motion | None) -> IntArray:
        """Return all spikes of a window, ascending."""
        first, stop = self._data.id_range
        ids = spikes_in_window(self._data.spike_times[first:stop], self.depths(removed)[first:stop], window)
        return ids + ids.dtype.type(first)

    def place(self, spike_ids: IntArray, removed: Motion | None) -> tuple[FloatArray, FloatArray]:
        """Return times, float64 s, and depths, float32 µm, of some spikes."""
        return self._data.spike_times[spike_ids], self._data.depths.of(spike_ids, removed)

    def _counts(
        self, window: Window, size: tuple[int, int], removed: Motion | None, levels: Levels | None
    ) -> tuple[IntArray, IntArray]:
        key = (window, size, self._number(removed), None if levels is None else levels.color, self._data.time_range)
        return self._cache.get(key, lambda: self._count(window, size, removed, levels))

    def _count(
        self, window: Window, size: tuple[int, int], removed: Motion | None, levels: Levels | None
    ) -> tuple[IntArray, IntArray]:
        shown = slice(*self._data.id_range)
        times, depths = self._data.spike_times[shown], self.depths(removed)[shown]
        if levels is None:
            return count_window(times, depths, window, size), np.zeros((0, 0), dtype=np.uint32)
        if levels.known is not None:  # a depth that is not known is not counted
            depths = np.where(levels.known[shown], depths, np.float32(np.nan))
        return rank_window(times, depths, levels.values[shown], window, size)

    def _number(self, removed: Motion | None) -> int:
        """Number motions and localizations, since they cannot be told apart by their place in memory for ever.

        0 for none.
        """
        localized = self._data.localization.current
        if removed is None and localized is None:
            return 0
        *last, number = self._numbered
        if last[0] is not removed or last[1] is not localized:
            number += 1
            self._numbered = (removed, localized, number)
        return number

    def _all_points(self, window: Window, removed: Motion | None, levels: Levels | None) -> Points:
        ids = self.inside(window, removed)
        if levels is not None and levels.known is not None:
            ids = ids[levels.known[ids]]
        rows = np.zeros(len(ids), dtype=np.uint8) if levels is None else levels.values[ids]
        times, depths = self.place(ids, removed)
        return _points(times, depths, rows, window)

    def _selected(
        self, spike_ids: Sequence[IntArray], window: Window, size: tuple[int, int], removed: Motion | None
    ) -> tuple[list[IntArray], Points | None]:
        """Return the counts of each cluster when there are many of its spikes, else the spikes in order of time."""
        seen = []
        for ids in spike_ids:
            first, last = np.searchsorted(self._data.spike_times[ids], window.times) if len(ids) else (0, 0)
            times, depths = self.place(ids[first : last + 1], removed)
            inside = (depths >= np.float64(window.low_um)) & (depths <= np.float64(window.high_um))
            inside &= (times >= window.start_s) & (times <= window.stop_s)
            seen.append((times[inside], depths[inside]))
        if sum(len(times) for times, _ in seen) > POINT_BUDGET:
            return [count_window(times, depths, window, size) for times, depths in seen], None
        if not seen:
            return [], None
        rows = np.repeat(np.arange(len(seen), dtype=np.uint8), [len(times) for times, _ in seen])
        times, depths = (np.concatenate(columns) for columns in zip(*seen, strict=True))
        order = np.argsort(times, kind="stable")
        return [], _points(times[order], depths[order], rows[order], window)


def window_of(shown: AnyArray, times_s: Range, depths_um: Range) -> Window:
    """Return the window that shows these parts, (2, 2), of the home ranges."""
    (x0, x1), (y0, y1) = (
        low + part * (high - low) for part, (low, high) in zip(shown, (times_s, depths_um), strict=True)
    )
    return Window(float(x0), float(x1), float(y0), float(y1))


def _points(times_s: FloatArray, depths_um: FloatArray, rows: IntArray, window: Window) -> Points:
    # From the start of the window: float32 resolves 1 ms only up to some hours.
    return Points((times_s - window.start_s).astype(np.float32), depths_um.astype(np.float32), rows)
