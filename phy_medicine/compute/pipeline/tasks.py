"""The pieces of work of a pipeline: functions of one small description, which write their result to a file.

What a worker reads and writes are files that every worker sees; a file appears whole or not at all.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.compute.detection import recording_noise, search
from phy_medicine.compute.filtered_recording import FilteredRecording
from phy_medicine.compute.localize.contacts import nearest
from phy_medicine.compute.localize.localize import Columns, Following, localize
from phy_medicine.compute.localize.localizers import Localizer, Window
from phy_medicine.compute.localize.settings import LocalizeSettings
from phy_medicine.compute.localize.sources import RecordingSource
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pipeline.recordings import opened
from phy_medicine.compute.pipeline.task import Task, Teller, one_thread, write_array

PEAK = np.dtype([("sample", "<i8"), ("channel", "<i4"), ("amplitude", "<f4")])
"""Peaks in the order of time; the channel is a row of the channels with a contact."""
PLACE = np.dtype([("x_um", "<f4"), ("depth_um", "<f4"), ("z_um", "<f4"), ("alpha", "<f4")])
"""Where each peak comes from, NaN where that is unknown."""
NOISE, PEAKS, PLACES, CHUNKS = "noise.npy", "peaks.npy", "positions.npy", "chunks.npy"


def measure_noise(task: Task) -> str:
    """Write the noise of the filtered channels, (n_channels,) float32.

    Raises
    ------
    PhyMedError : a channel with values that are not finite, or no channel with a signal
    """
    recording = opened(task.recording)
    with one_thread():
        noise = recording_noise(_filtered(task))
    bad = np.flatnonzero(~np.isfinite(noise))
    if bad.size:
        columns = recording.source.channels.map[bad]
        raise PhyMedError(f"Channel {columns[0]} has values that are not finite; repair it or leave it out.")
    if not (noise > 0).any():
        raise PhyMedError("No channel has any signal; check --dtype, --offset and --channels.")
    write_array(task.path(NOISE), noise)
    return str(task.path(NOISE))


def detect_chunk(task: Task) -> str:
    """Write the peaks of a piece of the recording, (n,) of `PEAK`."""
    recording, tell = opened(task.recording), Teller(task)
    noise = np.load(task.path(NOISE), allow_pickle=False)
    detector = task.settings.detect.detector(recording.contacts, noise, recording.sample_rate)
    found = [np.zeros(0, PEAK)]
    with one_thread():
        for piece in search(_filtered(task), detector, within=(task.start, task.stop)):
            tell.check()
            peaks = np.empty(len(piece.peaks.samples), PEAK)
            columns = (piece.peaks.samples, piece.peaks.channel_ids, piece.peaks.amplitudes)
            for name, column in zip(PEAK.names or (), columns, strict=True):
                peaks[name] = column
            found.append(peaks)
    write_array(task.part, np.concatenate(found))
    return str(task.part)


def localize_chunk(task: Task) -> str:
    """Write where the peaks of a piece come from, (n,) of `PLACE`."""
    recording, tell = opened(task.recording), Teller(task)
    settings, rate = task.settings.localize, recording.sample_rate
    peaks = np.load(task.path(PEAKS, "detect"), mmap_mode="r", allow_pickle=False)[slice(*task.rows)]
    samples, channels = np.array(peaks["sample"]), np.array(peaks["channel"], np.int64)
    localizer, window = _localizer(task.recording, settings)
    following = Following(nearest(recording.contacts), window) if settings.follow else None
    with one_thread():
        source = _source(task, samples, channels, rate)
        columns = localize(
            source, localizer, len(samples), following=following, progress=lambda _done, _columns: tell.check()
        )
    write_array(task.part, _places(columns))
    return str(task.part)


def _places(columns: Columns) -> AnyArray:
    places = np.empty(len(columns.x_um), PLACE)
    for name in PLACE.names or ():
        places[name] = getattr(columns, name)
    return places


def _source(task: Task, samples: IntArray, channels: IntArray, rate: float) -> RecordingSource:
    from phy_medicine.compute.localize.job import reach_of, signal_filter

    chosen, settings = opened(task.recording).chosen, task.settings.localize
    filter = signal_filter(settings, chosen.n_channels)
    return RecordingSource(chosen, samples, channels, filter, reach_of(settings, rate))


@lru_cache(maxsize=4)
def _localizer(file: RecordingFile, settings: LocalizeSettings) -> tuple[Localizer, Window]:
    """The method with its tables of the probe, made once in a process."""
    from phy_medicine.compute.localize.job import make_localizer

    recording = opened(file)
    return make_localizer(settings, recording.contacts, recording.sample_rate)


def _filtered(task: Task) -> FilteredRecording:
    chosen = opened(task.recording).chosen
    return FilteredRecording(chosen, task.settings.detect.filter(chosen.n_channels))


def estimate_motion(task: Task) -> dict[str, Any]:
    """Write the motion of the probe, and return what is known about it."""
    from phy_medicine.compute.motion.estimate import Hooks
    from phy_medicine.compute.motion.medicine import run_motion
    from phy_medicine.compute.motion.outputs import save_motion

    tell, settings = Teller(task), task.settings.motion
    peaks = located_peaks(Path(task.folder), opened(task.recording).sample_rate)
    with one_thread():
        hooks = Hooks(tell, cancelled=tell.check)
        found = run_motion(peaks, settings, method=settings.method, hooks=hooks)
    save_motion(task.path("."), found.motion, settings.as_dict() | {"method": settings.method}, summary=found.facts)
    return found.facts


def located_peaks(folder: Path, sample_rate: float) -> Any:
    """Return the peaks of a run whose place is known, as `Peaks`.

    Raises
    ------
    PhyMedError : there are none
    """
    from phy_medicine.compute.motion.peaks import Peaks

    peaks = np.load(folder / "detect" / PEAKS, mmap_mode="r", allow_pickle=False)
    depths = np.load(folder / "localize" / PLACES, mmap_mode="r", allow_pickle=False)["depth_um"]
    known = np.isfinite(depths)
    return Peaks(peaks["sample"][known] / sample_rate, depths[known], peaks["amplitude"][known].astype(np.float64))
