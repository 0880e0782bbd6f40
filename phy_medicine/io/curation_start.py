"""The clusters of a dataset before anybody curated it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError, JournalError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.base.types import IntArray
from phy_medicine.io.array_files import as_integers, column, load_array
from phy_medicine.io.journal_reader import journals, read_journal
from phy_medicine.io.metadata import parse_value
from phy_medicine.io.model import Model
from phy_medicine.io.spike_table import CLUSTERS_NAME

UnitId = int | str
AUTO, TEMPLATES, OPENED = "auto", "templates", "opened"
_SI_UNITS = "cluster_si_unit_ids.tsv"


@dataclass(frozen=True, slots=True, eq=False)
class CurationStart:
    """Clusters before a curation.

    labels : (n_spikes,) int32; source : where they are from, in words
    units : cluster -> id of the unit in SpikeInterface, where that is not the cluster's number
    as_text : ids are text in SpikeInterface, also those that look like numbers
    """

    labels: IntArray
    source: str
    units: Mapping[int, UnitId] = field(default_factory=dict)
    as_text: bool = False

    def name(self, cluster: int) -> UnitId:
        """Return the id of the unit that a cluster of the start is."""
        unit = self.units.get(cluster, cluster)
        return str(unit) if self.as_text else unit


def curation_start(model: Model, before: str | Path = AUTO, *, as_text: bool = False) -> CurationStart:
    """Return the clusters that a curation is told from.

    Parameters
    ----------
    before : "templates" for those of the sorter, "opened" for those at opening, a `.npy` file of labels, or "auto": the
        oldest that are known, which are the sorter's templates where SpikeInterface wrote the dataset
    as_text : SpikeInterface has text for ids

    Raises
    ------
    DatasetError : the file cannot be read or has another number of spikes
    """
    units = si_unit_ids(model.dir_path)
    text = as_text or any(isinstance(unit, str) for unit in units.values())
    if before == AUTO:
        labels, source = next(_candidates(model, bool(units)))
        first = _first_hash(model)
        for candidate, name in _candidates(model, bool(units)):
            if first and model.labels_hash(candidate) == first:
                labels, source = candidate, name
                break
        return CurationStart(labels, source, units, text)
    if before in (TEMPLATES, OPENED):
        labels = model.spike_templates if before == TEMPLATES else model.spike_clusters
        source = "the sorter's templates" if before == TEMPLATES else "the clusters as they were opened"
        return CurationStart(labels, source, units, text)
    return CurationStart(_read(Path(before), model.n_spikes), str(before), units, text)


def si_unit_ids(folder: Path) -> dict[int, UnitId]:
    """Return cluster -> unit as `spikeinterface.exporters.export_to_phy` wrote them; nothing where it wrote none."""
    path = folder / _SI_UNITS
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = [[parse_value(cell) for cell in row] for row in csv.reader(file, delimiter="\t")]
    except (OSError, csv.Error) as error:
        logger.warning("%s cannot be read (%s), so clusters are named by their numbers.", path, error)
        return {}
    found = {row[0]: row[1] for row in rows[1:] if len(row) == 2}
    return {c: unit for c, unit in found.items() if isinstance(c, int) and isinstance(unit, int | str)}


def _candidates(model: Model, is_of_si: bool) -> Iterator[tuple[IntArray, str]]:
    """Labels that may be the start, the likeliest first."""
    templates = model.spike_templates, "the sorter's templates"
    if is_of_si:
        yield templates
    for folder in sorted(OwnFiles(model.dir_path).backups.glob("*")):
        if (folder / CLUSTERS_NAME).is_file():
            yield _read(folder / CLUSTERS_NAME, model.n_spikes), f"the clusters before the first save ({folder.name})"
            break
    # What phy leaves behind when it opens a dataset: the clusters may be its work.
    if model.path.suffix == ".kwik" or (model.dir_path / ".phy").is_dir() or (model.dir_path / "phy.log").is_file():
        yield templates
    yield model.spike_clusters, "the clusters as they were opened"
    yield templates


def _first_hash(model: Model) -> str:
    """Hash of the labels that the oldest journal began with, "" without journals."""
    for path in journals(model.dir_path)[:1]:
        try:
            return read_journal(path).header.labels_hash
        except JournalError:
            continue
    return ""


def _read(path: Path, n_spikes: int) -> IntArray:
    if not path.is_file():
        raise DatasetError(f"{path} does not exist; name a .npy file of labels, or templates, opened or auto.")
    labels: IntArray = np.array(as_integers(column(load_array(path), n_spikes, path, "spike"), path, np.int32))
    return labels
