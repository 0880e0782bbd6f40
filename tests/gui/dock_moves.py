"""Moves docks about and looks at their pixels; also run by itself, without shared contexts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from phy_medicine.gui.qt import QtCore, QtGui, QtWidgets

LIMIT_MS = 20_000


def settle(window) -> None:
    """Let the window come to rest."""
    # A view learns of a new size with the events to come; before them the window looks at rest.
    QtWidgets.QApplication.processEvents()
    clock = QtCore.QElapsedTimer()
    clock.start()
    while not window.at_rest:
        QtWidgets.QApplication.processEvents(QtCore.QEventLoop.AllEvents, 20)
        assert clock.elapsed() < LIMIT_MS, "the window did not come to rest"


def pixels(view) -> np.ndarray:
    """What is on the screen of a view, (h, w, 3) uint8."""
    picture = view.canvas.native.grab().toImage().convertToFormat(QtGui.QImage.Format_RGB888)
    data = np.frombuffer(picture.bits().asstring(picture.sizeInBytes()), np.uint8)
    rows = data.reshape(picture.height(), picture.bytesPerLine())
    return rows[:, : 3 * picture.width()].reshape(picture.height(), picture.width(), 3)


def differs(picture: np.ndarray, other: np.ndarray | int, by: int) -> np.ndarray:
    """Which pixels of a picture differ from a picture or a color by more than so much, (h, w) bool."""
    apart = np.abs(picture.astype(np.int16) - other) > by
    return apart[..., 0] | apart[..., 1] | apart[..., 2]


def check(window, panel) -> None:
    """A view in sight is drawn: it has axes or points beside its ground, and no part is the black of a lost context."""
    settle(window)
    view = panel.view
    assert view.canvas.error is None, panel.name
    shown = pixels(view)
    ground = np.array([int(view.scene.theme.view[i : i + 2], 16) for i in (1, 3, 5)])
    assert differs(shown, ground, 12).mean() > 0.002, f"{panel.name} is empty"
    assert 1 - differs(shown, 0, 0).mean() < 0.05, f"{panel.name} is black"


def float_and_return(window, panel) -> None:
    panel.dock.give_focus()
    check(window, panel)
    for floating in (True, False):
        panel.dock.setFloating(floating)
        check(window, panel)


def move_all(window) -> None:
    """Float, dock, close, reopen, tabify every view, with others of its kind."""
    window.session.next()
    window.session.next()
    for panel in list(window.panels):
        float_and_return(window, panel)
        panel.dock.close()
        window.arrangement.add(panel.kind)
        check(window, panel)
    first = next(iter(window.panels))
    for panel in [p for p in window.panels if p is not first]:
        window.tabifyDockWidget(first.dock, panel.dock)
        for dock_owner in (panel, first):
            dock_owner.dock.raise_()
            check(window, dock_owner)
    for kind in window.panels.kinds:
        before = len(list(window.panels))
        window.arrangement.add(kind)
        assert len(list(window.panels)) == before + 1
        panel = list(window.panels)[-1]
        float_and_return(window, panel)
        panel.dock.close()
    window.arrangement.reset()
    window.session.next()
    for panel in window.panels:
        if panel.open:
            panel.dock.raise_()
            check(window, panel)


def main(params: str) -> None:
    """Open a window whose canvases share nothing, and move its docks."""
    from phy_medicine.gui.app import create_app
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.gui.state import WindowState
    from phy_medicine.session.session import Session

    create_app(shared_context=False)
    session = Session.open(params, read_only=True)
    window = MainWindow(session, WindowState.of_dataset(Path(params).parent, writable=False), scripted=True)
    window.open((1280, 800))
    move_all(window)
    window.close()
    session.close()
    print("all views drawn")


if __name__ == "__main__":
    main(sys.argv[1])
