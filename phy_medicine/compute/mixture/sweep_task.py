"""A mixture with one number of components, and what it comes to: a piece of the job "mixture_sweep"."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.mixture import dpmm, gmm
from phy_medicine.compute.mixture.experiments import list_experiments, save_experiment
from phy_medicine.compute.mixture.fit import DPMM, Fit
from phy_medicine.compute.mixture.likelihood import tried
from phy_medicine.compute.mixture.prior import FULL
from phy_medicine.compute.mixture.settings import SweepSettings
from phy_medicine.compute.mixture.split_mixture import bound_of
from phy_medicine.compute.mixture.spread import check
from phy_medicine.compute.pipeline.task import one_thread

_TURNS = 200


@dataclass(frozen=True, slots=True)
class SweepTask:
    """What a worker is told.

    k : number of components
    points, spike_ids : `.npy` files of the points (n, d) and of the spikes they are
    root : folder of the registry; part : file of the result; cancel : file at whose sight the work ends
    """

    k: int
    points: str
    spike_ids: str
    settings: SweepSettings
    seed: int
    root: str
    part: str
    cancel: str

    def __str__(self) -> str:
        return "1 component" if self.k == 1 else f"{self.k} components"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a number of components came to.

    log_evidence : a lower bound of it; log_likelihood, n_parameters, bic, icl : as of `Criteria`
    held_out, held_out_error : mean log density of a held-out point, and its standard error; NaN without folds
    components : that the fit has, fewer than k where a Dirichlet process needed fewer
    experiment : name of the fit in the registry
    """

    k: int
    log_evidence: float
    log_likelihood: float
    n_parameters: int
    bic: float
    icl: float
    held_out: float
    held_out_error: float
    components: int
    seconds: float
    experiment: str

    @classmethod
    def read(cls, path: Path, root: Path) -> Tried | None:
        """Return what was written of a fit that is still in the registry, None if there is none."""
        try:
            found = cls(**json.loads(path.read_text("utf-8")))
        except (OSError, *WRONG_CONTENT):
            return None
        return found if found.experiment in list_experiments(root) else None


def try_number(task: SweepTask) -> Tried:
    """Fit with a number of components, keep the fit in the registry, and return what it comes to.

    Raises
    ------
    Cancelled : the work is to end; nothing of the fit is kept
    PhyMedError : more components than points, or the registry cannot be written
    """
    check(task.cancel)
    begin = time.perf_counter()
    x = np.array(np.load(task.points, mmap_mode="r", allow_pickle=False))
    with one_thread():  # the same result whatever the number of processors
        fit, swept = tried(x, task.k, lambda part, k: _fitted(task, part, k), folds=task.settings.folds, seed=task.seed)
        evidence = _log_evidence(task, x, fit)
    check(task.cancel)
    held = swept.held_out
    title = f"{task.settings.title or 'sweep'}, {task}"
    name = save_experiment(Path(task.root), fit, x, name=title, spike_ids=np.load(task.spike_ids, allow_pickle=False))
    found = Tried(
        task.k, evidence, swept.criteria.log_likelihood, swept.criteria.n_parameters, swept.criteria.bic,
        swept.criteria.icl, nan if held is None else held.mean, nan if held is None else held.standard_error, fit.k,
        round(time.perf_counter() - begin, 3), name,
    )  # fmt: skip
    _write(Path(task.part), asdict(found))
    return found


def _fitted(task: SweepTask, x: FloatArray, k: int) -> Fit:
    settings = task.settings

    def told(_fraction: float, _message: str) -> None:
        check(task.cancel)

    if settings.model == DPMM.lower():
        return dpmm.fit(x, k, covariance=settings.covariance, seed=task.seed, progress=told)
    if settings.samples:
        return gmm.fit(
            x, k, samples=settings.samples, covariance=settings.covariance, seed=task.seed, progress=told
        )  # fmt: skip
    return gmm.fit(x, k, covariance=settings.covariance, engine=gmm.SKLEARN, seed=task.seed, progress=told)


def _log_evidence(task: SweepTask, x: FloatArray, fit: Fit) -> float:
    """A lower bound: of the fit itself, or of variational inference with as many components, not joined."""
    if "elbo" in fit.facts:
        return float(fit.facts["elbo"])
    full = task.settings.covariance == FULL
    return bound_of(x, task.k, fit.prior, full=full, turns=_TURNS, seed=task.seed)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write in one step."""
    draft = path.with_name(f".{path.stem}.{os.getpid()}.{time.monotonic_ns()}.part")
    try:
        draft.write_text(json.dumps(content), "utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
