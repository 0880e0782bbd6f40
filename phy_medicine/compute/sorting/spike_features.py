"""Spikes before there are templates: peaks of the data, and their waveforms on the channels around in a few shapes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.detection import PeakDetector
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting.filter_bank import BankDetector
from phy_medicine.compute.sorting.spilled_rows import SpilledRows
from phy_medicine.compute.sorting.stretch_data import Data, detect, windows

RADIUS_UM = 60.0
"""Peaks so near to each other on the probe, and within EXCLUDE_MS, are one."""
EXCLUDE_MS = 0.5
AROUND_UM = 95.0
"""Along the probe, of the channels whose waveforms are kept of a peak."""
N_SHAPES = 6
_MOST_SLOTS = 32
_SAMPLE = 20_000


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks with their surroundings.

    samples, channels : (n,) int64, of the trough; amplitudes : (n,) float32
    features : (n, C, P) float32 on `around[channels]`, of which some rows at a time are taken
    around : (N, C) int64, the channels around each, -1 for none
    shapes : (P, D) float32, orthonormal rows, the trough at the same sample of each
    """

    samples: IntArray
    channels: IntArray
    amplitudes: FloatArray
    features: FloatArray | SpilledRows
    around: IntArray
    shapes: FloatArray


class PeakFinder:
    """Finds peaks in stretches of whitened data and takes their features; safe in any thread.

    Parameters
    ----------
    detector : of the peaks, a threshold on each channel (`threshold_detector`) or a bank of filters
    width, trough : of a waveform, samples
    shapes : of earlier peaks; None as long as none are known, then only snippets of the peak's channel are taken
    """

    def __init__(
        self, contacts: Contacts, detector: PeakDetector | BankDetector, *, width: int, trough: int,
        shapes: FloatArray | None = None,
    ) -> None:  # fmt: skip
        self._detector = detector
        self._width, self._trough, self.shapes = width, trough, shapes
        self.around = channels_around(contacts)

    def snippets(self, data: Data, first: int, stop: int) -> FloatArray:
        """Return the waveforms (n, D) of the peaks of some columns of data (N, T), each on its own channel."""
        times, channels, _ = self._peaks(data, first, stop)
        own = np.arange(len(self.around))[:, None]
        return windows(data, times - self._trough, channels, own, self._width)[:, 0]

    def find(self, data: Data, first: int, stop: int) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Return columns, channels, amplitudes and features of the peaks of some columns of data (N, T)."""
        assert self.shapes is not None
        times, channels, amplitudes = self._peaks(data, first, stop)
        cut = windows(data, times - self._trough, channels, self.around, self._width)
        return times, channels, amplitudes, cut @ self.shapes.T

    def _peaks(self, data: Data, first: int, stop: int) -> tuple[IntArray, IntArray, FloatArray]:
        found = detect(self._detector, data, first, stop)
        whole = (found.samples >= self._trough) & (found.samples + self._width - self._trough <= data.shape[1])
        return found.samples[whole], found.channel_ids[whole], found.amplitudes[whole]


def threshold_detector(contacts: Contacts, sample_rate: float, threshold: float, sign: str) -> PeakDetector:
    """Return what finds samples that reach a threshold on their channel, in standard deviations of the noise.

    sign : "troughs" or "both"
    """
    noise = np.ones(contacts.n_channels, np.float32)
    return PeakDetector.of(
        contacts, noise, threshold=threshold, radius_um=RADIUS_UM, exclude_samples=exclude_samples(sample_rate),
        sign=sign,
    )  # fmt: skip


def exclude_samples(sample_rate: float) -> int:
    """Return how near in time peaks are one, samples."""
    return max(1, round(EXCLUDE_MS * sample_rate / 1000))


def channels_around(contacts: Contacts) -> IntArray:
    """Return the channels around each, (N, C) int64, nearest first, -1 for none."""
    positions = contacts.positions_um
    rows = []
    for channel in range(contacts.n_channels):
        away = contacts.distances(channel)
        near = np.abs(positions[:, 1] - positions[channel, 1]) <= AROUND_UM
        near &= np.abs(positions[:, 0] - positions[channel, 0]) <= AROUND_UM
        ids = np.flatnonzero(near & np.isfinite(away))
        rows.append(ids[np.argsort(away[ids], kind="stable")][:_MOST_SLOTS])
    out = np.full((len(rows), max(map(len, rows))), -1, np.int64)
    for channel, ids in enumerate(rows):
        out[channel, : len(ids)] = ids
    return out


def shapes_of(snippets: FloatArray, n_shapes: int = N_SHAPES) -> FloatArray:
    """Return the principal shapes of waveforms (n, D), (P, D) float32 with orthonormal rows."""
    some = snippets[:: max(1, len(snippets) // _SAMPLE)].astype(np.float64)
    _, vectors = np.linalg.eigh(some.T @ some)
    shapes = vectors[:, ::-1][:, :n_shapes].T
    # Either sign is right; which one comes out must not hang on last bits.
    largest = np.abs(shapes).argmax(axis=1)
    signs = np.sign(shapes[np.arange(len(shapes)), largest])
    return np.ascontiguousarray(shapes * signs[:, None], dtype=np.float32)


class PeakList:
    """Peaks of stretches, put together as they are found; their features go to a file.

    finder : that finds them, and knows shapes; folder : of the file, see `SpilledRows`
    """

    def __init__(self, finder: PeakFinder, folder: Path | None = None) -> None:
        assert finder.shapes is not None
        self._finder, self._shapes = finder, finder.shapes
        self._features = SpilledRows((finder.around.shape[1], len(finder.shapes)), folder)
        self._parts: list[tuple[IntArray, IntArray, FloatArray]] = [
            (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
        ]

    def add(self, found: tuple[IntArray, IntArray, FloatArray, FloatArray]) -> None:
        """Add what a finder found; the columns must be samples already.

        Raises
        ------
        OSError : disk full
        """
        *columns, features = found
        self._parts.append(tuple(columns))
        self._features.append(features)

    def peaks(self) -> Peaks:
        """Return all of them."""
        columns = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        return Peaks(*columns, self._features, self._finder.around, self._shapes)
