"""Records that the session hands to views: arrays with their meaning, never the model itself."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray


class DataMissing(PhyMedError):
    """What a view wants to show does not exist in this dataset; the sentence is shown in the view."""


@dataclass(frozen=True, slots=True)
class Waveforms:
    """Filtered single-spike waveforms of one cluster.

    spike_ids : (n,) int; data : (n, n_samples, n_channels) float32, raw units; channel_ids : (n_channels,) int;
    n_before : samples before the spike; n_total : spikes of the cluster, drawn or not
    """

    spike_ids: IntArray
    data: FloatArray
    channel_ids: IntArray
    n_before: int
    n_total: int


@dataclass(frozen=True, slots=True)
class TemplateShape:
    """One sorter template with the number of spikes a cluster took from it.

    data : (n_samples, n_channels) float32, unwhitened; channel_ids : (n_channels,) int, best first
    """

    template_id: int
    count: int
    data: FloatArray
    channel_ids: IntArray


@dataclass(frozen=True, slots=True)
class Features:
    """PC scores of spikes on chosen channels.

    spike_ids : (n,) int; times_s : (n,) float64; data : (n, n_channels, n_pcs) float32, NaN where the spike has
    none; channel_ids : (n_channels,) int; n_total : spikes of the cluster, drawn or not
    """

    spike_ids: IntArray
    times_s: FloatArray
    data: FloatArray
    channel_ids: IntArray
    n_total: int


@dataclass(frozen=True, slots=True)
class Amplitudes:
    """One amplitude for each spike of a cluster.

    spike_ids : (n,) int ascending; times_s : (n,) float64; values : (n,) float32
    """

    spike_ids: IntArray
    times_s: FloatArray
    values: FloatArray


@dataclass(frozen=True, slots=True)
class Trace:
    """A stretch of the recording.

    start_s : time of the first sample; data : (n_samples, n_channels) float32; channel_ids : (n_channels,) int;
    unread : part that is not read yet, NaN in `data`
    """

    start_s: float
    data: FloatArray
    channel_ids: IntArray
    sample_rate: float
    unread: float = 0.0
