"""Labels that a dataset had at some time and that are still there: at opening, of the sorter, in the backups."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io.array_files import as_integers, column, load_array
from phy_medicine.io.model import Model


@dataclass(frozen=True, slots=True, eq=False)
class KnownLabels:
    """labels : (n_spikes,) int; source : where they are from, in words."""

    labels: IntArray
    source: str


def find_labels(model: Model, labels_hash: str) -> KnownLabels | None:
    """Return the labels with this hash, None when they are kept nowhere."""
    return next((known for known in known_labels(model) if model.labels_hash(known.labels) == labels_hash), None)


def known_labels(model: Model) -> Iterator[KnownLabels]:
    """Yield labels that the dataset has or had, the newest first; a backup that cannot be read is passed over."""
    yield KnownLabels(model.spike_clusters, "the clusters of now")
    for path in sorted(OwnFiles(model.dir_path).backups.glob("*"), reverse=True):
        labels = _of_backup(path, model)
        if labels is not None:
            yield KnownLabels(labels, f"the backup {path.name}")
    yield KnownLabels(model.spike_templates, "the sorter's clusters")


def _of_backup(path: Path, model: Model) -> IntArray | None:
    """Labels in a folder of replaced files, or in the file that a save of a clustering of a Kwik file leaves."""
    try:
        found = _in_archive(path, model.n_spikes) if path.suffix == ".npz" else load_array(path / model.labels_name)
        return as_integers(column(found, model.n_spikes, path, "spike"), path, np.int32)
    except (DatasetError, OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _in_archive(path: Path, n_spikes: int) -> AnyArray:
    """The labels in an archive; no more is read than there are spikes, whatever the archive says."""
    with zipfile.ZipFile(path) as archive, archive.open("labels.npy") as file:
        npy_format.read_magic(file)
        shape, _, dtype = npy_format.read_array_header_1_0(file)
        if shape != (n_spikes,) or dtype.hasobject:
            raise ValueError(shape)
        return np.frombuffer(file.read(n_spikes * dtype.itemsize), dtype)
