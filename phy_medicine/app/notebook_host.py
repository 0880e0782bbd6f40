"""The host of a view that stands in a notebook: it answers at once, in the thread of the kernel, with no window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.gui.range_host import RangedData
from phy_medicine.session.time_ranges import A, TimeRange
from phy_medicine.views.base import Sentence, View
from phy_medicine.views.frame import frame
from phy_medicine.views.scheduler import prepare

if TYPE_CHECKING:
    from phy_medicine.session.session import Session
    from phy_medicine.session.view_host import ViewRequest

# A view that still asks for other data after so many rounds is drawn as it is.
_ROUNDS = 3
_NOTHING = Sentence("No clusters: set clusters = [...], or select some in the session.")

all_hosts: WeakSet[NotebookHost] = WeakSet()
"""Hosts of every view that is open, so that a moment shown in one can be shown in others of its session."""


class NotebookHost:
    """The `ViewHost` of one view; data are read when the next picture is drawn, so that many wishes cost one.

    make : makes the view on this host; asked : called when the picture should be drawn again, from any thread;
    chosen : takes clusters that were clicked; lassoed : called when the lasso was drawn, changed or cleared;
    say : shows one sentence
    """

    which = A

    def __init__(
        self,
        session: Session,
        make: Callable[[Any], View],
        *,
        request: Callable[[], ViewRequest],
        asked: Callable[[], object],
        chosen: Callable[[Sequence[int]], object],
        lassoed: Callable[[], object],
        say: Callable[[str], object],
    ) -> None:
        self._session = session
        self._request, self._asked, self._chosen, self._lassoed, self.message = request, asked, chosen, lassoed, say
        self._stale = True
        self._view: View | None = None
        self.data = RangedData(session.data, self._drawn)
        self.view = self._view = make(self)
        self.view.set_time_window(session.time_window)
        all_hosts.add(self)

    def _drawn(self) -> TimeRange | None:
        return None if self._view is None else self._view.shown_request.time_range

    def draw(self, size: tuple[int, int], ratio: float) -> AnyArray:
        """Return the picture, (h, w, 3) uint8; size : physical px, ratio : of these by logical px."""
        self.settle(size, ratio)
        return frame(self.view.scene, self.view.hover)

    def settle(self, size: tuple[int, int], ratio: float) -> None:
        """Read what has changed, and arrange the view for this size."""
        view, scene = self.view, self.view.scene
        if (size, ratio) != (scene.size, scene.ratio):
            scene.size, scene.ratio = size, ratio
            scene.touch()
        for _ in range(_ROUNDS):
            if self._stale:
                self._stale = False
                self._read()
            scene.settle(size, ratio, view.arrange, view.decorate_all)
            if not self._stale:
                break

    def _read(self) -> None:
        view = self.view
        view.request = request = self._request()
        if view.needs_selection and not request.cluster_ids:
            view.show_block(request, _NOTHING)
        else:
            view.show_block(view.limited(request), prepare(view, request))

    def close(self) -> None:
        """Be told of nothing any more."""
        all_hosts.discard(self)

    def _others(self) -> list[View]:
        return [host.view for host in list(all_hosts) if host._session is self._session]

    # The view's side

    def select(self, cluster_ids: Sequence[int]) -> None:
        """Show these clusters."""
        self._chosen(tuple(cluster_ids))

    def select_more(self, cluster_ids: Sequence[int]) -> None:
        """Show these clusters as well."""
        shown = self._request().cluster_ids
        self._chosen((*shown, *(c for c in cluster_ids if c not in shown)))

    def split(self, spike_ids: IntArray) -> None:
        """Split these spikes off their clusters."""
        self._session.split(spike_ids)

    def request(self, view: View) -> None:
        """Read its data again for the next picture."""
        self._stale = True
        self._asked()

    def redraw(self, view: View) -> None:
        """Draw it again."""
        self._asked()

    def lasso_changed(self, view: View) -> None:
        """Take over the spikes of the lasso."""
        self._lassoed()

    def go_to_time(self, time_s: float, cluster_id: int | None = None) -> None:
        """Show this moment in the views of the signal."""
        for view in self._others():
            if hasattr(view, "go_to_time"):
                view.go_to_time(time_s)

    def show_interval(self, start_s: float, stop_s: float) -> None:
        """Show this stretch of time in the views of the signal."""
        for view in self._others():
            if hasattr(view, "show_interval"):
                view.show_interval(start_s, stop_s)

    def set_channels(self, channel_id: int, which: int) -> None:
        """Use a channel as the which-th channel (0: x, 1: y) of the feature views."""
        for view in self._others():
            if hasattr(view, "set_channel"):
                view.set_channel(channel_id, which)

    def select_feature(self, channel_id: int, component: int) -> None:
        """Show the scores of a principal component (0: A) on a channel over time in the amplitude views."""
        for view in self._others():
            if hasattr(view, "show_feature"):
                view.show_feature(channel_id, component)

    def time_window_changed(self, start_s: float, stop_s: float) -> None:
        """Tell every view which stretch of time the trace view shows."""
        self._session.set_time_window(start_s, stop_s)

    def set_time_range(self, start_s: float, stop_s: float, which: str) -> None:
        """Show and count this stretch of time alone."""
        self._session.set_time_range(start_s, stop_s, which)
