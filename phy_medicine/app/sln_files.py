"""What the commands of networks leave in a folder: positions before and after the motion, the motion, the network.

x.npy, y.npy, z.npy, alpha.npy, peak_channels.npy   (n_spikes,), position as observed, µm; strength; channel
GL_pre_dredge.npy    (n_spikes, 6), offset from the anchor and position, each x, y, z, before the motion
motion.npz           motion (n_time, n_depth) µm, time_bins s, depth_bins µm; y_corrected.npy (n_spikes,)
network.pt, losses.npy (n_steps, 4), sln.json
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.app.job_command import JobOutcome
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.localize.network_job import LOSSES, NETWORK
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.io.array_files import load_array
from phy_medicine.io.durable import reason
from phy_medicine.io.npz_file import read_npz

GL_PRE, FACTS, UNFINISHED = "GL_pre_dredge.npy", "sln.json", "unfinished"
_AXES = {"x.npy": "x_um", "y.npy": "depth_um", "z.npy": "z_um"}


@dataclass(frozen=True, slots=True)
class Result:
    """Positions of one network in a folder.

    name : of the method, for tables and titles
    um : (n_spikes, 3) as observed, NaN where unknown
    alpha, peak_channels : (n_spikes,), None where the folder does not say
    losses : (n_steps, 4), None where the folder does not say
    """

    name: str
    um: FloatArray
    alpha: FloatArray | None
    peak_channels: AnyArray | None
    motion: Motion | None
    losses: FloatArray | None


def refuse_used(folder: Path, *, resume: bool) -> None:
    """Say why a training cannot write into a folder, before it begins.

    Raises
    ------
    PhyMedError : a result is there, or something interrupted that is not to be resumed, or nothing to be resumed
    """
    from phy_medicine.session.unfinished import has_kept

    if (folder / GL_PRE).exists():
        raise PhyMedError(f"{folder} holds a result already; choose another folder, nothing is overwritten.")
    begun = has_kept(folder / UNFINISHED)
    if begun and not resume:
        raise PhyMedError(f"{folder} holds an interrupted training: go on with --resume, or choose another folder.")
    if resume and not begun:
        raise PhyMedError(f"There is no interrupted training in {folder}.")


def write_result(folder: Path, outcome: JobOutcome, times_s: FloatArray, anchors_um: FloatArray) -> None:
    """Write what a job gave.

    times_s : (n_spikes,); anchors_um : (n_channels, 2), mean of the contacts around each channel

    Raises
    ------
    PhyMedError : the folder cannot be written
    """
    arrays = outcome.arrays
    um = np.stack([arrays[name] for name in _AXES.values()], axis=1)
    channels = np.asarray(arrays["peak_channels"])
    local = um.copy()
    local[:, :2] -= np.where(channels >= 0, anchors_um[channels].T, np.nan).T
    files: dict[str, AnyArray] = {name: arrays[key] for name, key in _AXES.items()}
    files |= {"alpha.npy": arrays["alpha"], "peak_channels.npy": channels, GL_PRE: np.hstack([local, um])}
    if LOSSES in arrays:
        files["losses.npy"] = arrays[LOSSES]
    motion = Motion.from_arrays(arrays) if "displacement" in arrays else None
    if motion is not None:
        files["y_corrected.npy"] = motion.corrected(times_s, um[:, 1]).astype(np.float32)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if motion is not None:
            np.savez(
                folder / "motion.npz", motion=motion.displacement, time_bins=motion.temporal_bins_s,
                depth_bins=motion.spatial_bins_um,
            )  # fmt: skip
        for name, array in files.items():
            np.save(folder / name, array, allow_pickle=False)
        (folder / "network.pt").write_bytes(np.asarray(arrays[NETWORK]).tobytes())
        (folder / FACTS).write_text(json.dumps(outcome.to_dict(), indent=1), encoding="utf-8")
    except OSError as error:
        raise PhyMedError(f"Could not write to {folder}: {reason(error)}.") from None


def is_result(folder: Path) -> bool:
    """Whether a folder holds positions."""
    return (folder / GL_PRE).is_file()


def read_result(gl_pre: Path, n_spikes: int) -> Result:
    """Read `GL_pre_dredge.npy`, which is all that is needed, and what lies beside it.

    Raises
    ------
    PhyMedError : it cannot be read, or is of other spikes
    """
    both = _load(gl_pre)
    if both is None:
        raise PhyMedError(f"There is no {gl_pre}.")
    if both.shape != (n_spikes, 6):
        raise PhyMedError(f"{gl_pre} is of shape {both.shape}; the data have {n_spikes:,} spikes, so ({n_spikes}, 6).")
    folder = gl_pre.parent
    alpha, channels, losses = (_load(folder / f"{name}.npy") for name in ("alpha", "peak_channels", "losses"))
    um = both[:, 3:].astype(np.float64)
    return Result(_name(folder), um, alpha, channels, read_motion(folder / "motion.npz"), losses)


def _name(folder: Path) -> str:
    """Method and last phase, or the name of the folder."""
    try:
        facts: Mapping[str, Any] = json.loads((folder / FACTS).read_text("utf-8"))["facts"]
        return f"{facts['method']}, {facts['phases']}" if facts["phases"] != "apply" else folder.resolve().name
    except (OSError, ValueError, KeyError, TypeError):
        return folder.resolve().name


def read_motion(path: Path) -> Motion | None:
    """Read a motion, None where there is no file."""
    if not path.exists():
        return None
    arrays = read_npz(path, ("motion", "time_bins", "depth_bins"))
    try:
        return Motion(arrays["motion"], arrays["time_bins"], arrays["depth_bins"])
    except (ValueError, TypeError) as error:
        raise PhyMedError(f"{path} holds no motion: {error}.") from None


def _load(path: Path) -> AnyArray | None:
    return load_array(path) if path.exists() else None
