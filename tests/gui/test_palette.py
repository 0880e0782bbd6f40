"""The command palette, by real keys."""

from __future__ import annotations

import pytest

from phy_medicine.gui.palette import ROWS, Palette
from phy_medicine.gui.qt import Qt

pytestmark = pytest.mark.usefixtures("few_views")


@pytest.fixture
def palette(window, press) -> Palette:
    press("Ctrl+Shift+P")
    return window._palette


def texts(palette: Palette) -> list[str]:
    return [row.text for row in palette.model.rows]


def test_every_action_is_listed_with_its_key_and_snippet(usual_views, window, palette):
    assert palette.line.hasFocus()
    listed = {row.action_id: row for row in palette.model.rows}
    assert set(listed) == {a.id for a in window.commands.table} - {"command_palette"}
    assert (listed["merge"].keys, listed["merge"].snippet) == ("G", ":g")
    assert listed["go_to"].where == "TraceView"


def test_typing_and_enter_run_the_first_one(window, palette, press, qtbot):
    qtbot.keyClicks(palette.line, "next best")
    press("Return")
    assert not palette.isVisible()
    assert window.session.selection.best_ids == (window.session.cluster_table.visible_ids()[0],)
    press("Ctrl+Shift+P")
    assert palette.model.rows[0].action_id == "next_best"
    assert palette.line.text() == ""


def test_no_key_of_the_window_works_while_it_is_open(window, palette, press, qtbot):
    qtbot.keyClicks(palette.line, "g h:?")
    press("Space", "Backspace", "Esc")
    assert window.session.selection.cluster_ids == ()
    assert not palette.isVisible()
    assert palette.line.text() == "g h:?"


def test_the_arrow_keys_walk_round(palette, press):
    press("Down", "Down", "Up")
    assert palette.list.currentIndex().row() == 1
    press("Up", "Up")
    assert palette.list.currentIndex().row() == len(palette.model.rows) - 1


def test_what_is_greyed_out_comes_last_and_says_why(window, palette, press, qtbot):
    qtbot.keyClicks(palette.line, "undo")
    row = palette.model.rows[-1]
    assert (row.action_id, row.reason) == ("undo", "Nothing to undo")
    while palette._current().action_id != "undo":
        press("Down")
    press("Return")
    assert palette.isVisible()
    assert palette.hint.toolTip() == "Nothing to undo"
    press("Esc", "Space", "Alt+G", "Ctrl+Shift+P")
    qtbot.keyClicks(palette.line, "undo")
    press("Return")
    assert not window.session.can_undo


def test_an_action_asks_for_its_arguments_in_the_same_line(window, palette, press, qtbot):
    a, b = window.session.cluster_table.visible_ids()[1:3]
    qtbot.keyClicks(palette.line, "select")
    press("Return")
    assert palette.line.text() == ":c "
    qtbot.keyClicks(palette.line, f"{a} 99999")
    press("Return")
    assert palette.isVisible()
    assert "99999" in palette.hint.toolTip()
    press(*["Backspace"] * 5)
    qtbot.keyClicks(palette.line, str(b))
    press("Return")
    assert window.session.selection.best_ids == (a, b)


def test_values_of_a_list_are_offered_and_the_first_is_taken(window, palette, press, qtbot):
    qtbot.keyClicks(palette.line, ":similarity d")
    assert texts(palette) == [":similarity drift"]
    press("Tab")
    assert palette.line.text() == ":similarity drift"
    press(*["Backspace"] * 5)
    qtbot.keyClicks(palette.line, "t")
    press("Return")
    assert not palette.isVisible()
    assert window.session.similar.metric == "template"


def test_an_action_of_a_view_acts_on_the_focused_one(usual_views, window, palette, press, qtbot):
    press("Esc")
    first = next(p for p in window.panels if p.kind == "AmplitudeView")
    second = window.panels.reopen_or_add("AmplitudeView") if first.open is False else window.panels.add("AmplitudeView")
    window.addDockWidget(Qt.TopDockWidgetArea, second.dock)
    second.dock.give_focus()
    called = []
    for panel in (first, second):
        panel.run_action = lambda action_id, *args, p=panel: called.append((p.name, action_id))
    press("Ctrl+Shift+P")
    qtbot.keyClicks(palette.line, "next amplitudes type")
    press("Return")
    assert called == [("Amplitudes (1)", "next_amplitudes_type")]
    assert second.dock.content.hasFocus()
    press(":")
    qtbot.keyClicks(window.line, "previous_amplitudes_type")
    press("Return")
    assert called[1:] == [("Amplitudes (1)", "previous_amplitudes_type")]


def test_a_click_elsewhere_closes_it(window, palette, settle):
    window.tables.clusters.setFocus()
    settle()
    assert not palette.isVisible()


def test_the_key_pressed_again_closes_it(window, palette, press):
    window.open_palette()
    assert not palette.isVisible()


@pytest.mark.parametrize("typed", ["", "merge", "earl", "scale"])
def test_the_list_is_as_high_as_what_it_holds(palette, qtbot, settle, typed):
    qtbot.keyClicks(palette.line, typed)
    settle()
    n = min(len(palette.model.rows), ROWS)
    last = palette.list.visualRect(palette.model.index(n - 1, 0))
    assert n and last.bottom() <= palette.list.viewport().height()
