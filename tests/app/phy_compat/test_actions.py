"""Actions that plugins add, and the program's own as plugins see them."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.app.phy_compat import actions as actions_module
from phy_medicine.app.phy_compat.arguments import _get_qkeysequence, _parse_snippet
from phy_medicine.app.phy_compat.events import connect, emit
from phy_medicine.gui.qt import QtGui, QtWidgets

from .windows import *  # noqa: F403


def test_an_action_is_in_menu_palette_help_snippets_and_on_its_key(gui, window, press, plugin):
    said: list[str] = []
    with plugin():

        @gui.file_actions.add(shortcut="Ctrl+Alt+Shift+P")
        def say_hello():
            """Say hello."""
            said.append("hello")

    assert window.commands.table["say_hello"].help == "Say hello."
    assert "Say hello" in [a.text() for a in window.menus.menus["File"].actions()]
    press("Ctrl+Alt+Shift+P")
    assert window.commands.run_line("say_hello") == ""
    window.menus.actions["say_hello"].trigger()
    say_hello()
    assert said == ["hello"] * 4


def test_a_snippet_gives_values_to_the_function(gui, window, plugin):
    got: list[object] = []
    with plugin():

        @gui.view_actions.add(alias="fr")
        def filter_firing_rate(rate):
            """Filter by rate."""
            got.append(rate)

    assert window.commands.run_line(":fr 10") == ""
    assert window.commands.run_line(":fr 3-5") == ""
    assert window.commands.run_line(":fr 1,2") == ""
    assert got == [10, [3, 4, 5], [1, 2]]
    window.commands.run("filter_firing_rate")
    assert window.line.isVisible() and window.line.text() == ":fr "


def test_a_prompt_offers_the_default_and_gives_what_is_typed(gui, window, plugin, monkeypatch):
    asked: list[tuple[str, str, str]] = []
    got: list[int] = []

    def dialog(title, sentence, text):
        asked.append((title, sentence, text))
        return "7", True

    monkeypatch.setattr("phy_medicine.app.phy_compat.arguments.input_dialog", dialog)
    with plugin():
        gui.edit_actions.add(
            lambda n: got.append(n), name="recluster", prompt=True, docstring="Cut into n. Example: `2`"
        )
        gui.edit_actions.add(
            lambda n: got.append(n), name="again", prompt=True, prompt_default=lambda: 5, docstring="Cut."
        )
    assert window.commands.run("recluster").endswith("type :recluster and the values.")
    window.scripted = False
    window.commands.run("recluster")
    window.commands.run("again")
    window.scripted = True
    assert asked == [("recluster", "Cut into n.", "2"), ("again", "Cut.", "5")]
    assert got == [7, 7]
    assert window.commands.run_line("recluster 3") == "" and got[-1] == 3


def test_a_checkable_action_is_called_with_its_check_mark(gui, window, plugin):
    got: list[bool] = []
    with plugin():
        gui.view_actions.add(lambda on: got.append(on), name="shade", checkable=True, checked=True)
    gui.view_actions.get("shade").trigger()
    window.commands.run("shade")
    gui.view_actions.get("shade").trigger()
    assert got == [False, True, False]


def test_submenus_separators_toolbar_and_icons(gui, window, plugin):
    with plugin():
        gui.select_actions.separator()
        gui.select_actions.add(lambda: None, name="pick", submenu="My picks", icon="f0c7", toolbar=True)
        gui.view_actions.add(lambda: None, name="own", menu="My menu")
    texts = [a.text() for a in window.menus.menus["Select"].actions()]
    assert texts[-1] == "My picks" and "" in texts and "Pick" not in texts
    submenu = gui.get_submenu("Sele&ct", "My picks")
    assert [a.text() for a in submenu.actions()] == ["Pick"]
    assert gui.select_actions.get("pick") in window.menus.toolbar.actions()
    picture = gui.select_actions.get("pick").icon().pixmap(32, 32).toImage()
    assert any(picture.pixelColor(x, y).alpha() for x in range(32) for y in range(32))
    assert [a.text() for a in gui.get_menu("My menu").actions()] == ["Own"]
    bar = [a.text().replace("&", "") for a in window.menuBar().actions()]
    assert bar[-2:] == ["My menu", "Help"]


def test_a_function_that_raises_is_told_of_with_the_plugins_name(gui, window, plugin, problems):
    with plugin():

        @gui.edit_actions.add(shortcut="F9")
        def explode():
            raise RuntimeError("no")

    window.commands.run("explode")
    gui.edit_actions.run("explode")
    assert [p.sentence for p in problems] == ["Plugin Mine: action explode failed: RuntimeError: no"] * 2


def test_a_refusal_of_the_session_is_a_sentence_and_no_problem(gui, window, plugin, problems, session):
    with plugin():
        gui.edit_actions.add(lambda: session.merge([3]), name="bad_merge")
    assert "two" in window.commands.run("bad_merge")
    assert problems == []


def test_a_key_of_the_program_stays_the_programs_and_a_message_tells(gui, window, plugin, press, caplog):
    got: list[str] = []
    with plugin():
        gui.edit_actions.add(lambda: got.append("mine"), name="mine", shortcut="g")
        gui.edit_actions.add(lambda: got.append("free"), name="free", shortcut="s")
    press("S")
    assert got == ["free"]
    assert window.commands.table["merge"].shortcuts == ("G",)
    assert window.commands.table["mine"].shortcuts == ()
    assert any("G is the key of Merge" in r.getMessage() for r in caplog.records)
    assert window.commands.run_line("mine") == "" and got == ["free", "mine"]


def test_a_chosen_snippet_comes_before_the_programs_and_one_from_a_name_does_not(gui, window, plugin):
    got: list[str] = []
    with plugin():
        gui.edit_actions.add(lambda: got.append("chosen"), name="chosen", alias="mc")
        gui.edit_actions.add(lambda: got.append("theme"), name="theme")
    window.commands.run_line("mc")
    assert got == ["chosen"]
    assert window.commands.table["theme"].handler.__name__ == "set_theme"
    assert window.commands.run_line("Edit_theme") == "" and got == ["chosen", "theme"]


def test_an_existing_name_is_passed_over(gui, session):
    said: list[str] = []
    gui.edit_actions.add(lambda: said.append("x"), name="merge")
    gui.edit_actions.add(lambda: said.append("one"), name="twice")
    gui.edit_actions.add(lambda: said.append("two"), name="twice")
    gui.edit_actions.run("twice")
    assert said == ["one"]


def test_what_a_plugin_added_goes_with_it(gui, window, session, plugin):
    with plugin():
        gui.file_actions.add(lambda: None, name="mine", menu="My menu", shortcut="F9")
        gui.file_actions.separator()
    entries = len(window.menus.menus["File"].actions())
    gui.remove_of("Mine")
    session.extensions.remove_of("Mine")
    assert "mine" not in window.commands.table and "mine" not in gui.file_actions
    assert len(window.menus.menus["File"].actions()) == entries - 1
    assert "My menu" not in [a.text() for a in window.menuBar().actions() if a.isVisible()]


def test_keys_of_the_program_are_given_away_as_the_shortcuts_plugin_does(gui, window, press, session):
    edit = next(group for group in gui.actions if group.name == "Edit")
    session.select([*session.cluster_ids[:2]])
    n = len(session.cluster_ids)
    edit.get("merge").setShortcuts([])
    action = edit._actions_dict["merge"]
    action.qaction.setShortcuts([_get_qkeysequence("ctrl+shift+f7")])
    action.shortcut = "ctrl+shift+f7"
    assert window.commands.table["merge"].shortcuts == ("Ctrl+Shift+F7",)
    press("G")
    assert len(session.cluster_ids) == n
    press("Ctrl+Shift+F7")
    assert len(session.cluster_ids) == n - 1
    assert edit.shortcuts["merge"].startswith("ctrl+shift+f7")


def test_a_key_that_is_given_twice_leaves_who_had_it_before(gui, window):
    gui.edit_actions.get("merge").setShortcuts([QtGui.QKeySequence("L")])
    assert window.commands.table["merge"].shortcuts == ("L",)
    assert window.commands.table["label"].shortcuts == ()
    assert window.state.get("shortcuts", {}) == {}


def test_a_key_that_cannot_be_leaves_the_old_one(gui, window):
    gui.edit_actions.get("merge").setShortcuts([QtGui.QKeySequence("Alt+F")])
    assert window.commands.table["merge"].shortcuts == ("G",)
    assert gui.edit_actions.get("merge").shortcuts() == [QtGui.QKeySequence("G")]


def test_keys_of_a_view_are_given_away(gui, window, settle, press):
    group = next(g for g in gui.actions if g.name == "WaveformView")
    name = "toggle_waveform_overlap"
    assert group.get(name).shortcuts()
    group.get(name).setShortcuts([QtGui.QKeySequence("F7")])
    assert window.commands.of_view("WaveformView", name).shortcuts == ("F7",)
    panel = next(p for p in window.panels if p.kind == "WaveformView")
    panel.dock.give_focus()
    before = panel.view.settings
    press("F7")
    assert panel.view.settings != before


def test_a_private_action_is_on_its_key_and_in_no_menu(gui, window, plugin, press):
    got: list[int] = []
    with plugin():
        gui.file_actions.add(lambda: got.append(1), name="_hidden", shortcut="F9")
        own = actions_module.Actions(gui, name="Own")
        own.add(lambda: got.append(2), name="shown")
    press("F9")
    window.commands.run_line("shown")
    assert got == [1, 2]
    assert [a.text() for a in window.menus.menus["Plugins"].actions()] == ["Shown"]
    assert "Hidden" not in [a.text() for a in window.menus.menus["File"].actions()]


@pytest.mark.parametrize("group", ["File", "View", "Help", "Edit", "Select"])
def test_the_programs_groups_are_there_with_real_actions(gui, group):
    found = next(g for g in gui.actions if g.name == group)
    assert found._actions_dict
    assert all(isinstance(entry.qaction, QtWidgets.QAction) for entry in found._actions_dict.values())
    assert all(found.get(name) is entry.qaction for name, entry in found._actions_dict.items())


def test_actions_of_phy_have_their_names(gui):
    edit, select = gui.edit_actions, gui.select_actions
    wanted = ["undo", "redo", "merge", "split", "move", "label"]
    wanted += [f"move_{w}_to_{g}" for w in ("best", "similar", "all") for g in ("noise", "mua", "good", "unsorted")]
    assert [name for name in wanted if name not in edit] == []
    wanted = ["select", "unselect_similar", "filter", "sort", "clear_filter", "first", "last", "reset_wizard", "next"]
    wanted += ["previous", "next_best", "previous_best", "select_first_similar"]
    assert [name for name in wanted if name not in select] == []
    assert [n for n in ("save", "exit", "enable_snippet_mode") if n not in gui.file_actions] == []
    assert [n for n in ("show_all_shortcuts", "about") if n not in gui.help_actions] == []


def test_the_supervisor_splits_on_a_later_turn(gui, session, controller):
    cluster = session.cluster_ids[0]
    spikes = np.flatnonzero(session.spike_clusters() == cluster)
    labels = np.arange(len(spikes)) % 2
    controller.supervisor.actions.split(spikes, labels)
    assert cluster in session.cluster_ids
    assert not controller.supervisor.task_logger.has_finished()
    controller.supervisor.block()
    assert cluster not in session.cluster_ids and session.can_undo


def test_what_is_asked_for_in_turn_is_done_in_turn_and_a_fault_stops_nothing(gui, session, controller, problems):
    first, second = session.cluster_ids[:2]
    controller.supervisor.actions.merge([first])
    emit("action", gui.action_creator, "no_such_thing")
    controller.supervisor.actions.merge([first, second])
    controller.supervisor.block()
    assert first not in session.cluster_ids and second not in session.cluster_ids
    assert len(problems) == 1 and "supervisor.actions.no_such_thing" in problems[0].sentence


def test_an_action_event_comes_for_keys_and_from_plugins_once(gui, session, press, controller):
    told: list[tuple[object, ...]] = []
    connect(lambda sender, name, *args: told.append((name, *args)), event="action", sender=gui.action_creator)
    press("Home")
    press("Alt+G")
    controller.supervisor.actions.move_best_to_noise()
    controller.supervisor.block()
    assert told == [("first",), ("move", "good", "best"), ("move", "noise", "best")]
    assert controller.supervisor.task_logger._history[-1] == ("move", ("noise", "best"))


def test_words_of_a_snippet_are_values():
    assert _parse_snippet("a 3 1.5 2-4 7,x -3") == ("a", 3, 1.5, [2, 3, 4], [7, "x"], -3)


def test_key_sequences_of_texts_and_of_standard_keys(qapp):
    assert _get_qkeysequence(None) == []
    assert _get_qkeysequence("ctrl+k").toString() == "Ctrl+K"
    assert [k.toString() for k in _get_qkeysequence(("a", "b"))] == ["A", "B"]
    assert _get_qkeysequence("Save") == QtGui.QKeySequence(QtGui.QKeySequence.Save)


def test_every_option_of_phy_is_taken(gui):
    options = dict.fromkeys(actions_module._OPTIONS)
    gui.file_actions.add(lambda: None, **{**options, "name": "with_all"})
    assert "with_all" in gui.file_actions
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        gui.file_actions.add(lambda: None, colour="red")
