"""Runs `--do` lines one after another, each when every visible view has painted what came before."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from phy_medicine.base.log import logger
from phy_medicine.compute.pool import Priority
from phy_medicine.gui.qt import QtCore
from phy_medicine.views import raster

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

POLL_MS = 4
LIMIT_S = 120.0
"""A view that does not come to rest for so long is a fault; the script ends with it."""


class Script(QtCore.QObject):
    """A queue of lines.

    run : runs one line, returns "" or the sentence that says why it failed
    is_idle : whether all views are painted
    finished : called once with the exit code
    late : gives once why what a line began came to nothing afterwards, ""; works : whether it goes on, however long
    """

    def __init__(
        self,
        lines: Sequence[str],
        run: Callable[[str], str],
        is_idle: Callable[[], bool],
        finished: Callable[[int], object],
        parent: QtCore.QObject,
        *,
        late: Callable[[], str] = lambda: "",
        works: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(parent)
        self._lines = list(lines)
        self._run = run
        self._is_idle = is_idle
        self._finished = finished
        self._late = late
        self._works = works
        self._last = ""
        self._since = time.monotonic()
        self._clock = QtCore.QTimer(self, interval=POLL_MS)
        self._clock.timeout.connect(self._step)

    def start(self) -> None:
        """Begin with the first line as soon as the window is at rest."""
        self._since = time.monotonic()
        self._clock.start()

    def _step(self) -> None:
        if not self._is_idle():
            if self._works():
                self._since = time.monotonic()
            elif time.monotonic() - self._since > LIMIT_S:
                self._end(f"The views did not come to rest within {LIMIT_S:.0f} s.")
            return
        if problem := self._late():
            self._end(f"{self._last}: {problem}")
            return
        if not self._lines:
            self._end("")
            return
        self._last = line = self._lines.pop(0)
        self._since = time.monotonic()
        # The clock stands still meanwhile: a line may open a dialog, whose own event loop would call this again.
        self._clock.stop()
        problem = self._run(line)
        self._clock.start()
        if problem:
            self._end(f"{line}: {problem}")

    def _end(self, problem: str) -> None:
        self._clock.stop()
        if problem:
            logger.error("%s", problem)
        self._finished(1 if problem else 0)


def run_in_window(window: MainWindow, lines: Sequence[str], finished: Callable[[int], object]) -> None:
    """Run lines in a window, each when it is at rest, and all with the final look of the views.

    Where nobody sits in front of the window, what would arrive there later is waited for too: the motion used
    before, the similarity and the depths that come of it, and what plugins compute.
    """
    raster.warm_up()
    switches = (window.motion, window.localization)
    if window.scripted:
        for switch in switches:
            switch.restore(Priority.INTERACTIVE)
    settled = False

    def is_done() -> bool:
        # Twice in a row: the news of a worker reach the window only after it has ended.
        nonlocal settled
        late = (*switches, window.plugin_items)
        before, settled = settled, not window.scripted or all(part.settled for part in late)
        return before and settled and window.at_rest

    splitting = window.splitting
    splitting.take_problem()
    Script(
        lines,
        window.commands.run_line,
        is_done,
        finished,
        window,
        late=splitting.take_problem,
        works=lambda: splitting.running,
    ).start()
