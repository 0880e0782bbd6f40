"""Sorting as a piece of work: the job that `phy-med sort` starts, with the motion that is known already."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.compute import device
from phy_medicine.compute.job_context import JobContext
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.outputs import load_motion
from phy_medicine.compute.pipeline.task import Task, Teller, one_thread
from phy_medicine.compute.sorting.drift import LEAST_UM
from phy_medicine.compute.sorting.settings import DRIFT_NONE
from phy_medicine.io.sorting_output import is_unfinished

DATASET, KEPT = "sorting", "stages"
"""Folder of the sorted dataset in the output folder; folder in that of the stage, from which a sort goes on."""


def check_dataset(out: Path) -> None:
    """Refuse an output folder whose dataset may not be replaced.

    Raises
    ------
    PhyMedError : it was curated, or is of another program
    """
    folder = out / DATASET
    if not folder.exists() or is_unfinished(folder):
        return
    if not (folder / "sorter_settings.json").is_file():
        raise PhyMedError(f"{folder} was made by something else; move it away, or name another folder with --out.")
    own = OwnFiles(folder)
    if any(path.is_dir() and any(path.iterdir()) for path in (own.journal, own.backups)):
        raise PhyMedError(
            f"{folder} holds a curation, and the recording is to be sorted anew; move it away, or name another folder "
            "with --out."
        )


def sort_recording(task: Task) -> dict[str, Any]:
    """Sort the recording, write the dataset, and return what is known about it."""
    from phy_medicine.compute.sorting.job import REQUEST, SortRequest, begin_sort, run

    check_dataset(Path(task.folder).parent)
    tell, kept, out = Teller(task), task.path(KEPT), Path(task.folder).parent / DATASET
    motion = load_motion(Path(task.folder) / "motion")
    settings = task.settings.sort
    if not moves(motion):
        settings = replace(settings, drift=DRIFT_NONE)
    shutil.rmtree(out, ignore_errors=True)
    request = begin_sort(SortRequest(task.recording, out), settings, kept)
    arrays = motion.to_arrays() if settings.drift != DRIFT_NONE else {}
    log: list[str] = []

    def send(event: str, **facts: Any) -> None:
        if event == "progress":
            tell(facts["fraction"], facts["message"])
        elif event == "log":
            log.append(facts["text"])

    context = JobContext(
        settings, {REQUEST: request, **arrays}, device=device.resolve(settings.device), seed=settings.seed,
        folder=kept, kept=kept, send=send, cancelled=task.cancel.exists,
    )  # fmt: skip
    # Sums of linear algebra have other last bits with another number of threads; the sorter has threads of its own.
    with one_thread():
        run(context)
    shutil.rmtree(kept, ignore_errors=True)
    return _facts(context.facts, out)


def moves(motion: Motion) -> bool:
    """Whether a motion is one: data that are moved back lose some detail, which is worse than a micrometre."""
    low, high = np.quantile(motion.displacement, [0.05, 0.95], axis=0)
    return bool((high - low).max() >= LEAST_UM)


def _facts(found: Mapping[str, Any], out: Path) -> dict[str, Any]:
    """What does not depend on where and how fast it was done."""
    left_out = ("params", "timings")
    return {name: value for name, value in found.items() if name not in left_out} | {"dataset": out.name}
