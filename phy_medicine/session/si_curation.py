"""A curation of SpikeInterface done in a session, by actions that can be undone one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import LabelValue
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.groups import UNSORTED
from phy_medicine.io.curation_start import si_unit_ids
from phy_medicine.io.si_curation import CurationStep, UnitId, UnitMerge, UnitSplit

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

NOISE = "noise"
_GROUP_FIELDS = ("quality", GROUP)
_GROUPS = ("good", "mua", NOISE)


@dataclass(frozen=True, slots=True)
class CurationReport:
    """What was done: clusters that got a label or group, clusters put into noise, merges, splits; and what to know."""

    n_labels: int
    n_removed: int
    n_merges: int
    n_splits: int
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """In one sentence."""
        return (
            f"{self.n_merges} merges and {self.n_splits} splits done, {self.n_labels} labels set, {self.n_removed} "
            "clusters moved to noise."
        )


def apply_steps(session: Session, steps: Sequence[CurationStep]) -> CurationReport:
    """Do all, or nothing.

    Raises
    ------
    DatasetError : the curation is of other units; everything was taken back
    ReadOnlyError, JournalError : the actions cannot be kept safe
    """
    before = session.history.position
    try:
        return _Applied(session, steps).report()
    except BaseException:
        while session.history.position > before:
            session.undo()
        raise


class _Applied:
    """The units of each step and the clusters that they are."""

    def __init__(self, session: Session, steps: Sequence[CurationStep]) -> None:
        self._session = session
        self._n_labels = self._n_removed = self._n_merges = self._n_splits = 0
        self._notes: list[str] = []
        self._clusters = self._first_units(steps[0])
        for step in steps:
            self._do(step, later=step is not steps[0])

    def report(self) -> CurationReport:
        notes = tuple(dict.fromkeys(self._notes))
        return CurationReport(self._n_labels, self._n_removed, self._n_merges, self._n_splits, notes)

    def _first_units(self, step: CurationStep) -> dict[str, int]:
        """Unit, as text -> cluster; by the ids of SpikeInterface where it wrote the dataset, else by number."""
        living = self._session.cluster_ids
        named = {str(unit): c for c, unit in si_unit_ids(self._session.model.dir_path).items() if c in living}
        found = {str(c): c for c in living} | named
        units = {str(unit) for unit in step.unit_ids}
        n_strange = len(units - found.keys())
        if n_strange:
            self._notes.append(f"{n_strange} of {len(units)} units of the curation are no clusters of this dataset.")
        n_left = len(set(living) - {found[unit] for unit in units if unit in found})
        if n_left:
            self._notes.append(f"{n_left} of {len(living)} clusters are not in the curation and stay as they are.")
        return found

    def _cluster(self, unit: UnitId) -> int:
        cluster = self._clusters.get(str(unit))
        if cluster is None or not self._session.manager.assignment.contains(cluster):
            raise DatasetError(
                f"Unit {unit} of the curation is no cluster of this dataset; it was made for another sorting, or the "
                "clusters were changed since. Nothing was changed."
            )
        return cluster

    def _do(self, step: CurationStep, *, later: bool) -> None:
        fields = {_field(name): values for name, values in step.labels.items()}
        for split in step.splits:  # refused before anything of the step is done
            split.parts(len(self._session.facts.spikes(self._cluster(split.unit_id))))
        for field, values in fields.items():
            # To SpikeInterface a unit without a label has lost the one of the step before; what the dataset had stays.
            bare = {self._cluster(unit): None for unit in step.unit_ids} if later else {}
            self._label(field, bare | {self._cluster(unit): _value(field, v) for unit, v in values.items()})
        self._remove([self._cluster(unit) for unit in step.removed])
        new = [pair for merge in step.merges for pair in self._merge(merge, tuple(fields))]
        new += [pair for split in step.splits for pair in self._split(split)]
        self._clusters |= dict(new)

    def _label(self, field: str, values: Mapping[int, LabelValue | None]) -> None:
        """Set what is not so already, one action for each value."""
        table = self._session.manager.labels
        wanted = {c: v for c, v in values.items() if (table.get(field, c) or None) != v}
        for value in dict.fromkeys(wanted.values()):
            clusters = [c for c, v in wanted.items() if v == value]
            if field == GROUP:
                self._session.move(None if value is None else str(value), cluster_ids=clusters)
            else:
                self._session.label(field, value, clusters)
            self._n_labels += len(clusters)

    def _remove(self, clusters: list[int]) -> None:
        wanted = [c for c in clusters if self._session.manager.group(c) != NOISE]
        if wanted:
            self._session.move(NOISE, cluster_ids=wanted)
        if clusters:
            self._n_removed += len(clusters)
            self._notes.append("Removed units were moved to noise: a curation here never deletes spikes.")

    def _merge(self, merge: UnitMerge, fields: tuple[str, ...]) -> Iterable[tuple[str, int]]:
        session, clusters = self._session, list(dict.fromkeys(self._cluster(unit) for unit in merge.unit_ids))
        table = session.manager.labels
        shared = {f: {table.get(f, c) for c in clusters} for f in fields}
        if len(clusters) < 2:
            self._notes.append(f"A merge of unit {merge.unit_ids[0]} alone changes nothing and was left out.")
            return [(str(merge.new_id), clusters[0])] if merge.new_id is not None else []
        new = session.merge(clusters).added[0]
        self._n_merges += 1
        # SpikeInterface: a merged unit has the labels that all its parts share, and no others.
        for field, values in shared.items():
            self._label(field, {new: values.pop() if len(values) == 1 else None})
        return [(str(merge.new_id), new)] if merge.new_id is not None else []

    def _split(self, split: UnitSplit) -> Iterable[tuple[str, int]]:
        session = self._session
        spikes = session.facts.spikes(self._cluster(split.unit_id))
        parts = split.parts(len(spikes))
        used, first = np.unique(parts, return_index=True)
        if len(used) < 2:
            self._notes.append(f"The split of unit {split.unit_id} leaves all its spikes together and was left out.")
        else:
            session.split(spikes, parts)
            self._n_splits += 1
        clusters = session.facts.labels_of(spikes[first]).tolist()
        named = dict(zip(used.tolist(), clusters, strict=True))
        return [(str(unit), named[part]) for part, unit in enumerate(split.new_ids) if part in named]


def _field(name: str) -> str:
    return GROUP if name in _GROUP_FIELDS else name


def _value(field: str, value: str) -> LabelValue | None:
    """A value as it is called here: MUA is mua."""
    if field != GROUP:
        return value
    lower = value.strip().lower()
    return None if lower in ("", UNSORTED) else lower if lower in _GROUPS else value.strip()
