"""Datasets to train on: simulated, with the mistakes of a sorter, at three levels of difficulty."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.paths import OwnFiles, user_dir
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.io.durable import reason
from phy_medicine.io.npz_file import read_npz
from phy_medicine.io.plain_file import read_json
from phy_medicine.io.simulate.dataset import Progress, simulate
from phy_medicine.io.simulate.settings import MIXED, SimulationSettings

EASY, MEDIUM, HARD = "easy", "medium", "hard"
MARK = "training.json"
"""Beside the dataset: which one it is."""
_TRUTH = ("spike_units", "unit_peaks_uv", "n_artifacts", "n_far_clusters")

LEVELS: Mapping[str, SimulationSettings] = {
    EASY: SimulationSettings(
        channels=24, units=10, duration_s=90.0, oversplit=0.3, overmerge=0.2, rate_hz=4.0, artifacts=1
    ),
    MEDIUM: SimulationSettings(
        channels=32, units=16, duration_s=180.0, drift="jump", drift_um=35.0, oversplit=0.3, oversplit_by=MIXED,
        overmerge=0.25, rate_hz=4.0, artifacts=1, far_clusters=2,
    ),
    HARD: SimulationSettings(
        channels=64, units=32, duration_s=240.0, drift="nonrigid", drift_um=45.0, oversplit=0.35, oversplit_by=MIXED,
        overmerge=0.25, jitter=0.09, noise_uv=11.0, artifacts=2, far_clusters=4,
    ),
}  # fmt: skip
"""Level -> what is simulated: the mistakes are units in two clusters, by amplitude or by motion, two units in one
cluster, artifacts and far-away neurons."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a simulated dataset.

    spike_sources : (n_spikes,) int32, the source of every spike
    peaks_uv : (n_sources,) float64, depth of the trough on the nearest contact
    neurons, artifacts, far : sources of each sort; far ones are several far-away neurons together
    """

    spike_sources: IntArray
    peaks_uv: FloatArray
    neurons: range
    artifacts: range
    far: range


def training_folder(level: str, seed: int) -> Path:
    """Return where a training dataset lies by default: in the user's own folder."""
    return user_dir() / "training" / f"{level}-{seed}"


def make_training(
    folder: Path, level: str = MEDIUM, seed: int = 0, *, fresh: bool = False, progress: Progress | None = None
) -> Path:
    """Simulate a dataset to train on, or find it where it was begun; return the path of its `params.py`.

    Parameters
    ----------
    folder : made when missing
    level : "easy", "medium" or "hard"; seed : another one, another dataset
    fresh : begin anew, also where a training lies: what was curated there is deleted
    progress : as of `simulate`

    Raises
    ------
    DatasetError : the folder holds something else, or cannot be written
    """
    if level not in LEVELS:
        raise DatasetError(f"There is no level {level!r}; there are {', '.join(LEVELS)}.")
    mark, params = {"level": level, "seed": seed}, folder / "params.py"
    there = read_mark(folder)
    if there is not None and not fresh and params.is_file():
        if there != mark:
            raise DatasetError(
                f"{folder} holds the training {there['level']}, seed {there['seed']}; name another folder, or begin "
                "anew in it with --fresh."
            )
        return params
    try:
        if there is not None and OwnFiles(folder).root.is_dir() and not OwnFiles(folder).root.is_symlink():
            shutil.rmtree(OwnFiles(folder).root)
        settings = replace(LEVELS[level], seed=seed)
        params = simulate(folder, settings, progress=progress, overwrite=there is not None)
        (folder / MARK).write_text(json.dumps(mark) + "\n", encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"{folder} cannot be written: {reason(error)}; name another folder.") from None
    return params


def read_mark(folder: Path) -> dict[str, str | int] | None:
    """Return level and seed of the training that a folder holds, None where it holds none."""
    try:
        mark = read_json(folder / MARK)
        return {"level": str(mark["level"]), "seed": int(mark["seed"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_truth(folder: Path, n_spikes: int) -> Truth:
    """Return the truth of a simulated dataset.

    n_spikes : of the dataset

    Raises
    ------
    DatasetError : there is none, or one of other spikes
    """
    path = folder / "ground_truth.npz"
    if not path.is_file():
        raise DatasetError(f"{folder} has no ground_truth.npz: train on a dataset of phy-med train or simulate.")
    arrays = read_npz(path, _TRUTH)
    sources, peaks = arrays["spike_units"], np.asarray(arrays["unit_peaks_uv"], np.float64)
    n_artifacts, n_far = int(arrays["n_artifacts"]), int(arrays["n_far_clusters"])
    n_neurons = len(peaks) - n_artifacts - n_far
    fits = sources.shape == (n_spikes,) and sources.dtype.kind in "iu" and min(n_neurons, n_artifacts, n_far) >= 0
    if not fits or (n_spikes and not 0 <= int(sources.min()) <= int(sources.max()) < len(peaks)):
        raise DatasetError(f"{path} is not the truth of the {n_spikes:,} spikes of this dataset; simulate it again.")
    bounds = (n_neurons, n_neurons + n_artifacts, len(peaks))
    return Truth(
        frozen(sources.astype(np.int32)), frozen(peaks), range(bounds[0]), range(*bounds[:2]), range(*bounds[1:])
    )
