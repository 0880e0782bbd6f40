"""Sorting a recording as a job: what it is told, where its dataset is, and how one that was interrupted goes on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.session.unfinished import has_kept

if TYPE_CHECKING:
    from phy_medicine.compute.job import Job, JobRequest
    from phy_medicine.compute.job_files import Manifest
    from phy_medicine.compute.motion.recordings import RecordingFile


@dataclass(frozen=True, slots=True)
class SortedTo:
    """A dataset that a sort has written.

    name : of the folder; params : its params.py; words : what was found, in a few words
    """

    name: str
    params: Path
    words: str


def sort_request(
    file: RecordingFile, out: Path, *, sorter: str, params: str = "", settings: Mapping[str, Any] | None = None
) -> JobRequest:
    """Return the job that sorts a recording; any thread, takes as long as opening the recording.

    Parameters
    ----------
    out : a new folder
    sorter : ours, or one of SpikeInterface; params : of the latter, as name=value name=value
    settings : of our sorter, those that differ from the defaults

    Raises
    ------
    PhyMedError : the recording, its probe, the folder or a setting is refused; nothing was written
    """
    from phy_medicine.base.params import changed
    from phy_medicine.compute.sorting.job import SortRequest
    from phy_medicine.compute.sorting.settings import SortingSettings
    from phy_medicine.io.sorting_output import check_output

    check_output(out)
    return _request(SortRequest(file, out, sorter, params), changed(SortingSettings(), **(settings or {})))


def unfinished_sort(out: Path) -> bool:
    """Whether a folder holds a sort that was interrupted and can go on."""
    from phy_medicine.compute.sorting.job import kept_in
    from phy_medicine.io.sorting_output import is_unfinished

    return is_unfinished(out) and has_kept(kept_in(out))


def resumed_request(out: Path) -> JobRequest:
    """Return the job that goes on with a sort that was interrupted, as it was begun.

    Raises
    ------
    PhyMedError : there is none in this folder, or its recording is gone
    """
    from phy_medicine.base.params import changed
    from phy_medicine.compute.sorting.job import kept_in, read_request, request_of
    from phy_medicine.compute.sorting.settings import SortingSettings

    if not unfinished_sort(out):
        raise PhyMedError(f"{out} holds no unfinished sorting to go on with.")
    request, settings = read_request(request_of(kept_in(out)))
    return _request(request, changed(SortingSettings(), **settings))


def tidy_output(job: Job) -> None:
    """Remove the folder of a sort that ended without keeping anything."""
    kept = job.request.kept
    if job.state == "done" or kept is None or has_kept(kept):
        return
    shutil.rmtree(kept, ignore_errors=True)
    with suppress(OSError):  # not ours, or not empty
        kept.parent.rmdir()


def _request(request: Any, settings: Any) -> JobRequest:
    from phy_medicine.compute.device import check_name
    from phy_medicine.compute.job import JobRequest
    from phy_medicine.compute.job_kinds import kind
    from phy_medicine.compute.sorting.job import KIND, REQUEST, begin_sort, kept_in
    from phy_medicine.io.durable import time_stamp

    kept = kept_in(request.out)
    path = begin_sort(request, settings, kept)
    return JobRequest(
        kind(KIND), settings, Path(tempfile.mkdtemp(prefix="phy-medicine-")) / f"{KIND}-{time_stamp()}",
        inputs={REQUEST: path}, device=check_name(settings.device), seed=settings.seed,
        title=f"Sorting of {_name(Path(request.recording.path))}", kept=kept, deliver=_delivered,
    )  # fmt: skip


def _name(path: Path) -> str:
    return path.parent.name if path.name == "params.py" else path.name


def _delivered(job: Job, manifest: Manifest) -> SortedTo:
    facts = manifest.facts
    params = Path(str(facts["params"]))
    words = f"{int(facts['n_units']):,} units ({int(facts['n_good']):,} good), {int(facts['n_spikes']):,} spikes"
    return SortedTo(params.parent.name, params, words)
