"""Docks, what the window remembers, closing with unsaved work, scripts."""

from __future__ import annotations

import json

import pytest

from phy_medicine.base.paths import OwnFiles, user_dir
from phy_medicine.gui import layout
from phy_medicine.gui.qt import QtCore, QtGui, QtWidgets
from phy_medicine.gui.state import StateFile, WindowState
from phy_medicine.session.session import Session


def wait_idle(window, qtbot):
    qtbot.waitUntil(lambda: window.at_rest, timeout=20_000)


def remember(window):
    window.scripted = False
    window.session.manager.mark_saved()
    window.close()


def test_every_dock_floats_and_comes_back_and_still_draws(window, qtbot):
    window.session.next()
    for panel in window.panels:
        for floating in (True, False):
            panel.dock.setFloating(floating)
            wait_idle(window, qtbot)
        assert panel.view.canvas.error is None
        assert panel.view.render().any()


def test_a_closed_view_comes_back_where_it_was(window):
    panel = next(iter(window.panels))
    panel.dock.close()
    assert not panel.open
    window.commands.run_line(f"add_view {panel.kind}")
    assert panel.open
    assert len(list(window.panels)) == len({p.name for p in window.panels})


def test_two_views_of_a_kind_have_names_of_their_own(window):
    panel = next(iter(window.panels))
    window.arrangement.add(panel.kind)
    names = [p.name for p in window.panels if p.kind == panel.kind]
    assert names == [panel.name, f"{panel.name} (1)"]


def test_a_closed_table_comes_back_from_the_view_menu(window):
    dock = window.tables.docks["Similar"]
    dock.close()
    window.commands.run_line("add_view Similar")
    assert dock.isVisible()


def test_layout_columns_and_settings_are_remembered(session, open_window, qtbot):
    window = open_window(session)
    panel = next(p for p in window.panels if p.kind == "AmplitudeView")
    panel.view.change(marker_size=7.0)
    window.arrangement.add("AmplitudeView")
    window.tables.clusters.header.sort_asked.emit("depth", False)
    window.session.next()
    selected = window.session.selection.best_ids
    wait_idle(window, qtbot)
    remember(window)
    again = Session.open(session.model.path)
    state = WindowState.of_dataset(again.model.dir_path, writable=True)
    from phy_medicine.gui.main_window import MainWindow

    second = MainWindow(again, state)
    second.open()
    assert [p.name for p in second.panels if p.kind == "AmplitudeView"] == ["Amplitudes", "Amplitudes (1)"]
    assert next(iter(p for p in second.panels if p.name == "Amplitudes")).view.settings.marker_size == 7.0
    assert again.cluster_table.sort_keys[0].column == "depth"
    assert again.selection.best_ids == selected
    second.close()
    again.close()


def test_a_read_only_dataset_gets_no_state_file(dataset, open_window):
    session = Session.open(dataset, read_only=True)
    state = WindowState.of_dataset(session.model.dir_path, writable=False)
    state.set("selection", [[1], []], local=True)
    state.set("docks", "x")
    state.write()
    assert not OwnFiles(session.model.dir_path).state.exists()
    assert (user_dir() / "state.json").exists()
    session.close()


def test_values_of_the_dataset_win_and_clear_forgets_both(tmp_path):
    state = WindowState(tmp_path / "user.json", tmp_path / "data" / "state.json")
    one, two = {"kind": "TraceView"}, {"kind": "ProbeView"}
    state.set("views", {"a": one, "b": one})
    state.set("views", {"b": two}, local=True)
    state.write()
    again = WindowState(tmp_path / "user.json", tmp_path / "data" / "state.json")
    assert again.merged("views") == {"a": one, "b": two}
    WindowState.of_dataset(tmp_path, writable=True).write()
    assert WindowState.of_dataset(tmp_path, writable=True, clear=True).get("views") is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99, "values": {"docks": "x"}}', '{"version": 1}'])
def test_a_state_file_that_cannot_be_used_counts_as_empty(tmp_path, content):
    (tmp_path / "state.json").write_text(content)
    assert StateFile(tmp_path / "state.json").values == {}


def test_a_state_file_is_json_with_a_version(tmp_path):
    state = StateFile(tmp_path / "state.json")
    state.values["docks"] = "x"
    state.write()
    assert json.loads((tmp_path / "state.json").read_text()) == {"version": 1, "values": {"docks": "x"}}
    assert [p.name for p in tmp_path.iterdir()] == ["state.json"]


def test_rubbish_in_the_layout_falls_back_to_the_default(session, open_window):
    state = WindowState.of_dataset(session.model.dir_path, writable=True)
    state.set("docks", "bm9uc2Vuc2U=")
    state.set("geometry", "bm9uc2Vuc2U=")
    state.set("panels", [["NoSuchView", "x"]])
    state.set("tables", {"Clusters": {"sort": [["nothing", True]]}})
    state.write()
    window = open_window(session, size=None)
    assert window.tables.docks["Clusters"].isVisible()
    assert next(iter(window.panels)).dock.isVisible()


