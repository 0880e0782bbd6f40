"""What nobody caught while a window is open: to the log, into a report, and in one sentence to who sits there."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from phy_medicine.base.crash_report import REPORTER
from phy_medicine.base.log import logger
from phy_medicine.gui.bridge import Bridge
from phy_medicine.gui.qt import QtCore, QtWidgets

_LEVELS = {
    QtCore.QtCriticalMsg: logging.WARNING,
    QtCore.QtFatalMsg: logging.ERROR,
}
"""Of what Qt says; the rest is for who asks for everything."""
_DISPLAY_GONE = "The X11 connection broke"


class Guarded(Protocol):
    """What is kept going: calls in the thread of the window, and an end that asks as usual."""

    bridge: Bridge

    def close(self) -> object:
        """Close what Ctrl+C is to close."""


class Errors:
    """Catches errors of slots, of threads and of the event loop: the window goes on.

    silent : nobody sits in front of the window, so nothing is shown; n : how many there were
    lost : called when the display is gone; Qt ends the process when it returns
    """

    def __init__(self, window: Guarded, *, silent: bool, lost: Callable[[], object]) -> None:
        self.n = 0
        self._window = window
        self._silent = silent
        self._lost = lost
        self._before: tuple[Any, Any, Any] = (sys.excepthook, threading.excepthook, None)
        self._showing = False

    def __enter__(self) -> Errors:
        before = QtCore.qInstallMessageHandler(self._heard)
        self._before = (sys.excepthook, threading.excepthook, before)
        sys.excepthook = self._in_window
        threading.excepthook = self._in_thread
        return self

    def __exit__(self, *_: object) -> None:
        sys.excepthook, threading.excepthook, before = self._before
        QtCore.qInstallMessageHandler(before)

    def _in_window(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is KeyboardInterrupt:  # Ctrl+C where the program was started
            self._window.bridge.post(self._window.close)
            return
        self._caught(kind, error, trace, "the window")

    def _in_thread(self, args: threading.ExceptHookArgs) -> None:
        self._caught(args.exc_type, args.exc_value, args.exc_traceback, "a thread")

    def _caught(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, where: str
    ) -> None:
        self.n += 1
        error = (kind() if error is None else error).with_traceback(trace)
        report = REPORTER.report(error, where)
        words = "" if report is None else f" The report is {report}."
        logger.error("Unexpected %s in %s: %s.%s", kind.__name__, where, error, words, exc_info=error)
        if not self._silent:
            details = "".join(traceback.format_exception(error))
            self._window.bridge.post(lambda: self._show(f"{kind.__name__}: {error}", details, report))

    def _show(self, text: str, details: str, report: Path | None) -> None:
        """One box at a time: a fault in a paint event would open hundreds."""
        if self._showing:
            return
        from phy_medicine.gui.questions import show_problem

        self._showing = True
        try:
            show_problem(QtWidgets.QApplication.activeWindow(), text, details, report)
        finally:
            self._showing = False

    def _heard(self, kind: int, _context: object, text: str | None) -> None:
        """Take what Qt says into the log; it would be on stderr only."""
        logger.log(_LEVELS.get(kind, logging.DEBUG), "Qt: %s", text)
        if text is not None and text.startswith(_DISPLAY_GONE):
            self._lost()
