"""How long somebody looked: a watch that runs while the window is active and somebody is there."""

from __future__ import annotations


class Stopwatch:
    """Counts the time in which the window was active and the last sign of life was at most `idle_s` ago.

    Moments are given by the caller, in s of any clock that never goes back.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._active = False
        self._sign = self._until = 0.0
        self._counted = 0.0

    def activate(self, now_s: float) -> None:
        """The window became active; that is a sign of life."""
        self._count(now_s)
        self._active, self._sign = True, now_s

    def deactivate(self, now_s: float) -> None:
        """The window is not active any more."""
        self._count(now_s)
        self._active = False

    def touch(self, now_s: float) -> None:
        """Somebody pressed a key or moved the mouse."""
        self._count(now_s)
        self._sign = now_s

    def lap(self, now_s: float) -> float:
        """Return the s counted since the last lap, and begin the next one."""
        self._count(now_s)
        lap, self._counted = self._counted, 0.0
        return lap

    def _count(self, now_s: float) -> None:
        if self._active:
            self._counted += max(0.0, min(now_s, self._sign + self._idle_s) - self._until)
        self._until = now_s
