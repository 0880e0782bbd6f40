"""Values that are computed in the background, and never in the way of the curator."""

from __future__ import annotations

import threading
import time
from math import inf
from typing import TypeVar

from phy_medicine.session.extensions import Problem
from phy_medicine.session.keyed_values import Computed, K, KeyedValues

I = TypeVar("I", bound=Computed)  # noqa: E741
V = TypeVar("V")

COURTESY_S = 0.3
"""After a selection nothing is begun for so long, so that the views get both processors."""
_PATIENCE_S = 2.0
_LOOK_S = 0.05
"""While something interactive is still done after that, on a slow machine, it is looked again so often."""


class PoliteValues(KeyedValues[I, K, V]):
    """Lets the curator's own work go first."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._quiet_until = 0.0
        self._timer: threading.Timer | None = None

    @property
    def spoiled(self) -> bool:
        """Whether a cluster of what is being computed went meanwhile, or the values are to be others."""
        return self._spoiled

    def give_way(self) -> None:
        """Begin nothing for a moment."""
        self._quiet_until = max(self._quiet_until, time.monotonic() + COURTESY_S)

    def hold(self) -> None:
        """Begin nothing until `release`."""
        self._quiet_until = inf

    def release(self) -> None:
        """Go on."""
        self._quiet_until = 0.0
        self._schedule()

    def close(self) -> None:
        """Begin nothing any more, and wait for what is being computed: it reads files that are about to be closed."""
        self.hold()
        with self._changed:
            if self._timer is not None:
                self._timer.cancel()
            self._first.clear()
            self._later.clear()
            self._changed.notify_all()
        if self._calling.acquire(timeout=_PATIENCE_S):
            self._calling.release()

    def _schedule(self) -> None:
        wait = self._wait_s()
        if wait <= 0:
            super()._schedule()
            return
        with self._changed:
            if self._timer is None and wait < inf and (self._first or self._later):
                self._timer = threading.Timer(wait, self._wake)
                self._timer.daemon = True
                self._timer.start()

    def _wait_s(self) -> float:
        """How long nothing is to be begun, 0 or less for at once."""
        quiet = self._quiet_until - time.monotonic()
        return _LOOK_S if quiet <= 0 and self._pool().hurried else quiet

    def _wake(self) -> None:
        with self._changed:
            self._timer = None
        self._schedule()

    def _go_on(self, begin: float) -> bool:
        return super()._go_on(begin) and self._wait_s() <= 0

    def _report_once(self, name: str, problem: Problem) -> None:
        if problem.error is not None:  # that it takes long is nothing a person can do anything about
            super()._report_once(name, problem)
