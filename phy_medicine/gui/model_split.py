"""One key works out the parts of the selected clusters by a model, and shows them in every view before the split."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.session.actions import Action, Arg
from phy_medicine.session.model_split import FoundParts, find_parts, suppose_parts

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.suppose import Supposition


SHAPE = "shape"


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
        self._window.splitting.work_out(
            "Split by a model", "A split by a model is being worked out",
            partial(find_parts, session, session.selection.cluster_ids, by_trains=not by),
            self._show, "its parts could not be worked out",
        )  # fmt: skip

    def _show(self, found: FoundParts) -> None:
        if not found.supported:
            self._session.suppose.nothing()
            self._window.say(found.words)
            return
        self._shown = suppose_parts(self._session, found)
