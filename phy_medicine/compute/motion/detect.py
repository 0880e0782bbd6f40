"""Peaks of a raw recording: filtered, detected, localized, one piece of time after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.params import changed, setting
from phy_medicine.base.types import FloatArray
from phy_medicine.base.words import shortened
from phy_medicine.compute.detection import SearchedPiece, recording_noise, search
from phy_medicine.compute.filtered_recording import FilteredRecording
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.localize.settings import CENTRE, GRID, MONOPOLAR, LocalizeSettings
from phy_medicine.compute.localize.spikes import RecordedSpikes
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.recordings import Readable, RecordingFile
from phy_medicine.compute.peak_settings import PeakSettings

LOCALIZATIONS = {"grid": GRID, "monopolar": MONOPOLAR, "mass": CENTRE}


@dataclass(frozen=True, slots=True)
class DetectSettings(PeakSettings):
    """How peaks are found in a raw recording, and where they are."""

    localization: str = setting(
        "grid", "How depths are found: grid and monopolar are precise, mass (centre of mass) is fast and coarse",
        choices=tuple(LOCALIZATIONS),
    )  # fmt: skip


def write_description(path: Path, file: RecordingFile, settings: DetectSettings) -> Path:
    """Write which recording, and how its peaks are found, as JSON: an input of a job."""
    content = {"recording": asdict(file), "detection": asdict(settings)}
    path.write_text(json.dumps(content), "utf-8")
    return path


def read_description(path: Path) -> tuple[RecordingFile, DetectSettings]:
    """Read what `write_description` wrote.

    Raises
    ------
    PhyMedError : the file is something else
    """
    try:
        content = parse_json(path.read_text("utf-8"))
        return RecordingFile(**content["recording"]), changed(DetectSettings(), **content["detection"])
    except (OSError, *WRONG_CONTENT) as error:
        raise PhyMedError(f"{path} does not describe a recording: {shortened(str(error))}.") from None


def detect_peaks(
    recording: Any,
    settings: DetectSettings | None = None,
    *,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    cancelled: Callable[[], object] = lambda: False,
) -> Peaks:
    """Find and localize the peaks of a recording of SpikeInterface with one segment and a probe.

    Parameters
    ----------
    progress : called with the fraction done and a line of text
    cancelled : asked between pieces of some MB; true, or raising, ends the work

    Returns
    -------
    Times from the start of the recording, depths along the probe's y axis, amplitudes in units of the recording

    Raises
    ------
    PhyMedError : more segments than one, or no peaks
    Cancelled : `cancelled` returned true
    """
    if recording.get_num_segments() != 1:
        raise PhyMedError("The recording has several segments; motion is estimated on one at a time.")
    chosen, found = settings or DetectSettings(), []
    rate, n_samples = recording.get_sampling_frequency(), recording.get_num_samples()
    if cancelled():
        raise Cancelled
    progress(0.0, "Measuring the noise")
    for piece, depths in _searched(recording, chosen):
        if cancelled():
            raise Cancelled
        progress(piece.stop / n_samples, f"Detecting peaks, {piece.stop / rate:,.0f} s")
        known = np.isfinite(depths)
        found.append((piece.peaks.samples[known] / rate, depths[known], piece.peaks.amplitudes[known]))
    progress(1.0, "Peaks are detected")
    times, depths, amplitudes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if not len(times):
        raise PhyMedError(f"No peaks above {chosen.detect_threshold:g} times the noise; lower --detect-threshold.")
    return Peaks(times, depths, amplitudes.astype(np.float64))


def _searched(recording: Any, settings: DetectSettings) -> Iterator[tuple[SearchedPiece, FloatArray]]:
    """Go through the pieces of a recording; depths are those of a piece's peaks, NaN where they are unknown."""
    from phy_medicine.compute.localize.job import make_localizer

    rate, n_channels = recording.get_sampling_frequency(), recording.get_num_channels()
    filtered = FilteredRecording(Readable(recording), settings.filter(n_channels))
    groups = np.unique(recording.get_channel_groups(), return_inverse=True)[1]
    contacts = Contacts.of(recording.get_channel_locations()[:, :2], groups)
    detector = settings.detector(contacts, recording_noise(filtered), rate)
    localizer, window = make_localizer(LocalizeSettings(method=LOCALIZATIONS[settings.localization]), contacts, rate)
    for piece in search(filtered, detector, max(window.before, window.after)):
        peaks = piece.peaks
        spikes = RecordedSpikes(
            piece.signal, peaks.samples - piece.begin, peaks.channel_ids, rate, 0, len(piece.signal)
        )
        yield piece, localizer.solve(localizer.measure(spikes), peaks.channel_ids).um[:, 1]
