"""What a dataset gives to jobs: one value for each spike as `.npy` files, or a description of the dataset itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, BoolArray
from phy_medicine.io.dataset_file import write_dataset
from phy_medicine.session.depths import TEMPLATES

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

DEPTHS, DATASET = "depths_um", "dataset"


def write_inputs(session: Session, names: tuple[str, ...], folder: Path) -> Mapping[str, Path]:
    """Write what a job needs of a dataset as `.npy` files; takes a while, so it is called in a thread.

    A job that needs depths is given the spikes whose own depth is known: that of a template says nothing of motion.

    Raises
    ------
    DatasetError : the dataset has no such input
    """
    unknown = next((name for name in names if name not in INPUTS and name != DATASET), None)
    if unknown is not None:
        raise DatasetError(f"No dataset has {unknown!r} for a job; there are {', '.join((*INPUTS, DATASET))}.")
    used = _measured(session) if DEPTHS in names else slice(None)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in names:
        if name == DATASET:
            paths[name] = write_dataset(folder / "dataset.json", session.model)
            continue
        paths[name] = folder / f"{name}.npy"
        np.save(paths[name], np.ascontiguousarray(INPUTS[name](session)[used]))
    return paths


def _measured(session: Session) -> slice | BoolArray:
    """The spikes whose depth is their own."""
    depths = session.depths
    measured = depths.measured
    if depths.source == TEMPLATES or not measured.any():
        raise DatasetError(
            f"{session.name} has no depths of single spikes, only those of their templates, which stay in place: run "
            "phy-med motion RECORDING on the raw file, or export spike_positions.npy or pc_features.npy to the folder."
        )
    return slice(None) if measured.all() else measured


def _depths(session: Any) -> AnyArray:
    depths: AnyArray = session.depths.raw
    return depths


def _amplitudes(session: Session) -> AnyArray:
    amplitudes = session.model.spike_strengths()
    if amplitudes is None:
        raise DatasetError(f"{session.name} has no amplitudes.npy, which this job needs; export it from the sorter.")
    return amplitudes


INPUTS: Mapping[str, Callable[[Session], AnyArray]] = {
    "times_s": lambda session: session.model.spike_times,
    DEPTHS: _depths,
    "amplitudes": _amplitudes,
    "spike_ids": lambda session: np.arange(session.model.n_spikes),
    "clusters": lambda session: session.spike_clusters(),
    "spike_samples": lambda session: session.model.spike_samples,
    "peak_channels": lambda session: session.model.template_peak_channels[session.model.spike_templates],
}
"""What a dataset can give to jobs, one value for each spike: s, µm, the unit of the sorter, ids, samples, channels."""
