"""Views that are drawn anew from their arrays after what a graphics card may not have survived."""

from __future__ import annotations

import time
from collections.abc import Callable

from phy_medicine.base.events import EVENTS
from phy_medicine.base.log import logger
from phy_medicine.gui.qt import QtCore

LOOK_MS = 5000
_GAP_S = 10.0
SCREEN_CHANGE = 216
"""QEvent::ScreenChangeInternal, which PyQt has no name for: a widget is on another screen, maybe with other pixels."""


class Waking(QtCore.QObject):
    """Calls `woken` when the machine was asleep: some drivers lose what was on the card, and pictures stay black.

    While it sleeps the clock of the day goes on, the other one does not. A clock that was set looks the same, and
    costs one picture.
    """

    def __init__(
        self,
        woken: Callable[[], object],
        parent: QtCore.QObject,
        *,
        day_s: Callable[[], float] = time.time,
        steady_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._woken, self._day_s, self._steady_s = woken, day_s, steady_s
        self._apart = day_s() - steady_s()
        self._clock = QtCore.QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self.look)
        self._clock.start()

    def look(self) -> None:
        """Compare the clocks."""
        apart = self._day_s() - self._steady_s()
        gap, self._apart = apart - self._apart, apart
        if abs(gap) < _GAP_S:
            return
        logger.debug("The clock went on %.0f s without this process; all views are drawn anew.", gap)
        EVENTS.note("woken", gap_s=gap)
        self._woken()
