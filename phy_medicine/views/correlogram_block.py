"""What a correlogram view shows: counts by lag, and the heights that they are drawn with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.correlogram import LagBins
from phy_medicine.compute.log_correlogram import LogLagBins

NORMALIZATIONS = ("automatic", "count", "rate", "ratio", "z-score")
_TITLES = {
    "count": "Spike pairs per bin",
    "rate": "Rate (spikes/s)",
    "ratio": "Ratio to chance",
    "z-score": "Above chance (SD)",
}


@dataclass(frozen=True, slots=True)
class CorrelogramBlock:
    """Counts of one selection.

    bins : as counted, on the sample grid; logarithmic ones are of positive lags only
    counts : (n, n, n_bins) float32, cell by cell: spikes of the column's cluster by lag after those of the row's
    chance : (n, n) float64, pairs by second of lag if the clusters fired independently of each other
    n_spikes : (n,) int; n_short : (n,) int, intervals below the refractory period
    """

    bins: LagBins | LogLagBins
    counts: FloatArray
    chance: FloatArray
    n_spikes: IntArray
    n_short: IntArray

    @property
    def logarithmic(self) -> bool:
        """Whether places on the axis are powers of ten."""
        return isinstance(self.bins, LogLagBins)

    @property
    def edges(self) -> FloatArray:
        """(n_bins + 1,) float64, places on the axis: ms, or log10 of ms."""
        edges_ms = 1e3 * self.bins.edges_s
        return np.log10(edges_ms) if self.logarithmic else edges_ms

    def at(self, place: float) -> int | None:
        """Return the bin at a place on the axis, or None."""
        edges = self.edges
        if not edges[0] <= place <= edges[-1]:
            return None
        return min(int(np.searchsorted(edges, place, side="right")) - 1, self.bins.n_bins - 1)

    def short_share(self, row: int) -> float | None:
        """Return the part of the intervals of a cluster that are below the refractory period, None without any."""
        n = int(self.n_spikes[row]) - 1
        return int(self.n_short[row]) / n if n > 0 else None


@dataclass(frozen=True, slots=True)
class Heights:
    """What is drawn of each cell, (n * n, n_bins) float64; lines : what chance would give.

    title : of the axis; whole : heights are counts; floors : (n * n,) value at height 0 of a logarithmic axis, or empty
    """

    bars: FloatArray
    lines: FloatArray
    title: str
    whole: bool
    floors: tuple[float, ...] = ()

    def spans(self, *, same_scale: bool, headroom: float) -> FloatArray:
        """Return the lowest and the highest height in sight, (n * n, 2); headroom : highest, as part of the largest."""
        if not self.bars.size:
            return np.tile([0.0, 1.0], (len(self.bars), 1))
        tops = np.maximum(np.maximum(self.bars, self.lines).max(axis=1), 0.0)
        lows = np.minimum(self.bars.min(axis=1), 0.0)
        if same_scale:
            tops[:], lows[:] = tops.max(), lows.min()
        tops[tops == lows] = 1.0
        free = (headroom - 1) * (tops - lows)
        return np.stack([1.08 * lows, tops + free], axis=1)


def heights(
    block: CorrelogramBlock,
    normalization: str,
    *,
    log_counts: bool = False,
    same_scale: bool = False,
    floors: FloatArray | None = None,
) -> Heights:
    """Return heights in a normalisation; "automatic" is a rate for one cluster or on a logarithmic axis, else counts.

    Widths of logarithmic bins differ, so that only what does not depend on them shows the shape. A z-score is the
    distance from chance in standard deviations of a Poisson count; it may be negative and has no logarithm.

    floors : (n * n,) value at height 0 of a logarithmic axis; by default half of the lowest of each cell
    """
    n = len(block.n_spikes)
    kind = normalization
    if kind == "automatic":
        kind = "rate" if n == 1 or block.logarithmic else "count"
    widths = np.diff(block.bins.edges_s)
    counts = block.counts.reshape(n * n, -1).astype(np.float64)
    expected = block.chance.reshape(n * n, 1) * widths
    if kind == "rate":
        exposure = np.repeat(np.maximum(block.n_spikes, 1), n)[:, None] * widths
        bars, lines = counts / exposure, expected / exposure
    elif kind == "ratio":
        bars, lines = counts / np.maximum(expected, 1e-300), np.ones_like(counts)
        bars[expected == 0] = 0
    elif kind == "z-score":
        bars, lines = (counts - expected) / np.sqrt(np.maximum(expected, 1e-300)), np.zeros_like(counts)
        bars[expected == 0] = 0
    else:
        bars, lines = counts, expected
    if log_counts and kind != "z-score":
        return _logarithmic(bars, lines, _TITLES[kind], _floors(bars, lines, same_scale) if floors is None else floors)
    return Heights(bars, lines, _TITLES[kind], kind == "count")


def _floors(bars: FloatArray, lines: FloatArray, same_scale: bool) -> FloatArray:
    """Return half of the lowest height that is not 0, so that the lowest bar is seen."""
    both = np.concatenate([bars, lines], axis=1)
    floors = np.where(both > 0, both, np.inf).min(axis=1, initial=np.inf) / 2
    floors[~np.isfinite(floors)] = np.inf
    if same_scale:
        floors[:] = floors.min(initial=np.inf)
    floors[~np.isfinite(floors)] = 0.5
    return floors


def _logarithmic(bars: FloatArray, lines: FloatArray, title: str, floors: FloatArray) -> Heights:
    """Return powers of ten above the floors."""
    bars, lines = (np.log10(np.maximum(part / floors[:, None], 1.0)) for part in (bars, lines))
    return Heights(bars, lines, title, False, tuple(floors.tolist()))
