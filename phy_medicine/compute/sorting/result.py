"""What a sorter found in a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.whitening import Whitening


@dataclass(frozen=True, slots=True)
class SortedChannels:
    """The channels that were sorted, one row for each.

    map : (N,) int64, column of the raw file; positions : (N, 2) float64, um; shanks : (N,) int32
    left_out : column of the raw file -> reason, of the channels that were not
    """

    map: IntArray
    positions: FloatArray
    shanks: IntArray
    left_out: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SortedSpikes:
    """Spikes in the order of time, then of unit.

    times : (n,) int64, samples, of the trough; units : (n,) int32, row of the templates
    amplitudes : (n,) float32; times the template it is the spike, whitened
    gains : (n,) float32, nats, what each is worth
    residuals : (n,) float32, energy left unexplained in the template's window, per channel and sample
    features : (n, P, C) float32, of the spike without the other units, on `Sorting.feature_channels` of its unit
    """

    times: IntArray
    units: IntArray
    amplitudes: FloatArray
    gains: FloatArray
    residuals: FloatArray
    features: FloatArray


@dataclass(frozen=True, slots=True)
class Sorting:
    """What a sorter found.

    templates : (K, N, D) float32, whitened, norm 1, in the order of depth; trough : sample of it within D
    feature_channels : (K, C) int32, -1 for none; feature_shapes : (P, D) float32, orthonormal rows
    units : name -> (K,) array, the table of the units: `label`, `reason` and the metrics
    suggested_merges : (unit, unit, score, reason) of pairs that may be one unit
    motion : arrays `time_bins_s`, `depth_bins_um`, `displacement_um` (n_times, n_depths); empty without
    log_likelihood : (n_passes,) per data point
    timings : stage -> seconds
    """

    spikes: SortedSpikes
    templates: FloatArray
    trough: int
    feature_channels: IntArray
    feature_shapes: FloatArray
    units: Mapping[str, AnyArray]
    suggested_merges: tuple[tuple[int, int, float, str], ...]
    channels: SortedChannels
    whitening: Whitening
    sample_rate: float
    n_samples: int
    settings: SortingSettings
    motion: Mapping[str, AnyArray] = field(default_factory=dict)
    log_likelihood: FloatArray | None = None
    timings: Mapping[str, Any] = field(default_factory=dict)
