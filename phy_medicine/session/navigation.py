"""What a curator selects: by ids, along the tables, with the wizard; and which rows the table shows."""

from __future__ import annotations

from collections.abc import Iterable

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
        """Select clusters of the cluster table, and of the similarity table.

        Raises
        ------
        ActionError : a cluster does not exist
        """
        best, similar = list(cluster_ids), list(similar_ids)
        unknown = [c for c in best + similar if not self.manager.assignment.contains(c)]
        if unknown:
            raise ActionError(f"There is no cluster {unknown[0]}.")
        self.hold.check()
        return self.selection.set(best, similar)

    def select_similar(self, cluster_ids: Iterable[int]) -> Selection:
        """Select clusters of the similarity table, keeping the cluster table's selection."""
        return self.select(self.selection.best_ids, cluster_ids)

    def unselect_similar(self) -> None:
        """Keep only what is selected in the cluster table."""
        self.select(self.selection.best_ids)

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
            self.selection.set([c for c in self.selection.best_ids if c in shown], self.selection.similar_ids)

    def sort(self, column: str, ascending: bool = False) -> None:
        """Sort the cluster table by a column."""
        self.cluster_table.sort(column, ascending)

    def _go(self, selection: Selection | None) -> None:
        if selection is not None:
            self.hold.check()
            self.selection.set(selection.best_ids, selection.similar_ids)
