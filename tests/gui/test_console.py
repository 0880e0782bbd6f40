"""The console: real keys typed into it, on a real window."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("qtconsole")

from phy_medicine.gui.dock import Dock
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session
from phy_medicine.views.base import View
from phy_medicine.views.theme import LIGHT

pytestmark = [
    pytest.mark.usefixtures("few_views"),
    # ipykernel would rather have its own methods be coroutines.
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


class Console:
    """Types into the console of a window and reads it."""

    def __init__(self, window: MainWindow, qtbot) -> None:
        self.window, self.qtbot = window, qtbot
        window.commands.run("show_console")
        self.widget = window.console.widget
        self.wait()

    @property
    def text(self) -> str:
        return self.widget._control.toPlainText()

    @property
    def busy(self) -> bool:
        return self.widget._executing or not self.widget._prompt or self.widget._pending_insert_text != []

    def wait(self) -> None:
        self.qtbot.waitUntil(lambda: not self.busy and self.window.at_rest, timeout=20_000)

    def keys(self, text: str) -> None:
        """Type where the keyboard is."""
        for character in text:
            self.qtbot.keyClicks(QtWidgets.QApplication.focusWidget(), character)

    def enter(self, line: str) -> str:
        """Type a line and Enter; return what came of it."""
        before = len(self.text)
        self.keys(line)
        self.qtbot.keyClick(QtWidgets.QApplication.focusWidget(), Qt.Key_Return)
        self.wait()
        return self.text[before:]

    def run(self, code: str) -> str:
        """Run code as if it had been typed; return what came of it."""
        before = len(self.text)
        self.widget.execute(code)
        self.wait()
        return self.text[before:]


@pytest.fixture
def console(window, qtbot) -> Console:
    return Console(window, qtbot)


def ids_in_table(window) -> set[int]:
    return set(window.tables.clusters.model.ids)


def test_nothing_of_the_console_is_loaded_before_it_is_opened(dataset):
    import subprocess

    code = (
        "from phy_medicine.gui.main_window import MainWindow; import sys;"
        "print(sorted({'qtconsole', 'ipykernel', 'IPython', 'qtpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_merge_typed_in_the_console_is_seen_in_tables_and_views_and_undone_by_ctrl_z(console, window, press):
    session = window.session
    session.select([1, 2])
    assert "Merge clusters 1, 2 to" in console.enter("session.merge()")
    (new,) = session.selection.cluster_ids
    assert new in ids_in_table(window)
    assert next(iter(window.panels)).view.cluster_ids == (new,)
    press("F6", "Ctrl+Z")
    assert session.selection.cluster_ids == (1, 2)


def test_keys_in_the_console_do_nothing_in_the_window(console, window, press_keys_in):
    session = window.session
    session.select([1, 2])
    session.move("good", "all")
    before = session.selection.current, session.history.position
    for key in ("Space", "G", "H", "D", "Esc", "Ctrl+Z", "Ctrl+G", "Ctrl+Space", "Alt+G", "Home", "Shift+Space", ":"):
        press_keys_in(window, key)
    console.wait()
    assert (session.selection.current, session.history.position) == before
    assert not window.line.isVisible()
    assert QtWidgets.QApplication.activeModalWidget() is None


def test_f6_leaves_the_console_and_ctrl_s_saves(console, window, press):
    control = console.widget._control
    assert control.hasFocus()
    console.run("session.select([1, 2]); session.merge()")
    press("Ctrl+S")
    assert not window.session.dirty
    press("F6")
    assert not control.hasFocus()
    window.commands.run("show_console")
    assert control.hasFocus()


def test_a_cell_that_raises_is_told_of_in_the_console_only(console, window, caplog):
    assert "ZeroDivisionError: division by zero" in console.run("1 / 0")
    assert "line 1" in console.text
    said = console.run("session.merge([1])")
    assert "ActionError: Cluster 1 alone cannot be merged" in said and "Traceback" not in said
    assert not [record for record in caplog.records if record.name == "phy_medicine"]
    assert window.at_rest


def test_views_are_those_that_are_open_now(usual_views, console, window):
    panels = {p.kind: p for p in window.panels}
    console.run("w = views.waveform; f = views['Features']; names = set(views)")
    names = console.widget.kernel.shell.user_ns
    assert names["w"] is panels["WaveformView"].view
    assert names["f"] is panels["FeatureView"].view
    panels["FeatureView"].dock.close()
    assert "No view 'feature' is open" in console.run("views.feature")
    window.commands.run_line("add_view probe")
    console.run("names = set(views)")
    assert "probe" in names["names"] and "feature" not in names["names"]
    assert "Waveforms" in console.run("%views")


def test_tab_completes_names_of_views_and_snippets(console):
    shell = console.widget.kernel.shell
    assert "toggle_event_lines" in shell.complete("toggle_ev", "%snippet toggle_ev")[1]
    console.keys("views.wavef")
    console.qtbot.keyClick(QtWidgets.QApplication.focusWidget(), Qt.Key_Tab)
    console.qtbot.waitUntil(lambda: console.text.endswith("views.waveform"))


def test_magics_select_run_snippets_and_save(console, window):
    session = window.session
    console.enter("%select 2-4")
    assert session.selection.cluster_ids == (2, 3, 4)
    console.enter("%snippet move good all")
    assert session.manager.group(3) == "good"
    assert "Saved" in console.enter("%save_curation")
    assert not session.dirty
    assert "SnippetError: Unknown action 'nosuch'" in console.enter("%snippet nosuch")


def test_figures_are_drawn_in_the_console_and_matplotlib_is_left_as_it_was(console):
    import matplotlib
    from matplotlib import pyplot

    before, module, figures = dict.copy(matplotlib.rcParams), pyplot._backend_mod, pyplot.get_fignums()
    images = len(console.widget._name_to_svg_map) + console.text.count("\ufffc")
    console.run("fig, ax = plt.subplots(); ax.plot([1, 3, 2]); color = fig.get_facecolor(); plt.show()")
    console.run("plt.plot([3, 4])")
    assert console.text.count("\ufffc") == images + 2
    np.testing.assert_allclose(console.widget.kernel.shell.user_ns["color"][:3], [14 / 255, 15 / 255, 18 / 255])
    assert dict.copy(matplotlib.rcParams) == before
    assert pyplot._backend_mod is module
    assert pyplot.get_fignums() == figures


def test_settings_of_figures_hold_from_cell_to_cell_and_figures_of_others_stay_open(console):
    from matplotlib._pylab_helpers import Gcf

    manager = object.__new__(type("Manager", (), {"num": 1, "canvas": None}))
    Gcf.figs = OrderedDict({1: manager})
    try:
        console.run("plt.rcParams['lines.linewidth'] = 7.5; open_figures = plt.get_fignums()")
        console.run("width = plt.rcParams['lines.linewidth']; plt.plot([1, 2])")
        assert list(Gcf.figs) == [1]
    finally:
        Gcf.figs = OrderedDict()
    names = console.widget.kernel.shell.user_ns
    assert names["width"] == 7.5 and names["open_figures"] == []


def test_the_console_has_the_colours_and_the_text_size_of_the_program(console, window):
    control = console.widget._control
    assert control.palette().color(QtGui.QPalette.Base).name() == window.theme.view
    assert control.font().pointSize() == window.theme.points
    window.commands.run_line("theme light")
    window.commands.run_line("font_size 14")
    assert control.palette().color(QtGui.QPalette.Base).name() == LIGHT.view
    assert control.font().pointSize() == 14
    console.run("color = plt.rcParams['figure.facecolor']")
    assert console.widget.kernel.shell.user_ns["color"] == LIGHT.view


def test_names_can_be_injected_before_and_after_the_console_is_opened(window, qtbot):
    window.console.inject(early=3)
    console = Console(window, qtbot)
    window.console.inject(late=4)
    assert "7" in console.run("early + late")


def test_a_cell_may_await_and_ask(console, qtbot):
    console.run("import asyncio; await asyncio.sleep(0.001); done = True")
    assert console.widget.kernel.shell.user_ns["done"]
    answer = QtCore.QTimer(interval=10)

    def type_it() -> None:
        if console.text.endswith("Name? "):
            answer.stop()
            console.keys("seven")
            qtbot.keyClick(console.widget._control, Qt.Key_Return)

    answer.timeout.connect(type_it)
    answer.start()
    console.run("name = input('Name? ')")
    assert console.widget.kernel.shell.user_ns["name"] == "seven"


def test_the_console_is_opened_by_phys_name_and_closed_by_exit(window, qtbot):
    assert "Console" in window.arrangement.kinds
    window.commands.run_line("add_view IPythonView")
    assert window.console.tool.is_open
    console = Console(window, qtbot)
    console.keys("exit")
    qtbot.keyClick(console.widget._control, Qt.Key_Return)
    qtbot.waitUntil(lambda: not window.console.tool.is_open)
    window.commands.run_line("add_view console")
    assert window.console.tool.is_open and "In [1]: exit" in console.text


def test_the_console_is_remembered_as_open(session, open_window, qtbot):
    window = open_window(session, scripted=False)
    Console(window, qtbot)
    layout = window.arrangement.layout()
    assert "Console" in layout.panels
    window.closing.remember()
    window.scripted = True
    window.close()
    state = WindowState.of_dataset(session.model.dir_path, writable=True)
    again = MainWindow(session, state, scripted=True)
    qtbot.addWidget(again)
    again.open()
    assert again.console.tool.is_open and not again.jobs.tool.made
    again.close()


def test_the_line_that_is_typed_stays_in_sight_when_the_dock_shrinks(console, window, settle_docks):
    console.run("for i in range(40): print(i)")
    control = console.widget._control
    window.resizeDocks([window.console.tool.dock], [400], Qt.Vertical)
    settle_docks()
    window.resizeDocks([window.console.tool.dock], [120], Qt.Vertical)
    settle_docks()
    assert control.viewport().rect().contains(control.cursorRect())


def test_a_layout_opens_and_closes_the_console(console, window, settle_docks):
    layout = window.arrangement.layout()
    window.commands.run("reset_layout")
    settle_docks()
    assert not window.console.tool.is_open
    window.arrangement.place(layout)
    settle_docks()
    assert window.console.tool.is_open
    assert "In [1]" in console.text


def test_closing_the_window_ends_the_kernel_and_leaves_nothing(console, window, qtbot):
    from IPython import get_ipython

    console.run("import weakref; x = np.arange(3); print('said')")
    shell = console.widget.kernel.shell
    environment, main = dict(os.environ), sys.modules["__main__"]
    window.close()
    assert shell.user_ns.get("session") is None
    assert get_ipython() is None
    assert dict(os.environ) == environment and sys.modules["__main__"] is main
    assert not [t for t in threading.enumerate() if "IOPub" in t.name or "History" in t.name]
    assert "debugpy" not in sys.modules


def test_a_history_whose_folder_is_gone_is_said_in_the_log_and_the_window_closes(console, window, own_home, caplog):
    console.enter("1 + 1")
    shutil.rmtree(own_home / "console")
    window.close()
    assert not window.isVisible()
    assert not [t for t in threading.enumerate() if "IOPub" in t.name or "History" in t.name]
    assert "What was typed in the console could not be kept" in caplog.text


def test_a_cell_may_close_the_window(window, qtbot):
    console = Console(window, qtbot)
    console.keys("window.close()")
    qtbot.keyClick(console.widget._control, Qt.Key_Return)
    assert window.is_closed


def test_a_cell_that_closes_the_session_closes_the_window_and_loses_nothing(window, qtbot, monkeypatch):
    monkeypatch.setattr("phy_medicine.gui.questions.ask_save", lambda _window: pytest.fail("nothing can be saved"))
    session = window.session
    console = Console(window, qtbot)
    first, second = session.cluster_ids[:2]
    session.select([first, second])
    session.merge()
    window.scripted = False
    console.keys("session.close()")
    qtbot.keyClick(console.widget._control, Qt.Key_Return)
    qtbot.waitUntil(lambda: window.is_closed)
    session.close()  # as the program does once its window is closed
    again = Session.open(session.model.dir_path / "params.py", recover=True)
    assert not {first, second} & set(again.cluster_ids)
    again.close()


def test_each_window_has_a_console_of_its_own(session, open_window, qtbot):
    first = open_window(session)
    one = Console(first, qtbot)
    one.run("mine = 1")
    second = open_window(session)
    two = Console(second, qtbot)
    assert "NameError" in two.run("mine")
    assert two.widget.kernel.shell.user_ns["window"] is second
    assert len(first.findChildren(Dock)) == len(second.findChildren(Dock))


def test_every_line_of_the_documentation_runs(usual_views, console, window):
    page = (Path(__file__).parents[2] / "docs" / "console.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.S)
    for line in block.splitlines():
        said = console.run(line)
        assert "Error" not in said, said
    assert views_of(window)["CorrelogramView"].settings.bin_ms == 0.5
    assert window.session.history.position == 1


def views_of(window) -> dict[str, View]:
    return {panel.kind: panel.view for panel in window.panels}
