"""What mixtures are fitted to: spikes of a dataset, or points of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phy_medicine.app.job_command import JobOutcome, run_job, run_on_files
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, params_of

SORTED = (".py", ".kwik")
"""Suffixes of datasets."""


def fit_dataset(
    kind: str, path: Path, given: dict[str, Any], *, store: bool, resume: bool = False, say: Any = None
) -> JobOutcome:
    """Run a job on a dataset; arguments as of `run_job`; store : keep its result as a run, which needs write access.

    Raises
    ------
    PhyMedError : the dataset cannot be opened, or the job failed
    """
    from phy_medicine.app.build import open_session

    session = open_session(path, read_only=not store, recover=None, use_runs=False)
    try:
        return run_job(session, kind, given, to_store=store, resume=resume, say=say)
    finally:
        session.close()


def fit_points(kind: str, settings: Any, path: Path, given: dict[str, Any], *, say: Any = None) -> JobOutcome:
    """Run a job on a file of points, a row each; given : of it those count that are in the settings.

    Raises
    ------
    PhyMedError : no such file, or the job failed
    """
    if path.suffix != ".npy" or not path.is_file():
        raise PhyMedError(f"{path} is neither a dataset (params.py, FILE.kwik) nor a .npy file of points that exists.")
    own = {param.name for param in params_of(type(settings))}
    settings = changed(settings, **{name: value for name, value in given.items() if name in own})
    return run_on_files(kind, settings, {"points": path.resolve()}, say=say)
