"""What the program proposes to a curator, in the order of what it is worth, and what became of each proposal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal, Protocol

from phy_medicine.base.errors import ActionError
from phy_medicine.base.reasons import Reason, Speaks
from phy_medicine.base.types import IntArray
from phy_medicine.curation.actions import Delta

__all__ = ["Clusters", "Kind", "Reason", "Speaks", "Suggestion", "SuggestionQueue"]

Kind = Literal["merge", "split", "noise", "mua"]
About = tuple[Kind, tuple[int, ...]]
"""What a suggestion is about: its kind and its clusters."""
KINDS: tuple[Kind, ...] = ("merge", "split", "noise", "mua")
SURE = 0.7
"""Confidence from which a suggestion is recommended: that of which `docs/benchmarks.md` tells how many are wrong."""
MOST = 10_000
"""Suggestions that are kept, those of the largest gain."""
NOISE: Final = "noise"
MUA: Final = "mua"
_NOTHING = "No suggestion is looked at."


@dataclass(frozen=True, slots=True, eq=False)
class Suggestion:
    """One action that may be worth doing.

    cluster_ids : that it is about, ascending; of a split, of noise and of mua one
    gain : spikes that it is expected to put right: how many times how probably
    confidence : how probably it is right, 0..1
    source : what proposed it: a preset, a table of the sorter
    parts : of a split (n_spikes,) int32, the part of each spike of the cluster, spikes ascending; None until looked at
    """

    kind: Kind
    cluster_ids: tuple[int, ...]
    gain: float
    confidence: float
    reasons: tuple[Reason, ...] = ()
    source: str = ""
    parts: IntArray | None = None

    @property
    def about(self) -> About:
        """Kind and clusters, of which there is one suggestion at a time."""
        return self.kind, self.cluster_ids

    @property
    def recommended(self) -> bool:
        """Whether it is sure enough to be accepted without doubt."""
        return self.confidence >= SURE


class Clusters(Protocol):
    """What a queue asks about clusters, as they are now."""

    def contains(self, cluster_id: int) -> bool:
        """Whether a cluster lives."""

    def group(self, cluster_id: int) -> str | None:
        """Return the group of a living cluster, None without one."""

    def spikes_key(self, cluster_id: int) -> str:
        """Return what tells the spikes of a cluster from those of any other."""


@dataclass(frozen=True, slots=True)
class _Decision:
    about: About
    rejected: str  # the key that it added, "" for one that was put off


class SuggestionQueue:
    """Suggestions in the order of their gain, those that are recommended first, and the one that is looked at.

    An id never changes its spikes, so a suggestion is kept for as long as its clusters may come back: it is shown while
    all of them live, and an undo shows it again without being told. A suggestion is not shown either once it was
    rejected, nor where the groups of its clusters have decided: nothing is merged with noise or split off it, and noise
    and mua are proposed of clusters only that are in the group that they were in.

    Parameters
    ----------
    clusters : answers for the clusters as they are now
    rejected : keys of suggestions that are never shown, of earlier sessions
    """

    def __init__(self, clusters: Clusters, rejected: Iterable[str] = ()) -> None:
        self._clusters = clusters
        self._rejected = set(rejected)
        self._known: dict[About, Suggestion] = {}
        self._groups: dict[About, str | None] = {}
        self._late: dict[About, int] = {}
        self._n_late = 0
        self._done: dict[str, About] = {}
        self._passed: set[About] = set()
        self._keys: dict[About, str] = {}
        self._decisions: list[_Decision] = []
        self._kinds = frozenset(KINDS)
        self._open: tuple[Suggestion, ...] | None = None
        self._waiting: tuple[Suggestion, ...] | None = None
        self._current: About | None = None
        self._place = 0

    # What is there

    @property
    def open(self) -> tuple[Suggestion, ...]:
        """Suggestions to decide on, of every kind: recommended ones, less certain ones, those that were put off; among
        each the one of the largest gain first."""
        if self._open is None or self._waiting is None:
            self._open = tuple(sorted(filter(self._is_shown, self._known.values()), key=self._rank))
            self._waiting = tuple(s for s in self._open if s.kind in self._kinds)
        return self._open

    @property
    def waiting(self) -> tuple[Suggestion, ...]:
        """Those of the kinds that are walked through, in the same order."""
        everything = self.open
        return everything if self._waiting is None else self._waiting

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that are walked through, all of them by default."""
        return self._kinds

    @kinds.setter
    def kinds(self, kinds: frozenset[Kind]) -> None:
        self._kinds = kinds
        self._waiting = None

    @property
    def refused(self) -> tuple[Suggestion, ...]:
        """Suggestions that would be open if they had not been rejected, the one of the largest gain first."""
        if not self._rejected:
            return ()
        refused = (s for s in self._known.values() if self._may_be_shown(s) and self.key(s) in self._rejected)
        return tuple(sorted(refused, key=self._rank))

    @property
    def late(self) -> frozenset[About]:
        """What those that were put off are about."""
        return frozenset(self._late)

    @property
    def current(self) -> Suggestion | None:
        """The one that is looked at; where it is gone, the first that was not passed over."""
        place = self.place
        return None if place is None else self.waiting[place]

    @property
    def place(self) -> int | None:
        """Place of the current one among those that wait, None where nothing waits."""
        waiting = self.waiting
        if not waiting:
            return None
        place = next((i for i, s in enumerate(waiting) if s.about == self._current), None)
        if place is None:
            last = min(self._place, len(waiting) - 1)
            place = next((i for i, s in enumerate(waiting) if s.about not in self._passed), last)
            self._current = waiting[place].about
        self._place = place
        return place

    @property
    def rejected(self) -> frozenset[str]:
        """Keys of all that were rejected, to be kept."""
        return frozenset(self._rejected)

    def key(self, suggestion: Suggestion) -> str:
        """Return what a suggestion is about by the spikes of its clusters, so that it holds in another session.

        Its clusters must live.
        """
        about = suggestion.about
        if about not in self._keys:
            self._keys[about] = "-".join([about[0], *sorted(map(self._clusters.spikes_key, about[1]))])
        return self._keys[about]

    # Coming and going

    def offer(self, suggestions: Iterable[Suggestion]) -> None:
        """Add suggestions; one about the same as another takes its place, and its parts if it has none."""
        for new in suggestions:
            old = self._known.get(new.about)
            keeps = old is not None and new.parts is None and old.parts is not None
            self._known[new.about] = replace(new, parts=old.parts) if old is not None and keeps else new
            if all(map(self._clusters.contains, new.cluster_ids)):
                self._groups.setdefault(new.about, self._clusters.group(new.cluster_ids[0]))
        if len(self._known) > MOST:
            kept = sorted(self._known.values(), key=lambda s: -s.gain)[:MOST]
            self._known = {s.about: s for s in kept}
            for table in (self._groups, self._late, self._keys):
                for about in table.keys() - self._known.keys():
                    del table[about]
        self._waiting = None

    def withdraw(self, abouts: Iterable[About]) -> None:
        """Take suggestions back that nothing speaks for any more."""
        for about in abouts:
            self._known.pop(about, None)
        self._waiting = None

    def note(self, delta: Delta) -> None:
        """Take notice of an action, an undo or a redo: what it made void goes, what it brought back is there again."""
        self._waiting = None
        if delta.direction != "do":
            self._done.clear()  # what was undone may be done again, under other ids

    # Walking

    def coming(self, n: int) -> tuple[Suggestion, ...]:
        """Return the n that come after the current one."""
        place = self.place
        return () if place is None else self.waiting[place + 1 : place + 1 + n]

    def next(self) -> Suggestion | None:
        """Look at the one after the current one without deciding; at the end nothing happens."""
        return self._step(1)

    def previous(self) -> Suggestion | None:
        """Look at the one before the current one; at the beginning nothing happens."""
        return self._step(-1)

    def go_to(self, suggestion: Suggestion) -> None:
        """Look at a suggestion that waits.

        Raises
        ------
        ActionError : it does not wait
        """
        if suggestion.about not in {s.about for s in self.waiting}:
            raise ActionError("This suggestion is not open any more.")
        self._current = suggestion.about

    # Deciding

    def accept(self) -> Suggestion:
        """Return the current one to be done; the action makes it void, and its undo brings it back.

        Raises
        ------
        ActionError : nothing waits
        """
        suggestion = self._needed()
        self._done[self.key(suggestion)] = suggestion.about
        return suggestion

    def settle(self, delta: Delta) -> None:
        """Do not propose to join what an accepted split has just taken apart; delta : of the split."""
        for pair in combinations(sorted(delta.added), 2):
            self._done[self.key(Suggestion("merge", pair, 0.0, 0.0))] = ("split", delta.removed)
        self._waiting = None

    def reject(self) -> Suggestion:
        """Never show the current one again, and go on.

        Raises
        ------
        ActionError : nothing waits
        """
        suggestion = self._needed()
        key = self.key(suggestion)
        self._rejected.add(key)
        return self._decided(suggestion, key)

    def later(self) -> Suggestion:
        """Put the current one behind all others, and go on.

        Raises
        ------
        ActionError : nothing waits
        """
        suggestion = self._needed()
        self._n_late += 1
        self._late[suggestion.about] = self._n_late
        return self._decided(suggestion, "")

    def take_back(self, suggestion: Suggestion | None = None) -> Suggestion:
        """Take back the last reject or later, and look at that suggestion again if its clusters live.

        suggestion : one of `refused`, which is taken back instead

        Raises
        ------
        ActionError : nothing was rejected or put off
        """
        if suggestion is not None:
            self._rejected.discard(self.key(suggestion))
            self._decisions = [d for d in self._decisions if d.about != suggestion.about]
            self._waiting, self._current = None, suggestion.about
            return suggestion
        # What is not proposed any more, as after another preset was chosen, stays decided.
        place = next((i for i, d in reversed(list(enumerate(self._decisions))) if d.about in self._known), None)
        if place is not None:
            decision = self._decisions.pop(place)
            self._rejected.discard(decision.rejected)
            self._late.pop(decision.about, None)
            self._waiting, self._current = None, decision.about
            return self._known[decision.about]
        raise ActionError("No suggestion was rejected or put off here that could be taken back.")

    # Inside

    def _is_shown(self, suggestion: Suggestion) -> bool:
        return self._may_be_shown(suggestion) and not (self._rejected and self.key(suggestion) in self._rejected)

    def _may_be_shown(self, suggestion: Suggestion) -> bool:
        """Whether the clusters are there, and in groups that leave something to decide."""
        clusters = self._clusters
        if not all(map(clusters.contains, suggestion.cluster_ids)):
            return False
        groups = [clusters.group(c) for c in suggestion.cluster_ids]
        if suggestion.kind in (NOISE, MUA):
            # Offered before its cluster came: what it was in then is not known, and what it is in now counts.
            if groups[0] != self._groups.setdefault(suggestion.about, groups[0]) or groups[0] == suggestion.kind:
                return False
        elif NOISE in groups:
            return False
        # What was split and joined again, or joined and split, is not proposed once more under its new ids.
        return not self._done or self._done.get(self.key(suggestion), suggestion.about) == suggestion.about

    def _rank(self, suggestion: Suggestion) -> tuple[int, bool, float, Kind, tuple[int, ...]]:
        late = self._late.get(suggestion.about, 0)
        return late, not suggestion.recommended, -suggestion.gain, suggestion.kind, suggestion.cluster_ids

    def _needed(self) -> Suggestion:
        suggestion = self.current
        if suggestion is None:
            raise ActionError(_NOTHING)
        return suggestion

    def _decided(self, suggestion: Suggestion, key: str) -> Suggestion:
        self._decisions.append(_Decision(suggestion.about, key))
        self._waiting, self._current = None, None
        return suggestion

    def _step(self, step: int) -> Suggestion | None:
        place = self.place
        if place is None:
            return None
        waiting = self.waiting
        to = min(max(place + step, 0), len(waiting) - 1)
        if to > place:
            self._passed.add(waiting[place].about)
        self._passed.discard(waiting[to].about)
        self._current, self._place = waiting[to].about, to
        return waiting[to]
