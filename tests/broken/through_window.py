"""A window with every kind of view in sight, opened on a broken dataset and curated in."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from phy_medicine.gui.layout import Node
from phy_medicine.gui.main_window import MainWindow
from phy_medicine.gui.panels import KINDS
from phy_medicine.gui.qt import QtCore, QtWidgets
from phy_medicine.gui.state import WindowState
from phy_medicine.session.session import Session

SIZE = (1600, 1000)
LIMIT_MS = 60_000
_COLUMNS = 5


def every_view() -> Node:
    """A layout with the tables on the left and all kinds of views beside one another."""
    kinds = list(KINDS)
    columns = [_column(kinds[k::_COLUMNS]) for k in range(_COLUMNS)]
    return {"row": [_column(["Clusters", "Similar"]), *columns], "sizes": [1] * (1 + _COLUMNS)}


def _column(names: list[str]) -> Node:
    return {"column": [{"tabs": [name]} for name in names], "sizes": [1] * len(names)}


@contextmanager
def opened(path: Path, faults: list[str]) -> Iterator[MainWindow]:
    """Open the window on a dataset; what no user may see is added to `faults`.

    The layout is that of `every_view` whatever the dataset asks for.
    """
    session = Session.open(path)
    with pytest.MonkeyPatch.context() as patch, watched(patch, faults):
        patch.setattr("phy_medicine.gui.layout.built_in", lambda name, width: every_view())
        patch.setattr("phy_medicine.gui.main_window.gc", SimpleNamespace(freeze=lambda: None))
        state = WindowState.of_dataset(session.model.dir_path, writable=not session.read_only)
        window = MainWindow(session, state, scripted=True)
        try:
            window.open(SIZE)
            yield window
        finally:
            window.close()
            session.close()
            QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.DeferredDelete)
            del window
            gc.collect()


@contextmanager
def watched(patch: pytest.MonkeyPatch, faults: list[str]) -> Iterator[None]:
    """Collect tracebacks in the log and boxes on the screen."""

    class Watcher(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info or record.levelno >= logging.ERROR:
                faults.append(f"logged: {self.format(record)}")

    def shown(box: Any) -> int:
        faults.append(f"box: {box.text()} {box.informativeText()}")
        return 0

    patch.setattr(QtWidgets.QMessageBox, "exec_", shown)
    logger, watcher = logging.getLogger("phy_medicine"), Watcher()
    logger.addHandler(watcher)
    try:
        yield
    finally:
        logger.removeHandler(watcher)


def settle(window: MainWindow) -> None:
    """Let the window come to rest."""
    clock = QtCore.QElapsedTimer()
    clock.start()
    QtWidgets.QApplication.processEvents()
    while not window.at_rest:
        QtWidgets.QApplication.processEvents(QtCore.QEventLoop.AllEvents, 20)
        assert clock.elapsed() < LIMIT_MS, "the window did not come to rest"


def curate(window: MainWindow) -> str:
    """Select, go on, merge, undo, each until all views are painted; return why the merge was refused."""
    session = window.session
    ids = session.cluster_table.visible_ids()
    settle(window)
    session.select(list(ids[:3]))
    settle(window)
    for action in ("next", "next"):
        window.commands.run(action)
        settle(window)
    said = ""
    if len(ids) > 1:
        session.select(list(ids[:2]))
        said = window.commands.run("merge")
        settle(window)
        if session.can_undo:
            window.commands.run("undo")
            settle(window)
    window.about_dataset.show()
    session.pool.sync(20)
    settle(window)
    return said
