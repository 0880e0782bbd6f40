"""What the views of a window may ask for, and what keeps them up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.types import IntArray
from phy_medicine.compute.pool import Priority
from phy_medicine.gui.bridge import Bridge, Ticker
from phy_medicine.gui.qt import QtCore
from phy_medicine.session.prefetch import ask_ahead
from phy_medicine.session.time_ranges import A
from phy_medicine.views import raster
from phy_medicine.views.base import View
from phy_medicine.views.lasso_work import LassoWork, union
from phy_medicine.views.scheduler import FrameScheduler, prepare

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService
    from phy_medicine.session.session import Session
    from phy_medicine.session.view_host import ViewRequest

# The kernels are loaded once the first selection is on the screen, or when nothing was selected for so long.
_CALM_MS = 300
_LOOK_AHEAD_MS = 60


class WindowHost:
    """The `ViewHost` of all views in one window.

    say : shows one sentence in the status bar; edit : runs a change of the curation and shows why it failed;
    status_changed : called with a view that is drawn anew; drawn : called when no view in sight waits any more
    """

    def __init__(
        self,
        session: Session,
        bridge: Bridge,
        say: Callable[[str], object],
        edit: Callable[[Callable[[], Any]], object],
    ) -> None:
        self._session = session
        self._say = say
        self._edit = edit
        self.views: list[View] = []
        self.shows_events = True
        self.status_changed: Callable[[View], object] = lambda view: None
        self.drawn: Callable[[], object] = lambda: None
        self._unpainted: set[int] = set()
        # A dock behind a tab counts as visible for Qt.
        self._in_sight: set[int] = set()
        self._bridge = bridge
        self._ticker = Ticker(self._tick, bridge)
        self._scheduler = FrameScheduler(session.pool, self._ticker.wake, paint=self._paint)
        self._prefetched: ViewRequest | None = None
        self._shown: ViewRequest | None = None
        self.range_chosen: Callable[[float, float, str], object] = lambda start_s, stop_s, which: None
        self._calm = QtCore.QTimer(bridge, singleShot=True, interval=_CALM_MS)
        self._calm.timeout.connect(self._warm_up)
        # Software OpenGL needs both cores to put the window together after the last view was painted.
        self._look_ahead = QtCore.QTimer(bridge, singleShot=True, interval=_LOOK_AHEAD_MS)
        self._look_ahead.timeout.connect(self._prefetch)

    # The window's side

    def add(self, view: View, *, visible: bool) -> None:
        """Look after a view from now on, and show it the selection."""
        self.views.append(view)
        view.shows_events = self.shows_events
        if visible:
            self._in_sight.add(id(view))
        view.canvas.events.draw.connect(lambda _event: self._painted(view), position="last")
        self._scheduler.add(view, visible=visible)
        view.set_time_window(self._session.time_window)
        self._scheduler.request(view, self._request_of(view), force=True)

    def show_events(self, on: bool) -> None:
        """Mark events in all views over time, also in those to come, or in none."""
        self.shows_events = on
        for view in self.views:
            view.shows_events = on
            view.redraw()

    def remove(self, view: View) -> None:
        """Forget a view."""
        self.views.remove(view)
        self._unpainted.discard(id(view))
        self._in_sight.discard(id(view))
        self._scheduler.remove(view)

    def set_visible(self, view: View, visible: bool) -> None:
        """Note that a view came into sight or went out of it; it draws only in sight."""
        if visible:
            self._in_sight.add(id(view))
        else:
            self._in_sight.discard(id(view))
            self._unpainted.discard(id(view))
        self._scheduler.set_visible(view, visible)

    def show_selection(self) -> None:
        """Ask every view to show the session's selection; lassos belong to the selection before."""
        self.clear_lassos()
        self.show_ranges()

    def show_ranges(self) -> None:
        """Ask every view to show the selection in its time range; what was prefetched of other ranges is dropped."""
        self._session.prefetch.cancel()
        self._shown = self._session.request()
        others = {self._wish_of(view) for view in self.views} - {(A, False)}
        asked = {(which, parts): self._session.request(which, of_parts=parts) for which, parts in others}
        self._scheduler.request_all(self._shown, of_others=lambda view: asked.get(self._wish_of(view)))

    def _wish_of(self, view: View) -> tuple[str, bool]:
        """The time range of a view, and whether it is to show the parts of what is supposed."""
        return view.range_name, view.shows_parts and self._session.suppose.current is not None

    def _request_of(self, view: View) -> ViewRequest:
        which, parts = self._wish_of(view)
        return self._session.request(which, of_parts=parts)

    def show_colors(self) -> None:
        """Draw the selection in other colours; lassos stay."""
        self.show_ranges()
        self.show_table()

    def update(self, view: View) -> None:
        """Show the selection in a view whose automatic update is off."""
        self._scheduler.request(view, self._request_of(view), force=True)

    def show_time_window(self, window: tuple[float, float] | None) -> None:
        """Mark the stretch of time that the trace views show in all views."""
        for view in self.views:
            view.set_time_window(window)

    def show_table(self) -> None:
        """Tell the views of all clusters that rows, order, cells or similarity changed, once the action is over."""
        self._bridge.post(self._tell_of_table)

    def _tell_of_table(self) -> None:
        for view in self.views:
            if hasattr(view, "table_changed"):
                view.table_changed()

    def lasso_spikes(self) -> IntArray:
        """Return the union of the spikes inside the lassos of all views, ascending; what must be read is read now."""
        return union(view.lasso_spike_ids() for view in self.views if view.has_lasso)

    def lasso_works(self) -> tuple[IntArray, list[LassoWork]]:
        """Return the spikes that are known to be inside the lassos of all views, and how to find the others.

        Raises
        ------
        PhyMedError : it cannot be known where all spikes belong
        """
        known, works = [], []
        for view in (v for v in self.views if v.has_lasso):
            work = view.lasso_work()
            if work is None or work.quick:
                known.append(view.lasso_spike_ids() if work is None else work.spikes())
            else:
                works.append(work)
        return union(known), works

    @property
    def has_lasso(self) -> bool:
        """Whether a lasso is drawn in a view."""
        return any(v.scene.lasso.closed or v.lasso_work() is not None for v in self.views if v.has_lasso)

    def lasso_ranges(self) -> str:
        """Return the time ranges that the lassos hold spikes of, in words; "" if one holds those of any time."""
        views = [v for v in self.views if v.has_lasso and (v.scene.lasso.closed or v.lasso_work() is not None)]
        ranges = {view.shown_request.time_range for view in views}
        return "" if None in ranges else " and ".join(sorted(r.text for r in ranges if r is not None))

    def clear_lassos(self) -> None:
        """Forget the lassos of all views."""
        for view in self.views:
            view.clear_lasso()

    @property
    def idle(self) -> bool:
        """Whether every view in sight shows the selection and has been painted."""
        unpainted = any(id(view) in self._unpainted and self.in_sight(view) for view in self.views)
        return not (self.waiting or self._ticker.pending or unpainted)

    def wake(self) -> None:
        """Ask for a tick, after which `drawn` is called."""
        self._ticker.wake(0.0)

    @property
    def waiting(self) -> bool:
        """Whether a view in sight still waits for its arrays."""
        return any(v.scene.waiting_since is not None for v in self.views if self.in_sight(v))

    def in_sight(self, view: View) -> bool:
        """Whether a view is on the screen: not closed, not behind a tab, not in a minimised window."""
        native = view.canvas.native
        return id(view) in self._in_sight and native.isVisible() and not native.window().isMinimized()

    def _tick(self) -> None:
        for view in self._scheduler.tick():
            self.status_changed(view)
        if not self.waiting:
            self.drawn()
            self._look_ahead.start()

    def _paint(self, view: View) -> None:
        if self.in_sight(view):
            self._unpainted.add(id(view))
        view.canvas.update()

    def _painted(self, view: View) -> None:
        self._unpainted.discard(id(view))
        self._look_ahead.start()

    def _prefetch(self) -> None:
        """While the person looks, prepare what the next key will probably ask for; results stay in the caches."""
        if not self.views or not self.idle or self._session.closed:
            return
        if self._shown is None:
            self._shown = self._session.request()
        if self._shown is self._prefetched:
            return
        self._prefetched = self._shown
        if self._shown.cluster_ids:
            self._warm_up()
        else:
            self._calm.start()
        session = self._session
        session.prefetch.begin()
        asked = {which: session.candidate_requests(session.prefetch.n_ahead, which) for which in self._ranges()}
        for rank in range(session.prefetch.n_ahead):
            for view in self.views:
                request = next(iter(asked[view.range_name][rank : rank + 1]), None)
                if request is not None and view.auto_update and self.in_sight(view):
                    session.prefetch.add((id(view), request.cluster_ids), prepare, view, request)
        ask_ahead(asked.get(A, []), session.quality, session.similar)

    def _ranges(self) -> set[str]:
        """The time ranges that views show."""
        return {view.range_name for view in self.views}

    def _warm_up(self) -> None:
        """Compile kernels, the first time, and read ahead; not before the first picture, which would wait."""
        if self._session.closed:
            return
        if not self.idle:
            self._calm.start()
            return
        if not raster.ready():
            done = partial(self._bridge.post, self._redraw_all)
            self._session.pool.submit(
                "drawing kernels", raster.warm_up, priority=Priority.BACKGROUND, on_done=lambda _none: done()
            )
        self._session.warm_up()

    def _redraw_all(self) -> None:
        """Draw again with the kernels what was drawn with less detail before."""
        for view in self.views:
            view.redraw()

    def rebuild_all(self) -> None:
        """Give the graphics card everything anew, and draw it."""
        for view in self.views:
            view.canvas.release()
            view.redraw()

    def close(self) -> None:
        """Stop asking for pictures."""
        self._calm.stop()
        self._look_ahead.stop()
        for view in list(self.views):
            self.remove(view)

    # The views' side

    @property
    def data(self) -> DataService:
        """Where all arrays come from."""
        return self._session.data

    def select(self, cluster_ids: Sequence[int]) -> None:
        """Select these clusters in the cluster table."""
        self._edit(lambda: self._session.select(cluster_ids))

    def select_more(self, cluster_ids: Sequence[int]) -> None:
        """Add these clusters to the selection."""
        selection = self._session.selection.current
        more = [c for c in cluster_ids if c not in selection.cluster_ids]
        self._edit(lambda: self._session.select([*selection.best_ids, *more], selection.similar_ids))

    def split(self, spike_ids: IntArray) -> None:
        """Split these spikes off their clusters."""
        self._edit(lambda: self._session.split(spike_ids))

    def go_to_time(self, time_s: float, cluster_id: int | None = None) -> None:
        """Show this moment in every trace view."""
        for view in self.views:
            if hasattr(view, "go_to_time"):
                view.go_to_time(time_s)
        self._say(f"Trace at {time_s:,.2f} s" + ("" if cluster_id is None else f", cluster {cluster_id}"))

    def set_channels(self, channel_id: int, which: int) -> None:
        """Use a channel as the which-th channel (0: x, 1: y) of the feature views."""
        for view in self.views:
            if hasattr(view, "set_channel"):
                view.set_channel(channel_id, which)

    def select_feature(self, channel_id: int, component: int) -> None:
        """Show the scores of a principal component (0: A) on a channel over time in the amplitude views."""
        for view in self.views:
            if hasattr(view, "show_feature"):
                view.show_feature(channel_id, component)

    def time_window_changed(self, start_s: float, stop_s: float) -> None:
        """Tell every view which stretch of time the trace view shows."""
        self._session.set_time_window(start_s, stop_s)

    def show_interval(self, start_s: float, stop_s: float) -> None:
        """Show this stretch of time in every view of the signal."""
        for view in self.views:
            if hasattr(view, "show_interval"):
                view.show_interval(start_s, stop_s)

    def set_time_range(self, start_s: float, stop_s: float, which: str) -> None:
        """Let every view show this stretch of time alone ("a"), or those bound to the second range ("b")."""
        self._edit(lambda: self.range_chosen(start_s, stop_s, which))

    def lasso_changed(self, view: View) -> None:
        """Say how to use a lasso once it encloses something."""
        if view.lasso_hint:
            self._say(view.lasso_hint)

    def request(self, view: View) -> None:
        """Prepare the view again, because a setting of it changed."""
        self._scheduler.request(view, self._request_of(view), force=True)

    def redraw(self, view: View) -> None:
        """Draw the view at the next tick."""
        self._scheduler.redraw(view)

    def message(self, text: str) -> None:
        """Show one sentence in the status bar."""
        self._say(text)