@pytest.mark.parametrize(
    ("answer", "closes", "saves"),
    [(QtWidgets.QMessageBox.Save, True, True), (QtWidgets.QMessageBox.Discard, True, False),
     (QtWidgets.QMessageBox.Cancel, False, False)],
)  # fmt: skip
def test_unsaved_work_is_asked_about_at_close(window, monkeypatch, answer, closes, saves):
    window.session.next()
    window.session.move("good")
    saved = []
    window.session.saved.connect(saved.append)
    monkeypatch.setattr(QtWidgets.QMessageBox, "exec_", lambda box: answer)
    window.scripted = False
    assert window.close() is closes
    assert bool(saved) is saves


def test_a_failed_save_keeps_the_window_open(window, monkeypatch):
    from phy_medicine.base.errors import SaveError

    window.session.next()
    window.session.move("good")

    def fail(*, force=False):
        raise SaveError("Could not write spike_clusters.npy: disk full.")

    monkeypatch.setattr(window.session, "save", fail)
    shown = []
    answers = iter([QtWidgets.QMessageBox.Save, QtWidgets.QMessageBox.Ok])
    monkeypatch.setattr(QtWidgets.QMessageBox, "exec_", lambda box: shown.append(box.text()) or next(answers))
    window.scripted = False
    assert not window.close()
    assert shown[1:] == ["Could not write spike_clusters.npy: disk full."]


def run_script(window, qtbot, *lines):
    codes = []
    window.run_script(lines, codes.append)
    qtbot.waitUntil(lambda: bool(codes), timeout=30_000)
    return codes[0]


def test_a_script_runs_its_lines_and_makes_pictures(window, qtbot, tmp_path):
    code = run_script(
        window,
        qtbot,
        "next",
        "next",
        f"screenshot {tmp_path / 'a'}",
        "size 900x700",
        f"screenshot {tmp_path / 'b.png'}",
    )
    assert code == 0
    assert window.session.selection.similar_ids
    assert QtGui.QImage(str(tmp_path / "a.png")).size() == QtCore.QSize(1280, 800)
    assert QtGui.QImage(str(tmp_path / "b.png")).size() == QtCore.QSize(900, 700)


def test_a_script_ends_at_the_first_failure(window, qtbot, settle):
    assert run_script(window, qtbot, "c 99999", "next") == 1
    assert window.session.selection.cluster_ids == ()
    settle()
    assert "99999" in window.status.message.text()


def test_layouts_name_each_kind_once_and_lose_what_is_unknown():
    for width in (1280, 1920):
        kinds = list(layout.kinds_of(layout.built_in("curation", width)))
        assert len(kinds) == len(set(kinds))
    node = {
        "row": [{"tabs": ["A", "B"]}, {"column": [{"tabs": ["C"]}, {"tabs": ["D"]}], "sizes": [1, 2]}],
        "sizes": [1, 1],
    }
    assert layout.without(node, {"A", "D"}.__contains__) == {
        "row": [{"tabs": ["A"]}, {"tabs": ["D"]}], "sizes": [1, 1]
    }  # fmt: skip
    assert layout.without(node, {"B"}.__contains__) == {"tabs": ["B"]}
    assert layout.without(node, set().__contains__) is None


def test_news_from_a_worker_thread_arrive_in_the_windows_thread(window, qtbot):
    from threading import Thread, get_ident

    seen = []
    window.bridge.connect(window.session.message, lambda text: seen.append((text, get_ident())))
    thread = Thread(target=lambda: window.session.message.emit("done"))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [("done", get_ident())]


def test_a_settings_dialog_changes_the_view_at_once_and_refuses_with_a_sentence(window, qtbot):
    from phy_medicine.gui.settings_dialog import SettingsDialog

    panel = next(p for p in window.panels if p.kind == "AmplitudeView")
    panel.show_settings()
    dialog = window.findChild(SettingsDialog)
    dialog.editors["marker_size"].setValue(9.0)
    assert panel.view.settings.marker_size == 9.0
    dialog.editors["quantiles"].setChecked(True)
    assert panel.view.settings.quantiles is True
    dialog.editors["background"].setCurrentText("all")
    assert panel.view.settings.background == "all"
    dialog.close()


def test_a_group_of_the_user_can_be_moved_to(window, press):
    window.commands.run_line("next")
    assert window.commands.run_line("move axon") == ""
    assert window.session.manager.group(window.session.selection.reference_id) in (None, "axon")
    assert "move_best_to_axon" in window.commands.table
