"""Many undos or redos at once: what lies between now and another place of the history, in all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from phy_medicine.curation.actions import GROUP, Delta, Kind, Restore
from phy_medicine.curation.assignment import Assignment, Patch
from phy_medicine.curation.history import History, HistoryItem, cells
from phy_medicine.curation.labels import LabelChange
from phy_medicine.curation.selection import Selection


@dataclass(frozen=True, slots=True)
class Travel:
    """The way to another place of the history.

    position : number of actions that are done there; n_steps : undos or redos on the way; back : whether they are undos
    patch : atoms that end up in another cluster; changes : cells that end up with another value
    """

    position: int
    n_steps: int
    back: bool
    patch: Patch
    changes: tuple[LabelChange, ...]

    def restore(self, assignment: Assignment) -> Restore:
        """Return the way as one action, with the spikes of each cluster that comes back."""
        clusters = assignment.patch_spikes(self.patch)
        return Restore(
            tuple((c, clusters[c]) for c in sorted(clusters)),
            tuple((c.field, c.cluster_id, c.after) for c in self.changes),
        )

    def delta(self, assignment: Assignment, selection: Selection | None) -> Delta:
        """Return what the way changes; to be called before it is gone."""
        before = assignment.clusters_of(self.patch.atoms)
        pairs = set(zip(before, self.patch.cluster_ids, strict=True))
        moved = {cluster for pair in pairs for cluster in pair}
        fields = {change.field for change in self.changes}
        direction = "Undo" if self.back else "Redo"
        return Delta(
            kind=self._kind(bool(pairs), fields),
            added=tuple(sorted({new for _, new in pairs})),
            removed=tuple(sorted({old for old, _ in pairs})),
            changed=tuple(sorted({c.cluster_id for c in self.changes} - moved)),
            descendants=tuple(sorted(pairs)),
            field=next(iter(fields)) if len(fields) == 1 and not pairs else "",
            before=cells(self.changes, after=False),
            after=cells(self.changes, after=True),
            direction="undo" if self.back else "redo",
            selection=selection,
            message=f"{direction} {self.n_steps:,} actions.",
        )

    @staticmethod
    def _kind(moves: bool, fields: set[str]) -> Kind:
        if moves or len(fields) != 1:
            return "restore"
        return "group" if fields == {GROUP} else "label"


def plan(history: History, assignment: Assignment, position: int) -> Travel:
    """Return the way from now to a place of the history; nothing is changed.

    Raises
    ------
    ActionError : there is no such place
    """
    history.check_place(position)
    back = position < history.position
    moves: dict[int, int] = {}
    values: dict[tuple[str, int], LabelChange] = {}
    for item in _items(history, position):
        patch = item.backward if back else item.forward
        if patch is not None:
            moves.update(zip(*assignment.expand(patch), strict=True))
        for change in _turned(item, back=back):
            key = change.field, change.cluster_id
            first = values.get(key, change)
            values[key] = LabelChange(change.field, change.cluster_id, first.before, change.after)
    here = assignment.clusters_of(tuple(moves))
    kept = [(atom, new) for (atom, new), old in zip(moves.items(), here, strict=True) if new != old]
    changes = tuple(c for c in values.values() if (c.before, type(c.before)) != (c.after, type(c.after)))
    steps = abs(position - history.position)
    return Travel(position, steps, back, Patch(tuple(a for a, _ in kept), tuple(c for _, c in kept)), changes)


def _items(history: History, position: int) -> Iterator[HistoryItem]:
    """Items between now and a place, in the order in which they are undone or redone."""
    items, here = history.items, history.position
    return reversed(items[position:here]) if position < here else iter(items[here:position])


def _turned(item: HistoryItem, *, back: bool) -> Iterator[LabelChange]:
    """Cells of an item as its undo (`back`) or redo changes them."""
    if not back:
        yield from item.changes
        return
    for change in reversed(item.changes):
        yield LabelChange(change.field, change.cluster_id, change.after, change.before)
