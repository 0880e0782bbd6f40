"""Splitting by lasso: at once where it is known what the lassos hold, else once a worker has read it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.compute.pieces import Pieces
from phy_medicine.compute.time_left import TimeLeft, in_words
from phy_medicine.gui.splitting import LongSplit
from phy_medicine.session.actions import Action
from phy_medicine.views.lasso_work import LassoWork, Piece, union

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class _Reading:
    """The spikes of a split as they are read.

    found : spikes inside, so far; seen : the time ranges that the lassos are of, in words
    """

    def __init__(self, known: IntArray, works: Sequence[LassoWork], seen: str) -> None:
        self.found = [known]
        self.seen = seen
        self.n_spikes = sum(work.n_spikes for work in works)
        self.n_read = 0
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


class LassoSplit:
    """The window's command to split by lasso."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._reading: _Reading | None = None
        self.offered: Callable[[], Sequence[IntArray]] = lambda: ()
        """Gives spikes to be split off as well, which plugins have chosen."""

    def actions(self) -> tuple[Action, ...]:
        """Return the window's actions on splits."""
        return (
            Action("split", "Split", self.start, "Split off the spikes inside the lasso, of every selected cluster.",
                   "Edit", "clusters", ("K",), "k", icon="fa5s.cut"),
        )  # fmt: skip

    def start(self) -> None:
        """Split off all spikes inside the lassos of all views, once it is known which they are.

        Raises
        ------
        ActionError : no lasso holds a spike, or it cannot be known where all spikes belong
        ReadOnlyError : the dataset accepts no changes
        """
        supposed = self._session.suppose.current
        if supposed is not None and not supposed.is_merge:
            self._session.suppose.accept()
            self._window.host.clear_lassos()
            return
        self.find(self._split, changes=True)

    def find(self, then: Callable[[IntArray, str], object], *, changes: bool) -> None:
        """Call a function with the spikes inside the lassos, and the time ranges they are of in words.

        changes : it will change the dataset, so nothing is read when that cannot be

        Raises
        ------
        ActionError : it cannot be known where all spikes belong
        ReadOnlyError : the dataset accepts no changes
        """
        self._session.hold.check()
        known, works = self._window.host.lasso_works()
        known = union([known, *self.offered()])
        seen = self._window.host.lasso_ranges()
        if not works:
            then(known, seen)
            return
        if changes:
            self._session.storage.check_writable()
        self._read(_Reading(known, works, seen), works, then)

    def _read(self, reading: _Reading, works: Sequence[LassoWork], then: Callable[[IntArray, str], object]) -> None:
        splitting, self._reading = self._window.splitting, reading
        pieces = Pieces(
            self._session.pool,
            chain.from_iterable(work.pieces() for work in works),
            on_item=reading.take,
            on_end=lambda: splitting.done(split, partial(then, union(reading.found), reading.seen)),
            on_error=lambda error: splitting.failed(split, error, "its spikes could not be read"),
        )
        split = LongSplit(reading.words, pieces.cancel)
        splitting.begin(split, "A split is being read")
        pieces.start()

    def _split(self, spike_ids: IntArray, seen: str) -> None:
        """Split, as one action."""
        if len(spike_ids) == 0:
            raise ActionError("No spikes selected, cannot split.")
        delta = self._session.split(spike_ids)
        self._window.host.clear_lassos()
        if seen:
            self._window.say(f"{delta.message} Only spikes of {seen} were split off: what the views show.")
