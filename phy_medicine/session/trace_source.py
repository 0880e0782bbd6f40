"""Stretches of the recording as they are shown: without offset, and filtered."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.signal_filters import NONE, common_median
from phy_medicine.io.model import Model
from phy_medicine.session.blocks import DataMissing, Trace
from phy_medicine.session.signal_filters import SignalFilters

# Samples for the median of a channel: it is off by a twentieth of the noise, and costs 0.03 ms instead of 0.8.
MEDIAN_SAMPLES = 500


class TraceSource:
    """Reads traces of one dataset; without state, so safe in any thread."""

    def __init__(self, model: Model, filters: SignalFilters | None = None) -> None:
        self._model = model
        self.filters = filters or SignalFilters()

    @property
    def rate(self) -> float:
        """Samples by second."""
        return self._model.sample_rate

    @property
    def n_channels(self) -> int:
        """Channels of the recording that are shown anywhere."""
        return self._model.n_channels

    @property
    def n_samples(self) -> int:
        """Length of the recording.

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        if self._model.traces is None:
            raise DataMissing(self._model.traces_missing)
        return self._model.traces.n_samples

    def read(self, start_s: float, stop_s: float, channel_ids: IntArray, *, filter: str) -> Trace:
        """Return every sample of a stretch; `filter` is a name of `filters`.

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        start, stop = round(start_s * self.rate), round(stop_s * self.rate)
        data = without_offset(self.samples(start, stop, channel_ids, filter), filter)
        return Trace(start / self.rate, frozen(data), channel_ids, self.rate)

    def samples(self, start: int, stop: int, channel_ids: IntArray, filter: str) -> FloatArray:
        """Return the samples [start, stop), filtered; raw ones with their offset, so that pieces fit each other.

        Before and after the recording the signal is taken to rest at its median.

        Returns
        -------
        (stop - start, n_channels) float32

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        how, n_samples, traces = self.filters[filter], self.n_samples, self._model.traces
        assert traces is not None
        margin = how.margin(self.rate)
        first, last = start - margin, stop + margin
        # Taking every column of a file one by one is a third of the time.
        every = len(channel_ids) == self.n_channels and bool((channel_ids == np.arange(self.n_channels)).all())
        raw = traces.read(first, last, None if how.all_channels or every else channel_ids)
        low, high = min(max(-first, 0), len(raw)), min(max(n_samples - first, 0), len(raw))
        data: FloatArray = raw.astype(np.float32)
        offset = _median(data[low:high])
        data[:low], data[high:] = offset, offset
        if how.name == NONE:
            return data
        data -= offset
        if how.common:
            data = data[:, channel_ids] - common_median(data)
        filtered: FloatArray = how.apply(data, self.rate)[margin : len(data) - margin]
        return filtered[:, channel_ids] if how.all_channels and not (how.common or every) else filtered


def without_offset(data: FloatArray, filter: str) -> FloatArray:
    """Return raw samples less the median of each channel; filtered ones have no offset."""
    return data - _median(data) if filter == "none" else data


def _median(data: FloatArray) -> FloatArray:
    if not len(data):
        return np.zeros(data.shape[1], dtype=np.float32)
    median: FloatArray = np.median(data[:: max(1, len(data) // MEDIAN_SAMPLES)], axis=0).astype(np.float32)
    return median
