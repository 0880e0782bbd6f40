"""A look at a recording before it is sorted: a moment of it, filtered and whitened, with spikes above a threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.detection import PeakDetector
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.peak_settings import BOTH
from phy_medicine.compute.sorters.recorded import Stretch
from phy_medicine.compute.sorting.preprocess import FilteredChannels, SortingRecording
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.source import SortSource, open_source

NOISE_S = 2.0
"""Of so much in the middle of the recording the noise is learned; a sort learns it of all of it."""
RADIUS_UM, EXCLUDE_MS = 75.0, 0.8
_FLAT, _FLAT_S = 1e-6, 0.2
_OF_NOISE = ("band_pass", "low_hz", "high_hz", "common_reference")
"""Settings with which the noise becomes another one."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of a recording, as it looks before and after the noise is made white.

    start_s : where it begins; sample_rate : Hz
    filtered : (n_samples, n_channels) float32, µV; whitened : the same shape, standard deviations of the noise
    peaks : (n,) int64, rows; peak_channels : (n,) int64; sizes : (n,) float32, standard deviations
    """

    start_s: float
    sample_rate: float
    filtered: FloatArray
    whitened: FloatArray
    peaks: IntArray
    peak_channels: IntArray
    sizes: FloatArray


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of a recording.

    facts : what it is, a sentence; notes : about its channels
    duration_s : its length; positions_um : (n_channels, 2); shanks : (n_channels,)
    flat : channels that never change in this stretch; they are left out of the whitening
    """

    facts: str
    notes: tuple[str, ...]
    duration_s: float
    positions_um: FloatArray
    shanks: IntArray
    flat: IntArray
    moment: Moment


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A recording whose noise is known.

    living : channels that are not flat; signal, matrix : of these, filtered, and what makes their noise white
    """

    source: SortSource
    living: IntArray
    flat: IntArray
    signal: FilteredChannels | None
    matrix: FloatArray

    @classmethod
    def of(cls, source: SortSource, settings: SortingSettings) -> _Prepared:
        n_samples, rate = source.recorded.n_samples, source.recorded.sample_rate
        length = min(round(NOISE_S * rate), n_samples)
        begin = (n_samples - length) // 2
        near = Stretch(source.recorded, begin, begin + length)
        raw = np.asarray(near.read(0, min(length, round(_FLAT_S * rate))))[:, source.channels.map]
        flat = np.ptp(raw, axis=0) <= _FLAT
        living, none = np.flatnonzero(~flat), np.zeros((0, 0), np.float32)
        if not len(living):
            return cls(source, living, np.flatnonzero(flat), None, none)
        some = source.channels
        some = replace(some, map=some.map[living], positions=some.positions[living], shanks=some.shanks[living])
        matrix = SortingRecording.of(near, some, settings, gain_uv=source.gain_uv).whitening.matrix
        signal = FilteredChannels.of(source.recorded, some, settings, gain_uv=source.gain_uv)
        return cls(source, living, np.flatnonzero(flat), signal, matrix)

    def moment(self, settings: SortingSettings, first: int, n: int) -> Moment:
        """Return samples first to first + n."""
        channels, rate = self.source.channels, self.source.recorded.sample_rate
        filtered, whitened = np.zeros((2, n, len(channels.map)), np.float32)
        if self.signal is None:
            nothing = np.zeros(0, np.int64)
            return Moment(first / rate, rate, filtered, whitened, nothing, nothing, np.zeros(0, np.float32))
        filtered[:, self.living] = self.signal.read(first, first + n)
        white = np.ascontiguousarray((self.matrix @ filtered[:, self.living].T).T)
        whitened[:, self.living] = white
        detector = _detector(channels.positions[self.living], channels.shanks[self.living], settings, rate)
        found = detector.detect(white)
        peaks = self.living[found.channel_ids]
        return Moment(first / rate, rate, filtered, whitened, found.samples, peaks, np.abs(found.amplitudes))


class Previewer:
    """Keeps the recording it looked at last open, and what it learned of its noise; for one thread at a time."""

    def __init__(self) -> None:
        self._open: tuple[RecordingFile, SortSource] | None = None
        self._known: tuple[tuple[Any, ...], _Prepared] | None = None

    def look(self, file: RecordingFile, settings: SortingSettings, part: float, length_s: float) -> Look:
        """Return a look at a recording.

        Parameters
        ----------
        part : where in the recording, 0 at its begin to 1 at its end
        length_s : how much to look at

        Raises
        ------
        PhyMedError : it cannot be read or sorted; the sentence says why
        """
        source = self._source(file)
        prepared = self._prepared(file, source, settings)
        recorded, rate = source.recorded, source.recorded.sample_rate
        n = min(max(round(length_s * rate), 1), recorded.n_samples)
        first = round(min(max(part, 0.0), 1.0) * (recorded.n_samples - n))
        return Look(
            _facts(source), source.notes, recorded.n_samples / rate, source.channels.positions, source.channels.shanks,
            prepared.flat, prepared.moment(settings, first, n),
        )  # fmt: skip

    def _source(self, file: RecordingFile) -> SortSource:
        if self._open is None or self._open[0] != file:
            self._open = None
            self._open = (file, open_source(file))
        return self._open[1]

    def _prepared(self, file: RecordingFile, source: SortSource, settings: SortingSettings) -> _Prepared:
        key = (file, *(getattr(settings, name) for name in _OF_NOISE))
        if self._known is None or self._known[0] != key:
            self._known = None
            self._known = (key, _Prepared.of(source, settings))
        return self._known[1]


def _facts(source: SortSource) -> str:
    recorded, raw = source.recorded, source.raw
    seconds = recorded.n_samples / recorded.sample_rate
    n_shanks = len(np.unique(source.channels.shanks))
    shanks = f" on {n_shanks} shanks" if n_shanks > 1 else ""
    sorted_ = len(source.channels.map)
    of = f"{sorted_} of {raw.n_channels} channels" if sorted_ != raw.n_channels else f"{sorted_} channels"
    length = f"{seconds:,.1f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"
    return f"{of}{shanks}, {length} at {recorded.sample_rate:,.0f} Hz"


def _detector(positions: AnyArray, shanks: IntArray, settings: SortingSettings, rate: float) -> PeakDetector:
    return PeakDetector.of(
        Contacts.of(positions, shanks), np.ones(len(positions)), threshold=settings.detect_threshold,
        radius_um=RADIUS_UM, exclude_samples=round(EXCLUDE_MS * rate / 1000), sign=BOTH,
    )  # fmt: skip
