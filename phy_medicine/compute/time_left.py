"""How long something still takes, told so that a person can believe it."""

from __future__ import annotations

import math
from collections import deque

_FIRST_S = 1.0
"""Nothing is said earlier."""
_LEAST = 0.005
_RECENT = 40
_SMOOTH_S = 4.0


class TimeLeft:
    """Seconds left from fractions done.

    The speed is the mean of that of the whole job and that of its last stretch, because stages differ; what is told
    then counts down by the clock and is only drawn towards each new estimate, so that it does not jump.
    """

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=_RECENT)
        self._first: tuple[float, float] | None = None
        self._told: tuple[float, float] | None = None

    def update(self, fraction: float, now_s: float) -> float | None:
        """Return the seconds left, None while nobody can know.

        Parameters
        ----------
        fraction : done, 0..1
        now_s : time of a clock that does not jump
        """
        if self._first is None or fraction < self._points[-1][0]:
            self._first, self._told = (fraction, now_s), None
            self._points.clear()
        self._points.append((fraction, now_s))
        speed = (self._speed(*self._first) + self._speed(*self._points[0])) / 2
        if now_s - self._first[1] < _FIRST_S or fraction - self._first[0] < _LEAST or speed <= 0:
            return None if self._told is None else self.at(now_s)
        estimate = (1.0 - fraction) / speed
        if self._told is not None:
            expected, since = self.at(now_s), now_s - self._told[1]
            estimate = expected + (1.0 - math.exp(-since / _SMOOTH_S)) * (estimate - expected)
        self._told = (estimate, now_s)
        return estimate

    def at(self, now_s: float) -> float:
        """Return what was told last, counted down to this moment."""
        if self._told is None:
            return 0.0
        return max(0.0, self._told[0] - (now_s - self._told[1]))

    def _speed(self, fraction: float, time_s: float) -> float:
        last, now = self._points[-1]
        return (last - fraction) / (now - time_s) if now > time_s else 0.0


def in_words(seconds: float | None) -> str:
    """Return `2 min left`, "" when it is not known."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "about done"
    if seconds < 90:
        return f"{_round(seconds):.0f} s left"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min left"
    return f"{seconds / 3600:.1f} h left"


def _round(seconds: float) -> float:
    """Whole seconds, above ten in steps of five, so that the text changes seldom."""
    return round(seconds) if seconds < 10 else 5 * round(seconds / 5)
