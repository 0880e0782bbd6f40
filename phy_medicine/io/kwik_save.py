"""Saving a curation into a Kwik file: one clustering changes, in a copy that takes the file's place when complete."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import DatasetError, SaveError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.base.types import IntArray
from phy_medicine.io.durable import reason, reserve, sync_file
from phy_medicine.io.fingerprint import file_mark
from phy_medicine.io.generation import Step, nothing
from phy_medicine.io.h5 import open_h5
from phy_medicine.io.kwik_backup import draft_of, keep_labels, keep_original, plain_name, remove_drafts
from phy_medicine.io.kwik_labels import read_labels, write_labels
from phy_medicine.io.kwik_tree import read_clusters
from phy_medicine.io.kwik_write import MAIN, labels_bytes
from phy_medicine.io.metadata import GROUP, format_cluster_info, format_field, is_field_name
from phy_medicine.io.model import Curation
from phy_medicine.io.safe_write import FileChangedError, SaveReport, SaveSet

if TYPE_CHECKING:
    from phy_medicine.io.kwik_model import KwikModel

_SPARE = 1 << 20


@dataclass(frozen=True, slots=True)
class _State:
    """What the file holds of the clustering: labels, and field -> cluster -> value."""

    labels: IntArray
    fields: Mapping[str, Mapping[int, object]]

    def same(self, other: _State) -> bool:
        """Return whether another state has the same labels and fields; a field without values does not count."""
        return np.array_equal(self.labels, other.labels) and _filled(self.fields) == _filled(other.fields)


class KwikSaver:
    """Writes curations of one clustering.

    The file is never changed in place: a copy is changed, read again and compared, and then takes its name. Other
    programs may change other parts of the file meanwhile; the copy is of the file as it is at the save.

    on_step : called before each step, for tests that interrupt it
    """

    def __init__(self, model: KwikModel, *, on_step: Step = nothing) -> None:
        self._name, self._path = model.path.name, model.path.resolve()
        self._folder = model.dir_path
        self._group = model.group_path
        self._clustering = model.clustering
        self._tables = _tables_folder(model)
        self._fingerprints = dict(model.fingerprints)
        self._known = _State(model.spike_clusters, model.metadata.fields)
        self._mark = model.file_mark
        self._failed: tuple[SaveSet, _State] | None = None
        self._on_step = on_step

    def labels_changed(self) -> str:
        """Return the file when another program changed the labels of this clustering in it, else ""."""
        return "" if np.array_equal(self._present().labels, self._known.labels) else self._path.name

    def save(self, curation: Curation, *, force: bool = False) -> SaveReport:
        """Write labels, groups and label columns into the file, and the tables beside it.

        Raises
        ------
        FileChangedError : without `force`, another program changed this clustering since it was read
        SaveError : no space, no rights, or a file that does not keep what is written; it is as before, or the sentence
            says otherwise
        """
        begin = time.perf_counter()
        self.took_effect()
        draft = draft_of(self._path)
        try:
            remove_drafts(self._path, OwnFiles(self._folder).backups)
            present = self._present()
            if not force and not present.same(self._known):
                raise FileChangedError([self._path.name])
            wanted = _State(curation.labels, _living(curation))
            changed = not present.same(wanted)
            backup = self._replace(draft, curation, present, wanted) if changed else None
            self._on_step("tables")
            tables = self._tables_of(curation)
            self._failed = tables, wanted
            report = tables.commit(draft=draft if changed else None, leader=self._name)
        except (OSError, DatasetError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error).rstrip(".")
            raise SaveError(
                f"Could not save to {self._path}: {why}. The file is as before and your work is in the journal; free "
                "space or correct the rights, then save again."
            ) from None
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        self._failed = None
        self._known, self._mark = wanted, file_mark(self._path)
        seconds = time.perf_counter() - begin
        logger.info("Saved %s %s to %s in %.2f s.", self._group, self._clustering, self._path, seconds)
        name = (self._path.name,)
        return replace(
            report,
            files=(name if changed else ()) + report.files,
            unchanged=report.unchanged if changed else name + report.unchanged,
            seconds=seconds,
            backup=backup,
            fingerprints=self._fingerprints,
        )

    def took_effect(self) -> bool:
        """Return whether the last save, which failed, is in the file all the same; its tables follow where possible.

        Raises
        ------
        SaveError : the disk does not answer
        """
        if self._failed is None:
            return False
        tables, wanted = self._failed
        done = tables.took_effect()
        if done:
            self._known, self._mark = wanted, None
        self._failed = None
        return done

    def _present(self) -> _State:
        """The clustering as it is in the file, read again only when the file was touched."""
        mark = file_mark(self._path)
        if mark is not None and mark == self._mark:
            return self._known
        state = self._read(self._path)
        self._mark = None
        return state

    def _read(self, path: Path, cluster_ids: list[int] | None = None) -> _State:
        """The clustering as it is in a file, with the fields of all clusters or of some."""
        with open_h5(path) as file:
            labels = read_clusters(file, self._group, self._clustering, len(self._known.labels))
            ids = np.unique(labels).tolist() if cluster_ids is None else cluster_ids
            return _State(labels, read_labels(file, self._group, self._clustering, ids))

    def _replace(self, draft: Path, curation: Curation, present: _State, wanted: _State) -> Path:
        """Make the copy that will take the file's place, and the backups of what it replaces."""
        self._on_step("copy")
        size = self._path.stat().st_size
        if shutil.disk_usage(self._path.parent).free < 2 * size + _SPARE:
            raise OSError(0, f"no space for a copy of {size:,} bytes and its backup")
        shutil.copy(self._path, draft)
        self._on_step("write")
        touched = _touched(curation, present, wanted)
        self._write(draft, curation, present, touched)
        self._on_step("verify")
        if not self._read(draft, touched).same(_State(wanted.labels, _only(wanted.fields, touched))):
            raise DatasetError(
                f"what was written to a copy of {self._path.name} did not come back; please report this."
            )
        sync_file(draft)
        self._on_step("backup")
        keep_original(self._path)
        ending = plain_name(self._path.stem, self._group.rpartition("/")[2], self._clustering)
        return keep_labels(OwnFiles(self._folder).backups, ending, present.labels, present.fields)

    def _write(self, path: Path, curation: Curation, present: _State, touched: list[int]) -> None:
        place = f"{self._group}/spikes/clusters/{self._clustering}"
        with open_h5(path) as file:
            layout = file.layout(place)
        groups = frozenset(curation.fields.get(GROUP, {}).values())
        added = labels_bytes(curation.fields, frozenset(touched)) + labels_bytes({}, groups)
        if layout.offset is None:  # in chunks, which may be compressed; otherwise they take their own place
            added += layout.dtype.itemsize * len(curation.labels)
        reserve(path, path.stat().st_size + added + _SPARE)
        with open_h5(path, "r+") as file:
            labels = curation.labels.astype(layout.dtype).reshape(layout.shape)
            if not np.array_equal(labels.reshape(-1), curation.labels):
                raise DatasetError(f"{place} holds {layout.dtype} and cannot take cluster {curation.labels.max()}.")
            file.write(place, labels)
            known = frozenset(np.unique(present.labels).tolist())
            write_labels(file, self._group, self._clustering, curation.fields, touched, known)

    def _tables_of(self, curation: Curation) -> SaveSet:
        """`cluster_<field>.tsv` and `cluster_info.tsv`, which follow the file."""
        files = SaveSet(self._folder, folder=self._tables, on_step=self._on_step)
        for field, values in sorted(curation.fields.items()):
            if field != GROUP and is_field_name(field):
                files.add(f"cluster_{field}.tsv", format_field(field, values, curation.cluster_ids))
        files.add("cluster_info.tsv", format_cluster_info(curation.info()))
        return files


