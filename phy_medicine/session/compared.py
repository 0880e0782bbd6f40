"""Two curations beside each other: where each is read from, and what is said of them, as text and as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import IntArray
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.agreement import (
    Agreement,
    GroupTable,
    agreement_of,
    groups_by_cluster,
    groups_by_spike,
)
from phy_medicine.curation.entries import some
from phy_medicine.io.array_files import as_integers, column, map_array, read_header
from phy_medicine.io.journal_reader import read_journal
from phy_medicine.io.known_labels import read_groups
from phy_medicine.io.open_model import open_model
from phy_medicine.session.past import manager_after

JOURNALS = (".jsonl", ".rest")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of two curations.

    labels : (n_spikes,) int, may be a mapped file; groups : of the clusters that have one
    """

    name: str
    labels: IntArray
    groups: Mapping[int, str]


def read_side(path: Path, **choice: Any) -> Side:
    """Return the curation of a dataset as it is saved, of a file of labels, or at the end of a journal.

    path : `params.py`, its folder or a .kwik file; a .npy file, with the groups in the tables beside it; or a journal,
    which stays where it is beside its dataset
    choice : channel group and clustering of a .kwik file

    Raises
    ------
    DatasetError : it cannot be read
    JournalError : a journal that does not fit, or whose beginning is not kept
    """
    if path.suffix == ".npy":
        labels = as_integers(column(map_array(path), read_header(path).shape[0], path, "spike"), path, np.int32)
        return Side(str(path), labels, read_groups(path.parent))
    if path.suffix in JOURNALS:
        model = open_model(_dataset_of(path), **choice)
        manager = manager_after(model, path)
        groups = {c: str(g) for c, g in manager.labels.values(GROUP).items()}
        return Side(f"{path.name} of {model.name}", manager.assignment.labels(), groups)
    model = open_model(path, **choice)
    groups = {c: str(g) for c, g in model.metadata.fields.get(GROUP, {}).items()}
    return Side(str(path), model.spike_clusters, groups)


