"""The one split at a time that takes a while: its progress, how it is cancelled, and how it ends.

While it is worked out the window can be used for looking, and clusters and selection stay as they are: what would
change them is refused with a sentence. It is not kept for later, because it would then act on other clusters than those
that were seen, and it is not dropped in silence.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.compute.pool import Priority
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.filter_box import FilterEdit
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.session.actions import Action

if TYPE_CHECKING:
    from phy_medicine.compute.pool import Pool
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.model_features import Progress

T = TypeVar("T")
_SHOWN_EVERY_MS = 200


class LongSplit:
    """A split that is being worked out.

    words : says how far it is; stop : ends the work
    """

    def __init__(self, words: Callable[[], str], stop: Callable[[], object]) -> None:
        self.words, self.stop = words, stop


class _Cancelled(PhyMedError):
    """Ends work that nobody waits for any more."""


class PooledSplit(LongSplit):
    """A split that a function works out in a thread of the pool, and tells how far it is.

    title : what is worked out, the beginning of the words
    """

    def __init__(self, title: str, pool: Pool) -> None:
        super().__init__(self._words, self._stop)
        self._title, self._pool, self._cancelled = title, pool, False
        self._fraction, self._doing = 0.0, "Starting"

    def note(self, fraction: float, message: str) -> None:
        """Take note of how far it is; ends the work once it was cancelled; in the thread that works."""
        if self._cancelled:
            raise _Cancelled("The work was cancelled.")
        self._fraction, self._doing = fraction, message

    def _words(self) -> str:
        doing = f", {self._doing[:1].lower()}{self._doing[1:]}" if self._doing else ""
        return f"{self._title}: {self._fraction:.0%}{doing}; Esc cancels"

    def _stop(self) -> None:
        self._cancelled = True
        self._pool.cancel(self)


class Splitting(QtCore.QObject):
    """Keeps clusters and selection as they are until a long split is done, has failed, or was cancelled."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._hold = window.session.hold
        self._now: LongSplit | None = None
        self._problem = ""
        self._timer = QtCore.QTimer(self, interval=_SHOWN_EVERY_MS)
        self._timer.timeout.connect(self.show)

    def actions(self) -> tuple[Action, ...]:
        """Return how a split is cancelled."""
        return (
            Action("cancel_split", "Cancel the split", self.cancel,
                   "Stop working out a split, and change nothing; Esc does it too.", "Edit", "clusters",
                   when=lambda: self.running, why_not="No split is being worked out"),
        )  # fmt: skip

    @property
    def running(self) -> bool:
        """Whether a split is being worked out."""
        return self._now is not None

    def take_problem(self) -> str:
        """Return once why the last long split was not done, "" if it was."""
        problem, self._problem = self._problem, ""
        return problem

    def begin(self, split: LongSplit, doing: str) -> None:
        """Note that a split has begun; doing : what is going on, "A split is being read".

        Raises
        ------
        ActionError : another one is being worked out
        """
        self._hold.check()
        self._now, self._problem = split, ""
        self._hold.take(f"{doing}, and clusters and selection stay as they are until it is done; Esc cancels it.")
        QtWidgets.QApplication.instance().installEventFilter(self)
        self._window.menus.update_enabled()
        self._window.say("")  # how to use a lasso has been read
        self.show()
        self._timer.start()

    def work_out(
        self, title: str, doing: str, find: Callable[[Progress], T], then: Callable[[T], object], why: str
    ) -> None:  # fmt: skip
        """Work out a split in the pool, and go on with it in the window unless it was cancelled.

        title : the beginning of what says how far it is; doing : as of `begin`; find : is given what to tell it to
        then : called with what was found, in the GUI thread; why : what could not be done, if it goes wrong

        Raises
        ------
        ActionError : another one is being worked out
        """
        pool = self._window.session.pool
        split = PooledSplit(title, pool)
        self.begin(split, doing)
        pool.submit(
            split, find, split.note,
            priority=Priority.INTERACTIVE,
            on_done=lambda found: self.done(split, partial(then, found)),
            on_error=lambda error: self.failed(split, error, why),
        )  # fmt: skip

    def done(self, split: LongSplit, apply: Callable[[], object]) -> None:
        """End a split by applying it, unless it was cancelled; from any thread."""
        self._window.bridge.post(partial(self._done, split, apply))

    def failed(self, split: LongSplit, error: BaseException, why: str) -> None:
        """End a split that went wrong; why : what could not be done; from any thread."""
        self._window.bridge.post(partial(self._failed, split, error, why))

    def cancel(self) -> None:
        """Stop the work, and change nothing.

        Raises
        ------
        ActionError : no split is being worked out
        """
        if self._now is None:
            raise ActionError("No split is being worked out.")
        self._end()
        self._window.say("The split was cancelled, and nothing has changed.")

    def close(self) -> None:
        """Stop the work, because the window closes."""
        if self.running:
            self._end()

    def show(self) -> None:
        """Say how far it is."""
        if self._now is not None:
            self._window.status.show_progress(self._now.words())

    def _end(self) -> None:
        """Let go of clusters and selection."""
        split, self._now = self._now, None
        if split is not None:
            split.stop()
        self._timer.stop()
        self._hold.release()
        QtWidgets.QApplication.instance().removeEventFilter(self)
        self._window.status.show_progress("")
        self._window.menus.update_enabled()
        self._window.host.wake()

    def _done(self, split: LongSplit, apply: Callable[[], object]) -> None:
        if split is self._now:
            self._end()
            self._problem = self._window.commands.guard(apply)

    def _failed(self, split: LongSplit, error: BaseException, why: str) -> None:
        if split is not self._now:
            return
        self._end()
        self._problem = str(error)
        if not isinstance(error, PhyMedError):
            self._problem = f"The split was not done, because {why}: {error}. Nothing has changed."
            logger.error("%s", self._problem, exc_info=error)
        self._window.say(self._problem, logging.WARNING)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Take Esc while a split is worked out; a dialog, a menu or a line of text that is open is left first."""
        if event.type() not in (QtCore.QEvent.ShortcutOverride, QtCore.QEvent.KeyPress):
            return False
        if event.key() != Qt.Key_Escape or event.modifiers() != Qt.NoModifier or not has_keyboard(self._window):
            return False
        event.accept()
        if event.type() == QtCore.QEvent.KeyPress and self.running:
            self.cancel()
        return True


def has_keyboard(window: MainWindow) -> bool:
    """Whether keys go to a window and its docks, and to no dialog, menu or line of text."""
    app = QtWidgets.QApplication
    if app.activeModalWidget() is not None or app.activePopupWidget() is not None:
        return False
    focus, active = app.focusWidget(), app.activeWindow()
    if isinstance(focus, QtWidgets.QLineEdit) and not isinstance(focus, FilterEdit):
        return False
    return active is window or (isinstance(active, Dock) and active.parent() is window)
