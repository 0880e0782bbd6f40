"""The job "recluster": how many neurons there are in each of many clusters, by a model, each cluster a piece of work.

Inputs: "dataset", a description that `io.dataset_file` wrote, and "clusters", the present cluster of each spike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phy_medicine.compute.job_kinds import JobKind, register

if TYPE_CHECKING:
    from pathlib import Path

    from phy_medicine.base.types import AnyArray, IntArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.mixture.recluster_task import ClusterParts, ClusterTask

KIND = "recluster"

register(
    JobKind(
        KIND,
        "Recluster by a model",
        "phy_medicine.compute.mixture.settings:ReclusterSettings",
        "phy_medicine.compute.mixture.recluster:run",
        help="Finds out how many neurons there are in each of many clusters. Splits become suggestions, and nothing of "
        "the clusters changes before you say so.",
        inputs=("dataset", "clusters"),
        resumable=True,
    )
)


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Look at each cluster; see `compute.worker`.

    Returns arrays with a row for each cluster: `cluster_ids`, `n_spikes`, `n_parts`, `depth`, `log_evidence`,
    `n_uncertain`, `pair` (n, 2), `pairs`, `expected`, `together`, as of `PartsEvidence`, and `first_row` (n + 1,), its
    rows in `spike_ids`, `parts` and `certainty`, which hold the spikes of clusters with several parts.
    """
    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.mixture.recluster_task import ClusterParts, split_cluster
    from phy_medicine.compute.mixture.spread import spread

    spikes, tasks = _tasks(context)
    missing = [task for task in tasks if not _exists(task)]
    n_kept = len(tasks) - len(missing)
    if n_kept:
        context.log(f"{n_kept:,} of {len(tasks):,} clusters were looked at before the interruption.")

    def done(n_done: int) -> None:
        n = n_kept + n_done
        context.progress(n / len(tasks), f"{n:,} of {len(tasks):,} clusters")

    parts = spread(context, context.settings.executor, split_cluster, missing, done)
    for task, part in zip(missing, parts, strict=True):
        one = ClusterParts.read(_path(part))
        context.log(f"{task}: {one.problem.rstrip('.') or one.evidence.verdict}.")
    found = [ClusterParts.read(_path(task.part)) for task in tasks]
    problems = {str(task.cluster_id): one.problem for task, one in zip(tasks, found, strict=True) if one.problem}
    if len(problems) == len(tasks):
        raise PhyMedError(next(iter(problems.values())))
    joined = {
        str(task.cluster_id): said for task, one in zip(tasks, found, strict=True) if (said := one.evidence.joined)
    }
    n_split = sum(one.evidence.proposed for one in found)
    context.log(f"{n_split:,} of {len(tasks):,} clusters have parts that look like several neurons.")
    sources = sorted({one.source for one in found} - {""})
    context.facts.update(
        n_clusters=len(tasks), n_proposed=n_split, problems=problems, joined=joined, source=", ".join(sources),
        method=context.settings.model,
    )  # fmt: skip
    return _arrays(tasks, found, spikes)


def _tasks(context: JobContext) -> tuple[IntArray, list[ClusterTask]]:
    """Spikes of all clusters, one cluster after the other, and the tasks."""
    import hashlib
    from dataclasses import replace
    from pathlib import Path

    import numpy as np

    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.mixture.recluster_task import ClusterTask
    from phy_medicine.compute.mixture.spread import cancel_file

    settings, described = context.settings, context.inputs["dataset"]
    assert isinstance(described, Path)
    labels = np.asarray(context.inputs["clusters"]).ravel()
    there = np.unique(labels)
    wanted = np.unique(np.asarray(settings.cluster_ids() or there, np.int64))
    absent = np.setdiff1d(wanted, there)
    if len(absent):
        raise PhyMedError(f"There is no cluster {absent[0]}.")
    rows = np.flatnonzero(np.isin(labels, wanted))
    spikes = rows[np.argsort(labels[rows], kind="stable")]
    bounds = [0, *np.cumsum(np.unique(labels[rows], return_counts=True)[1]).tolist()]
    path, kept = context.folder / "work" / "spikes.npy", context.kept or context.folder / "work"
    path.parent.mkdir(exist_ok=True)
    np.save(path, spikes)
    # Where it is computed makes no difference to what comes of it.
    said = f"{replace(settings, clusters='', executor='')} {context.seed} ".encode() + described.read_bytes()
    tasks = []
    for cluster_id, first, stop in zip(wanted.tolist(), bounds[:-1], bounds[1:], strict=True):
        key = hashlib.sha256(said + spikes[first:stop].tobytes()).hexdigest()[:20]
        tasks.append(
            ClusterTask(
                cluster_id, str(described.absolute()), str(path.absolute()), (first, stop), settings, context.seed,
                str((kept / f"{cluster_id}-{key}.npz").absolute()), str(cancel_file(context).absolute()),
            )
        )  # fmt: skip
    return spikes, tasks


def _arrays(tasks: list[ClusterTask], found: list[ClusterParts], spikes: IntArray) -> Mapping[str, AnyArray]:
    import numpy as np

    known = [one.evidence for one in found]
    several = [(task, one) for task, one in zip(tasks, found, strict=True) if len(one.evidence.sizes) > 1]
    stored = [one.evidence.n_spikes if len(one.evidence.sizes) > 1 else 0 for one in found]

    def joined(parts: list[AnyArray], dtype: type) -> AnyArray:
        return np.concatenate([*parts, np.empty(0, dtype)]).astype(dtype)

    return {
        "cluster_ids": np.array([task.cluster_id for task in tasks]),
        "n_spikes": np.array([one.n_spikes for one in known]),
        "n_parts": np.array([len(one.sizes) for one in known]),
        "depth": np.array([one.depth for one in known]),
        "log_evidence": np.array([one.log_evidence for one in known]),
        "n_uncertain": np.array([one.n_uncertain for one in known]),
        "pair": np.array([one.trains.pair for one in known]).reshape(-1, 2),
        "pairs": np.array([one.trains.pairs for one in known]),
        "expected": np.array([one.trains.expected for one in known], float),
        "together": np.array([one.trains.together for one in known], float),
        "first_row": np.cumsum([0, *stored]),
        "spike_ids": joined([spikes[slice(*task.rows)] for task, _ in several], np.int64),
        "parts": joined([one.labels for _, one in several], np.int32),
        "certainty": joined([one.certainty for _, one in several], np.float32),
    }


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


def _exists(task: ClusterTask) -> bool:
    return _path(task.part).exists()
