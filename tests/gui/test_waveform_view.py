"""Keys and gestures of the waveform view, with real events in a window."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore

from .mouse import click, place
from .test_mouse import labels_after_split


@pytest.fixture
def view(window, press, settle):
    press("Space", "Space")
    panel = next(p for p in window.panels if p.kind == "WaveformView")
    panel.dock.give_focus()
    settle()
    return panel.view


def _turn_wheel(view, qtbot, notches: int, modifiers) -> None:
    from phy_medicine.gui.qt import QtGui, QtWidgets

    native = view.canvas.native
    at = QtCore.QPointF(native.width() / 2, native.height() / 2)
    turn = QtCore.QPoint(0, 120 * notches)
    event = QtGui.QWheelEvent(
        at, native.mapToGlobal(at.toPoint()), QtCore.QPoint(), turn, Qt.NoButton, modifiers, Qt.NoScrollPhase, False
    )
    QtWidgets.QApplication.sendEvent(native, event)


def test_keys_turn_kinds_overlap_labels_and_mean(view, press):
    press("W")
    assert view.settings.kind == "mean_waveforms"
    press("W", "W")
    assert view.settings.kind == "density" and view.block.counts
    press("Shift+W")
    assert view.settings.kind == "templates"
    press("M")
    assert view.block.kind == "mean_waveforms"
    press("M", "O", "Ctrl+L")
    assert (view.settings.kind, view.settings.overlap, view.settings.labels) == ("waveforms", True, False)
    press("O", "Ctrl+L")
    assert not view.settings.overlap and view.settings.labels


def test_keys_scale_boxes_and_probe(view, press):
    def sizes() -> tuple[float, ...]:
        s = view.settings
        return tuple(round(size, 6) for size in (s.box_width, s.box_height, s.probe_width, s.probe_height))

    for key, back, expected in (
        ("Ctrl+Right", "Ctrl+Left", (1.1, 1, 1, 1)),
        ("Ctrl+Up", "Ctrl+Down", (1, 1.1, 1, 1)),
        ("Shift+Right", "Shift+Left", (1, 1, 1.1, 1)),
        ("Shift+Up", "Shift+Down", (1, 1, 1, 1.1)),
    ):
        press(key)
        assert sizes() == expected
        press(back)
        assert sizes() == (1, 1, 1, 1)


def test_control_and_the_wheel_change_the_height_of_the_boxes(view, qtbot, settle):
    _turn_wheel(view, qtbot, 2, Qt.ControlModifier)
    assert view.settings.box_height == pytest.approx(1.21)
    _turn_wheel(view, qtbot, -2, Qt.ControlModifier)
    settle()
    assert view.settings.box_height == pytest.approx(1.0)
    assert not view.panels.zoomed


def test_snippets_set_the_number_of_waveforms_and_the_window(view, window, settle):
    assert window.commands.run_line(":wn 20") == ""
    settle()
    assert view.block.n_drawn == 20 * len(view.cluster_ids)
    assert window.commands.run_line(":ww 0.5 1") == ""
    settle()
    assert view.block.n_samples == 15 + 30
    assert "ww" in window.commands.run_line(":ww") or "needs" in window.commands.run_line(":ww")


def test_clicks_take_channels_for_the_feature_view(view, window, qtbot, settle):
    features = next(p for p in window.panels if p.kind == "FeatureView").view
    at = place(view, 0, 0.5, 0.0)
    second = place(view, len(view.panels) - 1, 0.5, 0.0)
    click(qtbot, view, at)
    settle()
    assert features.block.channel_ids[0] == view.block.channel_ids[0]
    click(qtbot, view, second, button=Qt.RightButton)
    settle()
    assert features.block.channel_ids[:2] == (view.block.channel_ids[0], view.block.channel_ids[-1])
    qtbot.keyPress(view.canvas.native, Qt.Key_0)
    click(qtbot, view, second, modifiers=Qt.NoModifier)
    qtbot.keyRelease(view.canvas.native, Qt.Key_0)
    settle()
    assert features.block.channel_ids[0] == view.block.channel_ids[-1]


def test_the_pointer_is_told_what_it_is_over(view, qtbot):
    box = int(view.block.boxes[0][0])
    start, stop = view.strip(0)
    qtbot.mouseMove(view.canvas.native, place(view, box, (start + stop) / 2, 0.0))
    qtbot.waitUntil(lambda: view.hover.text != "", timeout=20_000)
    label = view.host.data.channel_labels[view.block.channel_ids[box]]
    assert view.hover.text.startswith(f"channel {label} · cluster {view.cluster_ids[0]}\n")
    assert view.hover.text.endswith(" a.u.")


def _alt_clicks(view, qtbot, box: int, corners) -> np.ndarray:
    """Alt+click corners given as sample and raw unit of the first cluster; return them as they were clicked."""
    start, stop = view.strip(0)
    n = view.block.n_samples - 1
    for sample, value in corners:
        click(qtbot, view, place(view, box, start + (stop - start) * sample / n, value), modifiers=Qt.AltModifier)
    clicked = view.scene.lasso.corners
    return np.stack([(clicked[:, 0] - start) / (stop - start) * n, clicked[:, 1]], axis=1)


@pytest.fixture
def overlapped(view, window, settle):
    """The view with clusters over each other, its best box, and all waveforms of the clusters there, slow and whole."""
    view.change(overlap=True)
    settle()
    box = int(view.block.boxes[0][0])
    data, channel = window.session.data, int(view.block.channel_ids[box])
    clusters = [c for c, boxes in zip(view.cluster_ids, view.block.boxes, strict=True) if box in boxes]
    spikes = np.sort(np.concatenate([data.spikes(c) for c in clusters]))
    return view, box, spikes, data.waveform_source.of_spikes(spikes, (channel,), view.block.window)[:, :, 0]


def test_a_line_splits_off_every_spike_that_crosses_it(overlapped, window, press, settle, qtbot):
    view, box, spikes, waveforms = overlapped
    before = window.session.spike_clusters()
    sample = view.block.window.before
    low, high = np.quantile(waveforms[:, sample], (0.1, 0.6))
    (x, y0), (x1, y1) = _alt_clicks(view, qtbot, box, [(sample, low), (sample, high)])
    settle()
    assert x == x1 and "crosses the line" in window.status.message.text()
    there = waveforms[:, int(x)] * (1 - x % 1) + waveforms[:, int(x) + 1] * (x % 1)
    chosen = np.isin(np.arange(len(before)), spikes[(there > min(y0, y1)) & (there < max(y0, y1))])
    assert view.block.n_drawn < len(spikes) and 10 < chosen.sum() < len(spikes)
    press("K")
    assert (window.session.spike_clusters() == labels_after_split(before, chosen, view.cluster_ids)).all()
    assert len(view.scene.lasso) == 0
    press("Ctrl+Z")
    assert (window.session.spike_clusters() == before).all()


def test_a_polygon_splits_off_every_spike_with_a_sample_inside(overlapped, window, press, qtbot):
    view, box, spikes, waveforms = overlapped
    before = window.session.spike_clusters()
    sample = view.block.window.before
    low, high = np.quantile(waveforms[:, sample], (0.1, 0.5))
    corners = _alt_clicks(view, qtbot, box, [(sample - 2.4, low), (sample + 2.4, low), (sample + 0.1, high)])
    inside = np.zeros(len(spikes), dtype=bool)
    for at in range(sample - 5, sample + 6):
        for i in range(len(spikes)):
            point = np.array([at, waveforms[i, at]])
            turns = [
                np.sign((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]))
                for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
            ]
            inside[i] |= len(set(turns)) == 1
    chosen = np.isin(np.arange(len(before)), spikes[inside])
    assert 10 < chosen.sum() < len(spikes)
    press("K")
    assert (window.session.spike_clusters() == labels_after_split(before, chosen, view.cluster_ids)).all()


def test_alt_right_click_clears_the_line(overlapped, qtbot):
    view, box, _, _ = overlapped
    _alt_clicks(view, qtbot, box, [(20, -5.0), (20, 5.0)])
    assert len(view.scene.lasso) == 2
    click(qtbot, view, place(view, box, 0.5, 0.0), button=Qt.RightButton, modifiers=Qt.AltModifier)
    assert len(view.scene.lasso) == 0


def test_the_next_selection_forgets_the_line(overlapped, press, qtbot):
    view, box, _, _ = overlapped
    _alt_clicks(view, qtbot, box, [(20, -5.0), (20, 5.0)])
    press("Space")
    assert len(view.scene.lasso) == 0
