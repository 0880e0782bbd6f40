"""Keys of one's own: changed in the help window by pressing them, reset, exported, imported, remembered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.help_window import HelpWindow
from phy_medicine.gui.key_dialog import KeyDialog
from phy_medicine.gui.keys import canonical, checked_key
from phy_medicine.gui.qt import Qt
from phy_medicine.gui.shortcuts import FORMAT, Shortcuts
from phy_medicine.session.actions import Action, ActionTable

pytestmark = pytest.mark.usefixtures("few_views")


def make(*actions: Action, remembered=None) -> tuple[ActionTable, Shortcuts]:
    table = ActionTable()
    shortcuts = Shortcuts(table, remembered)
    table.add(map(shortcuts.worn, actions))
    return table, shortcuts


def action(id_: str, *keys: str, owner: str = "") -> Action:
    return Action(id_, id_.capitalize(), lambda: None, shortcuts=keys, owner=owner)


@pytest.mark.parametrize(("typed", "stored"), [("shift+ctrl+k", "Ctrl+Shift+K"), ("g", "G"), ("alt++", "Alt++")])
def test_one_key_has_one_way_to_be_stored(typed, stored):
    assert canonical(typed) == checked_key(typed) == stored


@pytest.mark.parametrize("key", ["", "rubbish", "Ctrl+", "Ctrl+A, B", "Return", "Tab"])
def test_what_is_no_key_is_refused(key):
    with pytest.raises(ActionError):
        checked_key(key)


def test_the_key_of_a_menu_is_refused():
    with pytest.raises(ActionError, match="opens the File menu"):
        checked_key("Alt+F")


def test_views_of_different_kinds_may_share_a_key_but_not_with_the_program():
    merge, save = action("merge", "G"), action("save", "Ctrl+S")
    wide, tall = action("wide", "W", owner="AView"), action("tall", "T", owner="BView")
    table, shortcuts = make(merge, save, wide, tall)
    assert shortcuts.clashes(wide, ["T"]) == []
    assert [a.id for a in shortcuts.clashes(wide, ["ctrl+s"])] == ["save"]
    with pytest.raises(ActionError, match=r"Ctrl\+S is the key of Save, of the program\."):
        shortcuts.change(table["wide"], ["Ctrl+S"])
    assert shortcuts.to_state() == {}


def test_a_key_that_is_taken_anyway_is_lost_by_the_other():
    table, shortcuts = make(action("merge", "G"), action("redo", "Ctrl+Y", "F5"))
    table.add(shortcuts.change(table["merge"], ["F5"], take=True))
    assert (table["merge"].shortcuts, table["redo"].shortcuts) == (("F5",), ("Ctrl+Y",))
    with pytest.raises(ActionError, match="F5 is the key of Merge"):
        shortcuts.reset(table["redo"])
    table.add(shortcuts.reset_all())
    assert (table["merge"].shortcuts, table["redo"].shortcuts) == (("G",), ("Ctrl+Y", "F5"))


def test_keys_of_a_view_that_is_not_there_yet_wait_for_it():
    table, shortcuts = make(action("merge", "G"), remembered={"AView.wide": ["Ctrl+9"], "merge": ["J"]})
    assert table["merge"].shortcuts == ("J",)
    assert shortcuts.worn(action("AView_wide", "W", owner="AView")).shortcuts == ("Ctrl+9",)


@pytest.mark.parametrize("remembered", [3, {"merge": "G"}, {"merge": [1]}, {"merge": ["rubbish"]}])
def test_remembered_rubbish_is_left_out(remembered):
    table, _ = make(action("merge", "G"), remembered=remembered)
    assert table["merge"].shortcuts == ("G",)


def test_what_was_exported_can_be_imported(tmp_path: Path):
    actions = action("merge", "G"), action("split", "K"), action("wide", "W", owner="AView")
    table, shortcuts = make(*actions, remembered={"merge": ["J"], "AView.wide": [], "plugin_action": ["F7"]})
    shortcuts.export(tmp_path / "keys.json")
    other, theirs = make(*actions)
    changed, unknown = theirs.take_over(tmp_path / "keys.json")
    other.add(changed)
    assert [a.shortcuts for a in other] == [a.shortcuts for a in table] == [("J",), ("K",), ()]
    assert unknown == ("plugin_action",)
    assert theirs.to_state() == shortcuts.to_state()


def content(**shortcuts) -> str:
    return json.dumps({"format": FORMAT, "version": 1, "shortcuts": shortcuts})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not a JSON file"),
        ("[]", "holds no shortcuts"),
        (json.dumps({"format": FORMAT, "version": 99, "shortcuts": {}}), "version 1"),
        (content(merge="J"), "not a list"),
        (content(split=["X"], merge=["rubbish"]), "'rubbish' is not a key"),
        (content(merge=["J"], split=["J"]), "gives J to both merge and split"),
        (content(merge=["K"]), "gives K to both merge and split"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence_and_nothing_changes(tmp_path: Path, text, sentence):
    path = tmp_path / "keys.json"
    path.write_text(text)
    _table, shortcuts = make(action("merge", "G"), action("split", "K"), remembered={"merge": ["F6"]})
    with pytest.raises(ActionError, match=sentence):
        shortcuts.take_over(path)
    assert shortcuts.to_state() == {"merge": ["F6"]}


def test_a_file_that_is_not_there_or_cannot_be_written_is_said(tmp_path: Path):
    _table, shortcuts = make(action("merge", "G"))
    with pytest.raises(ActionError, match="Could not read"):
        shortcuts.take_over(tmp_path / "none.json")
    with pytest.raises(ActionError, match="Could not write"):
        shortcuts.export(tmp_path / "none" / "keys.json")


# In the window


@pytest.fixture
def help_window(window, press) -> HelpWindow:
    press("F1")
    return window.findChild(HelpWindow)


def choose(help_window: HelpWindow, action_id: str) -> None:
    help_window.tree.setCurrentItem(help_window._items[action_id])


def press_for(help_window: HelpWindow, qtbot, key: Qt.Key, modifiers=Qt.NoModifier) -> KeyDialog:
    """Press the button and the new key; the dialog stays open."""
    qtbot.mouseClick(help_window.change, Qt.LeftButton)
    dialog = help_window.findChild(KeyDialog)
    qtbot.keyClick(dialog, key, modifiers)
    return dialog


def ids(window):
    return window.session.selection.best_ids


def test_a_key_pressed_in_the_help_window_works_at_once_and_shows_everywhere(window, help_window, press, qtbot):
    choose(help_window, "next_best")
    dialog = press_for(help_window, qtbot, Qt.Key_J, Qt.ControlModifier | Qt.ShiftModifier)
    qtbot.keyClick(dialog, Qt.Key_Return)
    assert help_window._items["next_best"].text(1) == "Ctrl+Shift+J"
    assert "(Ctrl+Shift+J)" in window.menus.actions["next_best"].toolTip()
    help_window.close()
    press("Down")
    assert ids(window) == ()
    press("Ctrl+Shift+J")
    assert ids(window) == (window.session.cluster_table.visible_ids()[0],)


def test_a_taken_key_is_said_and_escape_leaves_it(window, help_window, qtbot):
    choose(help_window, "merge")
    dialog = press_for(help_window, qtbot, Qt.Key_S, Qt.ControlModifier)
    assert "Ctrl+S is the key of Save, of the program." in dialog.sentence.text()
    assert dialog.use.text() == "Use anyway"
    qtbot.keyClick(dialog, Qt.Key_Escape)
    assert window.commands.table["merge"].shortcuts == ("G",)
    dialog = press_for(help_window, qtbot, Qt.Key_S, Qt.ControlModifier)
    qtbot.mouseClick(dialog.use, Qt.LeftButton)
    table = window.commands.table
    assert (table["merge"].shortcuts, table["save"].shortcuts) == (("Ctrl+S",), ())
    assert [k.toString() for k in window.menus.actions["save"].shortcuts()] == []
    assert help_window.reset.isEnabled()
    qtbot.mouseClick(help_window.reset_all, Qt.LeftButton)
    assert (table["merge"].shortcuts, table["save"].shortcuts) == (("G",), ("Ctrl+S",))
    assert not help_window.reset.isEnabled()
    help_window.close()


def test_the_key_of_a_menu_cannot_be_used_at_all(help_window, qtbot):
    choose(help_window, "merge")
    dialog = press_for(help_window, qtbot, Qt.Key_F, Qt.AltModifier)
    assert "opens the File menu" in dialog.sentence.text()
    assert not dialog.use.isEnabled()
    dialog.close()
    help_window.close()


def test_an_action_can_go_without_a_key_and_take_a_second_one(window, help_window, qtbot):
    choose(help_window, "merge")
    dialog = press_for(help_window, qtbot, Qt.Key_F8)
    dialog.also.setChecked(True)
    qtbot.keyClick(dialog, Qt.Key_Return)
    assert window.commands.table["merge"].shortcuts == ("F8", "G")
    qtbot.mouseClick(help_window.change, Qt.LeftButton)
    qtbot.mouseClick(help_window.findChild(KeyDialog).none, Qt.LeftButton)
    assert window.commands.table["merge"].shortcuts == ()
    help_window.close()


def test_the_arrow_keys_choose_while_the_cursor_stays_in_the_search(window, help_window, qtbot):
    qtbot.keyClicks(help_window.search, "next")
    qtbot.keyClick(help_window.search, Qt.Key_Down)
    qtbot.keyClick(help_window.search, Qt.Key_Down)
    assert help_window.current() is not None
    assert help_window.change.isEnabled()
    help_window.close()


def test_keys_of_views_and_of_group_moves_can_be_changed(usual_views, window, press):
    assert window.commands.run_line("set_shortcut next_amplitudes_type F7") == ""
    assert window.commands.run_line("set_shortcut move_best_to_good F8") == ""
    view = next(p.view for p in window.panels if p.kind == "AmplitudeView")
    press("Space")
    cluster = window.session.selection.reference_id
    before = view.settings
    press("F7")
    assert view.settings != before
    press("F8")
    assert window.session.manager.group(cluster) == "good"
    entry = window.commands.of_view("AmplitudeView", "next_amplitudes_type")
    assert entry.shortcuts == ("F7",)


def test_files_by_script_and_the_state_of_the_user(window, tmp_path):
    run = window.commands.run_line
    assert run("set_shortcut merge F9") == ""
    assert run(f"export_shortcuts {tmp_path / 'mine'}") == ""
    assert json.loads((tmp_path / "mine.json").read_text())["shortcuts"]["merge"] == ["F9"]
    assert run("reset_shortcuts") == ""
    assert window.commands.table["merge"].shortcuts == ("G",)
    assert run(f"import_shortcuts {tmp_path / 'mine.json'}") == ""
    assert window.commands.table["merge"].shortcuts == ("F9",)
    assert window.state.get("shortcuts") == {"merge": ["F9"]}
    assert "is the key of" in run("set_shortcut split F9")
    assert "path" in run("import_shortcuts")
    assert window.commands.key_of("merge") == "F9"
