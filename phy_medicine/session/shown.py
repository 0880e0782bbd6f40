"""What views show of a session: the stretch of time, what they are asked for, and views of one's own in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from psygnal import SignalInstance

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.types import IntArray
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.selection import Selection, SelectionModel
from phy_medicine.curation.wizard import Wizard
from phy_medicine.session.prefetch import N_AHEAD
from phy_medicine.session.requests import RequestMaker
from phy_medicine.session.spike_subset import SpikeSubset
from phy_medicine.session.suggestion_walk import SuggestionWalk
from phy_medicine.session.suppose import Suppositions
from phy_medicine.session.time_ranges import A, TimeRanges
from phy_medicine.session.view_host import ViewRequest


class Shown:
    """The part of the session that views ask."""

    manager: ClusterManager
    selection: SelectionModel
    wizard: Wizard
    suppose: Suppositions
    walk: SuggestionWalk
    time_ranges: TimeRanges
    time_window_changed: SignalInstance
    make_view: Callable[..., Any] | None = None
    """Makes what `view` returns; given from outside, since the session knows no views."""
    _requests: RequestMaker
    _time_window: tuple[float, float] | None = None

    @property
    def time_window(self) -> tuple[float, float] | None:
        """Stretch of time that the time views show, s."""
        return self._time_window

    def set_time_window(self, start_s: float, stop_s: float) -> None:
        """Tell all views which stretch of time is shown."""
        if self._time_window != (start_s, stop_s):
            self._time_window = (start_s, stop_s)
            self.time_window_changed.emit(self._time_window)

    def request(self, which: str = A, *, of_parts: bool = False) -> ViewRequest:
        """Return what the views of time range a or b are to show now: what is supposed, else the selection.

        of_parts : instead of a supposed cluster the ones that it is made of, in its colour
        """
        supposed = self.suppose.current
        if supposed is None:
            return self._requests.make(self.selection.current, self._time_window, which)
        if not of_parts:
            return self._requests.make(Selection(supposed.ids), self._time_window, which)
        whole_of = {part: row for row, whole in reversed(list(enumerate(supposed.ids))) for part in whole.parts}
        request = self._requests.make(Selection(tuple(whole_of)), self._time_window, which)
        return replace(request, colors=self._requests.colors(supposed.ids)[list(whole_of.values())])

    def request_for(self, cluster_ids: Sequence[int], spike_ids: IntArray | None = None) -> ViewRequest:
        """Return what a view is to show of other clusters than the selected ones, in time range a.

        spike_ids : only these spikes of them

        Raises
        ------
        ActionError : a cluster does not exist
        """
        unknown = [c for c in cluster_ids if not self.manager.assignment.contains(c)]
        if unknown:
            raise ActionError(f"There is no cluster {unknown[0]}.")
        within = None if spike_ids is None else SpikeSubset.of(spike_ids, self.time_ranges.a or self.time_ranges.whole)
        return self._requests.make(Selection.of(cluster_ids), self._time_window, A, within)

    def candidate_requests(self, n: int = N_AHEAD, which: str = A) -> list[ViewRequest]:
        """Return what the views will probably be asked next, likeliest first: suggestions, then similar clusters.

        While something is supposed, only the suggestion after it.
        """
        likely = self.walk.ahead(n)
        if self.suppose.current is None:
            likely += self.wizard.candidates(self.selection.current, n)
        return [self._requests.make(s, self._time_window, which) for s in list(dict.fromkeys(likely))[:n]]

    def view(self, kind: str = "waveform", **options: Any) -> Any:
        """Return a view for a Jupyter notebook, which shows it where it is the last line of a cell.

        Parameters
        ----------
        kind : "waveform", "feature", "amplitude", "correlogram", "drift", ..., or the class of the view
        options : `clusters`, the ids to show; without them the view follows the selection of the session, and the
            selection follows the view. Others are `NotebookView`'s, and settings of the view: `bin_ms=0.5`

        Raises
        ------
        PhyMedError : there is no such view, or jupyter_rfb is not installed
        """
        if self.make_view is None:
            raise PhyMedError("This session makes no views; open it with phy_medicine.open.")
        return self.make_view(self, kind, **options)
