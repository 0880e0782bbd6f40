"""Where the spikes of a cluster are seen, judged by the raw data: for a Kwik file without its `.kwx`."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.io.model import WaveformRule
from phy_medicine.io.traces import Traces

_SHARE = 0.25  # of the amplitude on the peak channel, from which on a channel counts
_N_SAMPLED = 60  # each costs one seek in the raw data


class WaveformMasks:
    """Mean waveforms stand in for masks and features; see `io.model.Masks`."""

    def __init__(self, traces: Traces, samples: IntArray, rule: WaveformRule) -> None:
        self._traces = traces
        self._samples = samples
        self._rule = rule

    def best_channels(self, spike_ids: IntArray) -> IntArray:
        """Return the channels where the mean waveform has a quarter of its largest amplitude or more, largest first."""
        heights = np.ptp(self._mean(spike_ids), axis=0)
        order: IntArray = np.argsort(-heights, kind="stable")
        return order[: max(1, int(np.count_nonzero(heights >= _SHARE * heights.max())))]

    def mean_features(self, spike_ids: IntArray) -> FloatArray:
        """Return the mean waveform on all channels, flat, (n_samples * n_channels,) float32."""
        return self._mean(spike_ids).reshape(-1)

    def _mean(self, spike_ids: IntArray) -> FloatArray:
        """(n_samples, n_channels) float32, filtered: the filter of a mean is the mean of the filtered."""
        rule = self._rule
        ids = np.asarray(spike_ids, dtype=np.int64)
        if len(ids) > _N_SAMPLED:
            ids = ids[np.linspace(0, len(ids) - 1, _N_SAMPLED).astype(np.int64)]
        n = rule.before + rule.after + 2 * rule.margin
        mean = self._traces.read_many(self._samples[ids] - rule.before - rule.margin, n).mean(axis=0, dtype=np.float64)
        mean -= np.median(mean, axis=0)
        if rule.filtered and rule.band_hz is not None:
            mean = self._filtered(mean, rule.band_hz)
        out: FloatArray = mean[rule.margin : n - rule.margin].astype(np.float32)
        return out

    def _filtered(self, data: FloatArray, band_hz: tuple[float, float]) -> FloatArray:
        from scipy.signal import butter, filtfilt

        nyquist = self._traces.sample_rate / 2
        band = band_hz[0] / nyquist, min(band_hz[1] / nyquist, 0.999)
        b, a = butter(self._rule.order, band, "bandpass")
        padding = min(3 * max(len(a), len(b)), len(data) - 1)
        out: FloatArray = filtfilt(b, a, data, axis=0, padlen=padding)
        return out
