"""Finds clusters that are noise, or several neurons, by their quality metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING

from phy_medicine.compute.suggesting.labelling import NAMES, LabelEvidence, mua, noise
from phy_medicine.curation.suggestions import MUA, NOISE, Kind, Suggestion
from phy_medicine.session.merge_finder import Offer
from phy_medicine.session.quality_columns import REFRACTORY_MS

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

SOURCE = "default"
LEAST = 0.5
"""Probability from which a label is suggested."""
_NAMED = 0.1
"""A label puts no spike right, it names what is wrong: counted as so much of a spike put right."""


class LabelFinder:
    """Suggests noise and mua of clusters whose quality metrics are known, which the session computes in any case."""

    def __init__(self, session: Session, offer: Offer) -> None:
        self._session, self._offer = session, offer
        self._lock = threading.Lock()
        self._open: set[int] = set()
        session.quality.arrived.connect(lambda _names: self._settle())

    @property
    def busy(self) -> bool:
        """Whether metrics of some clusters are not known yet."""
        return bool(self._open)

    @property
    def n_left(self) -> int:
        """How many clusters wait for their metrics."""
        return len(self._open)

    def ask(self, cluster_ids: Sequence[int]) -> None:
        """Have the metrics computed, in the background, and look at clusters as soon as they are known."""
        with self._lock:
            self._open |= set(cluster_ids)
        for name in NAMES:
            self._session.quality.ask(name, cluster_ids, first=False)
        self._settle()

    def compute(self, cluster_ids: Sequence[int], done: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Look at clusters here."""
        with self._lock:
            self._open |= set(cluster_ids)
        self._session.quality.compute(cluster_ids, NAMES, done)
        self._settle()

    def values(self, suggestion: Suggestion) -> dict[str, float]:
        """Return the metrics of a cluster, nothing for merges and splits."""
        if suggestion.kind not in (NOISE, MUA):
            return {}
        return {n: v for n, v in self._metrics(suggestion.cluster_ids[0]).items() if isfinite(v)}

    def close(self) -> None:
        """Find nothing any more."""
        with self._lock:
            self._open.clear()

    # Inside

    def _settle(self) -> None:
        quality, facts = self._session.quality, self._session.facts
        found: list[Suggestion] = []
        with self._lock:
            for cluster_id in list(self._open):
                if not facts.contains(cluster_id):
                    self._open.discard(cluster_id)
                elif all(quality.known(cluster_id, name) for name in NAMES):
                    self._open.discard(cluster_id)
                    found += self._suggestions(cluster_id)
        self._offer(found, ())

    def _suggestions(self, cluster_id: int) -> list[Suggestion]:
        """Noise if it is that, else mua if it is that."""
        n_spikes, duration_s = len(self._session.facts.spikes(cluster_id)), self._session.model.duration_s
        values = self._metrics(cluster_id)
        expected = 2 * n_spikes**2 * REFRACTORY_MS / 1000 / duration_s if duration_s > 0 else 0.0
        weighed: tuple[tuple[Kind, LabelEvidence], ...] = (
            (NOISE, noise(values, n_spikes, expected)), (MUA, mua(values, n_spikes)),
        )  # fmt: skip
        likely = [_suggestion(kind, cluster_id, found) for kind, found in weighed if found.probability >= LEAST]
        return likely[:1]

    def _metrics(self, cluster_id: int) -> dict[str, float]:
        peek = self._session.quality.peek
        return {name: nan if (value := peek(cluster_id, name)) is None else float(value) for name in NAMES}


def _suggestion(kind: Kind, cluster_id: int, found: LabelEvidence) -> Suggestion:
    gain = _NAMED * found.probability * found.spikes
    return Suggestion(kind, (cluster_id,), gain, found.probability, found.reasons, SOURCE)
