"""What a sorting explains of a recording: how many of the peaks that were found first are spikes of a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.pipeline.recordings import opened
from phy_medicine.compute.pipeline.sort_task import DATASET
from phy_medicine.compute.pipeline.task import Task, Teller, write_array
from phy_medicine.compute.pipeline.tasks import NOISE, PEAKS
from phy_medicine.io.open_model import open_model

NEAR_MS, NEAR_UM = 0.5, 100.0
LARGE = 8.0
"""Peaks of so many times the noise should nearly all be explained."""
EXPLAINED = "explained.npy"
_PIECE = 1 << 18


def measure(task: Task) -> dict[str, Any]:
    """Write which peaks are explained by a spike, (n_peaks,) bool, and return what is known of the units."""
    recording, folder, tell = opened(task.recording), Path(task.folder), Teller(task)
    model = open_model(folder.parent / DATASET / "params.py")
    peaks = np.load(folder / "detect" / PEAKS, mmap_mode="r", allow_pickle=False)
    labels = model.metadata.fields.get("group", {})
    counts = {label: sum(value == label for value in labels.values()) for label in ("good", "mua", "noise")}
    tolerance = round(NEAR_MS * recording.sample_rate / 1000)
    places = model.channel_positions[model.template_peak_channels]
    spikes = np.asarray(model.spike_samples), places[model.spike_templates]
    found = np.zeros(len(peaks), bool)
    for start in range(0, len(peaks), _PIECE):
        tell(start / len(peaks), f"{start:,} of {len(peaks):,} peaks")
        some = peaks[start : start + _PIECE]
        where = recording.contacts.positions_um[some["channel"]]
        found[start : start + _PIECE] = explained(np.array(some["sample"]), where, *spikes, tolerance)
    write_array(task.path(EXPLAINED), found)
    noise = np.load(folder / "detect" / NOISE, allow_pickle=False)
    large = np.abs(peaks["amplitude"]) >= LARGE * noise[peaks["channel"]]
    units = {f"n_{label}": count for label, count in counts.items()}
    shares = {"explained": _share(found), "explained_large": _share(found[large])}
    return {**units, "n_spikes": model.n_spikes, **shares}


def _share(found: BoolArray) -> float | None:
    """The part that is true, None of nothing."""
    return round(float(found.mean()), 6) if found.size else None


def explained(
    samples: IntArray, places_um: FloatArray, spike_samples: IntArray, spike_places_um: FloatArray, tolerance: int
) -> BoolArray:
    """Return which peaks have a spike near them, in time and on the probe.

    Parameters
    ----------
    samples, spike_samples : (n_peaks,), (n_spikes,) int, ascending
    places_um, spike_places_um : (n_peaks, 2), (n_spikes, 2)
    tolerance : samples
    """
    first = np.searchsorted(spike_samples, samples - tolerance, "left")
    last = np.searchsorted(spike_samples, samples + tolerance, "right")
    found = np.zeros(len(samples), bool)
    rows = np.flatnonzero(last > first)
    while rows.size:
        away = np.linalg.norm(spike_places_um[first[rows]] - places_um[rows], axis=1)
        found[rows] |= away <= NEAR_UM
        first[rows] += 1
        rows = rows[~found[rows] & (first[rows] < last[rows])]
    return found
