"""One key works out the parts of the selected clusters by a model, and shows them in every view before the split."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.pool import Priority
from phy_medicine.gui.splitting import LongSplit
from phy_medicine.session.actions import Action, Arg
from phy_medicine.session.model_split import FoundParts, find_parts, suppose_parts

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.suppose import Supposition


SHAPE = "shape"


class _CancelledError(Exception):
    """Nobody waits for the parts any more."""


class _Work:
    """Parts that are being worked out by a thread."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._fraction = 0.0
        self._doing = "Starting"

    def note(self, fraction: float, message: str) -> None:
        """Take note of how far it is; ends the work once it was cancelled."""
        if self._cancelled.is_set():
            raise _CancelledError
        self._fraction, self._doing = fraction, message

    def words(self) -> str:
        """Return how far it is."""
        return f"Split by a model: {self._fraction:.0%}, {self._doing[:1].lower()}{self._doing[1:]}; Esc cancels"

    def stop(self) -> None:
        """End the work at its next step."""
        self._cancelled.set()


class ModelSplitting:
    """The window's command to split by a model."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session
        self._shown: Supposition | None = None

    def actions(self) -> tuple[Action, ...]:
        """Return how to ask."""
        return (
            Action("model_split", "Split by a model", self.toggle,
                   "Find out of how many kinds the spikes of the selected clusters are, and show the parts in every "
                   "view; then Split or Enter splits, and once more goes back. With `shape` the spike trains of the "
                   "parts have no say.", "Edit", "clusters", ("V",), "sm",
                   (Arg("by", optional=True, choices=(SHAPE,)),), icon="fa5s.project-diagram"),
        )  # fmt: skip

    def toggle(self, by: str = "") -> None:
        """Work out the parts of the selected clusters; while they are shown, go back.

        by : "shape" leaves out what the trains of the parts say

        Raises
        ------
        ActionError : nothing is selected, another split is being worked out, or another word
        """
        if by not in ("", SHAPE):
            raise ActionError(f"Split by a model takes {SHAPE}, or nothing, not {by!r}.")
        session = self._session
        supposed = session.suppose.current
        if supposed is not None and supposed is self._shown and not by:
            session.suppose.nothing()
            return
        session.hold.check()
        work, splitting = _Work(), self._window.splitting
        split = LongSplit(work.words, work.stop)
        splitting.begin(split, "A split by a model is being worked out")
        session.pool.submit(
            work, partial(find_parts, by_trains=not by), session, session.selection.cluster_ids, work.note,
            priority=Priority.INTERACTIVE,
            on_done=lambda found: splitting.done(split, lambda: self._show(found)),
            on_error=lambda error: splitting.failed(split, error, "its parts could not be worked out"),
        )  # fmt: skip

    def _show(self, found: FoundParts) -> None:
        if not found.supported:
            self._session.suppose.nothing()
            self._window.say(found.words)
            return
        self._shown = suppose_parts(self._session, found)
