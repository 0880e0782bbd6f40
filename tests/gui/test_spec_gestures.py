"""Gestures that all views share, in every kind of view, and every wheel turned with a key held: real events only."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from phy_medicine.gui.gestures import GESTURES
from phy_medicine.gui.panels import KINDS
from phy_medicine.gui.qt import Qt, QtCore

from .desk import LENGTH_S, Desk
from .mouse import click, drag, place, turn_wheel

ALL_KINDS = (*KINDS, "SpikePositionsView", "SpikeWidthView", "SpikePlaceView")
SIGNAL = ("TraceView", "TraceImageView")
HELD = {"Ctrl": Qt.ControlModifier, "Alt": Qt.AltModifier, "Shift": Qt.ShiftModifier}

WHEELS = (
    ("WaveformView", "Ctrl", "+settings.box_height"),
    ("FeatureView", "Ctrl", "+settings.scaling"),
    ("FeatureView", "Alt", "+settings.marker_size"),
    ("AmplitudeView", "Alt", "+settings.marker_size"),
    ("DriftView", "Ctrl", "-height"),
    ("DriftView", "Alt", "+settings.marker_size"),
    ("DriftView", "Shift", "!settings.color"),
    ("PositionView", "Alt", "+settings.marker_size"),
    ("PositionView", "Shift", "!settings.color"),
    ("ExplorerView", "Alt", "+settings.marker_size"),
    ("LDAView", "Alt", "+settings.marker_size"),
    ("ClusterGridView", "Alt", "-top_row"),
    ("ClusterGridView", "Ctrl", "+settings.cell_size"),
    ("ClusterGridView", "Shift", "!settings.colors"),
    ("CorrelogramView", "Ctrl", "+settings.window_ms"),
    ("CorrelogramView", "Alt", "+settings.bin_ms"),
    ("ClusterScatterView", "Alt", "+settings.largest"),
    ("ClusterScatterView", "Shift", "!settings.colors"),
    ("TemplateView", "Ctrl", "+settings.scaling"),
    ("TemplateView", "Shift", "!settings.colors"),
    ("TemplateFeatureView", "Alt", "+settings.marker_size"),
    ("SpikePositionsView", "Alt", "+settings.marker_size"),
    ("SpikeWidthView", "Alt", "+settings.marker_size"),
    ("SpikePlaceView", "Alt", "+settings.marker_size"),
    *(
        (kind, held, effect)
        for kind in ("HistogramView", "ISIView", "FiringRateView")
        for held, effect in (("Ctrl", "+block.bins.high"), ("Shift", "+block.bins.low"), ("Alt", "+block.bins.n"))
    ),
    ("RasterView", "Ctrl", "-height"),
    ("RasterView", "Alt", "+settings.marker_size"),
    ("RasterView", "Shift", "!settings.colors"),
    ("EventView", "Ctrl", "+settings.after_ms"),
    ("EventView", "Alt", "+settings.bin_ms"),
    ("EventView", "Shift", "!settings.event"),
    ("TraceView", "Ctrl", "+settings.scaling"),
    ("TraceView", "Alt", "-interval.center_s"),
    ("TraceView", "Shift", "!settings.colored_spikes"),
    ("TraceImageView", "Ctrl", "+settings.scaling"),
    ("TraceImageView", "Alt", "-interval.center_s"),
)
"""Kind of view, key held, and what a notch away from the hand makes larger (+), smaller (-) or another (!)."""


def value_of(view, path: str):
    if path == "height":
        low, high = view.panels.ranges()[0, 2:]
        return float(high - low)
    return operator.attrgetter(path)(view)


def middle(view) -> QtCore.QPoint:
    left, top, right, bottom = (float(edge) / view.ratio for edge in view.panels.rects[0])
    return QtCore.QPoint(round((left + right) / 2), round((top + bottom) / 2))


def is_home(view, home: np.ndarray) -> bool:
    """Whether a zoom is gone; in views of the signal the usual length is shown, wherever it was scrolled to."""
    if view.name in SIGNAL:
        return view.interval.length_s == pytest.approx(LENGTH_S)
    return view.panels.ranges() == pytest.approx(home)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_drags_wheel_and_keys_move_the_view_and_a_double_click_or_r_resets_it(desk: Desk, qtbot, kind):
    desk.start(kind)
    view = desk.view
    desk.press("R")
    home = view.panels.ranges().copy()
    moves = {
        "drag left": lambda: drag(qtbot, view, middle(view), QtCore.QPoint(40, 30)),
        "drag right": lambda: drag(qtbot, view, middle(view), QtCore.QPoint(40, -30), Qt.RightButton),
        "wheel": lambda: turn_wheel(view, middle(view), 1),
        "plus": lambda: desk.press("+"),
        "equal": lambda: desk.press("="),
        "minus": lambda: desk.press("-"),
        "left": lambda: desk.press("Left"),
        "right": lambda: desk.press("Right"),
    }
    for name, move in moves.items():
        desk.ran.clear()
        before = view.panels.ranges().copy()
        move()
        desk.settle()
        assert view.panels.ranges() != pytest.approx(before), f"{name} does nothing"
        assert desk.ran == [], name
    assert not is_home(view, home)
    qtbot.mouseDClick(view.canvas.native, Qt.LeftButton, Qt.NoModifier, middle(view))
    desk.settle()
    assert is_home(view, home), "after a double click"
    turn_wheel(view, middle(view), 2)
    desk.settle()
    desk.press("R")
    assert is_home(view, home), "after R"


# Those of the waveform view, where the first corner chooses a strip, are in test_waveform_view.py.
LASSOS = (
    "FeatureView", "AmplitudeView", "ProbeView", "DriftView", "ClusterScatterView", "TemplateFeatureView",
    "SpikePositionsView", "SpikeWidthView", "SpikePlaceView", "PositionView", "LDAView",
)  # fmt: skip


def test_the_lassos_that_are_tested_are_all_there_are(desk: Desk):
    assert {p.kind for p in desk.window.panels if p.view.has_lasso} <= {*LASSOS, "WaveformView"}


@pytest.mark.parametrize("kind", LASSOS)
def test_clicks_draw_a_lasso_and_a_right_click_clears_it(desk: Desk, qtbot, kind):
    desk.start(kind)
    view = desk.view
    held = Qt.AltModifier if kind == "ProbeView" else Qt.ControlModifier
    x0, x1, y0, y1 = view.panels.ranges()[0]
    for x, y in ((0.2, 0.2), (0.8, 0.25), (0.5, 0.8)):
        click(qtbot, view, place(view, 0, x0 + x * (x1 - x0), y0 + y * (y1 - y0)), modifiers=held)
    assert len(view.scene.lasso) == 3
    click(qtbot, view, middle(view), button=Qt.RightButton, modifiers=held)
    assert len(view.scene.lasso) == 0


@pytest.mark.parametrize(("kind", "held", "effect"), WHEELS)
def test_a_wheel_turned_with_a_key_held_changes_what_the_help_says(desk: Desk, kind, held, effect):
    desk.start(kind)
    view, (sign, path) = desk.view, (effect[0], effect[1:])
    if path.startswith("block.bins"):
        view.set_range(1.0, 12.0)
        desk.settle()
    values = [value_of(view, path)]
    for notches in (1, -1):
        turn_wheel(view, middle(view), notches, HELD[held])
        desk.settle()
        values.append(value_of(view, path))
    compare = {"+": operator.gt, "-": operator.lt, "!": operator.ne}[sign]
    assert compare(values[1], values[0]), values
    assert compare(values[1], values[2]), values


def test_the_wheels_that_are_tested_are_all_there_are():
    in_help = {
        (view, gesture.removesuffix("+wheel"))
        for views, gesture, _ in GESTURES
        for view in views.split(", ")
        if gesture.endswith("+wheel")
    }
    tested = {("Spike...View" if kind.startswith("Spike") else kind, held) for kind, held, _ in WHEELS}
    assert tested == in_help
