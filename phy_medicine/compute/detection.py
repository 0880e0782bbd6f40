"""Peaks of a recording: samples that reach a threshold, and that none near them, in time and on the probe, exceeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.compute import _kernels_detection
from phy_medicine.compute.filtered_recording import FilteredRecording
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.peak_settings import CRESTS, TROUGHS

_MAD = 0.6744897501960817  # median absolute deviation of a normal distribution of s.d. 1
_N_LOOKS, _LOOK_S = 20, 0.1


@dataclass(frozen=True, slots=True)
class DetectedPeaks:
    """Peaks in the order of time, then of channels.

    samples : (n,) int64; channel_ids : (n,) int64, where each is largest; amplitudes : (n,) float32, signed
    """

    samples: IntArray
    channel_ids: IntArray
    amplitudes: FloatArray


@dataclass(frozen=True, slots=True)
class PeakDetector:
    """Finds peaks in pieces of a signal; which ones does not depend on the pieces. Safe in any thread.

    A candidate is a sample that reaches the threshold of its channel, is beyond the sample before it and not within
    the one after it. It is a peak if no other candidate near it is larger in units of its channel's threshold; of
    equally large ones the first, then that of the lowest channel.

    thresholds : (n_channels,) float32, unit of the signal; infinite on a channel that is left out
    near : (n_channels, n_channels) uint8, 1 where two channels exclude each other
    exclude_samples : candidates so far from each other in time exclude each other
    sign : "troughs", "crests" or "both"
    """

    thresholds: FloatArray
    near: IntArray
    exclude_samples: int
    sign: str = TROUGHS

    @classmethod
    def of(
        cls, contacts: Contacts, noise: AnyArray, *, threshold: float, radius_um: float, exclude_samples: int,
        sign: str = TROUGHS,
    ) -> PeakDetector:  # fmt: skip
        """Make a detector for a probe.

        Parameters
        ----------
        noise : (n_channels,), unit of the signal; a channel without noise has no peaks
        threshold : in units of the noise
        radius_um : channels of one shank so far from each other exclude each other
        """
        levels = np.asarray(noise, dtype=np.float32) * np.float32(threshold)
        near = np.stack([contacts.distances(c) <= radius_um + 1e-6 for c in range(contacts.n_channels)])
        thresholds = np.where(levels > 0, levels, np.float32(np.inf))
        return cls(frozen(thresholds), frozen(near.astype(np.uint8)), exclude_samples, sign)

    @property
    def margin(self) -> int:
        """Samples on either side that decide about a peak."""
        return self.exclude_samples + 1

    def detect(self, signal: FloatArray, first: int = 0, stop: int | None = None) -> DetectedPeaks:
        """Return the peaks in some rows of a signal, by row.

        Parameters
        ----------
        signal : (n_samples, n_channels) float32, contiguous. The rows up to `margin` before and after those that are
            asked for take part; at the ends of a recording there are none, and its first and last sample are no peak
        first, stop : rows that are asked for; all without them
        """
        stop = len(signal) if stop is None else stop
        rows, channel_ids = self._candidates(signal, first - self.exclude_samples, stop + self.exclude_samples)
        return self.largest(rows, channel_ids, signal[rows, channel_ids], first, stop)

    def largest(
        self, rows: IntArray, channel_ids: IntArray, amplitudes: FloatArray, first: int, stop: int
    ) -> DetectedPeaks:
        """Return the candidates in some rows that no other near them exceeds.

        Parameters
        ----------
        rows, channel_ids : (n,) int64 and amplitudes : (n,) float32, of the candidates in the order of rows, then of
            channels; with those up to `exclude_samples` before and after the rows that are asked for
        """
        sizes = np.abs(amplitudes) / self.thresholds[channel_ids]
        kept = np.empty(len(rows), dtype=np.uint8)
        _kernels_detection.keep(rows, channel_ids, sizes, self.near, self.exclude_samples, first, stop, kept)
        which = kept.astype(bool)
        return DetectedPeaks(rows[which], channel_ids[which], amplitudes[which])

    def limits(self) -> tuple[FloatArray, FloatArray]:
        """Return what troughs and crests of each channel reach, (n_channels,) each; infinite for none."""
        none = np.full_like(self.thresholds, np.inf)
        return -self.thresholds if self.sign != CRESTS else -none, self.thresholds if self.sign != TROUGHS else none

    def _candidates(self, signal: FloatArray, first: int, stop: int) -> tuple[IntArray, IntArray]:
        low, high = self.limits()
        room, n_found = max(1024, signal.size // 256), np.zeros(1, dtype=np.int64)
        while True:
            rows, channel_ids = np.empty(room, np.int64), np.empty(room, np.int64)
            _kernels_detection.find(signal, low, high, first, stop, rows, channel_ids, n_found)
            if n_found[0] <= room:
                return rows[: n_found[0]], channel_ids[: n_found[0]]
            room = int(n_found[0])


def noise_levels(signal: FloatArray) -> FloatArray:
    """Return the noise of each channel, (n_channels,) float32: the s.d. of which spikes, being rare, are no part.

    It is the median absolute deviation from the median, over that of a normal distribution of s.d. 1.
    """
    rows = np.ascontiguousarray(signal.T)
    away = np.abs(rows - np.median(rows, axis=1, keepdims=True))
    return np.asarray(np.median(away, axis=1) / _MAD, dtype=np.float32)


def recording_noise(recording: FilteredRecording) -> FloatArray:
    """Return the noise of each channel of a recording, (n_channels,) float32: the mean over 20 looks of 0.1 s."""
    n_samples = recording.recording.n_samples
    length = max(1, min(n_samples, int(_LOOK_S * recording.recording.sample_rate)))
    levels = []
    for start in np.unique(np.linspace(0, n_samples - length, _N_LOOKS).astype(np.int64)).tolist():
        signal, begin = recording.read(start, start + length)
        levels.append(noise_levels(signal[start - begin : start - begin + length]))
    return np.asarray(np.mean(levels, axis=0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class SearchedPiece:
    """A piece of a recording and its peaks.

    signal : (n_samples, n_channels) float32, filtered, with what peaks at its ends need
    begin : sample of its first row
    peaks : by sample of the recording
    start, stop : samples of the recording in which peaks were looked for
    """

    signal: FloatArray
    begin: int
    peaks: DetectedPeaks
    start: int
    stop: int


def search(
    recording: FilteredRecording, detector: PeakDetector, reach: int = 0, *, within: tuple[int, int] | None = None
) -> Iterator[SearchedPiece]:
    """Go through a recording and find its peaks, piece by piece.

    reach : samples on either side of a peak that are needed for something else, such as its position
    within : stretch in which peaks are looked for, samples; what lies around it is read as far as it is needed
    """
    reach = max(reach, detector.margin)
    bounds = recording.bounds(4 * reach, within=within).tolist()
    for start, stop in pairwise(bounds):
        signal, begin = recording.read(start, stop, reach)
        found = detector.detect(signal, start - begin, stop - begin)
        peaks = DetectedPeaks(found.samples + begin, found.channel_ids, found.amplitudes)
        yield SearchedPiece(signal, begin, peaks, start, stop)
