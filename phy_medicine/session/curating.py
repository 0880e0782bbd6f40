"""What changes labels: each action is drafted, written to the journal, applied, and followed by the next selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from psygnal import SignalInstance

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray, LabelValue
from phy_medicine.curation.actions import Action, Delta
from phy_medicine.curation.regrouping import plan_reassign, plan_split_to
from phy_medicine.curation.selection import Selection
from phy_medicine.io.model import Model
from phy_medicine.session.facts import SessionFacts
from phy_medicine.session.navigation import Navigation
from phy_medicine.session.storage import Storage

if TYPE_CHECKING:
    from phy_medicine.session.suggestions import Suggestions


class Curating(Navigation):
    """The part of the session that changes labels, and takes changes back."""

    model: Model
    facts: SessionFacts
    storage: Storage
    suggestions: Suggestions
    message: SignalInstance

    def merge(self, cluster_ids: Sequence[int] | None = None) -> Delta:
        """Join clusters, by default the selected ones or those of the workspace, into a new one and select it.

        Raises
        ------
        ActionError : fewer than two clusters
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        return self.do(self.manager.plan_merge(self.selection.current.to_merge if cluster_ids is None else cluster_ids))

    def split(
        self, spike_ids: IntArray | Sequence[int], labels: IntArray | Sequence[int] | None = None, *, note: str = ""
    ) -> Delta:
        """Move spikes to new clusters and select all that came of the touched ones.

        note : by what the split was found, kept with it in history and journal

        Raises
        ------
        ActionError : no spikes, or a split that would change nothing
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        return self.do(self.manager.plan_split(spike_ids, labels, note=note))

    def split_to(
        self, group: str, spike_ids: IntArray | Sequence[int], labels: IntArray | Sequence[int] | None = None
    ) -> Delta:
        """Take spikes out of their clusters and put them into a group, as one action; select what is left.

        Raises
        ------
        ActionError : no spikes, whole clusters, or a name that cannot be a group's
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        return self.do(plan_split_to(self.manager, spike_ids, group, labels))

    def reassign(self, spike_ids: IntArray | Sequence[int], targets: IntArray | Sequence[int]) -> Delta:
        """Give spikes (n,) to other clusters, (n,) ids, as one action; these go on under new ids with their labels.

        Raises
        ------
        ActionError : unknown spikes or clusters, nothing to do, or a cluster that would be empty
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        return self.do(plan_reassign(self.manager, spike_ids, targets))

    def split_init(self) -> Delta:
        """Cut the selected clusters back to the sorter's templates."""
        return self.do(self.manager.plan_split_init(self.selection.cluster_ids, self.model.spike_templates))

    def move(self, group: str | None, which: str = "best", *, cluster_ids: Sequence[int] | None = None) -> Delta:
        """Put clusters into a group, and go on to the next.

        which : "best", "similar" or "all" of the selection, unless `cluster_ids` names them

        Raises
        ------
        ActionError : nothing selected, unknown cluster, or a name that cannot be a group's
        """
        ids = self._which(which) if cluster_ids is None else tuple(cluster_ids)
        return self.do(self.manager.plan_group(ids, group))

    def label(self, field: str, value: LabelValue | None, cluster_ids: Sequence[int] | None = None) -> Delta:
        """Give clusters, the selected ones by default, a value in a label column; None empties the cells."""
        ids = self.selection.cluster_ids if cluster_ids is None else tuple(cluster_ids)
        return self.do(self.manager.plan_label(field, ids, value))

    def undo(self) -> Delta:
        """Take the last action back and restore the selection it had.

        Raises
        ------
        ActionError : nothing to undo
        """
        return self._step(-1, "undo")

    def redo(self) -> Delta:
        """Do the last undone action again.

        Raises
        ------
        ActionError : nothing to redo
        """
        return self._step(1, "redo")

    def jump_to(self, position: int) -> Delta | None:
        """Undo or redo until this many actions of the history are done, as one change; None when nothing is to be done.

        Raises
        ------
        ActionError : there are not that many actions
        ReadOnlyError, JournalError : it cannot be kept safe; nothing changed
        """
        self.hold.check()
        if position == self.manager.history.position:
            return None
        self.storage.log_travel(self.manager, position)
        with self.facts.lock:
            delta = self.manager.jump_to(position, self.selection.current)
        assert delta is not None
        self._after(delta, delta.selection)
        return delta

    def do(self, action: Action) -> Delta:
        """Do an action that was planned on the clusters as they are now.

        Raises
        ------
        ActionError : it does not fit them
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        self.hold.check()
        before = self.selection.current
        self.wizard.prepare(before)
        with self.facts.lock:
            draft = self.manager.draft(action)  # refused here, or nowhere: what is in the journal will be done
        self.storage.log(draft)
        self.suggestions.decisions.prepare(action)
        with self.facts.lock:
            delta = self.manager.apply(draft, before)
        self._after(delta, self.wizard.after(delta, before))
        return delta

    # Inside

    def _which(self, which: str) -> tuple[int, ...]:
        choices = {
            "best": self.selection.best_ids,
            "similar": self.selection.similar_ids,
            "all": self.selection.cluster_ids,
        }
        if which not in choices:
            raise ActionError(f"Move which clusters? {which!r} is not one of {', '.join(choices)}.")
        return choices[which]

    def _step(self, n: int, name: str) -> Delta:
        history = self.manager.history
        if not 0 <= history.position + n <= len(history.items):
            raise ActionError(f"Nothing to {name}.")
        delta = self.jump_to(history.position + n)
        assert delta is not None
        return delta

    def _after(self, delta: Delta, selection: Selection | None) -> None:
        wanted = selection or self.selection.current
        self._go(wanted.only(set(self.manager.cluster_ids)))
        self.message.emit(delta.message)
