"""The registry of fits: a folder for each, whole or absent.

<root>/sessions/<DD-Mon-YYYY@HH-MM-SS-MODEL>/
    params.yaml   training.npy   spike_ids.npy   trace.npz   fit.npz   summary.json   clusters.npy   certainty.npy
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import phy_medicine
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.compute.mixture.assignments import (
    Assignments,
    find_cluster_assignments,
    store_cluster_assignments,
)
from phy_medicine.compute.mixture.fit import DPMM, Fit
from phy_medicine.compute.mixture.points import as_points
from phy_medicine.compute.mixture.table import Table
from phy_medicine.io.durable import reason, sync_file, sync_folder

SESSIONS = "sessions"
PARAMS, TRAINING, SPIKE_IDS, SUMMARY = "params.yaml", "training.npy", "spike_ids.npy", "summary.json"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MODEL = re.compile(r"[A-Za-z0-9_.+]{1,40}")
_ENGINES = {"gibbs": "Gibbs sampling", "native": "coordinate ascent variational inference", "sklearn": "scikit-learn"}


def save_experiment(
    root: Path,
    fit: Fit,
    x: AnyArray,
    *,
    name: str = "",
    spike_ids: IntArray | None = None,
    assignments: Assignments | None = None,
    more: Mapping[str, AnyArray] | None = None,
) -> str:
    """Write a fit into the registry in one step, and return the name of its folder.

    Parameters
    ----------
    root : folder of the registry, made if it is not there
    x : (n, d), the points that were fitted
    name : in words, for people
    spike_ids : (n,), which spikes of a dataset they are
    assignments : labels of the points, found by the posterior if not given
    more : other arrays about the points, written as `.npy` by their names

    Raises
    ------
    PhyMedError : points or ids do not belong to the fit, or the folder cannot be written; nothing is left then
    """
    rows = as_points(x, fit.d)
    if len(rows) != fit.n or (spike_ids is not None and len(spike_ids) != fit.n):
        raise PhyMedError(f"The fit is of {fit.n} points; give these, and as many spike ids or none.")
    if not _MODEL.fullmatch(fit.model):
        raise PhyMedError(f"A model's name is of letters, digits and _ . +, not {fit.model!r}.")
    now = datetime.now().astimezone()
    found = assignments or find_cluster_assignments(fit, rows, fit.burn_in if fit.burn_in < 1 else 0.0)
    sessions = Path(root) / SESSIONS
    try:
        sessions.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=sessions))
    except OSError as error:
        raise PhyMedError(f"The registry {root} cannot be written: {reason(error)}.") from None
    try:
        fit.save(draft)
        np.save(draft / TRAINING, np.asarray(x))
        if spike_ids is not None:
            np.save(draft / SPIKE_IDS, np.asarray(spike_ids, dtype=np.int64))
        for stem, array in (more or {}).items():
            np.save(draft / f"{stem}.npy", array)
        store_cluster_assignments(found, draft)
        (draft / SUMMARY).write_text(json.dumps(_summary(fit, rows, found), indent=1), encoding="utf-8")
        (draft / PARAMS).write_text(_yaml(_params(fit, x, name, now)), encoding="utf-8")
        for path in draft.iterdir():
            sync_file(path)
        draft.chmod(0o777 & ~_umask())
        return _put(draft, sessions, _stamp(now, fit.model))
    except OSError as error:
        raise PhyMedError(f"The fit could not be kept in {sessions}: {reason(error)}.") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def list_experiments(root: Path) -> tuple[str, ...]:
    """Return the names of all fits of a registry, the newest first; none where there is no registry.

    Raises
    ------
    PhyMedError : the folder cannot be read
    """
    sessions = Path(root) / SESSIONS
    try:
        names = [p.name for p in sessions.iterdir() if p.is_dir() and not p.name.startswith(".")]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise PhyMedError(f"The registry {sessions} cannot be read: {reason(error)}.") from None
    return tuple(sorted(names, key=lambda name: _age(sessions / name), reverse=True))


def summarize_experiments(root: Path) -> Table:
    """Return a table with a row for each fit, the newest first; columns are what any of them has.

    A fit whose files are damaged has a row that says so.
    """
    return Table.of([_row(root, name) for name in list_experiments(root)])


def summarize_experiment(root: Path, name: str) -> Table:
    """Return all that is known of one fit, a row for each fact.

    Raises
    ------
    PhyMedError : there is no such fit, or its files are damaged
    """
    facts = read_params(root, name) | read_summary(root, name)
    return Table.of([{"fact": fact, "value": value} for fact, value in facts.items() if value != ""])


def experiment_folder(root: Path, name: str) -> Path:
    """Return the folder of a fit.

    Raises
    ------
    PhyMedError : there is none of that name
    """
    if name not in list_experiments(root):
        there = ", ".join(list_experiments(root)[:3]) or "none"
        raise PhyMedError(f"There is no fit {name!r} in {Path(root) / SESSIONS}; the newest are: {there}.")
    return Path(root) / SESSIONS / name


def read_params(root: Path, name: str) -> dict[str, Any]:
    """Return the content of `params.yaml`; errors as `summarize_experiment`."""
    return _read_yaml(experiment_folder(root, name) / PARAMS)


def read_summary(root: Path, name: str) -> dict[str, Any]:
    """Return the content of `summary.json`; errors as `summarize_experiment`."""
    path = experiment_folder(root, name) / SUMMARY
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise PhyMedError(f"{path} cannot be read: {reason(error)}.") from None
    except WRONG_CONTENT:
        raise PhyMedError(f"{path} is damaged; remove the folder and fit anew.") from None


def data_hash(x: AnyArray) -> str:
    """Return the SHA-256 of an array's type, shape and content."""
    array = np.ascontiguousarray(x)
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array.data)
    return digest.hexdigest()


