"""What an amplitude view draws: spikes of the selected clusters, those behind them, histograms and quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.session.blocks import Amplitudes
from phy_medicine.views.amplitude_kinds import AmplitudeKind

N_BINS = 100
FRACTIONS = (0.05, 0.5, 0.95)
# Quantiles of more spikes look the same, and cost a millisecond for 50,000.
_RANGE_SPIKES = 20_000


@dataclass(frozen=True, slots=True)
class AmplitudeBlock:
    """Spikes of the selected clusters and of those behind them; in order of time when they are few.

    times_s, values : (n,) float32; rows : (n,) uint8, the cluster's place in the selection; spike_ids : (n,) int
    background_s, background_values : (m,) float32; n_behind : spikes behind, shown or not
    histograms : (n_clusters, N_BINS) float32 spikes by bin of `y_range`
    quantiles : (n_clusters, 3, n_time_bins) float64 of `FRACTIONS`, NaN where there are few spikes, or no time bins
    n_total : spikes of the clusters, shown or not; more : others can be shown once they are measured
    """

    kind: AmplitudeKind
    n_total: int
    times_s: FloatArray
    values: FloatArray
    rows: IntArray
    spike_ids: IntArray
    background_s: FloatArray
    background_values: FloatArray
    n_behind: int
    histograms: FloatArray
    y_range: tuple[float, float]
    quantiles: FloatArray
    more: bool = False


def amplitude_range(values: FloatArray) -> tuple[float, float]:
    """Return the 1..99 % quantiles widened to hold 0, and by a tenth at the data's side."""
    if len(values) == 0:
        return 0.0, 1.0
    low, high = np.quantile(values[:: max(1, len(values) // _RANGE_SPIKES)], (0.01, 0.99))
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    if low == high:
        return 0.0, 1.0
    edge = 0.1 * (high - low)
    return (low - edge if low < 0 else 0.0), (high + edge if high > 0 else 0.0)


def joined(parts: Sequence[Amplitudes]) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return times and values as float32, and spike ids, of several clusters in one array each."""
    if not parts:
        return np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64)
    times = np.concatenate([part.times_s for part in parts], dtype=np.float32, casting="same_kind")
    values = np.concatenate([part.values for part in parts], dtype=np.float32, casting="same_kind")
    return times, values, np.concatenate([part.spike_ids for part in parts])


def histograms(values: Sequence[FloatArray], y_range: tuple[float, float]) -> FloatArray:
    """Return how many values of each cluster are in each bin of a range, (n_clusters, N_BINS) float32."""
    low, high = y_range
    counts = np.zeros((len(values), N_BINS), dtype=np.float32)
    for row, cluster in enumerate(values):
        bins = ((cluster - low) * (N_BINS / max(high - low, 1e-12))).astype(np.int64)
        counts[row] = np.bincount(bins[(bins >= 0) & (bins < N_BINS)], minlength=N_BINS)
    return counts
