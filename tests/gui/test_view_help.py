"""`?` tells what a view shows and what can be done in it; the words of the pointer go when it goes."""

from __future__ import annotations

import pytest

from phy_medicine.gui.panels import KINDS, view_class
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.view_help import ViewHelp, description


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_view_says_what_it_shows(qapp, kind):
    text = description(view_class(kind))
    assert len(text) > 30
    assert text.endswith(".")


def focus(window, kind):
    panel = next(p for p in window.panels if p.kind == kind)
    panel.dock.give_focus()
    return panel


def test_question_mark_on_a_view_shows_its_own_help(window, press, qtbot):
    panel = focus(window, "AmplitudeView")
    window.commands.run_line("set_shortcut next_amplitudes_type F7")
    press("?")
    shown = window.findChild(ViewHelp)
    assert shown.windowTitle() == panel.name
    text = shown.text.toPlainText()
    assert description(type(panel.view)) in " ".join(text.split())
    for part in ("F7", "Alt+click", "Drag left", "Marker size"):
        assert part in text
    assert "Scroll" not in text
    qtbot.keyClick(shown, Qt.Key_Question, Qt.ShiftModifier)
    assert not shown.isVisible()


def test_escape_closes_the_help_and_leaves_the_filter_alone(window, press, qtbot):
    window.session.filter("n_spikes > 1")
    focus(window, "ProbeView")
    press("?")
    qtbot.keyClick(window.findChild(ViewHelp), Qt.Key_Escape)
    assert window.session.cluster_table.filter_text == "n_spikes > 1"


def test_question_mark_elsewhere_says_what_the_program_is(window, press):
    window.tables.clusters.setFocus()
    press("?")
    assert window.findChild(ViewHelp) is None
    box = window.findChild(QtWidgets.QMessageBox)
    assert "phy-medicine" in box.text()
    box.close()


def test_the_words_of_the_pointer_go_when_it_leaves_the_canvas(window, press, settle):
    press("Space")
    view = focus(window, "ProbeView").view
    settle()
    view.hover._describe = lambda x, y: ("a contact", x, y)
    view.hover.move_to(60, 60)
    settle()
    assert view.hover.text == "a contact"
    QtCore.QCoreApplication.sendEvent(view.canvas.native, QtCore.QEvent(QtCore.QEvent.Leave))
    assert view.hover.text == ""
    assert not window.at_rest
    settle()


def test_help_names_the_gesture_of_the_lasso_that_the_view_has(window, press):
    for kind, told in (("WaveformView", False), ("FeatureView", True), ("CorrelogramView", False)):
        focus(window, kind)
        press("?")
        shown = window.findChild(ViewHelp)
        assert ("Add a lasso corner" in shown.text.toPlainText()) is told, kind
        shown.close()
        QtWidgets.QApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)


def test_every_action_has_a_line_of_help(window, settle):
    for kind in window.panels.kinds:
        window.panels.nth_or_new(kind, 0)
    settle()
    assert [a.id for a in window.commands.table if not a.help] == []
