"""What the job "recluster" found: a row for each cluster, and the splits that it proposes as suggestions."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.compute.mixture.parts_evidence import PartsEvidence, PartTrains
from phy_medicine.compute.pool import Priority
from phy_medicine.curation.suggestions import NOISE, Suggestion
from phy_medicine.session.merge_finder import Offer

if TYPE_CHECKING:
    from phy_medicine.io.store_runs import Run
    from phy_medicine.session.session import Session

KIND = "recluster"
SOURCE = "mixture model"
UNSORTED = "unsorted"
"""What clusters without a group are called."""
_MOST_RUNS = 20
"""The newest runs that splits are taken from."""


@dataclass(frozen=True, slots=True, eq=False)
class Reclustered:
    """What was found of one cluster.

    evidence : what speaks for its parts; problem : why it could not be looked at, a sentence
    spike_ids : (n,) int64 ascending, parts : (n,) int32, certainty : (n,) float32; empty with one part
    """

    cluster_id: int
    evidence: PartsEvidence
    problem: str
    spike_ids: IntArray
    parts: IntArray
    certainty: FloatArray

    @property
    def proposed(self) -> bool:
        """Whether it is proposed to be split."""
        return self.evidence.proposed

    @property
    def verdict(self) -> str:
        """In a few words."""
        return self.problem or self.evidence.verdict

    def still(self, session: Session) -> bool:
        """Whether the cluster has the spikes that were looked at."""
        facts = session.facts
        return facts.contains(self.cluster_id) and np.array_equal(facts.spikes(self.cluster_id), self.spike_ids)

    def suggestion(self, source: str = SOURCE) -> Suggestion:
        """Return the split as a suggestion."""
        known = self.evidence
        return Suggestion(
            "split", (self.cluster_id,), known.gain, known.probability, known.reasons, source, self.parts
        )  # fmt: skip


def reclustered(arrays: Mapping[str, AnyArray], facts: Mapping[str, Any]) -> tuple[Reclustered, ...]:
    """Return what a result of the job says of each cluster; arrays and facts as of `compute.mixture.recluster.run`."""
    problems, joined = (dict(facts.get(name) or {}) for name in ("problems", "joined"))
    found = []
    first = arrays["first_row"]
    for row, cluster_id in enumerate(arrays["cluster_ids"].tolist()):
        own = slice(int(first[row]), int(first[row + 1]))
        parts = frozen(np.ascontiguousarray(arrays["parts"][own]))
        sizes = tuple(np.bincount(parts).tolist()) if len(parts) else (int(arrays["n_spikes"][row]),)
        a, b = arrays["pair"][row].tolist()
        trains = PartTrains(
            (a, b), int(arrays["pairs"][row]), float(arrays["expected"][row]), float(arrays["together"][row])
        )
        evidence = PartsEvidence(
            sizes, float(arrays["depth"][row]), float(arrays["log_evidence"][row]), int(arrays["n_uncertain"][row]),
            trains, joined.get(str(cluster_id), ""),
        )  # fmt: skip
        spike_ids, certainty = (frozen(np.ascontiguousarray(arrays[name][own])) for name in ("spike_ids", "certainty"))
        found.append(Reclustered(cluster_id, evidence, problems.get(str(cluster_id), ""), spike_ids, parts, certainty))
    return tuple(found)


class ReclusteredSplits:
    """Suggests the splits of the runs in the store, the newest first, of clusters that still have the same spikes."""

    n_left = 0

    def __init__(self, session: Session, offer: Offer) -> None:
        self._session, self._offer = session, offer
        self._lock = threading.Lock()
        self._known: dict[int, Reclustered] | None = None
        self._names: dict[int, str] = {}
        self._wanted: set[int] = set()

    @property
    def busy(self) -> bool:
        """Whether runs are being read."""
        return bool(self._wanted)

    def ask(self, cluster_ids: Sequence[int]) -> None:
        """Offer what the runs say of these clusters; read in the background the first time."""
        if self._known is not None:
            self._offer_of(cluster_ids)
            return
        with self._lock:
            begun, self._wanted = bool(self._wanted), self._wanted | set(cluster_ids)
        if not begun and self._wanted:
            with suppress(RuntimeError):  # the session is closing
                self._session.pool.submit("reclustered", self._read_wanted, priority=Priority.PREFETCH)

    def compute(self, cluster_ids: Sequence[int]) -> None:
        """Offer what the runs say of these clusters."""
        if self._known is None:
            self._read()
        self._offer_of(cluster_ids)

    def take(self, run: Run) -> None:
        """Offer the splits of a run, if it is one of these; in any thread."""
        if run.kind != KIND:
            return
        found = list(self._of(run))
        with self._lock:
            if self._known is not None:
                self._add(found, run.name)
        if self._known is None:
            self._read()
        self._offer_of([one.cluster_id for one in found])

    def has(self, cluster_id: int) -> bool:
        """Whether a split of a cluster is proposed by a model."""
        known = self._known or {}
        return cluster_id in known and known[cluster_id].proposed and known[cluster_id].still(self._session)

    def values(self, suggestion: Suggestion) -> dict[str, float]:
        """Return the numbers of a split by a model, nothing for others."""
        one = (self._known or {}).get(suggestion.cluster_ids[0]) if suggestion.source.startswith(SOURCE) else None
        if one is None:
            return {}
        known = one.evidence
        values = {
            "n_parts": len(known.sizes), "depth": known.depth, "log_evidence": known.log_evidence,
            "dip": known.trains.dip, "together": known.trains.together,
        }  # fmt: skip
        return {name: float(value) for name, value in values.items() if isfinite(value)}

    def close(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._known, self._wanted = {}, set()

    # Inside

    def _read_wanted(self) -> None:
        try:
            self._read()
        finally:
            with self._lock:
                wanted, self._wanted = self._wanted, set()
            self._offer_of(sorted(wanted))

    def _read(self) -> None:
        runs = list(self._session.store.runs(KIND))[-_MOST_RUNS:]
        read = [(run.name, list(self._of(run))) for run in runs]
        with self._lock:
            if self._known is None:
                self._known = {}
                for name, found in read:
                    self._add(found, name)

    def _of(self, run: Run) -> Iterator[Reclustered]:
        try:
            yield from reclustered(self._session.store.read(run.id), run.facts)
        except (PhyMedError, KeyError, IndexError, ValueError) as error:
            logger.warning("The splits of %s cannot be read: %s", run.name, error)

    def _add(self, found: Sequence[Reclustered], name: str) -> None:
        assert self._known is not None
        for one in found:
            self._known[one.cluster_id] = one
            self._names[one.cluster_id] = name

    def _offer_of(self, cluster_ids: Sequence[int]) -> None:
        known = self._known or {}
        found = [
            one for c in cluster_ids if (one := known.get(c)) is not None and one.proposed and one.still(self._session)
        ]
        self._offer([one.suggestion(source_of(self._names[one.cluster_id])) for one in found], ())


def source_of(name: str) -> str:
    """Return what suggestions of a run of this name say of where they come from."""
    return f"{SOURCE}, {name}"


def groups_of(session: Session) -> tuple[str, ...]:
    """Return the groups that have clusters."""
    return tuple(sorted({session.manager.group(c) or UNSORTED for c in session.cluster_ids}))


def suggested(session: Session) -> dict[str, Any]:
    """Return what the dialog begins with: the selected clusters."""
    return {"clusters": ", ".join(map(str, session.selection.cluster_ids))}


def members(session: Session, groups: Sequence[str]) -> list[int]:
    """Return the clusters of groups, or without any of all groups but noise.

    Raises
    ------
    ActionError : there are none
    """
    group_of = {c: session.manager.group(c) or UNSORTED for c in session.cluster_ids}
    found = [c for c, group in group_of.items() if (group in groups if groups else group != NOISE)]
    if not found:
        what = f"no cluster in the group {' or '.join(groups)}" if groups else "no cluster that is not noise"
        raise ActionError(f"There is {what}; the groups with clusters are: {', '.join(groups_of(session))}.")
    return sorted(found)


def split_each(session: Session, found: Sequence[Reclustered]) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Do the splits that are proposed, each as an action, and return each cluster with those that came of it.

    Those that were rejected before, and clusters that do not have the same spikes any more, are left as they are.

    Raises
    ------
    ReadOnlyError, JournalError : an action cannot be kept safe; those before it are done
    """
    suggestions, done = session.suggestions, []
    wanted = [one for one in found if one.proposed and one.still(session)]
    suggestions.offer([one.suggestion() for one in wanted])
    rejected = {suggestion.about for suggestion in suggestions.queue.refused}
    for one in wanted:
        if ("split", (one.cluster_id,)) in rejected:
            continue
        delta = session.split(one.spike_ids, one.parts)
        suggestions.queue.settle(delta)
        done.append((one.cluster_id, tuple(sorted(delta.added))))
    return tuple(done)
