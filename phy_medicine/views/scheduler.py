"""When each view prepares, uploads and draws: the newest request wins, one tick draws every dirty visible view once.

The window gives `wake(delay_s)`, safe to call from any thread, which must lead to one `tick()` in the GUI thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.session.time_ranges import reading
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.base import Sentence, View
from phy_medicine.views.scene import WAIT_SHOWN_AFTER_S

NOTHING_SELECTED = Sentence("Select a cluster in the table.")
# The progress line moves this often while a view waits.
_WAIT_TICK_S = 0.1
# Software OpenGL puts the whole window together anew for every painted view (30 ms at 1900 x 1180), so views that
# are ready wait this long for the others and are painted with them.
_HOLD_S = 0.05


class PoolLike(Protocol):
    """What is needed of the thread pool."""

    def submit(
        self, key: Any, function: Callable[..., Any], *args: Any, on_done: Callable[[Any], None] | None = None
    ) -> Any:
        """Run a function in a worker; a newer task of the same key replaces it."""

    def cancel(self, key: Any) -> bool:
        """Drop the task of a key."""


@dataclass(slots=True)
class _Entry:
    view: View
    visible: bool = True
    dirty: bool = True
    # The request that is shown, or being prepared.
    taken: ViewRequest | None = None


class FrameScheduler:
    """Keeps the views of a window up to date; pure logic, the clock and the threads are given.

    `paint` draws a view now or as soon as the toolkit likes; by default it asks the canvas for an update.
    """

    def __init__(
        self,
        pool: PoolLike,
        wake: Callable[[float], None],
        *,
        paint: Callable[[View], None] = lambda view: view.canvas.update(),
    ) -> None:
        self._pool = pool
        self._wake = wake
        self._paint = paint
        self._entries: dict[int, _Entry] = {}
        self._arrived: list[tuple[int, ViewRequest, Any]] = []
        self._hold_until = 0.0
        self._painter = ThreadPoolExecutor(1, "phy-medicine-painter")
        self._lock = threading.Lock()

    def add(self, view: View, *, visible: bool = True) -> None:
        """Look after a view from now on."""
        self._entries[id(view)] = _Entry(view, visible)
        self._wake(0.0)

    def remove(self, view: View) -> None:
        """Forget a view."""
        self._entries.pop(id(view), None)
        self._pool.cancel(("view", id(view)))

    def set_visible(self, view: View, visible: bool) -> None:
        """Note that a view was shown or hidden; a hidden one keeps the newest request and draws when shown."""
        entry = self._entries[id(view)]
        entry.visible, entry.dirty = visible, entry.dirty or visible
        self._start(entry)
        self._wake(0.0)

    def request(self, view: View, request: ViewRequest, *, force: bool = False) -> None:
        """Ask a view to show a selection; `force` shows it also when automatic update is off."""
        entry = self._entries.get(id(view))
        if entry is None or not (view.auto_update or force):
            return
        view.request = request
        entry.taken = None
        self._start(entry)

    def request_all(
        self, request: ViewRequest, *, of_others: Callable[[View], ViewRequest | None] | None = None
    ) -> None:
        """Ask every view to show a selection; `of_others` gives the request of a view that shows another time range."""
        self._hold_until = time.perf_counter() + _HOLD_S
        for entry in list(self._entries.values()):
            self.request(entry.view, (of_others and of_others(entry.view)) or request)

    def redraw(self, view: View) -> None:
        """Draw a view at the next tick."""
        entry = self._entries.get(id(view))
        if entry is not None:
            entry.dirty = True
            self._wake(0.0)

    def tick(self) -> tuple[View, ...]:
        """Upload what has arrived, draw every visible view that changed, and return those drawn."""
        with self._lock:
            arrived, self._arrived = self._arrived, []
        for key, request, block in arrived:
            entry = self._entries.get(key)
            if entry is not None and entry.taken is request:
                self._show(entry, request, block)
        rest = self._hold_until - time.perf_counter()
        if rest > 0 and any(e.visible and e.view.scene.waiting_since is not None for e in self._entries.values()):
            self._wake(rest)
            return ()
        waiting = False
        drawn = []
        for entry in self._entries.values():
            if entry.visible and entry.view.scene.waiting_since is not None:
                waiting, entry.dirty = True, entry.dirty or entry.view.scene.shows_wait
            if entry.visible and entry.dirty:
                entry.dirty = False
                drawn.append(entry.view)
        self._prerender(drawn)
        for view in drawn:
            self._paint(view)
        if waiting:
            self._wake(_WAIT_TICK_S)
        return tuple(drawn)

    def _prerender(self, views: list[View]) -> None:
        """Draw the pictures of several views at the same time; an error comes again at the painting, which shows it."""
        renders = [render for view in views if (render := _quietly(view.prerender)) is not None]
        others = [self._painter.submit(render) for render in renders[1::2]]
        for render in renders[::2]:
            _quietly(render)
        wait(others)

    def _start(self, entry: _Entry) -> None:
        view, request = entry.view, entry.view.request
        if not entry.visible or request is None or entry.taken is request:
            return
        entry.taken = request
        if view.needs_selection and not request.cluster_ids:
            self._pool.cancel(("view", id(view)))
            self._show(entry, request, NOTHING_SELECTED)
        elif not request.missing and _cached(view, request):
            self._pool.cancel(("view", id(view)))
            self._show(entry, request, prepare(view, request))
        else:
            if view.scene.waiting_since is None:
                view.scene.waiting_since = time.perf_counter()
            self._wake(WAIT_SHOWN_AFTER_S + 0.01)
            self._pool.submit(("view", id(view)), prepare, view, request, on_done=self._receiver(entry, request))

    def _receiver(self, entry: _Entry, request: ViewRequest) -> Callable[[Any], None]:
        def receive(block: Any) -> None:
            with self._lock:
                self._arrived.append((id(entry.view), request, block))
            self._wake(0.0)

        return receive

    def _show(self, entry: _Entry, request: ViewRequest, block: Any) -> None:
        entry.view.show_block(entry.view.limited(request), block)
        entry.dirty = True
        self._wake(0.0)


def _cached(view: View, request: ViewRequest) -> bool:
    with reading(request.time_range):
        return view.cached(request)


def _quietly(call: Callable[[], Any]) -> Any:
    """Call ahead of time what the painting will call again if it fails now."""
    try:
        return call()
    except Exception as error:
        logger.debug("Drawing ahead failed: %s", error)
        return None


def prepare(view: View, request: ViewRequest) -> Any:
    """Return the view's block for a request, or the sentence that says why there is none; in any thread."""
    if request.missing:
        return Sentence(request.missing)
    try:
        with reading(request.time_range):
            return view.prepare(view.limited(request))
    except PhyMedError as error:
        return Sentence(str(error))
    except Exception:
        logger.exception("%s could not be prepared for clusters %s", view.name, request.cluster_ids)
        return Sentence("This view failed; the log says why.")
