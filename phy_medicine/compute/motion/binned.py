"""Peaks prepared for the fast solver: grouped by time bin, three bytes each, at most a given number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.motion.peaks import Peaks

CHUNK = 1 << 20
"""Peaks read at a time, so that inputs may be memory-mapped files."""
N_ROWS = 12
"""Rows of log amplitude."""
SAMPLE = 200_000
"""Peaks whose amplitudes decide the rows."""


@dataclass(frozen=True, slots=True)
class BinnedPeaks:
    """Depth codes and amplitude rows of the peaks of each fine time bin, one bin after the other."""

    first: IntArray  # (n_bins + 1,) int64, first peak of each bin
    codes: AnyArray  # (n_peaks,) uint16, depth = low_um + code * step_um
    rows: AnyArray  # (n_peaks,) uint8
    start_s: float  # left edge of the first bin
    width_s: float
    low_um: float  # smallest depth
    high_um: float  # largest depth
    step_um: float
    n_rows: int

    @property
    def n_bins(self) -> int:
        """Number of fine time bins."""
        return self.first.size - 1

    @property
    def n_peaks(self) -> int:
        """Number of peaks kept."""
        return int(self.codes.size)

    @property
    def centres_s(self) -> FloatArray:
        """Middle of each time bin."""
        return self.start_s + (np.arange(self.n_bins) + 0.5) * self.width_s

    def levels_um(self, n_levels: int) -> FloatArray:
        """Depths at which a motion with so many levels is described: the middle, or evenly from end to end."""
        if n_levels == 1:
            return np.array([0.5 * (self.low_um + self.high_um)])
        return np.linspace(self.low_um, self.high_um, n_levels)

    def place(self, n_levels: int) -> tuple[float, float, float, float]:
        """Depth axis and levels as the kernels want them."""
        levels = self.levels_um(n_levels)
        return (self.low_um, self.step_um, float(levels[0]), float(levels[1] - levels[0]) if n_levels > 1 else 1.0)

    def where(self, keep: AnyArray) -> BinnedPeaks:
        """Only the peaks of a mask."""
        ends = np.concatenate([[0], np.cumsum(keep, dtype=np.int64)])
        return replace(self, first=ends[self.first], codes=self.codes[keep], rows=self.rows[keep])

    def split(self, held_out: float, limit: int, seed: int) -> tuple[BinnedPeaks, BinnedPeaks]:
        """Draw at most about `limit` peaks and part them at random: those to fit, those held out."""
        draw = np.random.default_rng(seed).random(self.n_peaks, np.float32)
        share = min(1.0, limit / self.n_peaks)
        fitted = draw < share * (1 - held_out)
        return self.where(fitted), self.where((draw < share) & ~fitted)


def bin_peaks(
    peaks: Peaks,
    *,
    start_s: float,
    width_s: float,
    n_bins: int,
    limit: int,
    seed: int = 0,
    chunk: int = CHUNK,
    check: Callable[[], None] = lambda: None,
) -> BinnedPeaks:
    """Group peaks by time bin; of more than `limit` a random part is kept.

    Parameters
    ----------
    peaks : in any order
    start_s, width_s, n_bins : time bins; what lies outside goes to the nearest
    chunk : peaks read at a time; the result does not depend on it
    check : called for every chunk; may raise to end the work

    Returns
    -------
    peaks of one bin in the order of the input
    """
    from phy_medicine.compute.motion import _kernels_peaks as kernels

    low, high = float(peaks.depths_um.min()), float(peaks.depths_um.max())
    step = (high - low) / 65535
    amplitude_axis = _amplitude_axis(peaks)
    counts = np.zeros(n_bins, np.int64)
    for (times,) in _chunks((peaks.times_s,), limit, seed, chunk):
        check()
        kernels.count_peaks(times, start_s, width_s, counts)
    first = np.concatenate([[0], np.cumsum(counts)])
    codes, rows = np.empty(first[-1], np.uint16), np.empty(first[-1], np.uint8)
    cursor = first[:-1].copy()
    for part in _chunks((peaks.times_s, peaks.depths_um, peaks.amplitudes), limit, seed, chunk):
        check()
        kernels.place_peaks(*part, (start_s, width_s), (low, step), amplitude_axis, N_ROWS, cursor, codes, rows)
    return BinnedPeaks(first, codes, rows, start_s, width_s, low, high, step, N_ROWS)


def _chunks(arrays: tuple[FloatArray, ...], limit: int, seed: int, chunk: int) -> Iterator[tuple[FloatArray, ...]]:
    """Pieces of the arrays, float64, a chunk at a time, thinned to about `limit` in all; the same for the same seed."""
    n_peaks = arrays[0].size
    share = limit / n_peaks
    rng = np.random.default_rng(seed)
    for begin in range(0, n_peaks, chunk):
        pieces = [np.asarray(a[begin : begin + chunk]) for a in arrays]
        if share < 1:
            keep = np.flatnonzero(rng.random(pieces[0].size) < share)
            pieces = [a[keep] for a in pieces]
        yield tuple(np.ascontiguousarray(a, np.float64) for a in pieces)


def _amplitude_axis(peaks: Peaks) -> tuple[float, float]:
    """Logarithm where the rows begin, and their height; 0 when all amplitudes are the same."""
    sample = np.abs(np.asarray(peaks.amplitudes[:: max(1, peaks.n_peaks // SAMPLE)], np.float64))
    sample = sample[sample > 0]
    if not sample.size:
        return 0.0, 0.0
    low, high = np.quantile(np.log(sample), [0.005, 0.995])
    return float(low), float(high - low) / N_ROWS
