"""A raw recording as it is searched for spikes: filtered piece by piece, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.filtering import channel_means
from phy_medicine.compute.signal_filters import SignalFilter, common_median
from phy_medicine.io.traces import Recorded as Recorded

PIECE_BYTES = 8 << 20
"""Of the filtered signal of a piece, which then mostly stays in the cache; some four times as much is in use."""


@dataclass(frozen=True, slots=True)
class FilteredRecording:
    """A recording and what is done to it; its common median is removed after the filter. Safe in any thread."""

    recording: Recorded
    filter: SignalFilter

    def bounds(
        self, least: int = 1, piece_bytes: int = PIECE_BYTES, *, within: tuple[int, int] | None = None
    ) -> IntArray:
        """Return where pieces of this size begin, (n_pieces + 1,) samples; the last number is where they end.

        least : samples of a piece at least, whatever the number of channels
        within : stretch that is divided, samples; the whole recording without
        """
        start, stop = within or (0, self.recording.n_samples)
        length = max(piece_bytes // (4 * max(1, self.recording.n_channels)), least, 1)
        return np.append(np.arange(start, stop, length), stop)

    def read(self, start: int, stop: int, reach: int = 0, *, near: IntArray | None = None) -> tuple[FloatArray, int]:
        """Return the signal of a stretch and so many samples around it, and the sample of its first row.

        near : (n,) samples; only the rows within `reach` of one are wanted, the others may keep their common median

        Returns
        -------
        signal : (n_samples, n_channels) float32; it ends where the recording ends
        begin : int. Rows beyond `reach` are there for the filter to settle in, and are not exact
        """
        margin = reach + self.filter.margin(self.recording.sample_rate)
        begin, end = max(start - margin, 0), min(stop + margin, self.recording.n_samples)
        raw = self.recording.read(begin, end)
        # The filter starts at rest; an offset would ring at the first sample.
        offsets = channel_means(raw) if self.filter.high_pass_hz else None
        signal = self.filter.apply(raw, self.recording.sample_rate, offsets=offsets)
        if self.filter.common:
            # What is read may be the caller's own array.
            signal = signal.copy() if np.may_share_memory(signal, raw) else signal
            if near is None:
                signal -= common_median(signal)
            else:
                # Most of the time goes into the median.
                wanted = _rows_near(near - begin, reach, len(signal))
                some = signal[wanted]
                signal[wanted] = some - common_median(some)
        return np.ascontiguousarray(signal), begin


def _rows_near(rows: IntArray, reach: int, n_rows: int) -> IntArray:
    """Return the rows within reach of some, in order."""
    begins = np.bincount(np.clip(rows - reach, 0, n_rows), minlength=n_rows + 1)
    ends = np.bincount(np.clip(rows + reach + 1, 0, n_rows), minlength=n_rows + 1)
    return np.flatnonzero(np.cumsum(begins - ends)[:n_rows])
