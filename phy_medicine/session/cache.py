"""A cache of arrays bounded in bytes; safe to use from several threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, cast

import numpy as np

T = TypeVar("T")


def size_of(value: Any) -> int:
    """Return the bytes of the arrays in a value: an array, a record of arrays or a sequence of these."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, (tuple, list)):
        return sum(size_of(v) for v in value)
    if is_dataclass(value):
        return sum(size_of(getattr(value, f.name)) for f in fields(value))
    return 64


class ArrayCache:
    """Least recently used arrays are dropped when `max_bytes` is passed.

    Two threads that miss the same key at once both compute it; the later result is kept. That costs
    less than a lock held over the computation, because the interactive thread would wait for a prefetch.
    """

    def __init__(self, max_bytes: int = 256 << 20) -> None:
        self._max_bytes = max_bytes
        self._items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._n_bytes = 0
        self._lock = threading.Lock()
        self._n_cleared = 0

    @property
    def n_bytes(self) -> int:
        """Bytes held now."""
        return self._n_bytes

    def __contains__(self, key: Hashable) -> bool:
        return key in self._items

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the value of a key, computing and keeping it on a miss."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return cast(T, self._items[key][0])
            n_cleared = self._n_cleared
        value = compute()
        self._put(key, value, n_cleared)
        return value

    def peek(self, key: Hashable) -> Any:
        """Return the value of a key, or None."""
        with self._lock:
            if key not in self._items:
                return None
            self._items.move_to_end(key)
            return self._items[key][0]

    def _put(self, key: Hashable, value: Any, n_cleared: int) -> None:
        size = size_of(value)
        with self._lock:
            if n_cleared != self._n_cleared:  # made of what does not hold any more
                return
            if key in self._items:
                self._n_bytes -= self._items.pop(key)[1]
            self._items[key] = (value, size)
            self._n_bytes += size
            while self._n_bytes > self._max_bytes and len(self._items) > 1:
                self._n_bytes -= self._items.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()
            self._n_bytes = 0
            self._n_cleared += 1
