"""The suggestions of a session: found in the background, walked through, and done as ordinary actions."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from psygnal import Signal

from phy_medicine.base.errors import ActionError
from phy_medicine.compute.pool import Priority
from phy_medicine.compute.suggesting.auto_merge import PRESETS
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.suggestions import About, Kind, Suggestion, SuggestionQueue
from phy_medicine.io.metric_cache import spikes_key
from phy_medicine.session.decisions import Decisions
from phy_medicine.session.label_finder import LabelFinder
from phy_medicine.session.merge_finder import MergeFinder, PairJudge
from phy_medicine.session.model_pairs import MODEL, ModelPairs
from phy_medicine.session.own_order import SETTING as OWN_ORDER
from phy_medicine.session.own_order import OwnOrder
from phy_medicine.session.preset_pairs import PresetPairs
from phy_medicine.session.reclustered import ReclusteredSplits
from phy_medicine.session.sorter_merges import SorterMerges
from phy_medicine.session.split_finder import SplitFinder

if TYPE_CHECKING:
    from phy_medicine.base.types import IntArray
    from phy_medicine.session.session import Session


DEFAULT = "default"
_AHEAD = 2
"""Suggestions after the one that is looked at whose parts are worked out."""


class Source(Protocol):
    """Finds suggestions of some kind, in the background, and tells of them through `Suggestions.offer`."""

    @property
    def busy(self) -> bool:
        """Whether it may find more."""

    @property
    def n_left(self) -> int:
        """How much it has still to look at, in units of its own."""

    def ask(self, cluster_ids: Sequence[int]) -> None:
        """Look at clusters that were not looked at before; returns at once."""

    def compute(self, cluster_ids: Sequence[int]) -> None:
        """Look at them here, in this thread."""

    def values(self, suggestion: Suggestion) -> dict[str, float]:
        """Return the numbers that are known of a suggestion of this source, by name."""

    def close(self) -> None:
        """Find nothing any more."""


@dataclass(frozen=True, slots=True)
class _Clusters:
    """What the queue asks, of a session."""

    session: Session
    keys: dict[int, str] = field(default_factory=dict)

    def contains(self, cluster_id: int) -> bool:
        return self.session.facts.contains(cluster_id)

    def group(self, cluster_id: int) -> str | None:
        return self.session.manager.group(cluster_id)

    def spikes_key(self, cluster_id: int) -> str:
        if cluster_id not in self.keys:  # an id never changes its spikes, and many suggestions are about one cluster
            n_spikes, digest = spikes_key(self.session.facts.spikes(cluster_id))
            self.keys[cluster_id] = f"{n_spikes}.{digest & (1 << 64) - 1:x}"
        return self.keys[cluster_id]


def _about(kind: Kind, cluster_ids: tuple[int, ...]) -> Suggestion:
    """A suggestion that says nothing but what it is about."""
    return Suggestion(kind, cluster_ids, 0.0, 0.0)


def _lacks_parts(suggestion: Suggestion) -> bool:
    return suggestion.kind == "split" and suggestion.parts is None


class Suggestions:
    """What the session proposes to do, the most useful first.

    Suggestions are found in any thread and enter the queue in the one that asks for it. What is accepted is an ordinary
    action that can be undone, which brings the suggestion back. What was rejected is kept beside the dataset, and does
    not come back when that is opened again.
    """

    changed = Signal()
    """Others wait than before, or another one is looked at; emitted in any thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._inbox: deque[tuple[tuple[Suggestion, ...], tuple[About, ...]]] = deque()
        self._clusters = _Clusters(session)
        self._queue: SuggestionQueue | None = None
        self.decisions = Decisions(session, self._key_of, lambda about: self._merges.values(_about(*about)))
        self.splits = SplitFinder(session, self._offer_two_kinds)
        self.reclustered = ReclusteredSplits(session, self.offer)
        wanted = str(session.configuration.get("suggestion_preset", DEFAULT))
        self._preset = wanted if wanted in self.presets else DEFAULT
        wants_own = session.configuration.get(OWN_ORDER, False) is True
        self.own_order = OwnOrder(self.decisions, self._order_again, on=wants_own)
        self._merges = MergeFinder(session, self.offer, self._pairs(), self.own_order.probability)
        self._sorter = SorterMerges(session, self.offer)
        self._sources: tuple[Source, ...] = (
            self._sorter, self.splits, self._merges, LabelFinder(session, self.offer), self.reclustered,
        )  # fmt: skip
        self._of_all = False
        self._most_left = 0
        session.manager.changed.connect(self._note)

    # What there is

    @property
    def queue(self) -> SuggestionQueue:
        """The queue, with everything that was found up to now; for the thread that changes the session."""
        if self._queue is None:
            rejected = [d.key for d in self.decisions.all.values() if not d.accepted]
            self._queue = SuggestionQueue(self._clusters, rejected)
        with self._lock:
            news = list(self._inbox)
            self._inbox.clear()
        for suggestions, gone in news:
            self._queue.withdraw(gone)
            self._queue.offer(suggestions)
        return self._queue

    @property
    def busy(self) -> bool:
        """Whether more may be found."""
        return any(source.busy for source in self._sources)

    @property
    def progress(self) -> float:
        """Part of what is to be looked at that was, 0..1."""
        left = sum(source.n_left for source in self._sources)
        self._most_left = max(self._most_left, left) if left else 0
        return 1 - left / self._most_left if left else 1.0

    @property
    def presets(self) -> tuple[str, ...]:
        """Names of the ways in which merges are found; those after the first two are of SpikeInterface."""
        return DEFAULT, MODEL, *PRESETS

    @property
    def preset(self) -> str:
        """The one in use."""
        return self._preset

    def choose_preset(self, name: str) -> None:
        """Find merges in another way; those that were found are taken back, what was decided stays.

        Raises
        ------
        ActionError : there is no such preset, or the dataset has not what it needs
        """
        if name not in self.presets:
            raise ActionError(f"There is no preset {name!r}; there are {', '.join(self.presets)}.")
        if name == MODEL and self._session.model.features is None:
            raise ActionError("Merges by a model need features of the spikes, and this dataset has none.")
        if name == self._preset:
            return
        self._preset = name
        self._merges.use(self._pairs())
        if self._of_all:
            for source in (self._sorter, self._merges):
                source.ask(self._session.cluster_ids)
        self.changed.emit()

    def ask_all(self) -> None:
        """Look for suggestions in the background, about all clusters and about those that later actions make."""
        self._of_all = True
        self.own_order.begin()
        self._ask(self._session.cluster_ids)

    def compute(self, cluster_ids: Sequence[int] | None = None) -> None:
        """Look for suggestions about clusters, all by default, here in this thread."""
        ids = self._session.cluster_ids if cluster_ids is None else cluster_ids
        self.own_order.begin()
        for source in self._sources:
            source.compute(ids)

    def look(self) -> Suggestion | None:
        """Return what is looked at, the parts of a split worked out; those of the next follow in the background."""
        queue = self.queue
        suggestion = queue.current
        if suggestion is not None and _lacks_parts(suggestion):
            self._take_parts(suggestion, self.splits.parts(suggestion.cluster_ids[0]))
        for following in filter(_lacks_parts, queue.coming(_AHEAD)):
            self._ask_parts(following)
        return self.queue.current

    # Deciding

    def accept(self) -> Delta:
        """Do what is looked at, as one action.

        Raises
        ------
        ActionError : nothing waits
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        queue, session = self.queue, self._session
        suggestion = queue.accept()
        self.decisions.accepting(queue.key(suggestion), self._values(suggestion))
        try:
            match suggestion.kind:
                case "merge":
                    return session.merge(suggestion.cluster_ids)
                case "split":
                    cluster_id = suggestion.cluster_ids[0]
                    delta = session.split(session.facts.spikes(cluster_id), self._parts(suggestion))
                    queue.settle(delta)
                    return delta
                case kind:
                    return session.move(kind, cluster_ids=suggestion.cluster_ids)
        finally:
            self.decisions.accepted()

    def reject(self) -> Suggestion:
        """Never propose again what is looked at, and go on.

        Raises
        ------
        ActionError : nothing waits
        """
        queue = self.queue
        suggestion = queue.reject()
        self.decisions.reject(queue.key(suggestion), self._values(suggestion))
        self.changed.emit()
        return suggestion

    def later(self) -> Suggestion:
        """Put what is looked at behind all others, and go on.

        Raises
        ------
        ActionError : nothing waits
        """
        suggestion = self.queue.later()
        self.changed.emit()
        return suggestion

    def take_back(self, suggestion: Suggestion | None = None) -> Suggestion:
        """Propose again what was rejected or put off last, or one that is named, of `queue.refused`.

        Raises
        ------
        ActionError : nothing was
        """
        queue = self.queue
        suggestion = queue.take_back(suggestion)
        self.decisions.take_back(queue.rejected)
        self.changed.emit()
        return suggestion

    # For sources

    def offer(self, suggestions: Iterable[Suggestion], withdrawn: Iterable[About] = ()) -> None:
        """Take what a source found, and take back what it does not stand by any more; in any thread."""
        found, gone = tuple(suggestions), tuple(withdrawn)
        if not found and not gone:
            return
        with self._lock:
            self._inbox.append((found, gone))
        self.changed.emit()

    def close(self) -> None:
        """Find nothing any more."""
        for source in self._sources:
            source.close()
        self.decisions.write_rest()

    # Inside

    def _key_of(self, about: About) -> str | None:
        """The key of what is about clusters that live, or did when theirs was worked out; None otherwise."""
        known = (c in self._clusters.keys or self._clusters.contains(c) for c in about[1])
        return self.queue.key(_about(*about)) if all(known) else None

    def _order_again(self) -> None:
        self._merges.rank_again()
        self.changed.emit()

    def _pairs(self) -> PairJudge | None:
        if self._preset == MODEL:
            return ModelPairs(self._session)
        return None if self._preset == DEFAULT else PresetPairs(self._session, self._preset)

    def _ask(self, cluster_ids: Sequence[int]) -> None:
        for source in self._sources:
            source.ask(cluster_ids)

    def _values(self, suggestion: Suggestion) -> dict[str, float]:
        found: dict[str, float] = {}
        for source in self._sources:
            found |= source.values(suggestion)
        return found

    def _ask_parts(self, suggestion: Suggestion) -> None:
        with suppress(RuntimeError):  # the session is closing
            self._session.pool.submit(
                ("parts", *suggestion.cluster_ids), self.splits.parts, suggestion.cluster_ids[0],
                priority=Priority.PREFETCH, on_done=lambda parts: self._take_parts(suggestion, parts),
            )  # fmt: skip

    def _take_parts(self, suggestion: Suggestion, parts: IntArray | None) -> None:
        if parts is not None:
            self._offer_two_kinds([replace(suggestion, parts=parts)])

    def _offer_two_kinds(self, suggestions: Iterable[Suggestion], withdrawn: Iterable[About] = ()) -> None:
        """Take splits into two kinds, but not of clusters that a model, which was asked for, has parts for."""
        self.offer([s for s in suggestions if not self.reclustered.has(s.cluster_ids[0])], withdrawn)

    def _parts(self, suggestion: Suggestion) -> IntArray:
        parts = self.splits.parts(suggestion.cluster_ids[0]) if suggestion.parts is None else suggestion.parts
        if parts is None:
            raise ActionError(f"It is not known which spikes of cluster {suggestion.cluster_ids[0]} are of which part.")
        return parts

    def _note(self, delta: Delta) -> None:
        self.decisions.note(delta)
        if self._queue is not None:
            self._queue.note(delta)
        if self._of_all and delta.added:
            self._ask(delta.added)
        self.changed.emit()
