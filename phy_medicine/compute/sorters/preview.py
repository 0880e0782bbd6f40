"""A look at a recording before it is sorted: a moment of it, filtered and whitened, with spikes above a threshold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.detection import PeakDetector
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.peak_settings import BOTH
from phy_medicine.compute.sorters.recorded import Stretch
from phy_medicine.compute.sorting.preprocess import SortingRecording
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.source import SortSource, open_source

NOISE_S = 4.0
"""Of so much around the moment the noise is learned; a sort learns it of the whole recording."""
RADIUS_UM, EXCLUDE_MS = 75.0, 0.8
_FLAT = 1e-6


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


class Previewer:
    """Keeps the recording it looked at last open; for one thread at a time."""

    def __init__(self) -> None:
        self._open: tuple[RecordingFile, SortSource] | None = None

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
        recorded, rate = source.recorded, source.recorded.sample_rate
        n = min(max(round(length_s * rate), 1), recorded.n_samples)
        first = round(min(max(part, 0.0), 1.0) * (recorded.n_samples - n))
        moment, flat = _moment(source, settings, first, n)
        return Look(
            _facts(source), source.notes, recorded.n_samples / rate, source.channels.positions, source.channels.shanks,
            flat, moment,
        )  # fmt: skip

    def _source(self, file: RecordingFile) -> SortSource:
        if self._open is None or self._open[0] != file:
            self._open = None
            self._open = (file, open_source(file))
        return self._open[1]


def _facts(source: SortSource) -> str:
    recorded, raw = source.recorded, source.raw
    seconds = recorded.n_samples / recorded.sample_rate
    n_shanks = len(np.unique(source.channels.shanks))
    shanks = f" on {n_shanks} shanks" if n_shanks > 1 else ""
    sorted_ = len(source.channels.map)
    of = f"{sorted_} of {raw.n_channels} channels" if sorted_ != raw.n_channels else f"{sorted_} channels"
    length = f"{seconds:,.1f} s" if seconds < 600 else f"{seconds / 60:,.0f} min"
    return f"{of}{shanks}, {length} at {recorded.sample_rate:,.0f} Hz"


def _moment(source: SortSource, settings: SortingSettings, first: int, n: int) -> tuple[Moment, IntArray]:
    """A stretch of the recording, and the channels that are flat in it."""
    rate, n_samples = source.recorded.sample_rate, source.recorded.n_samples
    around = max(0, round(NOISE_S * rate) - n) // 2
    begin, end = max(first - around, 0), min(first + n + around, n_samples)
    near = Stretch(source.recorded, begin, end)
    raw = np.asarray(near.read(first - begin, first - begin + n))[:, source.channels.map]
    flat = np.flatnonzero(np.ptp(raw, axis=0) <= _FLAT)
    living = np.setdiff1d(np.arange(raw.shape[1]), flat)
    filtered, whitened = np.zeros((2, n, raw.shape[1]), np.float32)
    peaks = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    if len(living):
        some = source.channels
        some = replace(some, map=some.map[living], positions=some.positions[living], shanks=some.shanks[living])
        made = SortingRecording.of(near, some, settings, gain_uv=source.gain_uv)
        filtered[:, living] = made.signal.read(first - begin, first - begin + n)
        white = np.ascontiguousarray((made.whitening.matrix @ filtered[:, living].T).T)
        whitened[:, living] = white
        found = _detector(some.positions, some.shanks, settings, rate).detect(white)
        peaks = (found.samples, living[found.channel_ids], np.abs(found.amplitudes))
    return Moment(first / rate, rate, filtered, whitened, *peaks), flat


def _detector(positions: AnyArray, shanks: IntArray, settings: SortingSettings, rate: float) -> PeakDetector:
    return PeakDetector.of(
        Contacts.of(positions, shanks), np.ones(len(positions)), threshold=settings.detect_threshold,
        radius_um=RADIUS_UM, exclude_samples=round(EXCLUDE_MS * rate / 1000), sign=BOTH,
    )  # fmt: skip
