"""At rest means: what the session says is what every view in sight and both tables show."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from phy_medicine.gui.app import run
from phy_medicine.gui.qt import QtCore, QtWidgets
from phy_medicine.session.session import Session

pytestmark = pytest.mark.usefixtures("few_views")

KEYS = (
    *("Space", "Space", "Space", "Down", "Up", "Shift+Space", "Home", "End", "Backspace", "Ctrl+Space", "Esc"),
    *("G", "Ctrl+Z", "Ctrl+Z", "Ctrl+Y", "Ctrl+Shift+Z", "Alt+G", "Ctrl+M", "Ctrl+Alt+U", "Shift+Ctrl+K"),
)
N_ACTIONS = 200


def assert_all_agree(window):
    session = window.session
    request = session.request()
    assert request.cluster_ids == session.selection.cluster_ids
    for view in window.host.views:
        if not window.host.in_sight(view) or not view.auto_update:
            continue
        wanted = view.limited(request)
        assert view.cluster_ids == wanted.cluster_ids, view.name
        assert (view.colors == wanted.colors).all(), view.name
        assert view.scene.waiting_since is None
        assert view.canvas.error is None
    tables = window.tables
    assert tables.clusters.model.ids == session.cluster_table.visible_ids()
    assert tables.similar.model.ids == session.similarity_table.visible_ids()
    assert tables.clusters._selected == session.selection.best_ids
    assert tables.similar._selected == session.selection.similar_ids
    assert tables.clusters.filter_box.count.text() == f"{len(session.cluster_ids)}"
    undo, redo = window.menus.actions["undo"], window.menus.actions["redo"]
    assert (undo.isEnabled(), redo.isEnabled()) == (session.can_undo, session.can_redo)
    assert window.windowTitle().startswith("\N{BLACK CIRCLE}") == session.dirty


@pytest.mark.parametrize("seed", [0, 1])
def test_after_random_keys_every_view_and_table_shows_the_session(window, press_now, settle, seed):
    choose = random.Random(seed)
    for i in range(N_ACTIONS):
        press_now(choose.choice(KEYS))
        # Often the next key comes before the views are ready.
        if choose.random() < 0.4 or i == N_ACTIONS - 1:
            settle()
            assert_all_agree(window)


def test_keys_that_come_faster_than_frames_are_all_obeyed(window, press_now, settle):
    before = window.session.spike_clusters()
    press_now("Space", "Space", "G")
    merged = window.session.spike_clusters()
    assert (merged != before).any()
    for _ in range(30):
        press_now("Ctrl+Z")
        assert (window.session.spike_clusters() == before).all()
        press_now("Ctrl+Y")
        assert (window.session.spike_clusters() == merged).all()
    settle()
    assert_all_agree(window)


def test_every_view_was_painted_after_the_selection_when_at_rest(window, press_now, settle):
    painted = {}
    for view in window.host.views:
        view.canvas.events.draw.connect(lambda _e, v=view: painted.__setitem__(v, v.cluster_ids), position="last")
    for key in ("Space", "Space", "Down", "Space", "G", "Ctrl+Z", "End", "Home"):
        painted.clear()
        before = window.session.selection.cluster_ids
        press_now(key)
        settle()
        selected = window.session.selection.cluster_ids
        if selected == before:
            continue
        for view in window.host.views:
            if window.host.in_sight(view):
                assert painted.get(view) == view.limited(window.session.request()).cluster_ids, (key, view.name)


def test_a_script_waits_for_the_views_before_its_next_line(dataset: Path, tmp_path, qapp, monkeypatch):
    from phy_medicine.gui.commands import Commands

    seen = []
    real = Commands.run_line

    def run_line(self, line):
        window = self._window
        views = [v for v in window.host.views if window.host.in_sight(v)]
        seen.append((line, {v.cluster_ids == v.limited(window.session.request()).cluster_ids for v in views}))
        return real(self, line)

    monkeypatch.setattr(Commands, "run_line", run_line)
    lines = ["next", "next", "merge", "undo", "next_best"]
    assert run(Session.open(dataset), do=lines, quit=True, size=(1280, 800)) == 0
    assert [line for line, _ in seen] == lines
    assert all(agree == {True} for _, agree in seen)


def test_a_small_window_says_that_a_dataset_is_being_opened(dataset, qapp, monkeypatch):
    import threading

    from phy_medicine.gui import opening

    monkeypatch.setattr(opening, "SHOWN_AFTER_S", 0.0)
    go_on = threading.Event()
    seen = []

    def look():
        windows = [w for w in QtWidgets.QApplication.topLevelWidgets() if isinstance(w, opening.OpeningWindow)]
        seen.extend(w.findChild(QtWidgets.QLabel).text() for w in windows if w.isVisible())
        go_on.set()

    def slow():
        go_on.wait(10)
        return Session.open(dataset)

    QtCore.QTimer.singleShot(50, look)
    session = opening.opened(slow)
    assert seen == ["Opening the dataset \N{HORIZONTAL ELLIPSIS}"]
    assert len(session.cluster_ids) > 1
    session.close()


def test_what_goes_wrong_while_opening_is_raised(qapp):
    from phy_medicine.base.errors import DatasetError
    from phy_medicine.gui.opening import opened

    def fail():
        raise DatasetError("No params.py here.")

    with pytest.raises(DatasetError, match="No params"):
        opened(fail)


def test_a_minimised_window_comes_to_rest_and_shows_the_selection_when_it_is_back(window, settle, qtbot):
    window.showMinimized()
    window.session.next()
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
    painted = []
    window.host.views[0].canvas.events.draw.connect(lambda _event: painted.append(window.session.selection.cluster_ids))
    window.showNormal()
    qtbot.waitUntil(lambda: bool(painted) and window.at_rest, timeout=20_000)
    assert painted[-1] == window.session.selection.cluster_ids != ()
