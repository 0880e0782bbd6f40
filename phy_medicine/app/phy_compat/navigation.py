"""The part of the supervisor that changes nothing but the selection and what the tables show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.link import SessionLink
from phy_medicine.app.phy_compat.task_logger import TaskLogger
from phy_medicine.base.errors import FilterError
from phy_medicine.session.session import Session

Callback = Callable[..., Any] | None


class Navigation:
    """Selection, order and filter; a callback is called with what is selected, when the step is done."""

    session: Session
    link: SessionLink
    task_logger: TaskLogger

    @property
    def selected_clusters(self) -> list[int]:
        """Clusters selected in the cluster table."""
        return list(self.session.selection.best_ids)

    @property
    def selected_similar(self) -> list[int]:
        """Clusters selected in the similarity table."""
        return list(self.session.selection.similar_ids)

    @property
    def selected(self) -> list[int]:
        """Clusters selected in both tables, in the order of their colours."""
        return list(self.session.selection.cluster_ids)

    def select(self, *cluster_ids: Any, callback: Callback = None, **kwargs: Any) -> None:
        """Select clusters of the cluster table, given one by one or as a list; those it does not show are left out."""
        wanted = [int(c) for c in _flat(cluster_ids)]
        shown = set(self.session.cluster_table.visible_ids())
        self._go(lambda: self.session.select([c for c in wanted if c in shown]), callback)

    def toggle_cluster_selection(self, cluster_id: int) -> None:
        """Select a cluster as well, or no longer."""
        now = self.selected_clusters
        self.select([c for c in now if c != cluster_id] if cluster_id in now else [*now, cluster_id])

    def select_first_similar(self, n: int | None = None, callback: Callback = None) -> None:
        """Select the first n rows of the similarity table."""
        self._go(lambda: self.session.select_first_similar(n), callback)

    def promote_similar(self, callback: Callback = None) -> None:
        """Select the similar clusters in the cluster table."""
        self._go(lambda: self.session.select(self.selected), callback)

    def demote_cluster(self, cluster_id: int | None = None, callback: Callback = None) -> None:
        """Leave a cluster, the last by default, out of those selected in the cluster table."""
        best = self.selected_clusters
        left_out = best[-1] if cluster_id is None and best else cluster_id
        self._go(lambda: self.session.select([c for c in best if c != left_out], self.selected_similar), callback)

    def unselect_similar(self, callback: Callback = None) -> None:
        """Keep only what is selected in the cluster table."""
        self._go(self.session.unselect_similar, callback)

    def first(self, callback: Callback = None) -> None:
        """Select the first cluster of the table."""
        self._go(self.session.first, callback)

    def last(self, callback: Callback = None) -> None:
        """Select the last cluster of the table."""
        self._go(self.session.last, callback)

    def next(self, callback: Callback = None) -> None:
        """Select the next similar cluster, or the first cluster when nothing is selected."""
        self._go(self.session.next, callback, wizard=True)

    def previous(self, callback: Callback = None) -> None:
        """Select the previous similar cluster."""
        self._go(self.session.previous, callback, wizard=True)

    def next_best(self, callback: Callback = None) -> None:
        """Select the next cluster of the table."""
        self._go(self.session.next_best, callback, wizard=True)

    def previous_best(self, callback: Callback = None) -> None:
        """Select the previous cluster of the table."""
        self._go(self.session.previous_best, callback, wizard=True)

    def reset_wizard(self, callback: Callback = None) -> None:
        """Select the first cluster of the table, and begin anew."""
        self._go(self.session.reset_wizard, callback, wizard=True)

    def set_skip_masked_clusters(self, skip: bool = True) -> None:
        """Navigation goes by the groups that are masked; the menu of groups changes them."""
        self.session.message.emit("Choose the groups that navigation skips in the list of groups.")

    def sort(self, column: str, sort_dir: str = "desc") -> None:
        """Sort the cluster table by a column, "asc" or "desc"."""
        self.session.sort(column, sort_dir == "asc")

    def filter(self, text: str) -> None:
        """Show only clusters for which an expression holds; one that cannot be understood shows all, with a message."""
        try:
            self.session.filter(text or "")
        except FilterError as error:
            self.session.filter("")
            self.session.message.emit(str(error))
        self.link.tell()

    def clear_filter(self) -> None:
        """Show all clusters."""
        self.filter("")

    def _go(self, step: Callable[[], Any], callback: Callback, *, wizard: bool = False) -> None:
        self.link.act(step)
        best, following, similar, next_similar = self.task_logger.last_state()
        told = Bunch(selected=similar, next=next_similar) if similar else Bunch(selected=best, next=following)
        if callback is not None:
            done = callback
            self.link.later(lambda: self.session.extensions.call("", "callback", done, told, default=None))
        elif wizard:
            bus.emit("wizard_done", self, told)


def _flat(values: Iterable[Any]) -> list[Any]:
    """Ids given one by one, in lists, or both."""
    return [item for value in values for item in (np.ravel(value).tolist() if np.ndim(value) else [value])]
