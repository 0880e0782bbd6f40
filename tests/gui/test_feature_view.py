"""Wheel, clicks, keys, menu and snippets of the feature view, with real events in the window."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

from .mouse import click, inside, lasso, place
from .test_histogram_views import turn_wheel
from .test_mouse import split_and_undo, view_in_sight


@pytest.fixture
def features(window, press, settle):
    press("Space", "Space")
    return view_in_sight(window, settle, "FeatureView")


def choose(window, settle, view, text):
    """Click an entry of the menu of a view."""
    panel = next(p for p in window.panels if p.view is view)

    def take():
        menu = QtWidgets.QApplication.activePopupWidget()
        entry = next(a for a in menu.actions() if a.text().split("\t")[0] == text)
        assert entry.toolTip().endswith(".")
        entry.trigger()
        menu.close()

    QtCore.QTimer.singleShot(0, take)
    panel.dock.give_focus()
    panel._menu.click()
    settle()


def test_wheel_and_keys_magnify_and_resize(features, press, settle):
    before = features.panels.ranges()[1, 1]
    turn_wheel(features, 1, Qt.ControlModifier)
    settle()
    assert features.panels.ranges()[1, 1] == pytest.approx(before / 1.1)
    press("Ctrl++", "Ctrl++", "Ctrl+-")
    assert features.settings.scaling == pytest.approx(1.1 * 1.2)
    turn_wheel(features, 2, Qt.AltModifier)
    settle()
    assert features.settings.marker_size == pytest.approx(2 * 1.1**2)


def test_c_keeps_the_channels_for_the_next_selection(features, press, window):
    channels = features.block.channel_ids
    press("C")
    assert "(fixed)" in features.status
    window.session.select([max(window.session.cluster_ids, key=window.session.data.peak_channel)])
    press("Home")
    assert features.settings.fixed_channels and features.block.channel_ids == channels
    press("C")
    assert not features.settings.fixed_channels


def test_alt_clicks_show_a_dimension_in_the_amplitude_view(features, window, settle, qtbot):
    amplitudes = next(p for p in window.panels if p.kind == "AmplitudeView").view
    x, y = features.block.channel_ids
    click(qtbot, features, place(features, 6, 0.1, 0.1), modifiers=Qt.AltModifier)
    settle()
    assert (amplitudes.settings.kind, amplitudes._feature) == ("feature", (x, 1))
    click(qtbot, features, place(features, 6, 0.1, 0.1), button=Qt.RightButton, modifiers=Qt.AltModifier)
    settle()
    assert amplitudes._feature == (y, 0)


def test_control_clicks_draw_a_lasso_and_a_control_right_click_clears_it(features, qtbot):
    limit = features.block.limit
    lasso(qtbot, features, 1, [(0, 0), (limit / 2, 0), (limit / 2, limit / 2)])
    assert features.scene.lasso.closed
    click(qtbot, features, place(features, 1, 0.0, 0.0), button=Qt.RightButton)
    assert len(features.scene.lasso) == 0


def test_a_snippet_chooses_the_channels_and_says_what_is_wrong(features, window, settle):
    labels = window.session.data.channel_labels
    assert window.commands.run_line(f":fc {labels[3]} {labels[5]}") == ""
    settle()
    assert features.block.channel_ids == (3, 5)
    assert features.status.startswith(f"channels: {labels[3]}, {labels[5]}")
    assert "no channel 999" in window.commands.run_line(":fc 999 0")


def test_a_bad_grid_is_said_in_the_dialog_and_a_good_one_is_shown(features, window, settle, qtbot):
    panel = next(p for p in window.panels if p.view is features)
    panel.show_settings()
    dialog = window.findChild(QtWidgets.QDialog)
    editor = dialog.editors["grid"]
    for text, n_panels, said in (("0A,0Z", 16, "not '0Z'"), ("time,0A count,0A", 2, "")):
        editor.clear()
        qtbot.keyClicks(editor, text)
        qtbot.keyClick(editor, Qt.Key_Return)
        settle()
        assert len(features.panels) == n_panels
        assert said in dialog._problem.text() and dialog._problem.isVisible() == bool(said)
    dialog.close()


def test_the_pointer_is_told_of_the_spike_under_it(features):
    mine = int(np.flatnonzero(features.block.rows == 1)[0])
    x, y = (float(features.block.column(d)[mine]) for d in features._grid.panels[1])
    native, point = features.canvas.native, place(features, 1, x, y)
    move = QtGui.QMouseEvent(
        QtCore.QEvent.MouseMove, QtCore.QPointF(point), Qt.NoButton, Qt.MouseButtons(Qt.NoButton), Qt.NoModifier
    )
    QtWidgets.QApplication.sendEvent(native, move)
    first, second = features.block.channel_ids
    lines = features.hover.text.split("\n")
    assert lines[0].startswith(f"{second}A ") and lines[1].startswith(f"{first}A ") and lines[2].startswith("cluster ")


def test_a_lasso_over_components_of_the_selection_splits_all_spikes(features, window, press, settle, qtbot):
    choose(window, settle, features, "Components of the selected clusters")
    assert features.status.startswith("PCA of ")
    session = window.session
    before, pair = session.spike_clusters(), session.selection.cluster_ids
    mine = np.isin(before, pair)
    block = features.block
    scores = block.scores.of(np.arange(session.model.n_spikes)).data[:, :, 0].astype(float)
    x0, x1 = np.quantile(scores[mine, 1], (0.2, 0.9))
    y0, y1 = np.quantile(scores[mine, 0], (0.2, 0.9))
    polygon = lasso(qtbot, features, 1, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    split_and_undo(window, press, features, inside(scores[:, 1], scores[:, 0], polygon) & mine, before)


def test_a_lasso_along_the_discriminant_splits_all_spikes(features, window, press, settle, qtbot):
    choose(window, settle, features, "Linear discriminant")
    session = window.session
    first, second = session.selection.cluster_ids
    assert features.status.startswith("d\N{PRIME} ")
    before, block = session.spike_clusters(), features.block
    every = session.data.features_of(np.arange(session.model.n_spikes), block.channel_ids)
    along, times = block.axis.along(every.data).astype(float), session.model.spike_times
    stop, highest = session.data.duration_s, float(features.panels.ranges()[0, 3])
    corners = [(0.1 * stop, 0.0), (0.9 * stop, 0.0), (0.9 * stop, 0.95 * highest), (0.1 * stop, 0.95 * highest)]
    polygon = lasso(qtbot, features, 0, corners)
    chosen = inside(times, along, polygon) & np.isin(before, (first, second))
    split_and_undo(window, press, features, chosen, before)


class TestWithoutFeatures:
    @pytest.fixture
    def dataset(self, dataset):
        (dataset.parent / "pc_features.npy").unlink()
        return dataset

    def test_components_of_the_selection_are_shown_unasked(self, features):
        assert features.scene.message == "" and features.status.startswith("PCA of ")
        assert features.block.limit > 1
