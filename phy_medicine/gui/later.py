"""Holds the changes of tables and texts back until the views are ready, so that all reach the screen together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phy_medicine.gui.qt import QtCore

LIMIT_MS = 40
"""Nobody sees a wait that is shorter; views that need longer are not waited for."""


class Later(QtCore.QObject):
    """Functions that are called at `flush`, at most 40 ms from now, in the order of their first `put`.

    Every repaint, of however small a part, composes the whole window anew when it holds OpenGL views: 25 ms at
    1900 x 1150 in software. Without this a selection costs two of them, one for the tables and one for the views.
    """

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._waiting: dict[str, Callable[[], Any]] = {}
        self._limit = QtCore.QTimer(self, singleShot=True, interval=LIMIT_MS)
        self._limit.timeout.connect(self.flush)
        self._timers: set[QtCore.QTimer] = set()

    @property
    def pending(self) -> bool:
        """Whether something is held back."""
        return bool(self._waiting)

    def put(self, key: str, function: Callable[[], Any]) -> None:
        """Call a function at the next flush; a newer one of the same key takes its place."""
        self._waiting[key] = function
        if not self._limit.isActive():
            self._limit.start()

    def flush(self) -> None:
        """Call everything that is held back."""
        self._limit.stop()
        waiting, self._waiting = self._waiting, {}
        for function in waiting.values():
            function()

    def after(self, delay_ms: int, function: Callable[[], Any]) -> None:
        """Call a function once, some time from now, unless the window closes before.

        A single shot of Qt would call it for a window that is gone, and PyQt ends the program for that.
        """
        timer = QtCore.QTimer(self, singleShot=True)
        self._timers.add(timer)

        def run() -> None:
            self._timers.discard(timer)
            timer.deleteLater()
            function()

        timer.timeout.connect(run)
        timer.start(delay_ms)

    def drop(self) -> None:
        """Forget everything, because the window closes."""
        self._limit.stop()
        self._waiting.clear()
        for timer in self._timers:
            timer.stop()
        self._timers.clear()
