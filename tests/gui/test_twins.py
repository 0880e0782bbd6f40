"""Twins in the window: real drags, wheels and keys, one scale for both, and layouts that bring them back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.view_menu import fill_view_menu

from .mouse import place

_COMPARED = ("WaveformView", "AmplitudeView", "CorrelogramView")


@pytest.fixture
def settle(settle_docks):
    return settle_docks


@pytest.fixture
def twins(window, press, settle):
    """Gives the panels of range A and B of a kind, early and late of two clusters."""

    def make(kind):
        if not window.session.selection.cluster_ids:
            press("Space", "Space")
        if kind in _COMPARED:
            window.commands.run_line(":compare_early_late")
        else:
            window.ranges.thirds()
            first = window.panels.target(kind) or window.panels.reopen_or_add(kind)
            first.dock.give_focus()
            settle()
            window.panels.twin(first, "b")
        settle()
        return tuple(next(p for p in window.panels if p.kind == kind and p.which == which) for which in "ab")

    return make


def _drag(qtbot, view, button, by):
    native = view.canvas.native
    start = _middle(view)
    qtbot.mousePress(native, button, Qt.NoModifier, start)
    for part in (0.5, 1.0):
        point = QtCore.QPointF(start) + part * QtCore.QPointF(*by)
        event = QtGui.QMouseEvent(QtCore.QEvent.MouseMove, point, Qt.NoButton, Qt.MouseButtons(button), Qt.NoModifier)
        QtWidgets.QApplication.sendEvent(native, event)
    qtbot.mouseRelease(native, button, Qt.NoModifier, start + QtCore.QPoint(*by))


def _middle(view):
    """Return a pixel in the middle of the canvas, or of the panel there."""
    point = view.canvas.native.rect().center()
    panel = view.panels.at(point.x() * view.ratio, point.y() * view.ratio)
    left, top, right, bottom = view.panels.rects[len(view.panels) // 2 + 1 if panel is None else panel] / view.ratio
    return QtCore.QPoint(int(left + right) // 2, int(top + bottom) // 2)


def _wheel(view, notches, modifiers=Qt.NoModifier):
    native = view.canvas.native
    middle = QtCore.QPointF(_middle(view))
    delta = QtCore.QPoint(0, 120 * notches)
    event = QtGui.QWheelEvent(middle, middle, QtCore.QPoint(), delta, Qt.NoButton, modifiers, Qt.NoScrollPhase, False)
    QtWidgets.QApplication.sendEvent(native, event)


def _joined(first, second):
    return first.view.scale.joined is second.view and second.view.scale.joined is first.view


@pytest.mark.parametrize("kind", [*_COMPARED, "DriftView", "FeatureView", "HistogramView", "ProbeView", "ISIView"])
def test_drag_wheel_and_double_click_of_one_move_the_other(twins, settle, qtbot, kind):
    first, second = twins(kind)
    assert _joined(first, second)
    for moved, other in ((first.view, second.view), (second.view, first.view)):
        seen = [other.panels.state()]
        for act in (
            lambda view=moved: _drag(qtbot, view, Qt.LeftButton, (30, 12)),
            lambda view=moved: _drag(qtbot, view, Qt.RightButton, (30, -20)),
            lambda view=moved: _wheel(view, 2),
        ):
            act()
            settle()
            assert other.panels.state() == moved.panels.state() != seen[-1]
            seen.append(other.panels.state())
        qtbot.mouseDClick(moved.canvas.native, Qt.LeftButton, Qt.NoModifier, _middle(moved))
        settle()
        assert not moved.panels.zoomed and not other.panels.zoomed


def test_a_wheel_with_control_makes_the_boxes_of_both_higher(twins, settle):
    first, second = twins("WaveformView")
    _wheel(second.view, 3, Qt.ControlModifier)
    settle()
    assert first.view.settings.box_height == second.view.settings.box_height > 1.3
    assert _joined(first, second)


def test_the_same_amplitude_is_at_the_same_pixel_of_both(twins, settle):
    first, second = twins("AmplitudeView")
    top = max(first.view.block.y_range[1], second.view.block.y_range[1])
    for view in (first.view, second.view):
        assert view.panels.ranges()[0, 3] == pytest.approx(top)
    heights = [first.view.canvas.native.height(), second.view.canvas.native.height()]
    assert abs(heights[0] - heights[1]) <= 2
    pixels = [place(view, 0, 1.0, 0.7 * top).y() for view in (first.view, second.view)]
    assert abs(pixels[0] - pixels[1]) <= 2


def test_merge_undo_and_the_next_clusters_keep_them_together(twins, press, settle):
    first, second = twins("WaveformView")
    others = [tuple(p for p in first._window.panels if p.kind == kind) for kind in _COMPARED]
    for keys in (("G",), ("Ctrl+Z",), ("Ctrl+Shift+Z",), ("Ctrl+Z",), ("Space",), ("Ctrl+Space",)):
        press(*keys)
        settle()
        for one, two in others:
            assert _joined(one, two), (keys, one.name)
        assert first.view._range == second.view._range
        assert others[2][0].view.panels.ranges().tolist() == others[2][1].view.panels.ranges().tolist()


def test_closing_one_frees_the_other(twins, settle):
    first, second = twins("WaveformView")
    common, alone = first.view._range, first.view._ranges["waveforms"]
    late = second.view._ranges["waveforms"]
    assert common == (min(alone[0], late[0]), max(alone[1], late[1]))
    second.dock.close()
    settle()
    assert first.twin is None and first.view._range == alone
    second.dock.show()
    settle()
    assert _joined(first, second) and first.view._range == common


def test_scales_of_their_own_are_said_and_remembered(twins, window, settle):
    first, second = twins("CorrelogramView")
    menu = fill_view_menu(QtWidgets.QMenu(), second, window.commands)
    entry = next(a for a in menu.actions() if a.text() == "Scale of its own")
    assert entry.isCheckable() and not entry.isChecked()
    entry.trigger()
    settle()
    assert not _joined(first, second)
    assert (first.dock.bar._badge, second.dock.bar._badge) == ("A, own scale", "B, own scale")
    assert window.panels.settings()[second.name]["own_scale"] is True
    _wheel(first.view, 2)
    settle()
    assert first.view.panels.zoomed and not second.view.panels.zoomed
    first.dock.give_focus()
    settle()
    assert window.commands.run_line(":own_scale") == ""
    settle()
    assert _joined(first, second) and second.view.panels.zoomed
    assert (first.dock.bar._badge, second.dock.bar._badge) == ("A", "B")


def test_other_settings_part_the_twins_until_they_are_the_same_again(twins, settle):
    first, second = twins("CorrelogramView")
    second.view.change(bin_ms=2.0)
    settle()
    assert first.dock.bar._badge == "A, own scale" and first.view.settings.bin_ms == 1.0
    first.view.change(bin_ms=2.0)
    settle()
    assert _joined(first, second) and first.dock.bar._badge == "A"


def test_traces_have_no_common_scale(twins, window):
    first, second = twins("TraceView")
    assert not _joined(first, second) and first.dock.bar._badge == "A"
    menu = fill_view_menu(QtWidgets.QMenu(), second, window.commands)
    assert "Scale of its own" not in [a.text() for a in menu.actions()]


def test_each_of_two_views_has_a_twin_of_its_own(window, press, settle):
    press("Space", "Space")
    window.ranges.thirds()
    one = window.panels.target("AmplitudeView")
    two = window.panels.add("AmplitudeView")
    window.addDockWidget(Qt.TopDockWidgetArea, two.dock)
    settle()
    late_two, late_one = window.panels.twin(two, "b"), window.panels.twin(one, "b")
    settle()
    assert late_two is not late_one and late_two.twin is two and late_one.twin is one
    assert window.panels.twin(two, "b") is late_two and window.panels.twin(late_two, "b") is late_two


def test_a_layout_brings_twins_back_as_twins(twins, window, settle, tmp_path):
    first, second = twins("WaveformView")
    second.toggle_own_scale()
    settle()
    window.commands.run_line(":save_layout mine")
    path = tmp_path / "mine.json"
    window.commands.run_line(f":export_layout mine {path}")
    saved = json.loads(path.read_text())
    named = str(saved["arrangement"])
    assert all(f"'{kind} B'" in named and f"'{kind}'" in named for kind in _COMPARED)
    window.commands.run_line(":layout curation")
    settle()
    assert not second.open and first.twin is None
    second.own_scale = False
    window.commands.run_line(":layout mine")
    settle()
    assert second.open and second.which == "b" and first.twin is second and second.own_scale
    assert [p.which for p in window.panels if p.open and p.kind == "AmplitudeView"] == ["a", "b"]


def test_a_window_that_never_had_twins_makes_those_of_a_layout(window, press, settle):
    press("Space")
    window.ranges.thirds()
    window.commands.run_line(":layout early and late")
    settle()
    shown = {(p.kind, p.which): p for p in window.panels if p.open}
    assert set(shown) == {(kind, which) for kind in _COMPARED for which in "ab"}
    for kind in _COMPARED:
        assert _joined(shown[kind, "a"], shown[kind, "b"])
        assert shown[kind, "b"].view.shown_request.time_range == window.session.time_ranges.b


def test_comparing_again_brings_back_the_panels_before(twins, window, settle):
    before = {p.name for p in window.panels if p.open}
    twins("WaveformView")
    bars = [p.dock.bar for p in window.panels if p.open]
    for bar in bars:
        buttons = 22 * sum(b.isVisible() for b in bar.findChildren(QtWidgets.QAbstractButton))
        room = bar.width() - buttons - 16 - 22
        assert bar.fontMetrics().horizontalAdvance(bar._title) <= room, bar._title
    window.commands.run_line(":compare_early_late")
    settle()
    assert {p.name for p in window.panels if p.open} == before
    assert np.isfinite(window.panels.target("WaveformView").view._range).all()