def _row(root: Path, name: str) -> dict[str, Any]:
    try:
        return (
            {"name": name}
            | {k: v for k, v in read_params(root, name).items() if k != "name"}
            | read_summary(root, name)
        )
    except PhyMedError as error:
        return {"name": name, "problem": str(error)}


def _params(fit: Fit, x: AnyArray, name: str, now: datetime) -> dict[str, Any]:
    own = dict(fit.settings)
    level = "truncation_level" if fit.model == DPMM else "k"
    runs = "n_iter" if "n_iter" in own else "samples"
    first = {key: own.pop(key) for key in (level, runs) if key in own}
    return {
        "model_type": fit.model, **first, "inference_algorithm": _ENGINES.get(fit.engine, fit.engine),
        "inference_params": own | {"burn_in": fit.burn_in}, "priors": fit.prior.to_dict(), "seed": fit.seed,
        "n": fit.n, "d": fit.d, "data_hash": data_hash(x), "timestamp": now.isoformat(timespec="milliseconds"),
        "code_version": fit.version, "commit": _commit(), "name": name, "seconds": round(fit.seconds, 3),
    }  # fmt: skip


def _summary(fit: Fit, x: AnyArray, found: Assignments) -> dict[str, Any]:
    log_likelihood = float(fit.log_density(x).sum())
    away = x - fit.point.mu[found.components[found.labels]]
    sizes = np.bincount(found.labels, minlength=len(found.components))
    return {
        **fit.facts, "log_likelihood": log_likelihood, "log_likelihood_per_spike": log_likelihood / max(fit.n, 1),
        "mse": float((away**2).mean()), "groups": len(sizes), "sizes": sizes.tolist(),
        "certainty": float(found.certainty.mean()),
    }  # fmt: skip


def _yaml(values: Mapping[str, Any]) -> str:
    """YAML of one line a key: every JSON value is one of YAML."""
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
        pairs = (line.partition(":") for line in lines)
        return {key.strip(): json.loads(value) for key, _, value in pairs}
    except OSError as error:
        raise PhyMedError(f"{path} cannot be read: {reason(error)}.") from None
    except WRONG_CONTENT:
        raise PhyMedError(
            f"{path} is damaged, or was changed by hand; each line is a name, a colon and a value."
        ) from None


def _put(draft: Path, sessions: Path, stamp: str) -> str:
    """Rename the draft to the first name that is free."""
    for i in range(1, 10_000):
        name = stamp if i == 1 else f"{stamp}-{i}"
        if (sessions / name).exists():
            continue
        try:
            draft.rename(sessions / name)
        except OSError:
            if (sessions / name).exists():  # another process was faster
                continue
            raise
        sync_folder(sessions)
        return name
    raise PhyMedError(f"{sessions} has no free name for {stamp}.")


def _stamp(now: datetime, model: str) -> str:
    return f"{now.day:02d}-{_MONTHS[now.month - 1]}-{now.year}@{now:%H-%M-%S}-{model}"


def _age(folder: Path) -> tuple[str, int]:
    """What names sort by: the time in the parameters, else that of the folder; then the number of the second."""
    number = re.search(r"-(\d+)$", folder.name)
    try:
        moment = datetime.fromisoformat(_read_yaml(folder / PARAMS)["timestamp"])
    except (PhyMedError, *WRONG_CONTENT):
        try:
            moment = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        except OSError:
            moment = datetime.fromtimestamp(0, UTC)
    return moment.astimezone(UTC).isoformat(), int(number[1]) if number else 1


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _commit() -> str:
    """The commit of the program's own repository, "" for an installed one."""
    package = Path(phy_medicine.__file__).resolve().parent
    ask = ["git", "-C", str(package.parent), "rev-parse", "--show-toplevel", "HEAD"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        top, commit = subprocess.run(ask, capture_output=True, text=True, timeout=5, check=True).stdout.split("\n")[:2]
        return commit if Path(top) == package.parent else ""
    return ""
