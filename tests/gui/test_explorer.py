"""The explorer in the window: real clicks and keys, what is marked, and what is shown of the picked spike."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import Qt, QtCore
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session
from phy_medicine.views.explorer_layout import FRAME_PANEL, N_PAIRS, WAVES_PANEL
from phy_medicine.views.explorer_panels import RING

from . import dock_moves
from .dock_moves import pixels
from .located import METHOD, positions
from .mouse import click, drag, turn_wheel

PLAIN = Qt.NoModifier


@pytest.fixture(scope="module")
def session(simulated_dataset, tmp_path_factory):
    """A session for all tests of the module, with positions of most spikes."""
    folder = tmp_path_factory.mktemp("explored") / "dataset"
    shutil.copytree(simulated_dataset.parent, folder)
    session = Session.open(folder / simulated_dataset.name)
    arrays = positions(session)
    arrays["x_um"][::50] = np.nan
    session.store.add("localization", arrays, name="net", facts={"method": METHOD})
    yield session
    session.close()


@pytest.fixture(scope="module")
def window(qapp, session, tmp_path_factory):
    """The window of that session, with a floating explorer that has room for all its parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHY_MEDICINE_HOME", str(tmp_path_factory.mktemp("home")))
        window = MainWindow(session, WindowState.of_dataset(session.model.dir_path, writable=True), scripted=True)
        window.open((1200, 700))
        window.activateWindow()
        dock_moves.settle(window)
        panel = window.panels.reopen_or_add("ExplorerView")
        panel.dock.setFloating(True)
        panel.dock.resize(1200, 900)
        dock_moves.settle(window)
        yield window
        window.close()
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)


@pytest.fixture
def view(window, session, settle):
    """The explorer as it is at first, nothing selected."""
    window.activateWindow()
    while session.can_undo:
        session.undo()
    session.motion.use(None)
    run = next(run for run in session.store.runs("localization") if run.name == "net")
    if session.localization.run is None or session.localization.run.id != run.id:
        session.localization.use(run.id)
    session.select([])
    panel = next(panel for panel in window.panels if panel.kind == "ExplorerView")
    panel.view.picked = None
    panel.view.panels.reset()
    settle()
    panel.dock.give_focus()
    settle()
    assert len(panel.view.shown_panels) == N_PAIRS
    return panel.view


def place_of(view, panel: int, spike_id: int) -> tuple[float, float]:
    x, y = view.block.everything.of(np.array([spike_id]), panel)
    px, py = view.panels.to_pixels(panel, x.astype(float), y.astype(float))
    return float(px[0]), float(py[0])


