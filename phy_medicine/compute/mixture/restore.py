"""Fits of the registry as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture.experiments import TRAINING, data_hash, experiment_folder, read_params
from phy_medicine.compute.mixture.fit import restore
from phy_medicine.io.durable import reason


def experiment(root: Path, name: str) -> dict[str, Any]:
    """Return a fit of a registry; any number of them can be restored in one process.

    Returns
    -------
    "params" : content of `params.yaml`; "x_train" : (n, d), mapped into memory; "fit" : `Fit`; "trace" : its first
    chain; "x_pred" : function of a number and a random generator to new points of the posterior predictive
    distribution; "folder" : where it is

    Raises
    ------
    PhyMedError : there is no such fit, it is damaged, or of a version of the program that this one does not know
    """
    import numpy as np

    folder = experiment_folder(root, name)
    params, fit = read_params(root, name), restore(folder)
    try:
        x_train = np.load(folder / TRAINING, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise PhyMedError(f"{folder / TRAINING} cannot be read: {reason(error)}.") from None
    except (ValueError, EOFError):
        raise PhyMedError(f"{folder / TRAINING} is damaged; fit anew.") from None
    if data_hash(x_train) != params.get("data_hash"):
        raise PhyMedError(f"{folder / TRAINING} is not what was fitted: its hash is another one; fit anew.")
    trace = fit.chains[0] if fit.chains else None
    return {"params": params, "x_train": x_train, "fit": fit, "trace": trace, "x_pred": fit.sample, "folder": folder}
