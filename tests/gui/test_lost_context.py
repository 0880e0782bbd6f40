"""What a graphics card, a screen or a machine that slept takes away is drawn again from the arrays, the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from benchmarks.gl_census import Counter
from phy_medicine.base.events import EVENTS
from phy_medicine.gui.fresh_pictures import SCREEN_CHANGE, Waking
from phy_medicine.gui.panels import KINDS
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.io.lock import DatasetLock

from .desk import Desk
from .dock_moves import pixels, settle

WINDOW_CHANGE = 215
"""QEvent::WindowChangeInternal: without shared contexts Qt throws the context of a widget away, and makes another."""


@contextmanager
def contexts_of_their_own() -> Iterator[None]:
    QtCore.QCoreApplication.setAttribute(Qt.AA_ShareOpenGLContexts, False)
    try:
        yield
    finally:
        QtCore.QCoreApplication.setAttribute(Qt.AA_ShareOpenGLContexts, True)


def _lose(native: QtWidgets.QWidget) -> None:
    with contexts_of_their_own():
        QtWidgets.QApplication.sendEvent(native, QtCore.QEvent(QtCore.QEvent.Type(WINDOW_CHANGE)))


def _fresh(desk: Desk, view) -> np.ndarray:
    """What a view draws now, with all of its objects made in this frame."""
    view.redraw()
    settle(desk.window)
    return pixels(view).copy()


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_whose_context_is_lost_draws_the_same_again(desk: Desk, kind: str):
    desk.start(kind)
    desk.panel.dock.raise_()
    view = desk.view
    before = _fresh(desk, view)
    context, generation = view.canvas.native.context(), view.canvas.gpu.generation
    _lose(view.canvas.native)
    assert view.canvas.native.context() is not context
    assert view.canvas.gpu.generation > generation
    np.testing.assert_array_equal(_fresh(desk, view), before)
    assert view.canvas.error is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_that_gave_its_objects_back_draws_the_same_again(desk: Desk, kind: str):
    desk.start(kind)
    desk.panel.dock.raise_()
    view = desk.view
    before = _fresh(desk, view)
    view.canvas.release()
    np.testing.assert_array_equal(_fresh(desk, view), before)
    assert view.canvas.error is None


def test_closed_views_hold_nothing_on_the_card_and_come_back_the_same(desk: Desk):
    desk.start()
    window, census = desk.window, Counter()
    panels = [p for p in window.panels if window.host.in_sight(p.view)][:4]
    before = [_fresh(desk, panel.view) for panel in panels]
    counts = []
    for _ in range(3):
        for panel in panels:
            panel.dock.close()
        settle(window)
        counts.append(census())
        for panel in panels:
            panel.dock.give_focus()
        settle(window)
    assert census().total > counts[0].total
    assert len(set(counts)) == 1
    for panel, picture in zip(panels, before, strict=True):
        shown = _fresh(desk, panel.view)
        assert shown.shape == picture.shape
        np.testing.assert_array_equal(shown, picture)


def test_all_views_are_rebuilt_by_the_command(desk: Desk):
    desk.start()
    views = [v for v in desk.window.host.views if desk.window.host.in_sight(v)]
    before = [_fresh(desk, view) for view in views]
    generations = [view.canvas.gpu.generation for view in views]
    assert desk.window.commands.run("rebuild_views") == ""
    settle(desk.window)
    assert all(v.canvas.gpu.generation > g for v, g in zip(views, generations, strict=True))
    for view, picture in zip(views, before, strict=True):
        np.testing.assert_array_equal(pixels(view), picture)


def test_a_view_on_another_screen_is_drawn_again(desk: Desk):
    desk.start()
    view = next(v for v in desk.window.host.views if desk.window.host.in_sight(v))
    settle(desk.window)
    drawn: list[object] = []
    view.canvas.events.draw.connect(lambda _event: drawn.append(view))
    QtWidgets.QApplication.sendEvent(view.canvas.native, QtCore.QEvent(QtCore.QEvent.Type(SCREEN_CHANGE)))
    settle(desk.window)
    assert drawn


class Clocks:
    """Two clocks; a machine that sleeps stops one of them."""

    def __init__(self) -> None:
        self.day = self.steady = 1000.0

    def pass_by(self, seconds: float, asleep: float = 0.0) -> None:
        self.steady += seconds
        self.day += seconds + asleep


@pytest.mark.parametrize(("asleep", "woken"), [(0.0, 0), (3.0, 0), (8 * 3600.0, 1), (-3600.0, 1)])
def test_only_a_clock_that_jumped_means_that_the_machine_slept(qapp, asleep: float, woken: int):
    clocks, calls, parent = Clocks(), [], QtCore.QObject()
    waking = Waking(
        lambda: calls.append(1), parent, day_s=lambda: clocks.day, steady_s=lambda: clocks.steady
    )  # fmt: skip
    for seconds, gap in ((5.0, 0.0), (5.0, asleep), (5.0, 0.0)):
        clocks.pass_by(seconds, gap)
        waking.look()
    assert len(calls) == woken


def test_after_a_sleep_the_window_is_drawn_anew_and_the_work_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.start()
    window, session = desk.window, desk.session
    session.move("good", cluster_ids=session.cluster_ids[:1])
    generation = window.host.views[0].canvas.gpu.generation
    now: Callable[[], float] = window.waking._day_s
    monkeypatch.setattr(window.waking, "_day_s", lambda: now() + 8 * 3600)
    window.waking.look()
    settle(window)
    assert window.host.views[0].canvas.gpu.generation > generation
    assert "woken gap_s=28800" in EVENTS.lines[-1]
    assert session.storage._lock.held
    assert DatasetLock(session.model.dir_path).owner().pid == os.getpid()  # a lock does not grow stale with time
    session.undo()
    assert session.can_redo