def nearest(view, panel: int, ids: np.ndarray, point: QtCore.QPoint) -> int:
    """The spike nearest to a pixel, by measuring every one that is in sight."""
    places = (values.astype(float) for values in view.block.everything.of(ids, panel))
    x, y = view.panels.to_pixels(panel, *places)
    left, top, right, bottom = view.panels.rects[panel]
    seen = (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
    away = np.hypot(x - point.x() * view.ratio, y - point.y() * view.ratio)
    return int(ids[np.argmin(np.where(seen, away, np.inf))])


def inside(view, panel: int, across: float, up: float) -> QtCore.QPoint:
    left, top, right, bottom = (float(edge) / view.ratio for edge in view.panels.rects[panel])
    return QtCore.QPoint(round(left + across * (right - left)), round(bottom - up * (bottom - top)))


def with_position(view, ids) -> np.ndarray:
    return ids[np.isfinite(view.block.everything.columns.lx[ids])]


def ring_at(view, picture: np.ndarray, panel: int, spike_id: int) -> bool:
    """Whether a circle in the colour of the text is around the place of a spike."""
    x, y = place_of(view, panel, spike_id)
    color = np.round(255 * np.array(view.scene.theme.rgba("text")[:3])).astype(int)
    radius = RING * view.ratio / 2
    hits = 0
    for angle in np.arange(0, 2 * np.pi, np.pi / 4):
        px, py = round(x + radius * np.cos(angle) - 0.5), round(y + radius * np.sin(angle) - 0.5)
        around = picture[max(py - 1, 0) : py + 2, max(px - 1, 0) : px + 2].astype(int)
        hits += bool((np.abs(around - color).max(axis=2) < 40).any())
    return hits == 8


@pytest.mark.parametrize("selected", [True, False])
def test_a_click_in_each_panel_picks_the_nearest_spike_and_marks_it_in_all(view, session, settle, qtbot, selected):
    session.select(session.cluster_ids[:2] if selected else [])
    settle()
    every = np.arange(session.model.n_spikes)
    ids = np.concatenate([session.facts.spikes(c) for c in session.cluster_ids[:2]]) if selected else every
    ids = with_position(view, ids)
    for panel in range(N_PAIRS):
        point = inside(view, panel, 0.35 + 0.03 * panel, 0.4 + 0.02 * panel)
        expected = nearest(view, panel, ids, point)
        click(qtbot, view, point, modifiers=PLAIN)
        settle()
        assert view.picked == expected == view.block.picked.spike_id, panel
        picture = pixels(view)
        seen = [k for k in range(N_PAIRS) if view.panels.at(*place_of(view, k, expected)) == k]
        assert panel in seen and len(seen) >= 5
        for k in seen:
            x, y = place_of(view, k, expected)
            left, top, right, bottom = view.panels.rects[k]
            if left + 9 < x < right - 9 and top + 9 < y < bottom - 9:
                assert ring_at(view, picture, k, expected), (panel, k)


def test_the_right_side_shows_the_spike_that_was_picked(view, session, settle, qtbot):
    session.select(session.cluster_ids[:1])
    settle()
    first, before = view.block.picked, pixels(view)
    click(qtbot, view, inside(view, 3, 0.2, 0.3), modifiers=PLAIN)
    settle()
    spike, after = view.block.picked, pixels(view)
    assert spike.spike_id != first.spike_id and not np.array_equal(spike.raw, first.raw)
    for panel in (WAVES_PANEL, FRAME_PANEL):
        left, top, right, bottom = view.panels.rects[panel]
        assert not np.array_equal(before[top:bottom, left:right], after[top:bottom, left:right])
    columns = view.block.everything.columns
    network = spike.um[METHOD]
    assert network.tolist() == [getattr(columns.positions, n)[spike.spike_id] for n in ("x_um", "depth_um")] + [
        columns.z[spike.spike_id]
    ]
    assert set(spike.um) == {METHOD, "monopolar", "com", "peak channel"}
    assert f"spike {spike.spike_id:,}" in view.facts and f"cluster {session.cluster_ids[0]}" in view.facts
    assert spike.denoised is not None and view.scene.progress is None


def test_the_marks_stand_where_the_methods_put_the_spike(view, session, settle):
    session.select(session.cluster_ids[:1])
    settle()
    picture, spike = pixels(view).astype(int), view.block.picked
    colors = {METHOD: (255, 79, 163), "monopolar": (0, 184, 212), "peak channel": (46, 158, 63), "com": (255, 140, 26)}
    shown = 0
    for name, color in colors.items():
        x, y = view.panels.to_pixels(WAVES_PANEL, *spike.um[name][:2])
        others = [view.panels.to_pixels(WAVES_PANEL, *spike.um[n][:2]) for n in colors if n != name]
        if view.panels.at(float(x), float(y)) != WAVES_PANEL or min(np.hypot(x - a, y - b) for a, b in others) < 14:
            continue
        around = picture[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4]
        assert (np.abs(around - np.array(color)).max(axis=2) < 30).any(), name
        shown += 1
    assert shown >= 2


def test_keys_go_to_the_next_and_the_previous_spike_of_the_cluster(view, session, press, settle):
    cluster_id = session.cluster_ids[1]
    session.select([cluster_id])
    settle()
    ids = with_position(view, session.facts.spikes(cluster_id))
    place = int(np.flatnonzero(ids == view.picked)[0])
    press(".")
    assert view.picked == view.block.picked.spike_id == ids[place + 1]
    press(",", ",")
    assert view.picked == ids[place - 1] and session.selection.best_ids == (cluster_id,)
    view.pick_spike(int(ids[-1]))
    settle()
    press(".")
    assert view.picked == ids[-1]


def test_a_spike_is_picked_by_its_number(view, session, window, settle):
    session.select([])
    settle()
    assert window.commands.run_line("xs 123") == ""
    settle()
    assert view.block.picked.spike_id == 123
    assert "no position" in window.commands.run_line("xs 50")
    assert "There is no spike 99999999" in window.commands.run_line("xs 99999999")
    assert view.picked == 123
    mine = int(session.spike_clusters()[123])
    session.select([next(c for c in session.cluster_ids if c != mine)])
    settle()
    assert view.picked != 123 and window.commands.run_line("xs 123") == ""
    settle()
    assert view.block.picked.spike_id == 123 and session.selection.best_ids == (mine,), "its cluster is selected"


def test_a_spike_outside_of_the_time_range_is_not_picked(view, session, window, settle):
    session.time_ranges.choose(0.0, 5.0)
    settle()
    last = session.model.n_spikes - 1
    assert view.block.everything.n_spikes < np.isfinite(view.block.everything.columns.lx).sum()
    assert "outside of the time range" in window.commands.run_line(f"xs {last}")
    session.time_ranges.clear()
    settle()


def test_control_click_selects_the_cluster_and_with_shift_adds_it(view, session, settle, qtbot):
    session.select([])
    settle()
    point = inside(view, 3, 0.5, 0.5)
    expected = nearest(view, 3, with_position(view, np.arange(session.model.n_spikes)), point)
    cluster_id = int(session.spike_clusters()[expected])
    click(qtbot, view, point)
    settle()
    assert session.selection.best_ids == (cluster_id,) and view.picked == expected
    other = next(c for c in session.cluster_ids if c != cluster_id)
    session.select([other])
    settle()
    point = inside(view, 5, 0.5, 0.5)
    expected = nearest(view, 5, with_position(view, session.facts.spikes(other)), point)
    click(qtbot, view, point, modifiers=Qt.ControlModifier | Qt.ShiftModifier)
    settle()
    assert view.picked == expected and session.selection.best_ids == (other,)


def test_alt_click_shows_the_moment_in_the_traces(view, session, window, settle, qtbot):
    session.select(session.cluster_ids[:1])
    settle()
    point = inside(view, 0, 0.5, 0.5)
    expected = nearest(view, 0, with_position(view, session.facts.spikes(session.cluster_ids[0])), point)
    click(qtbot, view, point, modifiers=Qt.AltModifier)
    settle()
    trace = next(p.view for p in window.panels if p.kind == "TraceView")
    assert trace.interval.center_s == pytest.approx(session.data.spike_times[expected], abs=0.2)


def test_dragging_and_keys_turn_the_frame_and_the_wheel_magnifies_it(view, session, settle, qtbot, press):
    session.select(session.cluster_ids[:1])
    settle()
    before, others = view.panels.angles_deg, view.panels.ranges()[:FRAME_PANEL].copy()
    middle = inside(view, FRAME_PANEL, 0.5, 0.5)
    drag(qtbot, view, middle, QtCore.QPoint(60, 20))
    turned = view.panels.angles_deg
    assert turned[0] > before[0] and turned[1] > before[1]
    press("Ctrl+Shift+Left", "Ctrl+Shift+Up")
    assert view.panels.angles_deg == pytest.approx((turned[0] - 10, turned[1] - 10))
    turn_wheel(view, middle, 2)
    assert view.panels.magnification == pytest.approx(1.2**2)
    assert np.array_equal(view.panels.ranges()[:FRAME_PANEL], others)
    qtbot.mouseDClick(view.canvas.native, Qt.LeftButton, PLAIN, middle)
    assert view.panels.angles_deg == pytest.approx(before)


def test_what_is_shown_follows_the_selection_and_a_split(view, session, settle):
    a, b = session.cluster_ids[:2]
    session.select([a])
    settle()
    assert np.isin(view.block.spike_ids, session.facts.spikes(a)).all()
    assert view.picked in session.facts.spikes(a)
    session.select([a, b])
    settle()
    assert view.picked in session.facts.spikes(a)
    known = with_position(view, np.concatenate([session.facts.spikes(a), session.facts.spikes(b)]))
    assert np.array_equal(view.block.spike_ids, known)
    session.merge()
    settle()
    assert view.cluster_ids == session.selection.cluster_ids
    assert sorted(view.block.spike_ids) == sorted(known)
    assert f"cluster {session.selection.best_ids[0]}" in view.facts


def test_without_positions_the_view_says_how_to_get_them(view, session, settle):
    session.localization.use(None)
    settle()
    assert "compute them with Jobs > Positions of spikes" in view.scene.message
    session.localization.use(session.store.runs("localization")[0].id)
    settle()
    assert view.scene.message == "" and view.block is not None


def test_positions_without_strength_are_told(view, session, settle):
    arrays = positions(session)
    run = session.store.add("localization", {k: arrays[k] for k in ("x_um", "depth_um")}, name="flat")
    session.localization.use(run.id)
    settle()
    assert "lack" in view.scene.message and "Jobs > Positions of spikes" in view.scene.message


def test_the_motion_is_taken_out_of_the_map_alone(view, session, settle, window):
    session.select(session.cluster_ids[:1])
    settle()
    before = {k: view.block.everything.of(view.block.spike_ids, k) for k in (0, 6)}
    motion = Motion(np.full((2, 1), 7.0), np.array([0.0, 20.0]), np.array([0.0]))
    session.store.add("motion", motion.to_arrays(), name="seven")
    assert window.commands.run_line("use_motion seven") == "" and window.commands.run_line("mc") == ""
    settle()
    after = {k: view.block.everything.of(view.block.spike_ids, k) for k in (0, 6)}
    assert np.array_equal(before[0], after[0])
    assert np.allclose(after[6][1], before[6][1] - 7, atol=1e-3) and np.array_equal(after[6][0], before[6][0])
    assert any(line.text == "Corrected depth (µm)" for line in view.scene.over.lines)
