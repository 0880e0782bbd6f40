"""Labels that a dataset had at some time and that are still there: at opening, of the sorter, in the backups."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy_format

from phy_medicine.base.errors import DatasetError, JournalError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io.array_files import as_integers, column, load_array
from phy_medicine.io.journal_reader import journals, read_journal
from phy_medicine.io.metadata import GROUP, read_metadata
from phy_medicine.io.model import Model


@dataclass(frozen=True, slots=True, eq=False)
class KnownLabels:
    """labels : (n_spikes,) int; source : where they are from, in words; groups : of the clusters, as far as known."""

    labels: IntArray
    source: str
    groups: Mapping[int, str]


def find_labels(model: Model, labels_hash: str) -> KnownLabels | None:
    """Return the labels with this hash, None when they are kept nowhere."""
    return next((known for known in known_labels(model) if model.labels_hash(known.labels) == labels_hash), None)


def known_labels(model: Model) -> Iterator[KnownLabels]:
    """Yield labels that the dataset has or had, the newest first; a backup that cannot be read is passed over."""
    groups = {c: str(g) for c, g in model.metadata.fields.get(GROUP, {}).items()}
    yield KnownLabels(model.spike_clusters, "the clusters of now", groups)
    backups = sorted(OwnFiles(model.dir_path).backups.glob("*"), reverse=True)
    kept = [path for path in backups if (path / f"cluster_{GROUP}.tsv").is_file()]
    # A save keeps the groups only if it replaced them: what is not kept is as it was in the newer files, unless those
    # were the first of their kind.
    groups = groups if kept or not _was_grouped(model) else {}
    for path in backups:
        if path in kept:
            groups = read_groups(path)
        labels = _of_backup(path, model)
        if labels is not None:
            yield KnownLabels(labels, f"the backup {path.name}", groups)
    yield KnownLabels(model.spike_templates, "the sorter's clusters", groups)


def _was_grouped(model: Model) -> bool:
    """Whether any journal of the dataset moves clusters to a group."""
    for path in journals(model.dir_path):
        with contextlib.suppress(JournalError):
            if any(record.get("kind") == GROUP for record in read_journal(path).records):
                return True
    return False


def read_groups(folder: Path) -> dict[int, str]:
    """Return the groups of clusters that the tables of a folder hold."""
    return {c: str(group) for c, group in read_metadata(folder)[0].fields.get(GROUP, {}).items()}


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
