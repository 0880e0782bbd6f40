"""Events that the window sends to plugins, whoever caused them: a plugin, or the person at the screen."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.events import bus, connect, emit, unconnect
from phy_medicine.app.phy_compat.program_actions import QUEUED
from phy_medicine.base.log import logger
from phy_medicine.base.types import IntArray
from phy_medicine.session.action_list import known_ids
from phy_medicine.session.actions import Action


class WindowEvents:
    """Listens to a window and its session for as long as the window is open."""

    def __init__(self, gui: Any) -> None:
        self._gui = gui
        window, session = gui.main, gui.main.session
        self._selection = session.selection.current
        self._saving = False
        self._busy: list[Any] = []
        self._told_of_view = window.host.status_changed
        window.host.status_changed = self._view_done
        window.commands.begins, window.commands.done = self._begins, self._done
        window.closing.ask_plugins = self._may_close
        window.lasso_split.offered = self._offered
        window.shown.connect(partial(emit, "show", gui))
        window.closed.connect(self._left)
        window.bridge.connect(session.selection.changed, self._selected)
        connect(self._save_asked, event="request_save", sender=gui)
        connect(self._similar_asked, event="request_similar_clusters", sender=gui.similarity_view)

    # Actions

    def _begins(self, action: Action, args: tuple[Any, ...]) -> None:
        """Emit `action` for an action of the Edit or the Select menu."""
        gui = self._gui
        if action.menu not in QUEUED or action.id in gui.main.session.extensions.actions:
            return
        if action.id.startswith("move_"):
            _, which, _, group = action.id.split("_", 3)
            gui.action_creator.tell("move", group, which)
        elif action.id == "select" and args:
            gui.action_creator.tell("select", known_ids(args[0], gui.main.session.cluster_ids))
        else:
            gui.action_creator.tell(action.id, *args)

    def _done(self, action: Action) -> None:
        """Emit `request_save` once the program has saved, as phy's plugins expect."""
        if action.id == "save" and not self._saving:
            self._saving = True
            try:
                emit("request_save", self._gui)
            finally:
                self._saving = False

    def _save_asked(self, _sender: Any) -> None:
        """Save because a plugin asked for it."""
        if not self._saving:
            self._saving = True
            try:
                self._gui.main.commands.run("save")
            finally:
                self._saving = False

    def _similar_asked(self, _sender: Any, cluster_id: int) -> Any:
        return self._gui.similarity_view.similar_rows(cluster_id)

    def _offered(self) -> list[IntArray]:
        """Return the spikes that plugins want to be split off, as they answer `request_split`."""
        n_spikes = len(self._gui.main.session.model.spike_times)
        offers = []
        for offer in emit("request_split", self._gui.controller.supervisor) or []:
            try:
                spike_ids: IntArray = np.unique(np.asarray(() if offer is None else offer).astype(np.int64))
            except (TypeError, ValueError) as error:
                logger.warning("What a plugin offers for a split are no spikes: %s", error)
                continue
            offers.append(spike_ids[(spike_ids >= 0) & (spike_ids < n_spikes)])
        return offers

    # Selection

    def _selected(self, selection: Any) -> None:
        """Emit `select` in the name of the tables whose selection is another one, and `is_busy` of all views."""
        gui, before = self._gui, self._selection
        self._selection = selection
        pairs = (
            (gui.cluster_view, before.best_ids, selection.best_ids),
            (gui.similarity_view, before.similar_ids, selection.similar_ids),
        )
        for table, old, new in pairs:
            if old != new:
                emit("select", table, table.payload())
        if any(c.event == "is_busy" for c in bus.connections):
            self._busy = [s for s in gui._views if s.native is not None and getattr(s.native, "plugin", None) is None]
            for shown in self._busy:
                emit("is_busy", shown.view, True)

    def _view_done(self, native: Any) -> None:
        self._told_of_view(native)
        for shown in [s for s in self._busy if s.native is native]:
            self._busy.remove(shown)
            emit("is_busy", shown.view, False)

    # The end

    def _may_close(self) -> bool:
        """Emit `close`; False when a plugin wants the window to stay."""
        results = emit("close", self._gui) or []
        self._gui.state.save()
        return not any(result is False for result in results)

    def _left(self) -> None:
        """Forget what was connected for this window."""
        gui = self._gui
        for table in (gui.cluster_view, gui.similarity_view):
            table.leave()
        link = getattr(gui.controller, "link", None)
        if link is not None:
            link.later = lambda function: function()
        gui.controller.gui = None
        views = [shown.view for shown in gui._views]
        unconnect(gui, self, gui.action_creator, gui.cluster_view, gui.similarity_view, *views)
