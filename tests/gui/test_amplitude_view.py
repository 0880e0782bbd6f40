"""Keys, wheel, clicks and lassos of the amplitude view, with real events in the window."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.gui.qt import Qt
from phy_medicine.views import amplitude_kinds

from .mouse import click, inside, lasso, move, place
from .test_histogram_views import show, turn_wheel
from .test_mouse import split_and_undo


@pytest.fixture
def dataset(dataset):
    """A dataset with template features of every spike."""
    n = len(np.load(dataset.parent / "spike_times.npy"))
    n_templates = len(np.load(dataset.parent / "templates.npy"))
    rng = np.random.default_rng(4)
    np.save(dataset.parent / "template_features.npy", rng.normal(3, 1, size=(n, n_templates)).astype(np.float32))
    return dataset


@pytest.fixture
def view(window, press, settle):
    press("Space", "Space")
    return show(window, settle, "AmplitudeView")


def _raw_by_hand(session, channel_id):
    """Return peak to peak of every spike on a channel, read one by one."""
    source = session.data.waveform_source
    return np.array([np.ptp(source.of_spikes(np.array([i]), (channel_id,))) for i in range(session.model.n_spikes)])


def _upper_half(view):
    x0, x1, _, y1 = view.panels.ranges()[0]
    left, right = x0 + 0.1 * (x1 - x0), x0 + 0.7 * (x1 - x0)
    middle = float(np.median(view.block.values))
    top = 0.95 * y1
    return [(left, middle), (right, middle), (right, top), (left, top)]


def test_a_turns_through_the_types_and_shift_a_back(view, press):
    kinds = []
    for key in ("A", "A", "A", "A", "Shift+A"):
        press(key)
        kinds.append(view.block.kind.name)
    assert kinds == ["feature", "template_feature", "raw", "template", "raw"]
    assert view.status.startswith("raw · ")


@pytest.mark.parametrize("most", [10, 100_000])
def test_a_lasso_over_raw_amplitudes_splits_all_spikes_however_many_are_drawn(
    window, view, press, settle, qtbot, monkeypatch, most
):
    monkeypatch.setattr(amplitude_kinds, "N_RAW", most)
    press("Shift+A")
    session, before = window.session, window.session.spike_clusters()
    clusters = session.selection.cluster_ids
    raw = _raw_by_hand(session, view.block.kind.channel_id)
    polygon = lasso(qtbot, view, 0, _upper_half(view))
    mine = np.isin(before, clusters)
    split_and_undo(window, press, view, inside(session.model.spike_times, raw, polygon) & mine, before)


def test_raw_amplitudes_of_all_spikes_come_by_and_by(window, view, press, qtbot, monkeypatch):
    monkeypatch.setattr("phy_medicine.session.raw_amplitude_source.PART", 20)
    monkeypatch.setattr(amplitude_kinds, "_RAW_SECONDS", 0.0)
    counts = []
    changed = window.host.status_changed
    monkeypatch.setattr(window.host, "status_changed", lambda v: (changed(v), counts.append(v.status)))
    press("Shift+A")
    n = sum(len(window.session.data.spikes(c)) for c in view.cluster_ids)
    qtbot.waitUntil(lambda: view.status == f"raw · {n:,} spikes", timeout=20_000)
    assert sum(f" of {n:,}" in text for text in counts) > 1


def test_a_lasso_over_template_features_splits_all_spikes(window, view, press, qtbot):
    press("A", "A")
    session, before = window.session, window.session.spike_clusters()
    first, second = session.selection.cluster_ids
    ids = np.arange(session.model.n_spikes)
    values = session.data.template_features.project(ids, (first, first))[:, 0]
    polygon = lasso(qtbot, view, 0, _upper_half(view))
    mine = np.isin(before, (first, second))
    split_and_undo(window, press, view, inside(session.model.spike_times, values, polygon) & mine, before)


def test_alt_click_shows_the_moment_and_alt_wheel_sizes_the_points(window, view, settle, qtbot):
    traces = next(p for p in window.panels if p.kind == "TraceView").view
    middle_s = window.session.data.duration_s / 3
    y = float(view.panels.ranges()[0, 3]) / 2
    click(qtbot, view, place(view, 0, middle_s, y), modifiers=Qt.AltModifier)
    settle()
    assert traces.interval.center_s == pytest.approx(middle_s, abs=window.session.data.duration_s / 100)
    size = view.settings.marker_size
    turn_wheel(view, 1, Qt.AltModifier)
    assert view.settings.marker_size == pytest.approx(1.1 * size)


def test_menu_entries_change_background_and_quantiles(window, view, settle):
    window.commands.run("next_amplitude_background")
    window.commands.run("toggle_amplitude_quantiles")
    settle()
    assert len(view.block.background_s) == window.session.model.n_spikes
    assert np.isfinite(view.block.quantiles).any()


def test_the_pointer_over_a_spike_is_told_its_amplitude(view, settle):
    block = view.block
    x, y = float(block.times_s[20]), float(block.values[20])
    move(view, place(view, 0, x, y))
    settle()
    assert " s\namplitude " in view.hover.text
