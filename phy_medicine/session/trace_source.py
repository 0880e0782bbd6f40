"""Stretches of the recording as they are shown: without offset, filtered, and no longer than a screen needs."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.filtering import highpass
from phy_medicine.compute.reduction import minmax_reduce
from phy_medicine.io.model import Model
from phy_medicine.session.blocks import DataMissing, Trace

# The filter forgets what was before it in less than this.
_MARGIN_S = 0.01
# Values filtered at a time; 16 MB of float32, whatever the length of the stretch.
_PIECE = 4_000_000
# Samples for the median of a channel: it is off by a twentieth of the noise, and costs 0.03 ms instead of 0.8.
_MEDIAN_SAMPLES = 500


class TraceSource:
    """Reads traces of one dataset; without state, so safe in any thread."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def read(self, start_s: float, stop_s: float, channel_ids: IntArray, *, filtered: bool) -> Trace:
        """Return a stretch of the recording, high-passed or with the median of each channel removed.

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        start, stop = self._samples(start_s, stop_s)
        data = self._piece(start, stop, channel_ids, filtered, None)
        return Trace(start / self._model.sample_rate, frozen(data), channel_ids, self._model.sample_rate)

    def read_reduced(
        self, start_s: float, stop_s: float, channel_ids: IntArray, n_points: int, *, filtered: bool
    ) -> Trace:
        """Return a stretch of the recording in at most `n_points` rows, in memory that its length does not decide.

        When it has more samples, rows are the minimum and the maximum of equal stretches in turn, `sample_rate` is
        that of the rows, and the last stretch may end a little after `stop_s`.

        Raises
        ------
        DataMissing : the dataset has no raw data
        """
        start, stop = self._samples(start_s, stop_s)
        most = max(1, n_points // 2)
        if stop - start <= 2 * most:
            return self.read(start_s, stop_s, channel_ids, filtered=filtered)
        offset = None if filtered else self._offset(start, stop, channel_ids)
        # Whole samples, the same in each stretch: otherwise rows would not be evenly spaced in time.
        length = -(-(stop - start) // most)
        n_columns = -(-(stop - start) // length)
        data = np.empty((2 * n_columns, len(channel_ids)), dtype=np.float32)
        step = max(1, _PIECE // (length * max(1, len(channel_ids))))
        for first in range(0, n_columns, step):
            last = min(first + step, n_columns)
            piece = self._piece(start + first * length, start + last * length, channel_ids, filtered, offset)
            data[2 * first : 2 * last] = minmax_reduce(piece, last - first)
        return Trace(start / self._model.sample_rate, frozen(data), channel_ids, 2 * self._model.sample_rate / length)

    def _samples(self, start_s: float, stop_s: float) -> tuple[int, int]:
        if self._model.traces is None:
            raise DataMissing(self._model.traces_missing)
        return round(start_s * self._model.sample_rate), round(stop_s * self._model.sample_rate)

    def _piece(
        self, start: int, stop: int, channel_ids: IntArray, filtered: bool, offset: FloatArray | None
    ) -> FloatArray:
        """(stop - start, n_channels) float32 without `offset`, by default the medians of the piece itself."""
        assert self._model.traces is not None
        margin = int(_MARGIN_S * self._model.sample_rate) if filtered else 0
        raw = self._model.traces.read(start - margin, stop + margin, channel_ids)
        if offset is None:
            offset = np.median(raw[:: max(1, len(raw) // _MEDIAN_SAMPLES)], axis=0).astype(np.float32)
        data: FloatArray = raw - offset
        return highpass(data, self._model.sample_rate)[margin : len(data) - margin] if filtered else data

    def _offset(self, start: int, stop: int, channel_ids: IntArray) -> FloatArray:
        """Median of each channel over a stretch, from short looks at it; (n_channels,) float32."""
        assert self._model.traces is not None
        looks = np.linspace(start, stop - 1, _MEDIAN_SAMPLES).astype(np.int64)
        values = self._model.traces.read_many(looks, 1, channel_ids)[:, 0]
        median: FloatArray = np.median(values, axis=0).astype(np.float32)
        return median
