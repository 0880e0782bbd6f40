"""Groups of the user: keys at once, colours, remembered for all datasets, never a key that means something else."""

from __future__ import annotations

import string

import pytest

from phy_medicine.gui.groups_dialog import GroupsDialog
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import QtCore, QtGui
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session

pytestmark = pytest.mark.usefixtures("few_views")


def group(window, name):
    return next(g for g in window.session.groups if g.name == name)


def test_a_new_group_has_its_keys_at_once(window, press):
    assert window.commands.run_line("add_group axon x #123456") == ""
    assert (group(window, "axon").key, group(window, "axon").color) == ("x", "#123456")
    press("Space", "Space")
    (best,), (similar,) = window.session.selection.best_ids, window.session.selection.similar_ids
    press("Ctrl+X")
    assert window.session.manager.group(similar) == "axon"
    window.session.select([best])
    press("Alt+X")
    assert window.session.manager.group(best) == "axon"
    press("Ctrl+Z")
    assert window.session.manager.group(best) is None


def test_the_badge_of_a_group_has_its_colour_and_the_title_is_a_word(window, press, settle):
    window.commands.run_line("add_group dot d #12ff56")
    press("Space", "Alt+D", "Home")
    table = window.tables.clusters
    section = table.model.column_of("group")
    assert table.model.headerData(section, QtCore.Qt.Horizontal) == "Group"
    assert table.header.sectionSize(section) >= table.header.fontMetrics().horizontalAdvance("Group") + 12
    row = next(r for r, c in enumerate(table.model.ids) if window.session.manager.group(c) == "dot")
    picture = table.grid.viewport().grab().toImage()
    x, y = table.grid.columnViewportPosition(section), table.grid.rowViewportPosition(row)
    cell = [
        picture.pixelColor(x + i, y + j).name()
        for i in range(table.header.sectionSize(section))
        for j in range(table.grid.rowHeight(row))
    ]
    assert cell.count("#12ff56") > 50


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("add_group soma s", "Ctrl+S is Save"),
        ("add_group fibre f", "the File menu"),
        ("add_group nice g", "Move"),
        ("add_group low l", "is Channel labels"),
        ("add_group two ab", "one letter or digit"),
        ("add_group red p #12345", "#RRGGBB"),
    ],
)
def test_a_key_that_means_something_else_is_refused_with_the_reason(window, press, line, words):
    press("Space")
    problem = window.commands.run_line(line)
    assert words in problem
    assert window.commands.table.conflicts() == {}


def test_no_view_takes_a_key_that_a_group_may_have(window):
    for kind in window.panels.kinds:
        window.arrangement.add(kind)
    free = {key for key in string.ascii_lowercase + string.digits if not window.groups.taken_by(key, "axon")}
    assert free >= set("bdikpwx" + string.digits)
    assert window.commands.table.conflicts() == {}


def test_a_group_met_by_a_move_gets_a_free_key_and_save_still_saves(window, press, dataset):
    press("Space")
    assert window.commands.run_line("move soma") == ""
    key = group(window, "soma").key
    assert key
    assert window.groups.taken_by(key, "soma") == ""
    assert window.commands.table.conflicts() == {}
    press("Ctrl+S")
    assert not window.session.dirty
    press("Home", f"Alt+{key.upper()}")
    assert window.session.dirty


def test_groups_of_the_dataset_are_known_with_a_colour_each(dataset, open_window):
    ids = sorted(Session.open(dataset).cluster_ids)
    text = f"cluster_id\tgroup\n{ids[0]}\tsoma\n{ids[1]}\taxon\n"
    (dataset.parent / "cluster_group.tsv").write_text(text)
    session = Session.open(dataset)
    window = open_window(session)
    assert len({group(window, n).color for n in ("soma", "axon", "good", "mua", "noise")}) == 5
    assert "move_all_to_soma" in window.commands.table
    assert window.commands.table.conflicts() == {}
    window.close()
    session.close()


def test_chosen_groups_are_remembered_and_others_are_not(session, open_window):
    window = open_window(session)
    window.commands.run_line("add_group axon x #123456")
    window.commands.run_line("next")
    window.commands.run_line("move passing")
    session.manager.mark_saved()
    window.scripted = False
    window.close()
    again = Session.open(session.model.path)
    second = MainWindow(again, WindowState.of_dataset(again.model.dir_path, writable=True), scripted=True)
    second.open((900, 600))
    assert (group(second, "axon").key, group(second, "axon").color) == ("x", "#123456")
    assert not any(g.name == "passing" for g in again.groups)
    assert second.menus.actions["move_best_to_axon"].shortcut() == QtGui.QKeySequence("Alt+X")
    second.close()
    again.close()


@pytest.mark.parametrize("entry", [{}, "axon", {"name": "good", "color": "red"}, {"name": "\t"}])
def test_rubbish_in_the_remembered_groups_is_left_out(session, entry, qapp):
    state = WindowState.of_dataset(session.model.dir_path, writable=True)
    state.set("groups", [entry, {"name": "axon", "color": "#123456", "key": "x"}])
    window = MainWindow(session, state, scripted=True)
    assert group(window, "axon").key == "x"
    window.close()


def test_the_dialog_changes_adds_and_removes_groups(window, qtbot):
    window.show_groups()
    dialog = window.findChild(GroupsDialog)
    dialog.new_name.setText("axon")
    qtbot.keyClick(dialog.new_name, QtCore.Qt.Key_Return)
    qtbot.waitUntil(lambda: "axon" in dialog.keys)
    dialog.keys["axon"].setText("x")
    dialog.keys["axon"].editingFinished.emit()
    assert group(window, "axon").key == "x"
    dialog.keys["axon"].setText("s")
    dialog.keys["axon"].editingFinished.emit()
    assert "Ctrl+S is Save" in dialog._problem.text()
    assert dialog.keys["axon"].text() == "X"
    window.groups.mask("axon", True)
    assert group(window, "axon").masked
    dialog.close()


def test_a_group_with_clusters_stays_and_an_empty_one_goes_with_its_keys(window, press):
    window.commands.run_line("add_group axon x")
    press("Space", "Alt+X")
    with pytest.raises(Exception, match="1 clusters are in axon"):
        window.groups.remove("axon")
    press("Ctrl+Z")
    window.groups.remove("axon")
    assert "move_best_to_axon" not in window.commands.table
    assert "move_best_to_axon" not in window.menus.actions
    before = window.session.history.position
    press("Alt+X")
    assert window.session.history.position == before
