"""One window with every kind of view in it, for tables of keys and snippets: real keys in, and what ran out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qt_compat import qt_api

from phy_medicine.gui.commands import Commands
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.panels import ViewPanel
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session

from . import dock_moves

MIDDLE_S, LENGTH_S = 10.0, 0.25


@dataclasses.dataclass
class Desk:
    """A window, and the ids of the actions that ran in it since `start`."""

    window: MainWindow
    ran: list[str]
    kind: str = ""

    @property
    def session(self) -> Session:
        return self.window.session

    @property
    def panel(self) -> ViewPanel:
        """The panel that `start` gave the keyboard."""
        return next(p for p in self.window.panels if p.kind == self.kind)

    @property
    def view(self) -> Any:
        return self.panel.view

    def view_of(self, kind: str) -> Any:
        return next(p.view for p in self.window.panels if p.kind == kind)

    def start(self, kind: str = "") -> None:
        """Select two similar clusters, go to the middle of the recording, and give the keyboard to a view or table."""
        self.close_dialogs()
        window, session = self.window, self.session
        session.filter("")
        visible = session.cluster_table.visible_ids()
        session.select([visible[2]])
        self.settle()
        session.select([visible[2]], [session.similarity_table.visible_ids()[1]])
        self.kind = kind
        if kind:
            self.panel.dock.give_focus()
        else:
            window.tables.clusters.setFocus()
        self.settle()
        for signal in (self.view_of("TraceView"), self.view_of("TraceImageView")):
            signal.show_interval(MIDDLE_S - LENGTH_S / 2, MIDDLE_S + LENGTH_S / 2)
        self.settle()
        self.ran.clear()

    def close_dialogs(self) -> None:
        """Close what a key has opened."""
        window = self.window
        if window.focus_mode.on:
            window.focus_mode.toggle()
        if window.line.isVisible():
            window.line.leave()
        for top in self.dialogs():
            top.close()
        window.activateWindow()
        self.settle()

    def dialogs(self) -> list[QtWidgets.QWidget]:
        """Return what is open beside the window."""
        found = [*self.window.findChildren(QtWidgets.QDialog), self.window._palette]
        return [w for w in found if w is not None and w.isVisible()]

    def press(self, *keys: str) -> None:
        """Press keys where the keyboard is, each when the window is at rest."""
        for key in keys:
            code = QtGui.QKeySequence(key)[0]
            held = int(Qt.KeyboardModifierMask)
            target = QtWidgets.QApplication.focusWidget() or self.window
            qt_api.QtTest.QTest.keyClick(target, Qt.Key(code & ~held), Qt.KeyboardModifiers(code & held))
            self.settle()

    def type(self, text: str) -> None:
        """Type text where the keyboard is."""
        qt_api.QtTest.QTest.keyClicks(QtWidgets.QApplication.focusWidget(), text)

    def run_line(self, line: str) -> None:
        """Type a line after the colon and run it; all by keys."""
        self.press(":")
        self.type(line)
        self.press("Return")

    def settle(self) -> None:
        """Let the window come to rest, docks that come to the front included."""
        for _ in range(2):
            QtWidgets.QApplication.processEvents()
            dock_moves.settle(self.window)

    def undo_all(self) -> None:
        """Take back what was done to the clusters."""
        while self.session.can_undo:
            self.session.undo()
        self.settle()


@contextmanager
def open_desk(params: Path) -> Iterator[Desk]:
    """Open a window on a dataset that may be changed, with one view of every kind, and close it at the end."""
    samples = np.load(params.parent / "spike_times.npy").ravel()
    np.save(params.parent / "spike_times_reordered.npy", samples[::-1].copy())
    ran: list[str] = []
    run = Commands.run

    def recorded(self: Commands, action_id: str, *args: Any) -> str:
        ran.append(action_id)
        return run(self, action_id, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Commands, "run", recorded)
        session = Session.open(params)
        state = WindowState.of_dataset(session.model.dir_path, writable=True)
        window = MainWindow(session, state, scripted=True)
        window.open((1280, 800))
        window.activateWindow()
        for kind in window.panels.kinds:
            if all(p.kind != kind for p in window.panels):
                window.panels.reopen_or_add(kind)
        desk = Desk(window, ran)
        desk.settle()
        yield desk
        if not window.is_closed:
            window.close()
        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
        session.close()