def _tables_folder(model: KwikModel) -> str:
    """Where the tables go: beside the file, "", or into a folder of their own where others would be overwritten.

    Several channel groups or clusterings have clusters of the same numbers; beside a params.py, phy reads the tables.
    """
    folder = model.dir_path
    alone = len(model.channel_groups) == 1 and model.clustering in (MAIN, model.clusterings[0])
    if alone and not (folder / "params.py").exists() and len(list(folder.glob("*.kwik"))) == 1:
        return ""
    return plain_name(model.path.stem, str(model.channel_group), model.clustering)


def _living(curation: Curation) -> dict[str, dict[int, object]]:
    """Fields of the clusters that exist."""
    alive = frozenset(curation.cluster_ids)
    return {name: {c: v for c, v in values.items() if c in alive} for name, values in curation.fields.items()}


def _only(fields: Mapping[str, Mapping[int, object]], cluster_ids: list[int]) -> dict[str, dict[int, object]]:
    """Fields of some clusters."""
    some = frozenset(cluster_ids)
    return {name: {c: v for c, v in values.items() if c in some} for name, values in fields.items()}


def _touched(curation: Curation, present: _State, wanted: _State) -> list[int]:
    """Clusters that are new, or whose group or labels differ from those in the file."""
    known = frozenset(np.unique(present.labels).tolist())
    before, after = _filled(present.fields), _filled(wanted.fields)
    names = {*before, *after}
    return [
        c
        for c in curation.cluster_ids
        if c not in known or any(before.get(n, {}).get(c) != after.get(n, {}).get(c) for n in names)
    ]


def _filled(fields: Mapping[str, Mapping[int, object]]) -> dict[str, dict[int, object]]:
    """Fields that hold anything, with values that can be compared."""
    return {
        name: {int(c): _comparable(name, v) for c, v in sorted(values.items())}
        for name, values in sorted(fields.items())
        if values
    }


def _comparable(field: str, value: object) -> object:
    """Group names in lower case, as Kwik compares them; text for what the format has no number for; NaN equals NaN."""
    if field == GROUP:
        return str(value).lower()
    if isinstance(value, float):
        return "float", value if math.isfinite(value) else str(value)
    fits = isinstance(value, int) and -(2**63) <= value < 2**63
    return ("int", value) if fits else ("text", str(value))
