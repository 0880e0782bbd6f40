"""Long work done by the threads of a pool in pieces, between which others get the threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from phy_medicine.compute.pool import Pool

T = TypeVar("T")

_END = object()


class Pieces(Generic[T]):
    """Goes through an iterator, each item a task of its own, so that an interactive task waits for one item at most.

    Parameters
    ----------
    items : gives the next item once the one before is done, in whichever thread is free
    on_item, on_end, on_error : called in a worker thread with each item, after the last one, or with what was raised
        instead; none is called any more after `cancel`, unless it is running
    """

    def __init__(
        self,
        pool: Pool,
        items: Iterator[T],
        *,
        on_item: Callable[[T], object],
        on_end: Callable[[], object],
        on_error: Callable[[BaseException], object],
    ) -> None:
        self._pool = pool
        self._items = items
        self._on_item = on_item
        self._on_end = on_end
        self._on_error = on_error
        self._lock = threading.Lock()
        self._cancelled = False

    def start(self) -> None:
        """Begin."""
        self._go_on()

    def cancel(self) -> None:
        """Begin no other item; the one that is being worked on is dropped."""
        with self._lock:
            self._cancelled = True
            self._pool.cancel(self)

    def _go_on(self) -> None:
        # Under the lock, so that no item is begun after `cancel` has returned.
        with self._lock:
            if not self._cancelled:
                self._pool.submit(self, self._step, on_done=self._arrived, on_error=self._failed)

    def _step(self) -> Any:
        return next(self._items, _END)

    def _arrived(self, item: Any) -> None:
        if item is _END:
            self._on_end()
            return
        self._on_item(item)
        self._go_on()

    def _failed(self, error: BaseException) -> None:
        self._on_error(error)
