"""Outliers and spikes of another cluster: found by a thread of the pool, seen in every view, then done or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.curation.actions import Merge
from phy_medicine.curation.groups import NOISE
from phy_medicine.curation.regrouping import put_into
from phy_medicine.session import odd_spikes
from phy_medicine.session.actions import Action

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.model_features import Progress
    from phy_medicine.session.suppose import Supposition


class OddSpikes:
    """The window's commands."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._session = window, window.session

    def actions(self) -> tuple[Action, ...]:
        """Return them."""
        return (
            Action("find_outliers", "Find outliers", self.find_outliers,
                   "Show in every view which spikes of the selected clusters a model of each does not explain, and "
                   "change nothing.", "Edit", "clusters", ("Shift+O",)),
            Action("split_to_noise", "Split off to noise", self.split_to_noise,
                   "Split off the outliers that are shown, or the spikes inside the lasso, and call them noise; one "
                   "action.", "Edit", "clusters", ("Shift+N",)),
            Action("reassign", "Reassign", self.reassign,
                   "Show the selected cluster and its neighbours, or the selected clusters, with the spikes that are "
                   "more probably of another one of them given to that; once more does it.", "Edit", "clusters",
                   ("Shift+R",)),
        )  # fmt: skip

    def find_outliers(self) -> None:
        """Find the outliers of the selected clusters, and suppose that they are split off.

        Raises
        ------
        ActionError : nothing is selected, or something else is being worked out
        """
        self._work("Outliers", odd_spikes.outliers_of, odd_spikes.suppose_outliers)

    def split_to_noise(self) -> None:
        """Do the split that is supposed, or that by the lasso, and put what it splits off into the group noise.

        Raises
        ------
        ActionError : there is nothing to split off
        ReadOnlyError, JournalError : it cannot be kept safe; nothing changed
        """
        window, supposed = self._window, self._session.suppose.current
        if supposed is not None and supposed.origin is not None and supposed.origin.action == "model_split":
            raise ActionError("The parts of a model are neurons, and none of them is marked as noise.")
        if supposed is not None and not supposed.is_merge and not supposed.moves:
            self._session.do(put_into(self._session.manager, supposed.action, NOISE))
            window.host.clear_lassos()
        elif window.host.has_lasso or len(window.lasso_split.offered()):
            window.lasso_split.find(self._lasso_to_noise, changes=True)
        else:
            key = window.commands.key_of("find_outliers")
            raise ActionError(f"Nothing is marked as noise; {key} finds outliers, or draw a lasso.")

    def reassign(self) -> None:
        """Suppose that uncertain spikes are of the clusters in which they are more probable; what is supposed is done.

        Raises
        ------
        ActionError : nothing is selected, or something else is being worked out
        """
        supposed = self._session.suppose.current
        if supposed is not None and supposed.moves:
            self._session.suppose.accept()
            return
        self._work("Spikes of other clusters", odd_spikes.uncertain_of, odd_spikes.suppose_reassigned)

    def keys(self, supposed: Supposition) -> str:
        """Return what else can be done with what is supposed, in words."""
        action = supposed.action
        if isinstance(action, Merge) or supposed.moves or len(action.part_ids) > 1:
            return ""
        return f"{self._window.commands.key_of('split_to_noise')} sends {_first(supposed)} to noise, "

    def _lasso_to_noise(self, spike_ids: IntArray, _seen: str) -> None:
        self._session.split_to(NOISE, spike_ids)
        self._window.host.clear_lassos()

    def _work(
        self,
        what: str,
        find: Callable[[Any, Sequence[int], Progress], Any],
        suppose: Callable[[Any, Any], object],
    ) -> None:
        session = self._session
        cluster_ids = session.selection.cluster_ids
        if not cluster_ids:
            raise ActionError("Select the clusters whose spikes are to be looked at.")
        session.suppose.nothing()
        self._window.splitting.work_out(
            f"{what} of {', '.join(map(str, cluster_ids[:3]))}", f"{what} are being looked for",
            partial(find, session, cluster_ids), partial(suppose, session), "the features could not be read",
        )  # fmt: skip


def _first(supposed: Supposition) -> str:
    """The supposed clusters that are split off."""
    assert not supposed.is_merge
    n = len(supposed.action.part_ids)  # type: ignore[union-attr]
    return " and ".join(map(str, supposed.ids[:n]))
