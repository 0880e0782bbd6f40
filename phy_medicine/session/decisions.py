"""What the curator decided about suggestions, and by merges that were not suggested: kept, and taken back by undo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from psygnal import Signal

from phy_medicine.curation.actions import Action, Delta, Merge, SetGroup, Split
from phy_medicine.curation.suggestions import MUA, NOISE, About
from phy_medicine.io.suggestion_files import Decision, read_decisions, write_decisions

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

KeyOf = Callable[[About], str | None]
"""Gives the key of what is about clusters that live, or whose spikes are known; None otherwise."""
ValuesOf = Callable[[About], Mapping[str, float]]


class Decisions:
    """The last decision about each pair or cluster, kept beside the dataset unless that is read-only.

    What was done counts as accepted while it is in effect: an undo takes the decision back, and brings back the
    rejection that it replaced, if there was one; a redo puts it there again.

    key_of : see `KeyOf`; values_of : gives the numbers that are known of a pair, {} for none
    """

    changed = Signal(object)
    """A decision was made (a `Decision`) or taken back (its key, str); not of a read-only dataset."""

    def __init__(self, session: Session, key_of: KeyOf, values_of: ValuesOf) -> None:
        self._session, self._key_of, self._values_of = session, key_of, values_of
        self._known: dict[str, Decision] | None = None
        self._unwritten = False
        self._position = 0
        self._accepting: Decision | None = None
        self._coming: Decision | None = None
        # By the serial of an action: the decision that its undo took back, and the rejection that it had replaced.
        self._undone: dict[int, Decision] = {}
        self._replaced: dict[int, Decision] = {}
        session.saved.connect(lambda _report: self.write_rest())

    @property
    def all(self) -> Mapping[str, Decision]:
        """Decisions by key, the latest last; read when first needed."""
        return self._by_key

    def reject(self, key: str, values: Mapping[str, float]) -> None:
        """Keep that something was rejected."""
        self._keep(Decision(key, "rejected", dict(values)))
        self._write()

    def accepting(self, key: str, values: Mapping[str, float]) -> None:
        """Take notice that the action that comes next is a suggestion."""
        self._accepting = Decision(key, "accepted", dict(values))

    def accepted(self) -> None:
        """Take notice that it was done, or was not possible."""
        self._accepting = None
        self._write()

    def take_back(self, rejected: frozenset[str]) -> None:
        """Forget rejections that are not among those that still hold."""
        for key in [k for k, d in self._by_key.items() if not d.accepted and k not in rejected]:
            self._drop(key)
        self._replaced = {serial: d for serial, d in self._replaced.items() if d.key in rejected}
        self._write()

    def write_rest(self) -> None:
        """Write what was decided without a suggestion, which does not wait for the disk each time."""
        if self._unwritten:
            self._write()

    # Following the session

    def prepare(self, action: Action) -> None:
        """Take notice of an action before it is done: the clusters of a merge are known now, and gone afterwards."""
        self._coming = self._accepting
        if self._coming is None and isinstance(action, Merge) and len(action.cluster_ids) == 2:
            about: About = ("merge", (min(action.cluster_ids), max(action.cluster_ids)))
            values = self._values_of(about)
            key = self._key_of(about) if values else None
            self._coming = None if key is None else Decision(key, "accepted", dict(values))

    def note(self, delta: Delta) -> None:
        """Take notice of an action, an undo or a redo, after it was done."""
        history = self._session.manager.history
        before, self._position = self._position, history.position
        if delta.direction == "do":
            if self._coming is not None:
                self._do(self._coming, history.items[history.position - 1].serial)
            self._coming = None
            return
        low, high = sorted((before, history.position))
        items = history.items[low:high]
        for item in items if delta.direction == "redo" else reversed(items):
            if delta.direction == "redo":
                self._redo(item.serial)
            else:
                self._undo(item.serial, _about(item.action))

    # Inside

    def _do(self, decision: Decision, serial: int) -> None:
        old = self._by_key.get(decision.key)
        if old is not None and not old.accepted:
            self._replaced[serial] = old
        self._keep(decision)

    def _undo(self, serial: int, about: About | None) -> None:
        key = None if about is None else self._key_of(about)
        decision = None if key is None else self._by_key.get(key)
        if key is None or decision is None or not decision.accepted:
            return
        self._undone[serial] = decision
        self._drop(key)
        if serial in self._replaced:
            self._keep(self._replaced.pop(serial))

    def _redo(self, serial: int) -> None:
        if serial in self._undone:
            self._do(self._undone.pop(serial), serial)

    @property
    def _by_key(self) -> dict[str, Decision]:
        if self._known is None:
            self._known = {d.key: d for d in read_decisions(self._session.model.dir_path)}
        return self._known

    def _keep(self, decision: Decision) -> None:
        self._by_key.pop(decision.key, None)
        self._by_key[decision.key] = decision
        self._tell(decision)

    def _drop(self, key: str) -> None:
        if self._by_key.pop(key, None) is not None:
            self._tell(key)

    def _tell(self, news: Decision | str) -> None:
        self._unwritten = True
        if not self._session.read_only:
            self.changed.emit(news)

    def _write(self) -> None:
        self._unwritten = False
        if not self._session.read_only:
            write_decisions(self._session.model.dir_path, self._by_key.values())


def _about(action: Action) -> About | None:
    """What a suggestion would be about whose acceptance is this action."""
    match action:
        case Merge(cluster_ids=ids):
            return "merge", tuple(sorted(ids))
        case Split(old_ids=(cluster_id,)):
            return "split", (cluster_id,)
        case SetGroup(cluster_ids=(cluster_id,), group="noise"):
            return NOISE, (cluster_id,)
        case SetGroup(cluster_ids=(cluster_id,), group="mua"):
            return MUA, (cluster_id,)
    return None
