"""A cache of arrays bounded in bytes; safe to use from several threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
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


class NotWanted(BaseException):
    """What is made ahead of time is not wanted any more, or there is no room for it; no error of anybody."""


@dataclass(eq=False, slots=True)
class Ahead:
    """One round of making things ready before they are asked for.

    max_bytes : of what was made ready, in this round or before, and not asked for since
    over : nothing more of this round is wanted; full : there was no room for all of it
    """

    max_bytes: int
    over: bool = False
    full: bool = False

    def check(self) -> None:
        """Go on only while it makes sense.

        Raises
        ------
        NotWanted : it does not
        """
        if self.over or self.full:
            raise NotWanted


class ArrayCache:
    """Least recently used arrays are dropped when `max_bytes` is passed.

    Two threads that miss the same key at once both compute it; the later result is kept. That costs
    less than a lock held over the computation, because the interactive thread would wait for a prefetch.

    What a thread computes within `ahead` has a bound of its own until somebody asks for it: the oldest of it goes
    first, and never anything that was asked for in favour of it, as long as the bounds leave room for both.
    """

    def __init__(self, max_bytes: int = 256 << 20) -> None:
        self._max_bytes = max_bytes
        self._items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._n_bytes = 0
        # Made ready and not asked for since, oldest first, and the round that wanted it last.
        self._unasked: OrderedDict[Hashable, Ahead] = OrderedDict()
        self._n_bytes_ahead = 0
        self._thread = threading.local()
        self._lock = threading.Lock()
        self._n_cleared = 0

    @property
    def max_bytes(self) -> int:
        """Bytes that it may hold."""
        return self._max_bytes

    @property
    def n_bytes(self) -> int:
        """Bytes held now."""
        return self._n_bytes

    @property
    def n_bytes_ahead(self) -> int:
        """Bytes of what was made ready and not asked for since."""
        return self._n_bytes_ahead

    def __contains__(self, key: Hashable) -> bool:
        return key in self._items

    @contextmanager
    def ahead(self, round_: Ahead) -> Iterator[None]:
        """Within this, what the thread gets was not asked for by anybody yet; a miss may raise NotWanted."""
        self._thread.round = round_
        try:
            yield
        finally:
            self._thread.round = None

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the value of a key, computing and keeping it on a miss."""
        round_: Ahead | None = getattr(self._thread, "round", None)
        with self._lock:
            if key in self._items:
                return cast(T, self._touch(key, round_))
            n_cleared = self._n_cleared
        if round_ is not None:
            round_.check()
        value = compute()
        self._put(key, value, n_cleared, round_)
        return value

    def peek(self, key: Hashable) -> Any:
        """Return the value of a key, or None."""
        with self._lock:
            return self._touch(key, getattr(self._thread, "round", None)) if key in self._items else None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()
            self._unasked.clear()
            self._n_bytes = self._n_bytes_ahead = 0
            self._n_cleared += 1

    # Inside, with the lock held

    def _touch(self, key: Hashable, round_: Ahead | None) -> Any:
        value, size = self._items[key]
        self._items.move_to_end(key)
        if key in self._unasked:
            if round_ is not None:
                self._unasked[key] = round_
                self._unasked.move_to_end(key)
            else:
                del self._unasked[key]
                self._n_bytes_ahead -= size
        return value

    def _put(self, key: Hashable, value: Any, n_cleared: int, round_: Ahead | None) -> None:
        size = size_of(value)
        with self._lock:
            if n_cleared != self._n_cleared:  # made of what does not hold any more
                return
            if key in self._items:
                if round_ is not None:  # somebody asked for it meanwhile
                    return
                self._drop(key)
            if round_ is not None and not self._makes_room(size, round_):
                return
            self._items[key] = (value, size)
            self._n_bytes += size
            if round_ is not None:
                self._unasked[key] = round_
                self._n_bytes_ahead += size
            while self._n_bytes > self._max_bytes and len(self._items) > 1:
                self._drop(next(iter(self._items)))

    def _makes_room(self, size: int, round_: Ahead) -> bool:
        """Drop what was made ready before for others; False: what this round made leaves no room."""
        most = min(round_.max_bytes, self._max_bytes // 2) - size
        for old in [k for k, other in self._unasked.items() if other is not round_]:
            if self._n_bytes_ahead <= most:
                break
            self._drop(old)
        round_.full = self._n_bytes_ahead > most
        return not round_.full

    def _drop(self, key: Hashable) -> None:
        size = self._items.pop(key)[1]
        self._n_bytes -= size
        if self._unasked.pop(key, None) is not None:
            self._n_bytes_ahead -= size
