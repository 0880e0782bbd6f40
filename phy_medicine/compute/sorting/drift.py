"""The motion of the tissue, for the sorter: peaks of the recording, their depths, and what moved them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.detection import PeakDetector
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.localize.job import make_localizer
from phy_medicine.compute.localize.settings import GRID, LocalizeSettings
from phy_medicine.compute.localize.spikes import RecordedSpikes
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.solver import FastSettings, fit_motion
from phy_medicine.compute.sorting.matching import in_order
from phy_medicine.compute.sorting.preprocess import FilteredChannels
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.whitening import Noise

THRESHOLD, RADIUS_UM, APART_MS = 5.0, 75.0, 0.8
BIN_S = 1.0
LEAST_PEAKS = 50
LEAST_UM = 1.0
"""Between 5 % and 95 % of the displacements: less is no motion. A recording that stands still has 0.2 µm with 15,000
peaks, 0.7 µm with 1,000; data that are moved back lose some detail, which is worse than 1 µm of motion."""
_PIECE_S = 1.0
_DETECTED = 0.9
"""Part of the progress."""


def motion_of(
    signal: FilteredChannels,
    channels: SortedChannels,
    *,
    seed: int = 0,
    n_threads: int = 1,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    cancelled: Callable[[], object] = lambda: False,
) -> Motion | None:
    """Estimate how the tissue moved along the probe; None where it stood still, or where that cannot be told.

    Parameters
    ----------
    signal, channels : of the same channels; all shanks are taken to move together
    n_threads : that look for peaks, a second of the recording each
    progress : called with the fraction done and a line of text
    cancelled : asked for each second of the recording; true, or raising, ends the work

    Raises
    ------
    Cancelled : `cancelled` returned true
    """
    found = _peaks(signal, channels, n_threads, lambda done, text: progress(_DETECTED * done, text), cancelled)
    if found is None:
        return None
    settings = FastSettings(time_bin_size=BIN_S, seed=seed)
    motion = fit_motion(
        found, settings, progress=lambda done, text: progress(_DETECTED + (1 - _DETECTED) * done, text),
        cancelled=cancelled,
    ).motion  # fmt: skip
    low, high = np.quantile(motion.displacement, [0.05, 0.95], axis=0)
    return motion if (high - low).max() >= LEAST_UM else None


def _peaks(
    signal: FilteredChannels,
    channels: SortedChannels,
    n_threads: int,
    progress: Callable[[float, str], object],
    cancelled: Callable[[], object],
) -> Peaks | None:
    """Find the peaks of a recording and their depths; None where they are too few."""
    contacts = Contacts.of(channels.positions, channels.shanks)
    rate = signal.sample_rate
    localizer, window = make_localizer(LocalizeSettings(method=GRID), contacts, rate)
    detector = PeakDetector.of(
        contacts, Noise.of(signal).levels, threshold=THRESHOLD, radius_um=RADIUS_UM,
        exclude_samples=round(APART_MS * rate / 1000),
    )  # fmt: skip
    reach = max(detector.margin, window.before, window.after)
    samples, depths, amplitudes = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]

    def one(bounds: tuple[int, int]) -> tuple[IntArray, FloatArray, FloatArray]:
        start, stop = bounds
        begin = max(start - reach, 0)
        part = np.ascontiguousarray(signal.read(begin, min(stop + reach, signal.n_samples)))
        peaks = detector.detect(part, start - begin, stop - begin)
        spikes = RecordedSpikes(part, peaks.samples, peaks.channel_ids, rate, 0, len(part))
        away = localizer.solve(localizer.measure(spikes), peaks.channel_ids).um[:, 1]
        return peaks.samples + begin, away, peaks.amplitudes

    pieces = list(pairwise([*range(0, signal.n_samples, round(_PIECE_S * rate)), signal.n_samples]))
    found = in_order(one, pieces, n_threads)
    for start, _ in pieces:
        if cancelled():
            raise Cancelled
        progress(start / signal.n_samples, f"Looking for motion, {start / rate:,.0f} s")
        times, away, sizes = next(found)
        samples.append(times)
        depths.append(away)
        amplitudes.append(sizes)
    return _as_peaks(np.concatenate(samples) / rate, np.concatenate(depths), np.concatenate(amplitudes))


def _as_peaks(times_s: FloatArray, depths_um: FloatArray, amplitudes: FloatArray) -> Peaks | None:
    known = np.isfinite(depths_um)
    if known.sum() < LEAST_PEAKS:
        return None
    try:
        return Peaks(times_s[known], depths_um[known], amplitudes[known].astype(np.float64))
    except PhyMedError:  # all at one depth
        return None


def motion_arrays(motion: Motion | None) -> dict[str, FloatArray]:
    """Return a motion as `Sorting.motion` has it; empty for none."""
    if motion is None:
        return {}
    return {
        "time_bins_s": motion.temporal_bins_s,
        "depth_bins_um": motion.spatial_bins_um,
        "displacement_um": motion.displacement,
    }


def motion_from(arrays: Mapping[str, AnyArray]) -> Motion | None:
    """Return the motion of such arrays.

    Raises
    ------
    PhyMedError : they do not fit each other, or are not finite
    """
    if not arrays:
        return None
    return Motion(arrays["displacement_um"], arrays["time_bins_s"], arrays["depth_bins_um"])
