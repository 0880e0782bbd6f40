"""The Similar dock: its title names the metric, its menu changes it, and the rows follow."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.pool import Priority
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.similarity_menu import fill_similarity_menu
from phy_medicine.session.corrected_depths import CorrectedDepths
from phy_medicine.session.drift_similarity import DriftSimilarity

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def moved(window, settle):
    """The window of a session whose true motion is in use, with the first over-split pair at hand."""
    session = window.session
    truth = np.load(session.model.dir_path / "ground_truth.npz")
    pair = truth["oversplit_pairs"].tolist()[0]
    session.select([pair[0]])
    settle()
    motion = Motion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"]).centred()
    session.motion._current = (type("Run", (), {"id": "1", "name": "by hand", "facts": {}})(), motion)
    session.motion._asked = True
    session.motion.changed.emit("run")
    return pair


def shown(window):
    table = window.tables.similar
    column = table.model.column_of("similarity")
    rows = range(table.model.rowCount())
    return [(table.model.ids[r], table.model.data(table.model.index(r, column))) for r in rows]


def choose(window, name):
    menu = fill_similarity_menu(QtWidgets.QMenu(window), window.session.similar, window.commands.guard)
    entry = next(a for a in menu.actions() if a.data() == name)
    entry.trigger()
    return menu


def title(window):
    return window.tables.docks["Similar"].bar._title


def test_the_title_names_the_template_similarity(window):
    assert title(window) == "Similar · template similarity"
    menu = fill_similarity_menu(QtWidgets.QMenu(window), window.session.similar, window.commands.guard)
    assert [(a.data(), a.isEnabled(), a.isChecked()) for a in menu.actions()] == [
        ("auto", True, True),
        ("template", True, False),
        ("drift", False, False),
        ("combined", True, False),
    ]


def test_the_table_ranks_anew_when_the_metric_changes(window, moved, qtbot, settle):
    qtbot.waitUntil(lambda: title(window) == "Similar · drift-aware similarity", timeout=20_000)
    settle()
    aware = shown(window)
    assert aware[0][0] == moved[1]
    choose(window, "template")
    settle()
    assert title(window) == "Similar · template similarity"
    plain = shown(window)
    assert plain != aware
    assert [c for c, _ in plain] == list(window.session.similar.rows(moved[0]))
    choose(window, "drift")
    qtbot.waitUntil(lambda: shown(window) == aware, timeout=20_000)
    assert title(window) == "Similar · drift-aware similarity"


def test_space_goes_to_the_other_part_of_the_neuron(window, moved, qtbot, settle, press):
    qtbot.waitUntil(lambda: window.session.similar.shown_metric == "drift", timeout=20_000)
    settle()
    press("Space")
    assert window.session.selection.cluster_ids == tuple(moved)


def test_the_metric_can_be_typed(window, moved, settle):
    window.commands.run_line("similarity template")
    settle()
    assert not window.session.similar.automatic
    assert title(window) == "Similar · template similarity"


def keep_truth(session):
    truth = np.load(session.model.dir_path / "ground_truth.npz")
    motion = Motion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"]).centred()
    session.store.add("motion", motion.to_arrays(), name="truth")
    return truth["oversplit_pairs"].tolist()


def slowly(monkeypatch, owner, name):
    real = getattr(owner, name)

    def slow(*args):
        time.sleep(0.3)
        return real(*args)

    monkeypatch.setattr(owner, name, slow)


def test_a_script_waits_for_the_motion_used_before_and_what_comes_of_it(session, open_window, qtbot, monkeypatch):
    pair = keep_truth(session)[0]
    for owner, name in ((session.motion, "restore"), (DriftSimilarity, "matrix"), (CorrectedDepths, "compute")):
        slowly(monkeypatch, owner, name)
    window = open_window(session)
    seen = []

    def finished(code):
        seen.append((code, title(window), shown(window)[0][0], session.clusters.corrected_depths.ready))

    window.run_script([f"c {pair[0]}"], finished)
    qtbot.waitUntil(lambda: bool(seen), timeout=20_000)
    assert seen == [(0, "Similar · drift-aware similarity", pair[1], True)]


def test_a_script_waits_for_the_motion_it_chooses(session, open_window, qtbot, monkeypatch):
    session.motion.use(None)
    pair = keep_truth(session)[0]
    slowly(monkeypatch, DriftSimilarity, "matrix")
    window = open_window(session)
    seen = []
    window.run_script([f"c {pair[0]}", "use_motion truth"], lambda code: seen.append((code, title(window))))
    qtbot.waitUntil(lambda: bool(seen), timeout=20_000)
    assert seen == [(0, "Similar · drift-aware similarity")]


def test_a_script_before_somebodys_eyes_waits_for_nothing(session, open_window, qtbot, monkeypatch):
    keep_truth(session)
    enough, codes = threading.Event(), []
    monkeypatch.setattr(session.motion, "restore", lambda: enough.wait(30))
    window = open_window(session)
    window.scripted = False
    window.run_script(["next"], codes.append)
    qtbot.waitUntil(lambda: bool(codes), timeout=20_000)
    enough.set()
    assert codes == [0]


def test_a_script_waits_for_no_other_work_in_the_background(session, open_window, qtbot):
    window = open_window(session)
    enough, codes = threading.Event(), []
    session.pool.submit("blocker", enough.wait, 30, priority=Priority.BACKGROUND)
    window.run_script(["next"], codes.append)
    qtbot.waitUntil(lambda: bool(codes), timeout=20_000)
    assert codes == [0] and session.pool.pending("blocker")
    enough.set()


def test_the_motion_used_before_is_taken_out_once_the_window_is_up(session, open_window, qtbot):
    truth = np.load(session.model.dir_path / "ground_truth.npz")
    motion = Motion(truth["displacement"], truth["temporal_bins_s"], truth["spatial_bins_um"]).centred()
    session.store.add("motion", motion.to_arrays(), name="truth")
    window = open_window(session)
    qtbot.waitUntil(lambda: title(window) == "Similar · drift-aware similarity", timeout=20_000)
    for a, b in truth["oversplit_pairs"].tolist():
        session.select([a])
        qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)
        assert shown(window)[0][0] == b