def _dataset_of(journal: Path) -> Path:
    """The dataset that a journal lies beside."""
    folder = journal.absolute().parent.parent.parent
    named = folder / read_journal(journal).header.dataset.partition(":")[0]
    found = named if named.suffix == ".kwik" else folder / "params.py"
    if not found.is_file():
        raise DatasetError(
            f"{journal} lies beside no dataset: there is no {found}. Leave journals where they are made."
        )
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two curations of the same spikes; by_cluster, by_spike : groups of the same neurons, and of all spikes."""

    a: Side
    b: Side
    found: Agreement
    by_cluster: GroupTable
    by_spike: GroupTable

    @classmethod
    def of(cls, a: Side, b: Side) -> Comparison:
        """Compare two curations.

        Raises
        ------
        DatasetError : they are of different spikes
        """
        if len(a.labels) != len(b.labels):
            raise DatasetError(
                f"{a.name} has {len(a.labels):,} spikes and {b.name} has {len(b.labels):,}; only curations of the same "
                "spikes can be compared."
            )
        found = agreement_of(a.labels, b.labels)
        tables = (count(found, a.groups, b.groups) for count in (groups_by_cluster, groups_by_spike))
        return cls(a, b, found, *tables)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON-able values; the contingency table as its pairs that share spikes."""
        found = self.found
        best = found.best
        return {
            "a": self.a.name,
            "b": self.b.name,
            "n_spikes": found.n_spikes,
            "n_clusters": {"a": len(found.a_ids), "b": len(found.b_ids)},
            "n_spikes_in_unchanged_clusters": found.n_unchanged,
            "n_unchanged_clusters": len(found.identical),
            "adjusted_rand_index": found.rand_index(),
            "clusters": [
                {"a": a, "b": b, "n_a": n_a, "n_b": n_b, "n_common": n, "agreement": share}
                for a, b, n_a, n_b, n, share in zip(
                    found.a_ids.tolist(),
                    found.b_ids[found.columns[best]].tolist(),
                    found.a_counts.tolist(),
                    found.b_counts[found.columns[best]].tolist(),
                    found.counts[best].tolist(),
                    found.shares[best].tolist(),
                    strict=True,
                )
            ],
            "contingency": {
                "a": found.a_ids[found.rows].tolist(),
                "b": found.b_ids[found.columns].tolist(),
                "n_spikes": found.counts.tolist(),
            },
            "changes": [
                {"kind": c.kind, "before": list(c.before), "after": list(c.after), "n_spikes": c.n_spikes}
                for c in found.changes()
            ],
            "groups": {
                name: {"names": list(t.names), "counts": t.counts.tolist(), "kappa": t.kappa}
                for name, t in (("by_cluster", self.by_cluster), ("by_spike", self.by_spike))
            },
        }

    def to_text(self) -> str:
        """Return it for people; of the clusters those that are not the same on both sides."""
        return "\n".join([*self._summary(), *self._changes(), *self._clusters(), *self._contingency(), *self._groups()])

    def _summary(self) -> list[str]:
        found = self.found
        part = found.n_unchanged / max(found.n_spikes, 1)
        return [
            f"A  {self.a.name}: {len(found.a_ids):,} clusters",
            f"B  {self.b.name}: {len(found.b_ids):,} clusters",
            "",
            f"{found.n_spikes:,} spikes, {found.n_unchanged:,} of them ({part:.1%}) in {len(found.identical):,} "
            "clusters that are the same in both",
            f"Adjusted Rand index  {found.rand_index():.4f}",
        ]

    def _changes(self) -> list[str]:
        changes = self.found.changes()
        if not changes:
            return ["", "Every cluster has the same spikes and the same number in both."]
        lines = ["", "From A to B"]
        for change in changes:
            arrow = f"{some(change.before)} \N{RIGHTWARDS ARROW} {some(change.after)}"
            lines.append(f"  {change.kind:<11}{arrow:<44} {change.n_spikes:>12,} spikes")
        return lines

    def _clusters(self) -> list[str]:
        """Of each cluster of A that is not in B as it is, the one that is most like it."""
        found, best = self.found, self.found.best
        shown = np.flatnonzero(found.shares[best] < 1)
        if not len(shown):
            return []
        lines = ["", f"{'A':>10}{'spikes':>13}{'best in B':>12}{'spikes':>13}{'common':>13}{'agreement':>12}"]
        for row in shown.tolist():
            pair = best[row]
            column_ = found.columns[pair]
            lines.append(
                f"{found.a_ids[row]:>10}{found.a_counts[row]:>13,}{found.b_ids[column_]:>12}"
                f"{found.b_counts[column_]:>13,}{found.counts[pair]:>13,}{found.shares[pair]:>12.3f}"
            )
        return lines

    def _contingency(self) -> list[str]:
        """Spikes by cluster, of clusters that are not the same in both; pairs without common spikes are left out."""
        found = self.found
        shown = np.flatnonzero(found.shares[found.best[found.rows]] < 1)
        if not len(shown):
            return []
        lines = ["", "Common spikes, by cluster of A"]
        rows = found.rows[shown]
        for part in np.split(shown, np.flatnonzero(np.diff(rows)) + 1):
            cells = (
                f"{b}: {n:,}"
                for b, n in zip(found.b_ids[found.columns[part]].tolist(), found.counts[part].tolist(), strict=True)
            )
            lines.append(f"{found.a_ids[found.rows[part[0]]]:>10}   {',  '.join(cells)}")
        return lines

    def _groups(self) -> list[str]:
        lines = []
        for title, table in (
            ("Groups, clusters that are the same neuron in both", self.by_cluster),
            ("Groups, all spikes", self.by_spike),
        ):
            kappa = "not defined, all are in one group" if table.kappa is None else f"{table.kappa:.3f}"
            lines += ["", f"{title}: kappa {kappa}"]
            lines.append(f"{'A below, B right':>18}" + "".join(f"{name:>14}" for name in table.names))
            lines += [
                f"{name:>18}" + "".join(f"{n:>14,}" for n in row)
                for name, row in zip(table.names, table.counts.tolist(), strict=True)
            ]
        return lines
