"""Splitting by lasso: at once where it is known what the lassos hold, else once a worker has read it.

While spikes are read the window can be used for looking, and clusters and selection stay as they are: what would change
them is refused with a sentence. It is not kept for later, because it would then act on other clusters than those that
were seen, and it is not dropped in silence.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.base.types import IntArray
from phy_medicine.compute.pieces import Pieces
from phy_medicine.compute.time_left import TimeLeft, in_words
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.filter_box import FilterEdit
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.session.actions import Action
from phy_medicine.views.lasso_work import LassoWork, Piece, union

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

_SHOWN_EVERY_MS = 200
_WAIT = "A split is being read, and clusters and selection stay as they are until it is done; Esc cancels it."


class _Reading:
    """A split that is being read.

    found : spikes inside, so far; seen : the time ranges that the lassos are of, in words
    """

    def __init__(self, known: IntArray, works: Sequence[LassoWork], seen: str) -> None:
        self.found = [known]
        self.seen = seen
        self.n_spikes = sum(work.n_spikes for work in works)
        self.n_read = 0
        self.pieces: Pieces[Piece] | None = None
        self._left = TimeLeft()

    def take(self, piece: Piece) -> None:
        """Note what was read."""
        self.found.append(piece.found)
        self.n_read += piece.n_read

    def words(self) -> str:
        """Return how far it is."""
        left = in_words(self._left.update(self.n_read / max(self.n_spikes, 1), time.monotonic()))
        count = f"Split: {self.n_read:,} of {self.n_spikes:,} spikes read"
        return f"{count}{', ' if left else ''}{left}; Esc cancels"


class LassoSplit(QtCore.QObject):
    """The window's command to split, and the one split that is being read."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._session = window.session
        self._reading: _Reading | None = None
        self._problem = ""
        self._timer = QtCore.QTimer(self, interval=_SHOWN_EVERY_MS)
        self._timer.timeout.connect(self._show)

    def actions(self) -> tuple[Action, ...]:
        """Return the window's actions on splits."""
        return (
            Action("split", "Split", self.start, "Split off the spikes inside the lasso, of every selected cluster.",
                   "Edit", "clusters", ("K",), "k", icon="fa5s.cut"),
            Action("cancel_split", "Cancel the split", self.cancel,
                   "Stop reading the spikes of a split, and change nothing; Esc does it too.", "Edit", "clusters",
                   when=lambda: self.running, why_not="No split is being read"),
        )  # fmt: skip

    @property
    def running(self) -> bool:
        """Whether a split is being read."""
        return self._reading is not None

    def take_problem(self) -> str:
        """Return once why the last split that was read was not done, "" if it was."""
        problem, self._problem = self._problem, ""
        return problem

    def start(self) -> None:
        """Split off all spikes inside the lassos of all views, once it is known which they are.

        Raises
        ------
        ActionError : no lasso holds a spike, or it cannot be known where all spikes belong
        ReadOnlyError : the dataset accepts no changes
        """
        self._session.hold.check()
        known, works = self._window.host.lasso_works()
        seen = self._window.host.lasso_ranges()
        if not works:
            self._split(known, seen)
            return
        self._session.storage.check_writable()
        self._read(_Reading(known, works, seen), works)

    def cancel(self) -> None:
        """Stop reading, and change nothing.

        Raises
        ------
        ActionError : no split is being read
        """
        if self._reading is None:
            raise ActionError("No split is being read.")
        self._end()
        self._window.say("The split was cancelled, and nothing has changed.")

    def close(self) -> None:
        """Stop reading, because the window closes."""
        if self.running:
            self._end()

    def _read(self, reading: _Reading, works: Sequence[LassoWork]) -> None:
        post = self._window.bridge.post
        self._reading, self._problem = reading, ""
        reading.pieces = Pieces(
            self._session.pool,
            chain.from_iterable(work.pieces() for work in works),
            on_item=reading.take,
            on_end=lambda: post(partial(self._done, reading, union(reading.found))),
            on_error=lambda error: post(partial(self._failed, reading, error)),
        )
        self._session.hold.take(_WAIT)
        QtWidgets.QApplication.instance().installEventFilter(self)
        self._window.menus.update_enabled()
        self._window.say("")  # how to use a lasso has been read
        self._show()
        self._timer.start()
        reading.pieces.start()

    def _show(self) -> None:
        if self._reading is not None:
            self._window.status.show_progress(self._reading.words())

    def _end(self) -> None:
        """Let go of clusters and selection."""
        reading, self._reading = self._reading, None
        if reading is not None and reading.pieces is not None:
            reading.pieces.cancel()
        self._timer.stop()
        self._session.hold.release()
        QtWidgets.QApplication.instance().removeEventFilter(self)
        self._window.status.show_progress("")
        self._window.menus.update_enabled()
        self._window.host.wake()

    def _done(self, reading: _Reading, spike_ids: IntArray) -> None:
        if reading is self._reading:
            self._end()
            self._problem = self._window.commands.guard(lambda: self._split(spike_ids, reading.seen))

    def _failed(self, reading: _Reading, error: BaseException) -> None:
        if reading is not self._reading:
            return
        self._end()
        self._problem = str(error)
        if not isinstance(error, PhyMedError):
            self._problem = (
                f"The split was not done, because its spikes could not be read: {error}. Nothing has changed."
            )
            logger.error("%s", self._problem, exc_info=error)
        self._window.say(self._problem, logging.WARNING)

    def _split(self, spike_ids: IntArray, seen: str) -> None:
        """Split, as one action."""
        if len(spike_ids) == 0:
            raise ActionError("No spikes selected, cannot split.")
        delta = self._session.split(spike_ids)
        self._window.host.clear_lassos()
        if seen:
            self._window.say(f"{delta.message} Only spikes of {seen} were split off: what the views show.")

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Take Esc while a split is read; a dialog, a menu or a line of text that is open is left first."""
        if event.type() not in (QtCore.QEvent.ShortcutOverride, QtCore.QEvent.KeyPress):
            return False
        if event.key() != Qt.Key_Escape or event.modifiers() != Qt.NoModifier or not self._has_keyboard():
            return False
        event.accept()
        if event.type() == QtCore.QEvent.KeyPress and self.running:
            self.cancel()
        return True

    def _has_keyboard(self) -> bool:
        app = QtWidgets.QApplication
        if app.activeModalWidget() is not None or app.activePopupWidget() is not None:
            return False
        focus, active = app.focusWidget(), app.activeWindow()
        if isinstance(focus, QtWidgets.QLineEdit) and not isinstance(focus, FilterEdit):
            return False
        return active is self._window or (isinstance(active, Dock) and active.parent() is self._window)
