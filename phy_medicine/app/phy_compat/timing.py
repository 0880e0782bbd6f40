"""Timers, threads and waiting of `phy.gui.qt`."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.dialogs import create_app
from phy_medicine.app.phy_compat.loose_qt import QtCore

_DEFAULT_TIMEOUT_S = 5.0
_LOOK_MS = 25


def _block(until_true: Callable[[], bool], timeout: float | None = None) -> None:
    """Let events pass until a condition holds; timeout : s, 5 by default.

    Raises
    ------
    RuntimeError : it did not hold in time
    """
    create_app()
    end = time.perf_counter() + (timeout or _DEFAULT_TIMEOUT_S)
    while not until_true():
        if time.perf_counter() > end:
            raise RuntimeError("Timeout in _block().")
        QtCore.QCoreApplication.processEvents(QtCore.QEventLoop.AllEvents, _LOOK_MS)


def _wait(ms: int) -> None:
    """Let events pass for some time."""
    create_app()
    loop = QtCore.QEventLoop()
    QtCore.QTimer.singleShot(ms, loop.quit)
    loop.exec_()


def thread_pool() -> Any:
    """Return the pool of threads of Qt, which takes a `Worker`."""
    return QtCore.QThreadPool.globalInstance()


class WorkerSignals(QtCore.QObject):  # type: ignore[misc]
    """What a worker tells, in the thread of whoever listens."""

    finished = QtCore.pyqtSignal()
    error = QtCore.pyqtSignal(tuple)
    result = QtCore.pyqtSignal(object)


class Worker(QtCore.QRunnable):  # type: ignore[misc]
    """A function with its arguments, for a thread of the pool."""

    def __init__(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.fn, self.args, self.kwargs = fn, args, kwargs
        self.signals = WorkerSignals()

    def run(self) -> None:
        """Call the function; an error is told with its traceback."""
        try:
            result = self.fn(*self.args, **self.kwargs)
        except Exception:
            kind, error = sys.exc_info()[:2]
            self.signals.error.emit((kind, error, traceback.format_exc()))
        else:
            self.signals.result.emit(result)
        finally:
            self.signals.finished.emit()


class Debouncer:
    """Calls at once what comes after a pause; of what comes sooner only the last, once there is a pause.

    delay : pause in ms
    """

    delay = 500

    def __init__(self, delay: int | None = None) -> None:
        self.delay = delay or self.delay
        self.isBusy = self.is_waiting = False
        self.pending_functions: dict[Any, Callable[[], Any] | None] = {}
        self._last_s = 0.0
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._look)

    def _elapsed_enough(self) -> bool:
        return time.perf_counter() - self._last_s > self.delay / 1000

    def _look(self) -> None:
        if self._elapsed_enough():
            self._timer.stop()
            self.trigger()

    def submit(self, f: Callable[..., Any], *args: Any, key: Any = None, **kwargs: Any) -> None:
        """Call a function now or after the pause; one of the same key that waits is dropped."""
        self.pending_functions[key] = partial(f, *args, **kwargs)
        if self._elapsed_enough():
            self.trigger()
        elif not self._timer.isActive():
            self._timer.start(_LOOK_MS)
        self.is_waiting = self._timer.isActive()
        self._last_s = time.perf_counter()

    def trigger(self) -> None:
        """Call what waits."""
        self.is_waiting = False
        waiting, self.pending_functions = self.pending_functions, {}
        for function in waiting.values():
            if function is not None:
                function()

    def stop_waiting(self, delay: float = 0.1) -> None:
        """Call what waits in `delay` seconds."""
        self._last_s = time.perf_counter() - (self.delay / 1000 - delay)


class AsyncCaller:
    """Calls a function after some ms, unless another one is set meanwhile."""

    def __init__(self, delay: int = 10) -> None:
        self._timer = QtCore.QTimer(singleShot=True, interval=delay)
        self._timer.timeout.connect(self._call)
        self._function: Callable[[], Any] | None = None

    def set(self, f: Callable[[], Any]) -> None:
        """Call this function, after the delay."""
        self._function = f
        self.start()

    def start(self) -> None:
        """Begin to wait anew."""
        if self._function is not None:
            self._timer.start()

    def stop(self) -> None:
        """Call nothing."""
        self._timer.stop()

    def _call(self) -> None:
        if self._function is not None:
            self._function()
