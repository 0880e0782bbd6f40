"""Evidence of pairs of clusters, worked out in the background and kept as long as there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import hypot, isnan, nan
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.compute.pairs.weigh import pair_evidence
from phy_medicine.session.extensions import Registry
from phy_medicine.session.pair_columns import PAIR_NAMES
from phy_medicine.session.pair_sides import PairSides
from phy_medicine.session.pair_weights import PairWeights
from phy_medicine.session.polite_values import PoliteValues

if TYPE_CHECKING:
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.session import Session

Pair = tuple[int, int]
"""Two clusters, the lower id first."""
Moved = tuple[float, float, float]
"""What depends on the motion in use: drift_cosine, distance_um, moved_um."""

N_CANDIDATES = 30
MOST_PAIRS = 100_000
"""Pairs that are kept, some 700 bytes each."""
_STILL, _MOVED = "pair", "motion of pair"


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the evidence that is worked out at once."""

    name: str
    function: Callable[[Pair], Any]


class PairFacts:
    """What is known of pairs of clusters, in either order.

    An id never changes its spikes, so that after a merge or a split only pairs of the new clusters are worked out, and
    after an undo none. What the motion in use changes is worked out again when another one is used.
    """

    arrived = Signal(object)
    """More is known, or less: names of columns, frozenset; in any thread, a few times a second at most."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._facts = session.facts
        self._similar = session.similar
        self.sides = PairSides(session)
        registry: Registry[_Part] = Registry(lambda: "", lambda part: part.name)
        for part in (_Part(_STILL, self._still), _Part(_MOVED, self._moved)):
            registry.add(part)
        self._values = _PairValues(
            "evidence", registry, session.extensions, plain=lambda value: value, facts=session.facts,
            pool=lambda: session.pool,
        )  # fmt: skip
        self._values.arrived.connect(lambda _names: self.arrived.emit(PAIR_NAMES))
        self.weights = PairWeights(session)
        self.weights.changed.connect(lambda: self.arrived.emit(PAIR_NAMES))

    # Asking

    def known(self, a: int, b: int) -> bool:
        """Tell whether the evidence of a pair needs no computing."""
        pair = _pair(a, b)
        return all(self._values.known(pair, name) for name in (_STILL, _MOVED))

    def peek(self, a: int, b: int) -> PairEvidence | None:
        """Return what is known of a pair, `a` first; None while it is not known, without asking for it."""
        pair = _pair(a, b)
        still, moved = self._values.peek(pair, _STILL), self._values.peek(pair, _MOVED)
        if still is None or moved is None:
            return None
        evidence: PairEvidence = replace(still, drift_cosine=moved[0], distance_um=moved[1], moved_um=moved[2])
        return evidence if a <= b else evidence.swapped

    def ask(self, pairs: Iterable[tuple[int, int]], *, first: bool = True) -> int:
        """Have pairs worked out in the background, and return how many are not known; first : before what waits."""
        wanted = list(dict.fromkeys(_pair(a, b) for a, b in pairs if a != b))
        return max(self._values.ask(name, wanted, first=first) for name in (_STILL, _MOVED))

    def compute(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Work out what is missing here, in this thread; of a cluster that is gone nothing."""
        wanted = list(dict.fromkeys(_pair(a, b) for a, b in pairs if a != b))
        for name in (_STILL, _MOVED):
            self._values.compute(name, wanted)

    def wait(self, pairs: Iterable[tuple[int, int]], timeout_s: float | None = None) -> int:
        """Have pairs worked out and wait for them; return how many values are not there in time."""
        return self._values.wait([_pair(a, b) for a, b in pairs if a != b], timeout_s)

    @property
    def busy(self) -> bool:
        """Whether something that was asked for is not known yet."""
        return self._values.busy

    def candidates(self, cluster_id: int, most: int = N_CANDIDATES) -> list[int]:
        """Return the clusters that may be the same neuron, the most similar by templates first.

        Those that share a channel with it, as seen or with the motion in use taken out. In a worker: comparing
        templates under a motion for the first time takes a second.
        """
        if not self._facts.contains(cluster_id):
            return []
        seen, aware = self._similar.template_rows(cluster_id), self._similar.aware_rows(cluster_id)
        best = {c: max(seen.get(c, nan), aware.get(c, nan), key=_number) for c in {**seen, **aware}}
        own = self._channels(cluster_id)
        near = [c for c, value in best.items() if value > 0 and (self._channels(c) & own or _at_rest(c, seen, aware))]
        return sorted(near, key=lambda c: (-best[c], c))[:most]

    def combined(self, a: int, b: int) -> float | None:
        """Return the combined number of a pair whose evidence is known, by the weights; None otherwise."""
        evidence = self.peek(a, b)
        return None if evidence is None else self.weights.combined(evidence, a, b)

    def rows(self, cluster_id: int) -> list[tuple[int, float]]:
        """Return the candidates of a cluster and their combined numbers, largest first; worked out in this thread."""
        others = self.candidates(cluster_id)
        self.compute((cluster_id, c) for c in others)
        known = {c: evidence for c in others if (evidence := self.peek(cluster_id, c)) is not None}
        values = self.weights.all_combined(known, cluster_id)
        return sorted(values.items(), key=lambda item: (-item[1], item[0]))

    # Following the session

    def note(self, delta: Delta) -> None:
        """Take notice of an action; called while it is done."""
        self._values.note(delta)

    def give_way(self) -> None:
        """Begin nothing for a moment, since something was selected."""
        self._values.give_way()

    def forget_motion(self) -> None:
        """Another motion or localization is in use."""
        self._values.forget(_MOVED)
        self.arrived.emit(PAIR_NAMES)

    def forget_signal(self) -> None:
        """The signal is filtered otherwise from now on."""
        self.sides.forget()
        self._values.forget(_STILL)
        self.arrived.emit(PAIR_NAMES)

    def close(self) -> None:
        """Work nothing out any more, and wait for the pair that is."""
        self._values.close()

    # Inside

    def _still(self, pair: Pair) -> PairEvidence:
        return pair_evidence(*self.sides.pair(*pair), self.sides.recorded)

    def _moved(self, pair: Pair) -> Moved:
        motion = self._session.motion.known
        (first, moved_first), (second, moved_second) = (self.sides.place_um(c, motion) for c in pair)
        distance = hypot(*(first - second))
        return self._similar.aware_value(*pair), distance, abs(moved_first - moved_second)

    def _channels(self, cluster_id: int) -> frozenset[int]:
        return frozenset(self._session.clusters.channels.of(cluster_id).tolist())


class _PairValues(PoliteValues[_Part, Pair, Any]):
    """Values of pairs, of which those that were worked out first are dropped when there are too many."""

    def _clusters(self, key: Pair) -> tuple[int, ...]:
        return key

    def _compute(self, name: str, key: Pair) -> None:
        super()._compute(name, key)
        with self._changed:
            values = self._values.get(name, {})
            while len(values) > MOST_PAIRS:
                del values[next(iter(values))]


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a <= b else (b, a)


def _number(value: float) -> float:
    """The value, the lowest of all for none."""
    return -2.0 if isnan(value) else value


def _at_rest(cluster_id: int, seen: Mapping[int, float], aware: Mapping[int, float]) -> bool:
    """Whether a cluster is alike with the motion taken out alone, so that its templates share a contact at rest."""
    return aware.get(cluster_id, 0.0) > max(seen.get(cluster_id, 0.0), 0.0)
