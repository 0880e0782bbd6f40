"""The window on a raw recording alone: what is in it, real keys, and that nothing is written beside the recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.app.trace_gui import open_recording
from phy_medicine.base.configuration import Configuration
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.gui import app
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.session.session import Session

RATE, N_CHANNELS, DURATION_S = 10_000, 6, 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).normal(0, 20, (RATE * DURATION_S, N_CHANNELS))
    (tmp_path / "raw").mkdir()
    noise.astype(np.int16).tofile(tmp_path / "raw" / "raw.bin")
    return tmp_path / "raw"


@pytest.fixture
def session(folder: Path):
    file = RecordingFile(str(folder / "raw.bin"), sample_rate_hz=RATE, n_channels=N_CHANNELS)
    session = open_recording(file, Configuration())
    yield session
    session.close()


def open_kinds(window: MainWindow) -> list[str]:
    return [panel.kind for panel in window.panels if panel.open]


def test_it_shows_traces_and_the_probe_and_no_tables(session, open_window):
    window = open_window(session, size=(1280, 800))
    assert open_kinds(window) == ["TraceView", "TraceImageView", "ProbeView"]
    assert not any(dock.isVisible() for dock in window.tables.docks.values())
    assert not window.menus.toolbar.isVisible() and not window.status.dirty.isVisible()
    assert window.windowTitle() == "raw.bin \N{EN DASH} phy-medicine"
    assert "Alt+Right goes on in time" in window.status.message.text()
    assert "stand in a line" in window.status.checks.toolTip()


def test_keys_move_through_the_recording(session, open_window, press_keys_in, qtbot):
    window = open_window(session)
    view = next(p for p in window.panels if p.kind == "TraceView").view
    before = view.interval.center_s
    press_keys_in(window, "Alt+Right")
    qtbot.waitUntil(lambda: window.at_rest)
    assert view.interval.center_s == pytest.approx(before + 0.1 * view.interval.length_s)
    press_keys_in(window, "Alt+Home")
    qtbot.waitUntil(lambda: window.at_rest)
    assert view.interval.start_s == 0
    press_keys_in(window, "Space", "G", "Ctrl+S", "Alt+G", "Ctrl+Z")  # there is nothing that they could do
    qtbot.waitUntil(lambda: window.at_rest)
    assert session.selection.cluster_ids == () and not session.dirty


def test_every_other_view_opens_and_says_that_there_is_nothing(session, open_window, qtbot, caplog):
    window = open_window(session)
    for kind in window.panels.kinds:
        window.panels.reopen_or_add(kind)
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    assert set(open_kinds(window)) == set(window.panels.kinds)
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == []


def test_nothing_is_written_beside_it_and_its_window_is_remembered_apart(folder, session, own_home, qapp):
    window = app._window(session, scripted=False, clear_state=False)
    window.open((1000, 700))
    window.close()
    assert [p.name for p in folder.iterdir()] == ["raw.bin"]
    assert (own_home / "recording.json").exists() and not (own_home / "state.json").exists()


def test_a_dataset_beside_it_is_left_alone(dataset):
    """Its unsaved work, its results and its state are not those of the recording."""
    first = Session.open(dataset)
    first.select(first.cluster_ids[:2])
    first.merge()
    first.storage.close()  # as after a crash
    (raw,) = dataset.parent.glob("*.dat")
    file = RecordingFile(str(raw), sample_rate_hz=30_000, n_channels=first.model.params.n_channels_dat)
    session = open_recording(file, Configuration())
    assert session.storage.pending is None and session.storage.stale == ()
    assert session.store.runs() == ()
    session.close()
    again = Session.open(dataset)
    assert again.storage.pending is not None
    again.close()
    first.close()
