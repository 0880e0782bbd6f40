"""Threads for work that must not hold up a frame: keyed tasks, the newest of a key wins."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.log import logger

T = TypeVar("T")


class Priority(IntEnum):
    """Order in which waiting tasks start; within one priority, first come first served."""

    INTERACTIVE = 0
    PREFETCH = 1
    """What may be asked for next; dropped when something else was."""
    BACKGROUND = 2
    """What is wanted in any case, and can wait."""


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    key: Hashable
    call: Callable[[], Any]
    priority: Priority
    future: Future[Any]
    on_done: Callable[[Any], None] | None
    on_error: Callable[[BaseException], None] | None


def log_error(key: Hashable, error: BaseException) -> None:
    """Write the failure of a task to the log, with its traceback unless it is said for people."""
    if isinstance(error, PhyMedError):
        logger.warning("Task %s could not be done: %s", key, error)
    else:
        logger.error("Task %s failed: %s", key, error, exc_info=error)


class Pool:
    """A few threads that run tasks; a task is a pure function of the arrays it was given.

    A task submitted under a key replaces the one before it: a waiting one never starts, and the result of a running
    one is dropped; the future of either is cancelled and its callbacks are not called. Tasks that are not interactive
    never hold all threads (unless there is only one), so that an interactive task starts at once.

    Parameters
    ----------
    n_threads : threads, started at the first task; numpy and the compiled kernels run outside the interpreter lock
    on_error : called with key and exception, in the worker thread, when a task fails that has no `on_error` of its
        own or when a callback raises; writes to the log by default
    """

    def __init__(self, n_threads: int = 2, *, on_error: Callable[[Hashable, BaseException], None] = log_error) -> None:
        if n_threads < 1:
            raise ValueError(f"A pool needs at least one thread, not {n_threads}.")
        self._n_threads = n_threads
        self._on_error = on_error
        self._changed = threading.Condition()
        self._waiting: list[tuple[Priority, int, _Task]] = []
        self._order = itertools.count()
        # Waiting and running tasks whose result is still wanted; a task missing here is stale.
        self._newest: dict[Hashable, _Task] = {}
        self._running: list[_Task] = []
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(
        self,
        key: Hashable,
        function: Callable[..., T],
        *args: Any,
        priority: Priority = Priority.INTERACTIVE,
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[BaseException], None] | None = None,
    ) -> Future[T]:
        """Run `function(*args)` in a worker thread, in place of any earlier task of this key.

        Parameters
        ----------
        on_done, on_error : called in the worker thread with the result or the exception; neither is called once the
            task is replaced or cancelled

        Returns
        -------
        Future : `result()` waits, and raises what the function raised, or CancelledError if the task was replaced

        Raises
        ------
        RuntimeError : the pool was shut down
        """
        future: Future[T] = Future()
        task = _Task(key, partial(function, *args), priority, future, on_done, on_error)
        with self._changed:
            if self._closed:
                raise RuntimeError(f"The pool was shut down; task {key!r} cannot start.")
            replaced = self._newest.get(key)
            self._newest[key] = task
            heapq.heappush(self._waiting, (priority, next(self._order), task))
            self._start_thread()
            self._changed.notify_all()
        if replaced is not None:
            _drop(replaced)
        return future

    def cancel(self, key: Hashable) -> bool:
        """Drop the task of this key, waiting or running; False when there is none."""
        with self._changed:
            task = self._newest.pop(key, None)
            self._changed.notify_all()
        if task is not None:
            _drop(task)
        return task is not None

    def cancel_all(self, priority: Priority) -> None:
        """Drop every task of this priority, for instance all prefetches once the selection went elsewhere."""
        with self._changed:
            tasks = [task for task in self._newest.values() if task.priority == priority]
            for task in tasks:
                del self._newest[task.key]
            self._changed.notify_all()
        for task in tasks:
            _drop(task)

    @property
    def hurried(self) -> bool:
        """Whether an interactive task waits or runs, callbacks included."""
        with self._changed:
            tasks = (*self._newest.values(), *self._running)
            return any(task.priority == Priority.INTERACTIVE for task in tasks)

    def pending(self, *keys: Hashable) -> bool:
        """Whether a task of one of these keys waits or runs, its callbacks included."""
        with self._changed:
            return any(key in self._newest for key in keys) or any(task.key in keys for task in self._running)

    def sync(self, timeout_s: float | None = None) -> None:
        """Wait until nothing waits or runs, callbacks included; for tests and scripts.

        Raises
        ------
        TimeoutError : still busy after `timeout_s`
        RuntimeError : called in a worker thread, which would wait for itself
        """
        if threading.current_thread() in self._threads:
            raise RuntimeError("A task of the pool cannot wait for the pool.")
        with self._changed:
            if not self._changed.wait_for(lambda: not self._newest and not self._running, timeout_s):
                keys = dict.fromkeys(str(key) for key in (*self._newest, *(task.key for task in self._running)))
                raise TimeoutError(f"The pool is still busy after {timeout_s} s with {', '.join(keys)}.")

    def shutdown(self, *, wait: bool = True) -> None:
        """Drop every task and end the threads; wait for the running ones to return."""
        with self._changed:
            self._closed = True
            tasks = list(self._newest.values())
            self._newest.clear()
            self._changed.notify_all()
        for task in tasks:
            _drop(task)
        for thread in self._threads:
            if wait and thread is not threading.current_thread():
                thread.join()

    def _start_thread(self) -> None:
        if len(self._threads) < self._n_threads:
            name = f"phy-medicine-{len(self._threads)}"
            # Daemon: closing the window must not wait for a stuck network drive.
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        # One call per task, so that no frame keeps the arrays of the last one alive while the thread waits.
        while self._work_once():
            pass

    def _work_once(self) -> bool:
        task = self._next()
        if task is None:
            return False
        try:
            self._run(task)
        finally:
            with self._changed:
                self._running.remove(task)
                self._changed.notify_all()
        return True

    def _next(self) -> _Task | None:
        with self._changed:
            while not self._closed:
                task = self._pop()
                if task is not None:
                    self._running.append(task)
                    return task
                self._changed.wait()
            return None

    def _pop(self) -> _Task | None:
        while self._waiting:
            priority, _, task = self._waiting[0]
            if self._newest.get(task.key) is task:
                n_patient = sum(other.priority > Priority.INTERACTIVE for other in self._running)
                if priority > Priority.INTERACTIVE and n_patient >= max(1, self._n_threads - 1):
                    return None
                heapq.heappop(self._waiting)
                return task
            heapq.heappop(self._waiting)
        return None

    def _run(self, task: _Task) -> None:
        result, error = _outcome(task)
        with self._changed:
            wanted = self._newest.get(task.key) is task
            if wanted:
                del self._newest[task.key]
        # The future stays pending while the task runs, so that it can still be cancelled up to here.
        if not wanted or not task.future.set_running_or_notify_cancel():
            return
        if error is None:
            task.future.set_result(result)
            self._call(task, task.on_done, result)
        else:
            task.future.set_exception(error)
            self._call(task, task.on_error or partial(self._on_error, task.key), error)

    def _call(self, task: _Task, callback: Callable[[Any], None] | None, value: Any) -> None:
        if callback is None:
            return
        try:
            callback(value)
        except BaseException as raised:
            self._report(task.key, raised)

    def _report(self, key: Hashable, error: BaseException) -> None:
        try:
            self._on_error(key, error)
        except BaseException as raised:
            log_error(key, raised)


def _outcome(task: _Task) -> tuple[Any, BaseException | None]:
    if task.future.cancelled():
        return None, None
    try:
        return task.call(), None
    except BaseException as error:
        return None, error


def _drop(task: _Task) -> None:
    if task.future.cancel():
        task.future.set_running_or_notify_cancel()
