"""A motion for other programs: SpikeInterface's `Motion` and its interpolation, Kilosort's `dshift`."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks


def peaks_of_spikeinterface(recording: Any, peaks: Any, locations: Any) -> Peaks:
    """Return peaks that SpikeInterface detected and localized, as arrays.

    Parameters
    ----------
    peaks, locations : structured arrays of `detect_peaks` and `localize_peaks`, of a recording with one segment
    """
    if recording.get_num_segments() != 1:
        raise PhyMedError("The recording has several segments; motion is estimated on one at a time.")
    return Peaks(peaks["sample_index"] / recording.get_sampling_frequency(), locations["y"], peaks["amplitude"])


def to_spikeinterface(motion: Motion) -> Any:
    """Return SpikeInterface's `Motion` of one segment, along y."""
    from spikeinterface.core.motion import Motion as SpikeInterfaceMotion

    return SpikeInterfaceMotion(
        displacement=[np.array(motion.displacement)],
        temporal_bins_s=[np.array(motion.temporal_bins_s)],
        spatial_bins_um=np.array(motion.spatial_bins_um),
        direction="y",
    )


def from_spikeinterface(motion: Any) -> Motion:
    """Return the motion of SpikeInterface's `Motion` of one segment along y.

    Raises
    ------
    PhyMedError : several segments, or another direction
    """
    if len(motion.displacement) != 1 or motion.direction != "y":
        raise PhyMedError("A motion of one segment along y is needed.")
    return Motion(motion.displacement[0], motion.temporal_bins_s[0], motion.spatial_bins_um)


def correct_recording(recording: Any, motion: Motion, **options: Any) -> Any:
    """Return a recording of SpikeInterface with the motion taken out, by interpolation between channels.

    Switch off the sorter's own drift correction afterwards.

    Parameters
    ----------
    recording : filtered, of one segment, floating point
    options : of `InterpolateMotionRecording`; `border_mode` is "force_extrapolate", so that no channel is lost
    """
    from spikeinterface.sortingcomponents.motion import InterpolateMotionRecording

    if recording.get_dtype().kind != "f" and "dtype" not in options:
        options["dtype"] = "float32"
    return InterpolateMotionRecording(
        recording, to_spikeinterface(motion), **({"border_mode": "force_extrapolate"} | options)
    )


def to_kilosort(motion: Motion, n_batches: int) -> FloatArray:
    """Return Kilosort's `dshift`, (n_batches, 1), µm: minus the motion averaged over depth, one value for each batch.

    Minus, because Kilosort adds `dshift` to depths, and we take the motion from them. It goes with `nblocks` 1 and
    `yblk` [-1], one block; Kilosort's kriging matrix `iKxx` must still be prepared, as `kilosort.datashift` does.

    Parameters
    ----------
    n_batches : `ops["Nbatches"]`
    """
    mean = motion.displacement.mean(axis=1)
    rows = np.floor(np.linspace(0, mean.size, n_batches + 1)).astype(np.int64)[:-1]
    return np.asarray(-mean[rows][:, None])
