"""What a curator selects: by ids, along the tables, with the wizard; and which rows the table shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.selection import Selection, SelectionModel
from phy_medicine.curation.wizard import Wizard
from phy_medicine.session.hold import Hold
from phy_medicine.session.tables import TableState


class Navigation:
    """The part of the session that changes nothing but the selection and what the cluster table shows."""

    manager: ClusterManager
    selection: SelectionModel
    wizard: Wizard
    hold: Hold
    cluster_table: TableState
    _first_similar = 15

    def select(self, cluster_ids: Iterable[int], similar_ids: Iterable[int] = ()) -> Selection:
        """Select clusters of the cluster table, and of the similarity table; a workspace is left.

        Raises
        ------
        ActionError : a cluster does not exist
        """
        return self._select(Selection.of(cluster_ids, similar_ids))

    def select_similar(self, cluster_ids: Iterable[int]) -> Selection:
        """Select clusters of the similarity table, keeping the cluster table's selection."""
        return self._select(self.selection.current.with_similar(cluster_ids))

    def unselect_similar(self) -> None:
        """Keep only what is selected in the cluster table."""
        self.select_similar(())

    def select_first_similar(self, n: int | None = None) -> None:
        """Select the first n unmasked rows of the similarity table; n is remembered."""
        self._first_similar = n or self._first_similar
        self._go(self.wizard.first_similar(self.selection.current, self._first_similar))

    def next(self) -> None:
        """Select the next row of the similarity table, or the first cluster when nothing is selected."""
        self._go(self.wizard.next(self.selection.current))

    def previous(self) -> None:
        """Select the previous row of the similarity table."""
        self._go(self.wizard.previous(self.selection.current))

    def next_best(self) -> None:
        """Select the next row of the cluster table."""
        self._go(self.wizard.next_best(self.selection.current))

    def previous_best(self) -> None:
        """Select the previous row of the cluster table."""
        self._go(self.wizard.previous_best(self.selection.current))

    def first(self) -> None:
        """Select the first unmasked row of the cluster table."""
        self._go(self.wizard.first())

    def last(self) -> None:
        """Select the last unmasked row of the cluster table."""
        self._go(self.wizard.last())

    def start_wizard(self) -> None:
        """Go on by itself after each action, from the first cluster when nothing is selected."""
        self._go(self.wizard.start(self.selection.current))

    def pause_wizard(self) -> None:
        """Stay where it is after an action."""
        self.wizard.pause()

    def reset_wizard(self) -> None:
        """Select the first cluster of the cluster table."""
        self._go(self.wizard.reset())

    def filter(self, expression: str) -> None:
        """Show only the clusters for which an expression holds, and drop the others from the selection.

        Raises
        ------
        FilterError : the expression cannot be understood; nothing changes
        """
        self.cluster_table.set_filter(expression)
        shown = set(self.cluster_table.visible_ids())
        if not self.hold.taken:
            now = self.selection.current
            left = replace(now, best_ids=tuple(c for c in now.best_ids if c in shown))
            self._set(replace(left, workspace=left.reference_id == now.reference_id and now.workspace))

    def sort(self, column: str, ascending: bool = False) -> None:
        """Sort the cluster table by a column."""
        self.cluster_table.sort(column, ascending)

    def _go(self, selection: Selection | None) -> None:
        if selection is not None:
            self.hold.check()
            self._set(selection)

    def _select(self, selection: Selection) -> Selection:
        unknown = [c for c in selection.cluster_ids if not self.manager.assignment.contains(c)]
        if unknown:
            raise ActionError(f"There is no cluster {unknown[0]}.")
        self.hold.check()
        return self._set(selection)

    def _set(self, selection: Selection) -> Selection:
        return self.selection.set(selection.best_ids, selection.similar_ids, workspace=selection.workspace)
