"""Results of jobs in the store: verified, and each part of another kind as a run of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.job import Job
    from phy_medicine.compute.job_files import Manifest
    from phy_medicine.io.store import Store
    from phy_medicine.io.store_runs import Run

_OF_PARTS = ("job", "device", "started", "finished", "method")
"""Facts of a result that are those of its parts too."""


def import_result(store: Store, job: Job, manifest: Manifest) -> Run:
    """Verify a result and keep it; in a thread of the queue.

    Raises
    ------
    JobError : an input changed meanwhile, or the result is not what was written
    StoreError, ReadOnlyError : the store cannot be written
    """
    from phy_medicine.compute.job_files import JobError, JobFile, file_hash
    from phy_medicine.io.store_runs import Part

    for name, file in JobFile.read(job.folder / "job.json").inputs.items():
        if manifest.inputs.get(name) != file.sha256 or file_hash(Path(file.path)) != file.sha256:
            raise JobError(f"The input {name} changed while the job ran; its result was not kept.")
    kind, arrays = job.kind, manifest.load(job.folder / "result")
    stored_as = kind.stored_as or kind.name
    facts = {"device": manifest.device, "started": manifest.started, "finished": manifest.finished, **manifest.facts}
    if stored_as != kind.name or kind.parts:
        facts["job"] = kind.name
    shared = {name: facts[name] for name in _OF_PARTS if name in facts}
    parts = [Part(other, taken, shared) for other, names in kind.parts if (taken := _taken(arrays, names))]
    return store.add(
        stored_as,
        arrays,
        units=dict(kind.units) | {name: unit for name, unit in manifest.units.items() if unit},
        params={"device": job.request.device, "seed": manifest.seed, **manifest.settings},
        facts=facts,
        inputs=manifest.inputs,
        code_version=manifest.code_version,
        parts=parts,
    )


def _taken(arrays: dict[str, AnyArray], names: tuple[str, ...]) -> dict[str, AnyArray]:
    """Take the arrays of a part out of a result; none where one is missing."""
    return {name: arrays.pop(name) for name in names} if all(name in arrays for name in names) else {}


def runs_of(store: Store, job: Job) -> tuple[Run, ...]:
    """Return the runs that a job's result became, those of its parts first."""
    run: Run = job.delivered
    return (*(store.run(str(run.facts[other])) for other, _ in job.kind.parts if other in run.facts), run)
