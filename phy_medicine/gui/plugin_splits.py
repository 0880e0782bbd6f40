"""Splits by computation: the splitters of plugins as actions, each worked out by a thread of the pool."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.compute.pool import Priority
from phy_medicine.gui.menus import SPLIT_BY
from phy_medicine.gui.splitting import LongSplit
from phy_medicine.session.actions import Action
from phy_medicine.session.extensions import Splitter
from phy_medicine.session.splitters import work_out

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_BEFORE = "Split by "


class PluginSplits:
    """Runs the splitters of plugins."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session

    def action(self, splitter: Splitter, owner: str) -> Action:
        """Return what menus, keys and the command line offer for a splitter."""
        title = splitter.title or splitter.name
        keys = (splitter.shortcut,) if splitter.shortcut else ()
        help_ = splitter.help or f"Split the selected clusters by {title}."
        return Action(
            f"split_by_{splitter.name}", f"{_BEFORE}{title}", partial(self.start, splitter, owner), help_, "Edit",
            SPLIT_BY, keys, splitter.alias, splitter.args,
        )  # fmt: skip

    def start(self, splitter: Splitter, owner: str, *arguments: Any) -> None:
        """Begin to work out the split of the selected clusters; it ends in one action.

        Raises
        ------
        ActionError : nothing selected, or another split is being worked out
        ReadOnlyError : the dataset accepts no changes
        """
        session, splitting = self._session, self._window.splitting
        session.hold.check()
        session.storage.check_writable()
        cluster_ids = session.selection.cluster_ids
        if not cluster_ids:
            raise ActionError("Select the clusters that are to be split.")
        title, began, key = splitter.title or splitter.name, time.monotonic(), object()
        split = LongSplit(
            lambda: f"{_BEFORE}{title}: {time.monotonic() - began:.0f} s; Esc cancels",
            partial(session.pool.cancel, key),
        )
        splitting.begin(split, f"A split by {title} is being worked out")
        session.pool.submit(
            key, work_out, session, splitter, owner, cluster_ids, arguments,
            # With this priority one that was cancelled, and goes on in vain, never holds up the views.
            priority=Priority.BACKGROUND,
            on_done=lambda found: splitting.done(split, partial(self._apply, *found)),
            on_error=lambda error: splitting.failed(split, error, "it could not be worked out"),
        )  # fmt: skip

    def _apply(self, spike_ids: IntArray, labels: IntArray) -> None:
        self._window.say(self._session.split(spike_ids, labels).message)
