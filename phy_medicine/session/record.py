"""Keeps the record of a curation, when that is wanted: what was shown, for how long, and what was decided."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from psygnal import Signal

from phy_medicine.base.log import logger
from phy_medicine.curation.actions import GROUP, Delta
from phy_medicine.curation.selection import Selection
from phy_medicine.curation.stopwatch import Stopwatch
from phy_medicine.io.durable import iso_time, reason
from phy_medicine.io.viewing_record import Viewing, append_viewing

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

IDLE_S = 60.0
"""Nobody is thought to look any more when no key was pressed and the mouse did not move for so long."""
_SHORTEST_S = 0.1
"""What was passed over faster, with keys held down, was not looked at."""


class Recorder:
    """Off until `start`; whoever shows the session tells of activity and keys.

    clock : s, never goes back; now : the time as it is written
    """

    changed = Signal()
    """It was started or stopped."""

    def __init__(
        self, session: Session, *, clock: Callable[[], float] = time.monotonic, now: Callable[[], str] = iso_time
    ) -> None:
        self._session, self._clock, self._now = session, clock, now
        self._watch = Stopwatch(IDLE_S)
        self._sitting = now()
        self._shown, self._since, self._n_keys = Selection(), "", 0
        self.on = False

    def start(self) -> None:
        """Begin to record; nothing happens when it is on already.

        Raises
        ------
        ReadOnlyError : the dataset accepts no changes, so nothing is written beside it
        """
        if self.on:
            return
        self._session.storage.check_writable()
        self.on = True
        self._begin(self._session.selection.current)
        self._session.selection.changed.connect(self._selected)
        self._session.clusters.changed.connect(self._decided)
        self.changed.emit()

    def stop(self) -> None:
        """Write what is shown now, and record nothing more."""
        if not self.on:
            return
        self._end()
        if self.on:  # it may have been stopped by a full disk
            self._disconnect()

    def activate(self, active: bool) -> None:
        """Note whether the window is the one that has the keyboard."""
        (self._watch.activate if active else self._watch.deactivate)(self._clock())

    def touch(self, *, key: bool = False) -> None:
        """Note that somebody is there; key : a key was pressed."""
        self._watch.touch(self._clock())
        self._n_keys += key

    def flush(self) -> None:
        """Write what is shown now, up to here, so that whoever reads the record finds all of it."""
        if self.on:
            self._end()

    def _selected(self, selection: Selection) -> None:
        self._end()
        self._begin(selection)

    def _decided(self, delta: Delta) -> None:
        of = tuple(delta.removed or delta.changed)
        prefix = "" if delta.direction == "do" else f"{delta.direction} "
        self._end(prefix + delta.kind, of, delta.added, _value(delta))

    def _begin(self, selection: Selection) -> None:
        self._shown, self._since = selection, self._now()
        self._watch.lap(self._clock())

    def _end(self, decision: str = "", of: tuple[int, ...] = (), new: tuple[int, ...] = (), value: str = "") -> None:
        seconds = self._watch.lap(self._clock())
        shown, since, self._since = self._shown, self._since, self._now()
        if not decision and (not shown.cluster_ids or seconds < _SHORTEST_S):
            return  # the keys that led past it count for what they led to
        keys, self._n_keys = self._n_keys, 0
        viewing = Viewing(
            self._sitting, since, shown.best_ids, shown.similar_ids, round(seconds, 3), keys, decision, of, new, value
        )  # fmt: skip
        try:
            append_viewing(self._session.model.dir_path, viewing)
        except OSError as error:
            logger.warning("The record of the curation could not be written (%s); it is off now.", reason(error))
            self._disconnect()

    def _disconnect(self) -> None:
        self.on = False
        self._session.selection.changed.disconnect(self._selected)
        self._session.clusters.changed.disconnect(self._decided)
        self.changed.emit()


def _value(delta: Delta) -> str:
    """The group that was given, or field and value of a label; "" where several cells were set."""
    values = {str(v) for v in delta.after.get(delta.field, {}).values() if v is not None}
    if not delta.field or delta.kind not in ("group", "label") or len(values) > 1:
        return ""
    value = next(iter(values), "")
    return value if delta.field == GROUP else f"{delta.field}={value}"
