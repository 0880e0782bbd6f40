"""The stretch of the recording that all views show, and a second one to compare it with.

Spike ids ascend in time, so a range is an interval of spike ids: what a cluster has in it is found by two searches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray

A, B = "a", "b"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Times from `start_s` up to, not including, `stop_s`; at the end of the recording nothing is left out.

    first, stop : the spikes in it are those with first <= id < stop
    """

    start_s: float
    stop_s: float
    first: int
    stop: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.stop_s - self.start_s

    @property
    def text(self) -> str:
        """The range in words: "0–300 s"."""
        return f"{_seconds(self.start_s)}\N{EN DASH}{_seconds(self.stop_s)} s"

    def cut(self, spike_ids: IntArray) -> IntArray:
        """Return which of some spikes, ascending, are inside: a part of the same array, nothing is copied."""
        # In the type of the ids, which would be copied to be compared with another.
        limits = np.minimum([self.first, self.stop], np.iinfo(spike_ids.dtype).max).astype(spike_ids.dtype)
        start, stop = np.searchsorted(spike_ids, limits)
        inside: IntArray = spike_ids[start:stop]
        return inside


def _seconds(time_s: float) -> str:
    return f"{time_s:,.3f}".rstrip("0").rstrip(".")


class TimeRanges:
    """Range A, which every view shows, and range B, which only the views bound to it show.

    `a` and `b` are None where nothing was chosen: A is then the whole recording, B is not in use.

    on_change : called after either became another one
    """

    def __init__(
        self, spike_times: FloatArray, duration_s: float, on_change: Callable[[], object] = lambda: None
    ) -> None:
        self._on_change = on_change
        self._times = spike_times
        self._duration_s = max(duration_s, float(spike_times[-1]) if len(spike_times) else 0.0)
        self.a: TimeRange | None = None
        self.b: TimeRange | None = None

    @property
    def duration_s(self) -> float:
        """Where the recording ends."""
        return self._duration_s

    @property
    def whole(self) -> TimeRange:
        """All of the recording as a range."""
        return TimeRange(0.0, self._duration_s, 0, len(self._times))

    def of(self, which: str) -> TimeRange | None:
        """Return range "a" or "b".

        Raises
        ------
        ActionError : there is no such range
        """
        if which not in (A, B):
            raise ActionError(f"There is no time range {which!r}; there are a and b.")
        return self.a if which == A else self.b

    def make(self, start_s: float, stop_s: float) -> TimeRange | None:
        """Return a range, cut to the recording; None for all of it.

        Raises
        ------
        ActionError : nothing of the recording lies in it
        """
        start, stop = max(float(start_s), 0.0), min(float(stop_s), self._duration_s)
        if not stop > start:
            raise ActionError(
                f"A time range from {start_s:g} to {stop_s:g} s holds nothing of the {self._duration_s:g} s recorded; "
                "give its start and a later end."
            )
        if start == 0 and stop == self._duration_s:
            return None
        first, last = (int(i) for i in np.searchsorted(self._times, [start, stop]))
        return TimeRange(start, stop, first, len(self._times) if stop == self._duration_s else last)

    def choose(self, start_s: float, stop_s: float, which: str = A) -> TimeRange | None:
        """Set range "a" or "b", and return it.

        Raises
        ------
        ActionError : nothing of the recording lies in it
        """
        self.of(which)
        chosen = self.make(start_s, stop_s)
        if which == B and chosen is None:  # B is out of use without a range, so all of the recording is one
            chosen = self.whole
        self._take(chosen if which == A else self.a, chosen if which == B else self.b)
        return chosen

    def choose_both(self, a: tuple[float, float], b: tuple[float, float]) -> None:
        """Set both ranges with one change.

        Raises
        ------
        ActionError : nothing of the recording lies in one of them
        """
        self._take(self.make(*a), self.make(*b))

    def clear(self, which: str = "") -> None:
        """Forget a range, or both."""
        if which:
            self.of(which)
        self._take(None if which in ("", A) else self.a, None if which in ("", B) else self.b)

    def _take(self, a: TimeRange | None, b: TimeRange | None) -> None:
        if (a, b) != (self.a, self.b):
            self.a, self.b = a, b
            self._on_change()


_reading: ContextVar[tuple[TimeRange | None] | None] = ContextVar("range being read", default=None)


@contextmanager
def reading(time_range: TimeRange | None) -> Iterator[None]:
    """Prepare a view for this range; another one may be chosen meanwhile, in another thread."""
    token = _reading.set((time_range,))
    try:
        yield
    finally:
        _reading.reset(token)


def range_read(otherwise: TimeRange | None) -> TimeRange | None:
    """Return the range that is being prepared in this thread, else another one."""
    bound = _reading.get()
    return otherwise if bound is None else bound[0]
