"""Finds clusters that are one neuron: over-split, split by drift, or found twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from math import isfinite
from typing import TYPE_CHECKING, Protocol

from phy_medicine.base.reasons import Reason
from phy_medicine.compute.pairs.reasons import reasons
from phy_medicine.compute.pool import Priority
from phy_medicine.compute.suggesting.merging import TERMS, merge_probability, merge_terms, way_of
from phy_medicine.curation.suggestions import About, Suggestion

if TYPE_CHECKING:
    from phy_medicine.compute.pairs.evidence import PairEvidence
    from phy_medicine.session.session import Session

SOURCE = "default"
LEAST = 0.5
"""Probability from which a merge is shown; from `curation.suggestions.SURE` on it is recommended."""
_TASK = "candidates of merges"
_LEAST_COSINE = 0.6
"""Below, nothing else that is known can make up for it."""
_AT_ONCE, _JUDGED_AT_ONCE = 50, 10
"""Clusters whose candidates are found in one go; fewer where a preset looks at each pair for long."""

Pair = tuple[int, int]
Offer = Callable[[Iterable[Suggestion], Iterable[About]], None]
Rank = Callable[[Mapping[str, float]], float | None]


def no_rank(_values: Mapping[str, float]) -> None:
    """Rank every pair by the probability that it is suggested by."""


class PairJudge(Protocol):
    """Chooses pairs that are one neuron; asked in any thread."""

    @property
    def name(self) -> str:
        """What it is called."""

    def partners(self, cluster_id: int) -> list[int]:
        """Return the clusters that it would merge with one."""

    def reasons(self, pair: Pair) -> tuple[Reason, ...] | None:
        """Return why it would merge two living clusters, None if it would not."""

    def probability(self, pair: Pair) -> float | None:
        """Return how probably they are one, None where the evidence is to say that."""

    def fresh(self) -> PairJudge:
        """Return one that judges everything anew."""


class MergeFinder:
    """Suggests pairs by their evidence, which `session.pairs` works out in the background.

    preset : chooses the pairs instead of their evidence, which then only ranks them
    rank : gives the probability that a pair is ranked by, of what is known of it; None: the one it is suggested by
    """

    def __init__(self, session: Session, offer: Offer, preset: PairJudge | None = None, rank: Rank = no_rank) -> None:
        self._session, self._offer, self._preset, self._rank = session, offer, preset, rank
        self._lock = threading.Lock()
        # Held while suggestions go out, so that none of a preset follows its withdrawal.
        self._settling = threading.RLock()
        self._offered: set[Pair] = set()
        self._open: set[Pair] = set()
        self._settled: set[Pair] = set()
        self._looking: list[int] = []
        self._closed = False
        session.pairs.arrived.connect(lambda _names: self._settle())
        for changed in (session.motion.changed, session.localization.changed, session.data.filters.changed):
            changed.connect(lambda _what: self.again())

    @property
    def busy(self) -> bool:
        """Whether the evidence of some pairs is not known yet."""
        return bool(self._open or self._looking)

    @property
    def n_left(self) -> int:
        """How many pairs are not weighed yet; of clusters without candidates so far each counts as one."""
        return len(self._open) + len(self._looking)

    def ask(self, cluster_ids: Sequence[int]) -> None:
        """Weigh all pairs of these clusters in the background."""
        with self._lock:
            self._looking += cluster_ids
        self._submit()

    def compute(self, cluster_ids: Sequence[int], done: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Weigh all pairs of these clusters here."""
        pairs = self._pairs(cluster_ids)
        with self._lock:
            self._open |= set(pairs)
        for i in range(0, len(pairs), _AT_ONCE):
            self._session.pairs.compute(pairs[i : i + _AT_ONCE])
            done(min(i + _AT_ONCE, len(pairs)), len(pairs))
        self._settle()

    def again(self) -> None:
        """Weigh all pairs again: what they are weighed by has changed."""
        if self._preset is not None:
            self._judge_again(self._preset)
            return
        with self._lock:
            pairs = sorted(pair for pair in self._settled if self._alive(pair))
            self._open |= set(pairs)
            self._settled.clear()
        if pairs and not self._closed:
            self._session.pairs.ask(pairs, first=False)
            self._settle()

    def use(self, preset: PairJudge | None) -> None:
        """Take back what was suggested, and choose pairs otherwise from now on, of the clusters that are asked for."""
        with self._settling:
            with self._lock:
                gone: list[About] = [("merge", pair) for pair in sorted(self._offered)]
                for pairs in (self._open, self._settled, self._offered):
                    pairs.clear()
                self._looking.clear()
                self._preset = preset
            self._offer((), gone)

    def rank_again(self) -> None:
        """Suggest the same pairs by the probabilities that `rank` gives now."""
        with self._settling:
            with self._lock:
                known = [(pair, self._session.pairs.peek(*pair)) for pair in sorted(self._offered)]
            found = [self._suggestion(pair, evidence) for pair, evidence in known if evidence is not None]
            self._offer([s for s in found if s is not None], ())

    def values(self, suggestion: Suggestion) -> dict[str, float]:
        """Return the evidence of a pair and its terms, nothing for others."""
        if suggestion.kind != "merge" or len(suggestion.cluster_ids) != 2:
            return {}
        evidence = self._session.pairs.peek(*suggestion.cluster_ids)
        return {} if evidence is None else values_of(evidence)

    def close(self) -> None:
        """Find nothing any more."""
        self._closed = True
        with self._lock:
            self._looking.clear()
            self._open.clear()

    # Inside

    def _submit(self) -> None:
        try:
            self._session.pool.submit(_TASK, self._look, priority=Priority.BACKGROUND)
        except RuntimeError:  # the session is closing
            self.close()

    def _look(self) -> None:
        """Find candidates, in a thread of the pool."""
        with self._lock:
            preset = self._preset
            clusters = self._looking[: _AT_ONCE if preset is None else _JUDGED_AT_ONCE]
        pairs = self._pairs(clusters)
        with self._lock:
            if preset is not self._preset:
                return  # who chose it has asked again
            del self._looking[: len(clusters)]
            if self._closed:
                return
            self._open |= set(pairs)
            more = bool(self._looking)
        self._session.pairs.ask(pairs, first=False)
        self._settle()
        if more:
            self._submit()

    def _pairs(self, cluster_ids: Iterable[int]) -> list[Pair]:
        found = {(min(c, o), max(c, o)) for c in cluster_ids for o in self._alike(c)}
        with self._lock:
            return sorted(found - self._settled)

    def _alike(self, cluster_id: int) -> list[int]:
        """The candidates that are alike enough for the evidence to be worth working out, or those of the preset."""
        if self._preset is not None:
            return self._preset.partners(cluster_id)
        similar, facts = self._session.similar, self._session.facts
        if not facts.contains(cluster_id):
            return []
        seen, aware = similar.template_rows(cluster_id), similar.aware_rows(cluster_id)
        near = self._session.pairs.candidates(cluster_id)
        return [c for c in near if max(seen.get(c, 0.0), aware.get(c, 0.0)) >= _LEAST_COSINE]

    def _alive(self, pair: Pair) -> bool:
        return all(map(self._session.facts.contains, pair))

    def _judge_again(self, preset: PairJudge) -> None:
        """Let a preset judge everything once more that it has judged."""
        with self._lock:
            known = bool(self._settled or self._open or self._looking or self._offered)
        self.use(preset.fresh())
        if known and not self._closed:
            self.ask(self._session.cluster_ids)

    def _settle(self) -> None:
        """Suggest what is known by now, and take back what nothing speaks for any more."""
        found: list[Suggestion] = []
        poor: list[About] = []
        with self._settling:
            with self._lock:
                for pair in list(self._open):
                    evidence = self._session.pairs.peek(*pair)
                    if evidence is None:
                        if not self._alive(pair):
                            self._open.discard(pair)
                        continue
                    self._open.discard(pair)
                    self._settled.add(pair)
                    suggestion = self._suggestion(pair, evidence)
                    if suggestion is None:
                        poor.append(("merge", pair))
                    else:
                        self._offered.add(pair)
                        found.append(suggestion)
            self._offer(found, poor)

    def _suggestion(self, pair: Pair, evidence: PairEvidence) -> Suggestion | None:
        preset = self._preset
        told = None if preset is None else preset.probability(pair)
        likely = merge_probability(evidence) if told is None else told
        # Of a preset a pair of clusters that are gone is not judged; an undo asks for it.
        why = (preset.reasons(pair) if self._alive(pair) else None) if preset is not None else ()
        if why is None or (preset is None and likely < LEAST):
            return None
        own = self._rank(values_of(evidence))
        ranked, source = likely if own is None else own, SOURCE if preset is None else preset.name
        named = {reason.name for reason in why}
        said = (*_own(own), *why, *(reason for reason in reasons(evidence) if reason.name not in named))
        return Suggestion("merge", pair, ranked * min(evidence.n_spikes), likely, said, f"{source}, {way_of(evidence)}")


def _own(probability: float | None) -> tuple[Reason, ...]:
    """What the curator's own decisions say of a pair."""
    if probability is None:
        return ()
    text = f"your own decisions: {probability:.2f}"
    return (Reason(text, "own_decisions", probability, "for" if probability >= LEAST else "against"),)


def values_of(evidence: PairEvidence) -> dict[str, float]:
    """Return the finite numbers of a pair by name, what they are added up from among them."""
    numbers = {f.name: getattr(evidence, f.name) for f in fields(evidence) if f.name != "n_spikes"}
    numbers |= {f"term_{name}": term for name, term in zip(TERMS, merge_terms(evidence), strict=True)}
    return {name: float(value) for name, value in numbers.items() if isfinite(value)}
