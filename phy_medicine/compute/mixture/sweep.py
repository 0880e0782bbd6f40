"""The job "mixture_sweep": mixtures with several numbers of components, each a piece of work, and which is the best.

Inputs: as of the job "mixture".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from phy_medicine.compute.job_kinds import JobKind, register

if TYPE_CHECKING:
    from pathlib import Path

    from phy_medicine.base.types import AnyArray, FloatArray, IntArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.mixture.sweep_task import SweepTask, Tried

KIND = "mixture_sweep"
_READ = 0.1
BEST = {"log_evidence": 1, "bic": -1, "icl": -1, "held_out": 1}
"""What decides on the number of components, and whether more (1) or less (-1) of it is better."""

register(
    JobKind(
        KIND,
        "Number of components",
        "phy_medicine.compute.mixture.settings:SweepSettings",
        "phy_medicine.compute.mixture.sweep:run",
        help="Fits mixtures with several numbers of components to the spikes of some clusters, and says by evidence, "
        "BIC and held-out spikes which is the best. The fits go into the registry; nothing of the clusters changes.",
        inputs=("dataset", "clusters"),
        resumable=True,
    )
)


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Fit with each number of components; see `compute.worker`.

    Returns arrays with a row for each, by the names of `Tried`.
    """
    import numpy as np

    from phy_medicine.compute.mixture.spread import spread
    from phy_medicine.compute.mixture.sweep_task import Tried, try_number

    tasks, root, shape = _tasks(context)
    found: dict[int, Tried] = {}
    for task in tasks:
        kept = Tried.read(_path(task.part), root)
        if kept is not None:
            found[task.k] = kept
    missing = [task for task in tasks if task.k not in found]
    n_kept = len(found)
    if n_kept:
        context.log(f"{n_kept:,} of {len(tasks):,} fits were made before the interruption.")

    def done(n_done: int) -> None:
        n = n_kept + n_done
        context.progress(_READ + (1 - _READ) * n / len(tasks), f"{n:,} of {len(tasks):,} fits")

    for one in spread(context, context.settings.executor, try_number, missing, done):
        found[one.k] = one
        context.log(f"{one.k}: log evidence {one.log_evidence:,.0f}, BIC {one.bic:,.0f}.")
    rows = [found[task.k] for task in tasks]
    columns = {name: np.array([getattr(row, name) for row in rows]) for name in _NAMES}
    context.facts.update(
        n=shape[0], d=shape[1], root=str(root), experiments=[row.experiment for row in rows],
        best=best_of({name: column.tolist() for name, column in columns.items()}), method=context.settings.model,
    )  # fmt: skip
    return columns


_NAMES = (
    "k", "log_evidence", "log_likelihood", "n_parameters", "bic", "icl", "held_out", "held_out_error", "components",
    "seconds",
)  # fmt: skip


def best_of(columns: Mapping[str, list[float]]) -> dict[str, int]:
    """Return the best number of components by each of `BEST` that is known; the smaller of two that are as good."""
    from math import isfinite

    found = {}
    for name, sign in BEST.items():
        if all(map(isfinite, columns[name])):
            found[name] = int(
                max(zip(columns["k"], columns[name], strict=True), key=lambda row: (sign * row[1], -row[0]))[0]
            )
    return found


def _tasks(context: JobContext) -> tuple[list[SweepTask], Path, tuple[int, int]]:
    """The tasks, the folder of the registry, and how many points of how many dimensions there are."""
    import hashlib
    from dataclasses import replace

    import numpy as np

    from phy_medicine.compute.mixture.spread import cancel_file
    from phy_medicine.compute.mixture.sweep_task import SweepTask

    settings = context.settings
    x, spike_ids, root = _points(context)
    context.log(f"{len(x):,} spikes, {x.shape[1]} dimensions.")
    work = context.folder / "work"
    kept = context.kept or work
    work.mkdir(exist_ok=True)
    np.save(work / "points.npy", x)
    np.save(work / "spike_ids.npy", spike_ids)
    said = f"{replace(settings, components='', executor='', root=str(root))} {context.seed} ".encode()
    key = hashlib.sha256(said + x.tobytes()).hexdigest()[:20]
    points, ids, cancel = (
        str(p.absolute()) for p in (work / "points.npy", work / "spike_ids.npy", cancel_file(context))
    )
    tasks = [
        SweepTask(
            k, points, ids, settings, context.seed, str(root.absolute()),
            str((kept / f"{k}-{key}.json").absolute()), cancel,
        )
        for k in reversed(settings.numbers())  # those that take longest first
    ]  # fmt: skip
    return tasks, root, (len(x), x.shape[1])


def _points(context: JobContext) -> tuple[FloatArray, IntArray, Path]:
    """The points to fit, their spikes, and the folder of the registry.

    Raises
    ------
    PhyMedError : there are too few points for what is asked
    """
    import numpy as np

    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.compute.mixture.features import rotation
    from phy_medicine.compute.mixture.job import points_of

    settings = context.settings
    numbers = settings.numbers()
    x, spike_ids, root = points_of(context)
    if len(x) > settings.most_spikes:
        rows = np.sort(np.random.default_rng(context.seed).choice(len(x), settings.most_spikes, replace=False))
        x, spike_ids = x[rows], spike_ids[rows]
    if x.shape[1] > settings.dimensions:
        x = rotation(x, settings.dimensions).apply(x)
    fewest = len(x) - -(-len(x) // settings.folds) if settings.folds > 1 else len(x)
    if max(numbers) > fewest:
        raise PhyMedError(f"{len(x)} spikes are too few for {max(numbers)} components; try fewer, or fewer folds.")
    if settings.folds == 1:
        raise PhyMedError("One fold leaves nothing to fit; choose 0, or at least 2.")
    return np.ascontiguousarray(x), spike_ids, root


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)
