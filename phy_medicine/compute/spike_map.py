"""All spikes over time and depth: counts in a window, those inside it, and depths without the motion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute import _kernels_drift as drift
from phy_medicine.compute.density import bin_points

# numpy does as many in the time in which the kernels are compiled, once after an installation.
_NUMPY_LIMIT = 3_000_000
_CHUNK = 1 << 18
_QUANTILE_SPIKES = 200_000


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time and depth; start_s < stop_s, low_um < high_um."""

    start_s: float
    stop_s: float
    low_um: float
    high_um: float

    @property
    def times(self) -> tuple[float, float]:
        """Start and stop, s."""
        return self.start_s, self.stop_s

    @property
    def depths(self) -> tuple[float, float]:
        """Lowest and highest depth, µm."""
        return self.low_um, self.high_um


def count_window(times_s: FloatArray, depths_um: FloatArray, window: Window, shape: tuple[int, int]) -> IntArray:
    """Count all spikes of a window in equal cells.

    Parameters
    ----------
    times_s : (n,) float64, s, ascending
    depths_um : (n,) float32, µm; NaN is left out
    shape : (n_rows, n_columns)

    Returns
    -------
    (n_rows, n_columns) uint32; row 0 is the lowest depth, column 0 the earliest time; a spike on the high edge is in
    the last cell
    """
    start, stop = _run(times_s, window)
    if not _compiled(stop - start):
        return bin_points(times_s[start:stop], depths_um[start:stop], window.times, window.depths, shape=shape)
    counts = np.zeros(shape, dtype=np.uint32)
    drift.count_window(times_s, depths_um, start, stop, *window.times, *window.depths, counts)
    return counts


def rank_window(
    times_s: FloatArray, depths_um: FloatArray, ranks: IntArray, window: Window, shape: tuple[int, int]
) -> tuple[IntArray, IntArray]:
    """Count as `count_window`, and return as second array the sum of the ranks, (n,) uint8, in each cell."""
    start, stop = _run(times_s, window)
    counts, sums = np.zeros(shape, dtype=np.uint32), np.zeros(shape, dtype=np.uint32)
    if not _compiled(stop - start):
        inside = spikes_in_window(times_s, depths_um, window)
        columns = _bins(times_s[inside], window.times, shape[1])
        cells = _bins(depths_um[inside].astype(np.float64), window.depths, shape[0]) * shape[1] + columns
        n_cells = shape[0] * shape[1]
        summed = np.bincount(cells, weights=ranks[inside], minlength=n_cells)
        counted = np.bincount(cells, minlength=n_cells)
        return counted.astype(np.uint32).reshape(shape), summed.astype(np.uint32).reshape(shape)
    drift.rank_window(times_s, depths_um, ranks, start, stop, *window.times, *window.depths, counts, sums)
    return counts, sums


def amplitude_ranks(amplitudes: FloatArray) -> IntArray:
    """Return the rank of each size among all, 0 for the smallest and 255 for the largest; (n,) uint8.

    amplitudes : (n,) float32, of either sign, size counts; NaN has rank 255
    """
    sizes = np.abs(np.ascontiguousarray(amplitudes, dtype=np.float32))
    # Quantiles of more spikes are the same to the eye.
    some = sizes[:: max(1, len(sizes) // _QUANTILE_SPIKES)]
    edges = np.nanquantile(some, np.linspace(0, 1, 257)[1:-1]) if np.isfinite(some).any() else np.zeros(255)
    out = np.empty(len(sizes), dtype=np.uint8)
    if not _compiled(len(sizes)):
        out[...] = np.searchsorted(edges.astype(np.float32), sizes, side="right")
        return out
    drift.rank(sizes, edges.astype(np.float32), out)
    return out


def spikes_in_window(times_s: FloatArray, depths_um: FloatArray, window: Window) -> IntArray:
    """Return which spikes lie in a window, ascending; arguments as for `count_window`."""
    start, stop = _run(times_s, window)
    found: list[IntArray] = []
    for low in range(start, stop, _CHUNK):
        depths = depths_um[low : min(low + _CHUNK, stop)]
        inside = (depths >= np.float64(window.low_um)) & (depths <= np.float64(window.high_um))
        found.append(np.flatnonzero(inside) + low)
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def corrected_depths(
    times_s: FloatArray,
    depths_um: FloatArray,
    displacement: FloatArray,
    temporal_bins_s: FloatArray,
    spatial_bins_um: FloatArray,
) -> FloatArray:
    """Return observed depth minus motion, bilinear in time and depth, constant beyond the ends.

    Parameters
    ----------
    times_s : (n,) float64, s, quick when ascending; depths_um : (n,) float32, µm, NaN stays
    displacement : (n_time, n_depth), µm; temporal_bins_s, spatial_bins_um : ascending

    Returns
    -------
    (n,) float32, µm
    """
    field = np.ascontiguousarray(displacement, dtype=np.float64)
    bins = np.ascontiguousarray(temporal_bins_s, np.float64), np.ascontiguousarray(spatial_bins_um, np.float64)
    times = np.ascontiguousarray(times_s, dtype=np.float64)
    depths = np.ascontiguousarray(depths_um, dtype=np.float32)
    out = np.empty(len(depths), dtype=np.float32)
    if _compiled(len(depths)):
        drift.correct(times, depths, field, *bins, np.empty(len(bins[1])), out)
        return out
    for low in range(0, len(depths), _CHUNK):
        part = slice(low, low + _CHUNK)
        out[part] = depths[part] - _field_at(times[part], depths[part], field, *bins)
    return out


def _field_at(
    times_s: FloatArray, depths_um: FloatArray, field: FloatArray, time_bins: FloatArray, depth_bins: FloatArray
) -> FloatArray:
    row, down = _cell(times_s, time_bins)
    column, right = _cell(depths_um, depth_bins)
    later, above = np.minimum(row + 1, len(time_bins) - 1), np.minimum(column + 1, len(depth_bins) - 1)
    before = field[row, column] * (1 - right) + field[row, above] * right
    after = field[later, column] * (1 - right) + field[later, above] * right
    value: FloatArray = before * (1 - down) + after * down
    return value


def _cell(values: FloatArray, bins: FloatArray) -> tuple[IntArray, FloatArray]:
    """The bin below each value, and the share of the one above; NaN has the first bin and the share NaN."""
    position = np.interp(values, bins, np.arange(len(bins)))
    low = np.minimum(np.nan_to_num(position).astype(np.int64), max(len(bins) - 2, 0))
    return low, position - low


def _bins(values: FloatArray, bounds: tuple[float, float], n_bins: int) -> IntArray:
    scaled = (values - bounds[0]) * (n_bins / (bounds[1] - bounds[0]))
    bins: IntArray = np.minimum(scaled.astype(np.int64), n_bins - 1)
    return bins


def _compiled(size: int) -> bool:
    return drift.kernels.ready or size > _NUMPY_LIMIT


def _run(times_s: FloatArray, window: Window) -> tuple[int, int]:
    """Spikes of the stretch of time, as a run."""
    start = int(np.searchsorted(times_s, window.start_s, side="left"))
    return start, int(np.searchsorted(times_s, window.stop_s, side="right"))
