"""The window on a session: docks around views and tables, menus, keys, status; it holds no curation state itself."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import phy_medicine
from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.gui import configured, saving
from phy_medicine.gui.about_dataset import AboutDataset
from phy_medicine.gui.arrangement import Arrangement
from phy_medicine.gui.bridge import Bridge
from phy_medicine.gui.closing import Closing
from phy_medicine.gui.color_choice import ColorChoice
from phy_medicine.gui.commands import Commands
from phy_medicine.gui.console import WindowConsole
from phy_medicine.gui.data_switches import DataSwitches
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.focus_mode import FocusMode
from phy_medicine.gui.fresh_pictures import Waking
from phy_medicine.gui.group_list import GroupList
from phy_medicine.gui.groups_dialog import GroupsDialog
from phy_medicine.gui.help_window import HelpWindow, about_text, greeting
from phy_medicine.gui.history_panel import WindowHistory
from phy_medicine.gui.lasso_split import LassoSplit
from phy_medicine.gui.later import Later
from phy_medicine.gui.layout_book import LayoutBook
from phy_medicine.gui.localization_switch import LocalizationSwitch
from phy_medicine.gui.matching import Matching
from phy_medicine.gui.menus import Menus
from phy_medicine.gui.model_split import ModelSplitting
from phy_medicine.gui.motion_switch import MotionSwitch
from phy_medicine.gui.odd_spikes import OddSpikes
from phy_medicine.gui.panels import Panels
from phy_medicine.gui.pictures import Pictures
from phy_medicine.gui.plugin_actions import PluginActions
from phy_medicine.gui.plugin_items import PluginItems
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.reclustering import Reclustering
from phy_medicine.gui.recording import Recording
from phy_medicine.gui.resort import Resort
from phy_medicine.gui.script import run_in_window
from phy_medicine.gui.snippet_line import SnippetLine
from phy_medicine.gui.sorting import Sorting
from phy_medicine.gui.splitting import Splitting
from phy_medicine.gui.state import WindowState
from phy_medicine.gui.status_bar import StatusBar, StatusLog
from phy_medicine.gui.suggesting import WindowSuggestions
from phy_medicine.gui.table_panels import TablePanels
from phy_medicine.gui.taking_over import mark_of
from phy_medicine.gui.text_size import TextSize
from phy_medicine.gui.theme import wear
from phy_medicine.gui.time_ranges import RangeSwitch
from phy_medicine.gui.training import WindowTraining
from phy_medicine.gui.view_host import WindowHost
from phy_medicine.gui.what_if import WhatIf
from phy_medicine.gui.window_jobs import WindowJobs
from phy_medicine.gui.window_plugins import WindowPlugins
from phy_medicine.gui.workspace_panel import WindowWorkspace
from phy_medicine.session.snippets import SnippetHistory
from phy_medicine.views.theme import DARK, THEMES, Theme

if TYPE_CHECKING:
    from phy_medicine.gui.palette import Palette
    from phy_medicine.io.safe_write import SaveReport
    from phy_medicine.session.plugin_record import PluginSource
    from phy_medicine.session.session import Session

_ICONS_MS = 800
"""Icons come last: their font takes 60 ms to load, and they repaint the whole window."""


class MainWindow(QtWidgets.QMainWindow):
    """One window, one session.

    scripted : nobody sits in front of it, so nothing is asked and nothing is remembered
    plugins : plugins of the session, attached before; None: none
    """

    closed = QtCore.pyqtSignal()
    shown = QtCore.pyqtSignal()

    def __init__(
        self,
        session: Session,
        state: WindowState,
        *,
        theme: Theme = DARK,
        scripted: bool = False,
        plugins: PluginSource | None = None,
    ) -> None:
        wear(theme)  # the application may wear that of another window
        super().__init__()
        self.session, self.state, self.theme, self.scripted = session, state, theme, scripted
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.AllDockWidgetAreas, QtWidgets.QTabWidget.North)
        self._key_repeats = self.is_closed = False
        self._palette: Palette | None = None
        self._make_frame()
        self._make_parts()
        self._make_tools()
        self._make_switches()
        self.plugins = WindowPlugins(self, plugins)
        self.plugin_actions = PluginActions(self)
        self.host.drawn = self.later.flush
        self.waking = Waking(self.host.rebuild_all, self)
        self.commands.fill()
        self.commands.key_repeats = lambda: self._key_repeats
        self.line.left.connect(self._give_focus_back)
        self._log = StatusLog(self.status, self.bridge)
        logger.addHandler(self._log)
        self._listen()
        self.show_state()

    def _make_frame(self) -> None:
        """What every other part needs: turns of the event loop, actions, menus, the line at the bottom, views."""
        self.closing = Closing(self)
        self.bridge = Bridge(self)
        self.later = Later(self)
        self.commands = Commands(self)
        history = SnippetHistory(tuple(self.state.get("snippets", ())))
        self.line = SnippetLine(self.commands.table, lambda text: not self.commands.run_line(text), history)
        self.status = StatusBar(self.line, self.theme)
        self.setStatusBar(self.status)
        self.host = WindowHost(self.session, self.bridge, self.say, self.commands.guard)
        self.menus = Menus(self, self.commands.table, self.commands.run, self.theme)

    def _make_parts(self) -> None:
        """Tables, docks, and what is done with clusters and their look."""
        self.splitting = Splitting(self)
        self.lasso_split = LassoSplit(self)
        self.panels = Panels(self)
        self.tables = TablePanels(self)
        self.model_split = ModelSplitting(self)
        self.what_if = WhatIf(self)
        self.odd_spikes = OddSpikes(self)
        self.arrangement = Arrangement(self)
        self.focus_mode = FocusMode(self)
        self.layouts = LayoutBook(self)
        self.about_dataset = AboutDataset(self)
        self.groups = GroupList(self)
        self.colors = ColorChoice(self)
        self.text_size = TextSize(self)

    def _make_tools(self) -> None:
        """Jobs, and the docks that are no views."""
        self.switches = DataSwitches(self)
        self.jobs = WindowJobs(self)
        self.resort = Resort(self)
        self.reclustering = Reclustering(self)
        self.sorting = Sorting(self)
        self.console = WindowConsole(self)
        self.history = WindowHistory(self)
        self.suggesting = WindowSuggestions(self)
        self.workspace = WindowWorkspace(self)
        shown = (self.jobs, self.console, self.history, self.suggesting, self.workspace)
        self.tools = {part.tool.name: part.tool for part in shown}

    def _make_switches(self) -> None:
        """What is in use, of the results in the store and of the time, and what is done with whole datasets."""
        self.motion = MotionSwitch(self)
        self.localization = LocalizationSwitch(self)
        self.ranges = RangeSwitch(self)
        self.recording = Recording(self)
        self.training = WindowTraining(self)
        self.matching = Matching(self)
        self.pictures = Pictures(self)

    def _listen(self) -> None:
        """Connect the session's news; the one place where it happens."""
        session, bridge = self.session, self.bridge
        bridge.connect(session.selection.changed, self._selected)
        bridge.connect(session.clusters.changed, self._changed)
        bridge.connect(session.saved, self._saved)
        bridge.connect(session.message, self.say)
        bridge.connect(session.ended, self.close)  # somebody closed it in the console, or in Python
        bridge.connect(session.time_window_changed, self.host.show_time_window)
        bridge.connect(session.cluster_table.changed, self.host.show_table)
        bridge.connect(session.similar.changed, self.host.show_table)
        self.plugin_items = PluginItems(self)
        QtWidgets.QApplication.instance().focusChanged.connect(self._focus_changed)

    @property
    def at_rest(self) -> bool:
        """Whether everything that was done is on the screen."""
        busy = self.splitting.running or self.matching.running or (self.scripted and self.suggesting.searching)
        return self.host.idle and not self.later.pending and not busy

    def open(self, size: tuple[int, int] | None = None) -> None:
        """Show the window as it was, or with this size in the default arrangement."""
        self.plugins.open()
        self.arrangement.open(size)
        self.plugins.announce()
        # Now the keys of the views are known.
        if self.groups.settle():
            self.commands.show_groups()
        self.menus.update_enabled()
        configured.apply(self)
        self._restore_selection()
        for part in (self.menus.toolbar, self.status.dirty):  # there is nothing to save
            part.setVisible(not self.session.is_recording)
        self.say(greeting(self))
        self.ranges.restore()
        self.recording.restore()
        self.later.after(_ICONS_MS, self._finish_opening)

    def _finish_opening(self) -> None:
        """Do what the first picture need not wait for."""
        self.menus.load_icons()
        self.motion.restore()
        self.localization.restore()
        configured.tell(self)
        gc.freeze()  # what was made up to here stays, so the collector need not look at it in the middle of a frame

    def _restore_selection(self) -> None:
        """Select what was selected when this dataset was closed."""
        remembered = self.state.get("selection")
        if remembered and not self.scripted:
            best, similar = ([c for c in ids if c in self.session.cluster_ids] for ids in remembered)
            self.commands.guard(lambda: self.session.select(best, similar))

    def _selected(self, selection: Any) -> None:
        self.later.put("selection in words", lambda: self.status.show_selection(selection))
        self.host.show_selection()

    def _changed(self, _delta: Any) -> None:
        if self.groups.take_new():
            self.commands.show_groups()
        # At once: a key whose action is greyed out does nothing, and the next key may be here before the next frame.
        # The buttons are painted with the views: a frame of their own would compose the whole window once more.
        self.menus.toolbar.setUpdatesEnabled(False)
        self.menus.update_enabled()
        self.later.put("state", self.show_state)
        self.host.wake()

    def show_state(self) -> None:
        """Title, dirty mark, enabled actions, and the toolbar as they are now."""
        self.menus.update_enabled()
        self.menus.toolbar.setUpdatesEnabled(True)
        dirty = self.session.dirty
        mark = "\N{BLACK CIRCLE} " if dirty else ""
        storage, read_only = self.session.storage, mark_of(self.session.storage)
        name = f"{self.session.name} ({read_only})" if read_only else self.session.name
        self.setWindowTitle(f"{mark}{name} \N{EN DASH} phy-medicine")
        self.status.show_dirty(dirty, read_only=read_only, why=storage.why_read_only)
        journal = self.session.storage.journal_path
        if journal is not None:
            self.status.show_journal("journal ok", f"Every action is in {journal} before it is applied.")
        self.about_dataset.update()

    def _saved(self, report: SaveReport) -> None:
        n = len(self.session.cluster_ids)
        self.say(f"Saved {n:,} clusters, {len(report.files)} files, {report.seconds:.1f} s")
        self.show_state()

    def say(self, text: str, level: int = logging.INFO) -> None:
        """Show one sentence in the status bar."""
        self.later.put("message", lambda: self.status.show_text(text, level))
        self.host.wake()

    def _focus_changed(self, _old: QtWidgets.QWidget | None, new: QtWidgets.QWidget | None) -> None:
        """Mark the panel that has the keyboard; it keeps the mark while a line or a dialog has it."""
        docks = self.findChildren(Dock)
        now = next((d for d in docks if new is not None and d.isAncestorOf(new)), None)
        for dock in docks if now is not None else ():
            focused = dock is now
            if focused != dock.bar.focused:
                dock.bar.focused = focused
                dock.bar.update()

    def _give_focus_back(self) -> None:
        """Give the keyboard to the panel that had it before a line was opened."""
        dock = next((d for d in self.findChildren(Dock) if d.bar.focused and d.isVisible()), None)
        (self.tables.clusters if dock is None else dock.content).setFocus()

    def open_palette(self) -> None:
        """Show the list of all actions that is searched by typing."""
        if self._palette is None:
            from phy_medicine.gui.palette import Palette

            self._palette = Palette(self)
            self._palette.left.connect(self._give_focus_back)
        self._palette.set_theme(self.theme)
        self._palette.open()

    def save(self) -> None:
        """Save the curation, and ask what to do when it does not go through."""
        saving.save(self)

    def open_snippet_line(self, text: str = "") -> None:
        """Open the command line with a text after the colon."""
        self.line.open(text)

    def show_help(self) -> None:
        """Show the searchable list of actions."""
        window = HelpWindow(self.commands, self.panels.gestures(), self)
        window.chosen.connect(self.commands.run)
        window.finished.connect(self.activateWindow)
        window.open()

    def show_groups(self) -> None:
        """Show the list of groups."""
        dialog = GroupsDialog(self.groups, self)
        dialog.finished.connect(self.activateWindow)
        dialog.open()

    def set_theme(self, name: str) -> None:
        """Use the colours of a theme everywhere, now and the next time.

        Raises
        ------
        ActionError : there is no such theme
        """
        if name not in THEMES:
            raise ActionError(f"There is no theme {name}; there are {', '.join(THEMES)}.")
        self.state.set("theme", name)
        self.wear(THEMES[name].sized(self.theme.points))

    def wear(self, theme: Theme) -> None:
        """Use the colours and the size of text of a theme everywhere."""
        self.theme = theme
        wear(theme)
        parts = (self.status, self.ranges, self.menus, self.tables, self.panels, self.about_dataset, self.jobs)
        more = (
            self.recording,
            self.plugins,
            self.console,
            self.history,
            self.suggesting,
            self.workspace,
            self.matching,
        )
        for part in (*parts, *more, *self.tools.values()):
            part.set_theme(self.theme)

    def show_help_here(self) -> None:
        """Show the help of the view that has the keyboard, elsewhere what this is."""
        panel = self.panels.focused()
        if panel is None:
            self.show_about()
            return
        from phy_medicine.gui.view_help import ViewHelp, page

        html = page(panel.view, panel.kind, self.commands.table, self.theme)
        ViewHelp(panel.name, html, self.commands.table["help_here"].shortcuts, self).show()

    def show_about(self) -> None:
        """Say what this is."""
        box = QtWidgets.QMessageBox(self)
        box.setWindowTitle("About phy-medicine")
        box.setText(about_text(phy_medicine.__version__, self.commands.key_of("show_all_shortcuts")))
        box.finished.connect(self.activateWindow)
        box.open()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Note whether the key that is coming is held down; keys themselves pass."""
        if event.type() == QtCore.QEvent.ShortcutOverride:
            self._key_repeats = event.isAutoRepeat()
        return False

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        self.windowHandle().installEventFilter(self)
        self.shown.emit()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        if self.is_closed:
            return
        if not self.closing.may_close():
            event.ignore()
            return
        if not self.scripted:
            self.closing.remember()
        self.is_closed = True
        if self.windowHandle() is not None:  # never shown
            self.windowHandle().removeEventFilter(self)
        logger.removeHandler(self._log)
        QtWidgets.QApplication.instance().focusChanged.disconnect(self._focus_changed)
        self.splitting.close()
        self.plugins.close()
        self.console.close()
        self.later.drop()
        self.host.close()
        self.bridge.close()
        self.setUpdatesEnabled(False)  # else what is left is painted again as each canvas goes: 80 ms
        self.panels.close()
        for timer in self.findChildren(QtCore.QTimer):
            timer.stop()
        super().closeEvent(event)
        self.closed.emit()

    def run_script(self, lines: Sequence[str], finished: Callable[[int], object]) -> None:
        """Run lines one after another, each when the window is at rest, and all with the final look of the views."""
        run_in_window(self, lines, finished)
