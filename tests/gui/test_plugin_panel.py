"""The panel of plugins in a real window: what is in use, what failed and why, switching on and off."""

from __future__ import annotations

from pathlib import Path

import pytest

from phy_medicine.app.plugin_finder import PluginWish
from phy_medicine.app.plugins import PluginBook
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.plugin_panel import PluginPanel
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.gui.window_plugins import mark_of
from phy_medicine.session.plugin_record import PluginRecord

pytestmark = pytest.mark.usefixtures("few_views")

GOOD = '''
from phy_medicine.plugin import Action, Plugin

class GoodPlugin(Plugin):
    """Adds an action."""
    def attach(self, session):
        session.extensions.actions.add(Action("say_hello", "Say hello", print))
'''
BAD = "from phy_medicine.plugin import Plugin\nclass BadPlugin(Plugin):\n    def attach(self, session): 1 / 0\n"


@pytest.fixture
def book(session, tmp_path: Path, monkeypatch) -> PluginBook:
    monkeypatch.setenv("PHY_MEDICINE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "good_y.py").write_text(GOOD)
    (folder / "bad_y.py").write_text(BAD)
    return PluginBook(session, PluginWish(folders=(folder,), names=("GoodPlugin", "BadPlugin", "NoSuchPlugin")))


@pytest.fixture
def window(session, book: PluginBook, open_window) -> MainWindow:
    return open_window(session, plugins=book)


def lines(panel: PluginPanel) -> list[tuple[str, str]]:
    items = [panel.list.topLevelItem(i) for i in range(panel.list.topLevelItemCount())]
    return [(item.text(0), item.text(1)) for item in items]


def open_panel(window: MainWindow) -> PluginPanel:
    assert window.commands.run("plugins") == ""
    return window.findChild(PluginPanel)


def button(panel: PluginPanel, text: str) -> QtWidgets.QPushButton:
    return next(b for b in panel.findChildren(QtWidgets.QPushButton) if b.text() == text)


def test_the_panel_says_which_are_in_use_failed_and_missing(window):
    panel = open_panel(window)
    assert lines(panel) == [("GoodPlugin", "in use"), ("BadPlugin", "failed"), ("NoSuchPlugin", "not found")]
    panel.choose("bad_y.BadPlugin")
    assert "ZeroDivisionError" in panel.details.toPlainText()
    assert "bad_y.py" in panel.facts.text()


def test_a_failed_plugin_is_seen_in_the_status_bar_and_a_click_explains_it(window, qtbot):
    assert window.plugins.mark.isVisible()
    assert window.plugins.mark.text() == "\N{WARNING SIGN} 1 plugin failed"
    qtbot.mouseClick(window.plugins.mark, Qt.LeftButton)
    assert window.findChild(PluginPanel).isVisible()


def test_switching_off_and_on_again_takes_effect_at_once(window, session, qtbot):
    panel = open_panel(window)
    panel.choose("good_y.GoodPlugin")
    qtbot.mouseClick(button(panel, "Switch off"), Qt.LeftButton)
    assert ("GoodPlugin", "switched off") in lines(panel)
    assert "say_hello" not in session.extensions.actions
    qtbot.mouseClick(button(panel, "Switch on"), Qt.LeftButton)
    assert ("GoodPlugin", "in use") in lines(panel)
    assert "say_hello" in session.extensions.actions


def test_a_file_that_was_mended_is_run_again(window, session, book, tmp_path, qtbot):
    panel = open_panel(window)
    panel.choose("bad_y.BadPlugin")
    qtbot.mouseClick(button(panel, "Run again"), Qt.LeftButton)
    assert "ZeroDivisionError" in panel.problem.text()
    (tmp_path / "plugins" / "bad_y.py").write_text(BAD.replace("1 / 0", "session.bad_was_here = True"))
    qtbot.mouseClick(button(panel, "Run again"), Qt.LeftButton)
    assert ("BadPlugin", "in use") in lines(panel)
    assert session.bad_was_here
    assert panel.problem.isHidden()


def test_a_missing_plugin_cannot_be_switched(window):
    panel = open_panel(window)
    panel.choose("NoSuchPlugin")
    assert not panel.switch.isEnabled()
    assert not panel.reload.isEnabled()


def test_a_problem_is_said_once_for_each_part(window, session, settle):
    def broken() -> None:
        raise ValueError("gone")

    for _ in range(3):
        session.extensions.call("GoodPlugin", "on_select", broken, default=None)
    settle()
    assert window.status.message.text() == "\N{WARNING SIGN} Plugin GoodPlugin: on_select failed: ValueError: gone"
    window.say("something else")
    session.extensions.call("GoodPlugin", "on_select", broken, default=None)
    settle()
    assert window.status.message.text() == "something else"
    assert ("GoodPlugin", "in use, 4 problems") in lines(open_panel(window))


def test_the_mark_names_the_worst():
    failed, missing, new = (PluginRecord(s, s, s) for s in ("failed", "missing", "new"))
    assert mark_of((failed, failed, missing)) == "2 plugins failed"
    assert mark_of((missing, new)) == "1 plugin not found"
    assert mark_of((new,)) == "1 new plugin"
    assert mark_of((PluginRecord("a", "a", "attached"), PluginRecord("b", "b", "off"))) == ""


def test_a_window_without_plugins_says_so(session, open_window):
    plain = open_window(session)
    assert plain.commands.run("plugins") == "This window was opened without plugins."
    assert not plain.plugins.mark.isVisible()
