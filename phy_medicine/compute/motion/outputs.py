"""The files of an estimate: three arrays, the parameters, a summary. All are there, or none."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.job_files import as_json
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.io.array_files import load_array

ARRAYS = {"displacement": "motion.npy", "temporal_bins_s": "time_bins.npy", "spatial_bins_um": "depth_bins.npy"}
"""Array of a motion -> its file."""
PARAMETERS, SUMMARY = "medicine_parameters.json", "motion_summary.json"


def save_motion(
    output_dir: Path | str,
    motion: Motion,
    parameters: Mapping[str, Any],
    *,
    summary: Mapping[str, Any] | None = None,
    draw: Callable[[Path], object] | None = None,
) -> None:
    """Write the files of an estimate.

    Parameters
    ----------
    output_dir : is made; files of an earlier estimate in it are replaced
    parameters : every argument of the call
    summary : what was found out, hints among it
    draw : called with a folder to put figures into

    Raises
    ------
    PhyMedError : `output_dir` is a file
    OSError : it cannot be written; then nothing of it was changed
    """
    folder = Path(output_dir)
    if folder.exists() and not folder.is_dir():
        raise PhyMedError(f"{folder} is a file; name a folder for the motion.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, array in motion.to_arrays().items():
            np.save(draft / ARRAYS[name], array)
        (draft / PARAMETERS).write_text(json.dumps(as_json(parameters), indent=2) + "\n", "utf-8")
        if summary is not None:
            (draft / SUMMARY).write_text(json.dumps(as_json(summary), indent=2) + "\n", "utf-8")
        if draw is not None:
            draw(draft)
        folder.mkdir(exist_ok=True)
        for path in sorted(draft.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load_motion(folder: Path | str) -> Motion:
    """Read the motion of `save_motion`, or of MEDiCINe itself.

    Raises
    ------
    PhyMedError : a file is missing, or the arrays do not fit each other
    """
    arrays = {}
    for name, file in ARRAYS.items():
        path = Path(folder) / file
        if not path.exists():
            raise PhyMedError(f"{path} is missing; name a folder with {', '.join(ARRAYS.values())}.")
        arrays[name] = load_array(path)
    return Motion.from_arrays(arrays)
