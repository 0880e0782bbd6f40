"""Between a session and the event bus: what happens in one is told in the other, in phy's order and words."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.update_info import UpdateInfo, update_of
from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.selection import Selection
from phy_medicine.session.extensions import Problem
from phy_medicine.session.session import Session

_MOST_ROUNDS = 100


def _now(function: Callable[[], Any]) -> None:
    function()


class SessionLink:
    """Tells plugins of actions, selections and saves of a session, by whomever.

    Events are told when the session has done all that belongs to an action, `cluster` before `select`. What a plugin
    does in its callback is told after the callback has ended.

    supervisor, clustering, cluster_meta : the senders
    later : calls a function when it is safe to begin another action; a window sets it to its next turn
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.supervisor: Any = None
        self.clustering: Any = None
        self.cluster_meta: Any = None
        self.later: Callable[[Callable[[], Any]], None] = _now
        self._n_spikes: dict[int, int] = {}
        self._updates: deque[tuple[UpdateInfo, int | None]] = deque()
        self._last: UpdateInfo | None = None
        self._undo_states: dict[int, Any] = {}
        self._selected = False
        self._announced: tuple[int, ...] | None = None
        self._telling = False
        self._acting = 0
        self._thread = threading.get_ident()
        self._listeners: list[Callable[[Delta], Any]] = []

    def start(self, supervisor: Any, clustering: Any, cluster_meta: Any) -> None:
        """Begin to tell, in the name of these senders."""
        self.supervisor, self.clustering, self.cluster_meta = supervisor, clustering, cluster_meta
        assignment = self.session.manager.assignment
        ids = assignment.cluster_ids
        self._n_spikes = dict(zip(ids, assignment.counts(ids).tolist(), strict=True))
        self.session.manager.changed.connect(self._note_change)
        self.session.selection.changed.connect(self._note_selection)
        self.session.message.connect(self._note_message)
        self.session.saved.connect(self._note_save)
        bus.connect(self._select_for_plugin, event="select", sender=supervisor, owner="")

    def stop(self) -> None:
        """Tell nothing any more."""
        self.session.manager.changed.disconnect(self._note_change, missing_ok=True)
        self.session.selection.changed.disconnect(self._note_selection, missing_ok=True)
        self.session.message.disconnect(self._note_message, missing_ok=True)
        self.session.saved.disconnect(self._note_save, missing_ok=True)
        bus.unconnect(self._select_for_plugin)

    def follow(self, listener: Callable[[Delta], Any]) -> None:
        """Call a function at every change of clusters or labels, before plugins are told."""
        self._listeners.append(listener)

    # Actions of plugins

    def act(self, action: Callable[[], Any]) -> UpdateInfo | None:
        """Do what a plugin wants and tell of it; what makes no sense now becomes a message, and None is returned.

        Raises
        ------
        PhyMedError : the action cannot be kept safe; nothing changed
        """
        self._last = None
        self._acting += 1
        try:
            action()
        except ActionError as error:
            self.session.message.emit(str(error))
        finally:
            self._acting -= 1
        update = self._last
        self.tell()
        return update

    # What happened

    def _note_change(self, delta: Delta) -> None:
        manager = self.session.manager
        update = update_of(delta, manager.assignment, self._n_spikes)
        for cluster_id in delta.added:
            self._n_spikes[cluster_id] = manager.assignment.count(cluster_id)
        for listener in self._listeners:
            listener(delta)
        serial = self._serial(delta)
        if delta.direction == "undo":
            update.undo_state = self._undo_states.get(serial)
        self._updates.append((update, serial if delta.direction == "do" else None))
        self._last = update

    def _serial(self, delta: Delta) -> int:
        """Of the history item that was done or undone."""
        history = self.session.history
        return history.items[history.position if delta.direction == "undo" else history.position - 1].serial

    def _note_selection(self, selection: Selection) -> None:
        self._selected = True
        self._tell_soon()

    def _note_message(self, text: str) -> None:
        # Every action ends with a message; one of another thread is not the end of an action.
        if self._updates and threading.get_ident() == self._thread:
            self._tell_soon()

    def _note_save(self, report: object) -> None:
        self.later(self._tell_save)

    # Telling

    def _tell_soon(self) -> None:
        if not self._acting and not self._telling:
            self.later(self.tell)

    def tell(self) -> None:
        """Emit what has not been told yet."""
        if self._telling or self._acting:
            return
        self._telling = True
        try:
            for _ in range(_MOST_ROUNDS):
                if not self._updates and not self._selected:
                    return
                self._tell_round()
            self._updates.clear()
            self._selected = False
            sentence = "callbacks change the selection or the clusters again and again"
            self.session.extensions.report(Problem("", sentence, RuntimeError("stopped after 100 rounds")))
        finally:
            self._telling = False

    def _tell_round(self) -> None:
        while self._updates:
            update, serial = self._updates.popleft()
            sender = self.cluster_meta if update.description.startswith("metadata") else self.clustering
            if serial is not None:
                self._undo_states[serial] = bus.emit("request_undo_state", sender, update)
            bus.emit("cluster", sender, update)
            bus.emit("cluster", self.supervisor, update)
        if self._selected:
            self._selected = False
            selected = self.session.selection.cluster_ids
            if selected != self._announced:
                self._announced = selected
                bus.emit("select", self.supervisor, list(selected))

    def _tell_save(self) -> None:
        supervisor = self.supervisor
        groups = {c: self.session.manager.group(c) or "unsorted" for c in self.session.cluster_ids}
        labels = [(field, supervisor.get_labels(field)) for field in self.cluster_meta.fields]
        bus.emit("save_clustering", supervisor, self.session.spike_clusters(), groups, *labels)

    def _select_for_plugin(self, sender: Any, cluster_ids: Any, **kwargs: Any) -> None:
        """Select what a plugin says is selected; our own event says what is."""
        wanted = tuple(int(c) for c in cluster_ids)
        if wanted == self.session.selection.cluster_ids:
            return
        known = [c for c in wanted if self.session.manager.assignment.contains(c)]
        self._announced = tuple(known)  # all that listen hear the plugin's own event
        self.act(lambda: self.session.select(known))
