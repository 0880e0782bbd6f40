"""The single crossing from the program's signals and worker threads into Qt."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance

from phy_medicine.gui.qt import Qt, QtCore, in_main_thread

FRAME_S = 0.016


class Bridge(QtCore.QObject):
    """Calls functions in the thread of the window.

    What is emitted in that thread runs at once, so a key press reaches the tables in the same turn; what comes from
    another thread is queued.
    """

    _posted = QtCore.pyqtSignal(object)

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._open = True
        self._connections: list[tuple[SignalInstance, Callable[..., None]]] = []
        self._posted.connect(self._run, Qt.QueuedConnection)

    def connect(self, signal: SignalInstance, slot: Callable[..., Any]) -> None:
        """Call the slot in the window's thread whenever the signal is emitted."""

        def forward(*args: Any) -> None:
            if in_main_thread():
                slot(*args)
            else:
                self.post(lambda: slot(*args))

        signal.connect(forward, check_nargs=False)
        self._connections.append((signal, forward))

    def post(self, function: Callable[[], Any]) -> None:
        """Call a function in the window's thread, later; from any thread."""
        if self._open:
            self._posted.emit(function)

    def _run(self, function: Callable[[], Any]) -> None:
        if self._open:
            function()

    def close(self) -> None:
        """Let go of all signals; what is still queued is dropped."""
        self._open = False
        for signal, forward in self._connections:
            signal.disconnect(forward, missing_ok=True)
        self._connections.clear()


class Ticker(QtCore.QObject):
    """Calls `tick` when it was woken: the first time at once, then not more often than every 16 ms."""

    def __init__(self, tick: Callable[[], Any], bridge: Bridge) -> None:
        super().__init__(bridge)
        self._tick = tick
        self._bridge = bridge
        self._last = 0.0
        self._timer = QtCore.QTimer(self, singleShot=True, timerType=Qt.PreciseTimer)
        self._timer.timeout.connect(self._run)
        self._later = QtCore.QTimer(self, singleShot=True)
        self._later.timeout.connect(self._run)

    @property
    def pending(self) -> bool:
        """Whether a tick is due; one that was asked for with a delay does not count."""
        return self._timer.isActive()

    def wake(self, delay_s: float) -> None:
        """Ask for a tick after a delay; from any thread."""
        if in_main_thread():
            self._start(delay_s)
        else:
            self._bridge.post(lambda: self._start(delay_s))

    def _start(self, delay_s: float) -> None:
        if delay_s > 0:
            if not self._later.isActive() or self._later.remainingTime() > delay_s * 1000:
                self._later.start(max(1, int(delay_s * 1000)))
        elif not self._timer.isActive():
            rest = FRAME_S - (time.perf_counter() - self._last)
            self._timer.start(max(0, int(rest * 1000)))

    def _run(self) -> None:
        self._last = time.perf_counter()
        self._tick()
