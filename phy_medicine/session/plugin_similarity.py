"""Similarities of clusters that plugins compute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.pool import Priority
from phy_medicine.curation.similarity import N_SIMILAR
from phy_medicine.session.cluster_values import ClusterValues
from phy_medicine.session.extensions import Extensions, Problem, Similarity

if TYPE_CHECKING:
    from phy_medicine.compute.pool import Pool
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.facts import SessionFacts

Row = dict[int, float]


class SimilarityValues(ClusterValues[Similarity, Row]):
    """Rows of the similarity table by name and reference cluster, kept until clusters come or go.

    patience_s : how long a question waits for a function that was quick before, s; None: as long as it takes, in the
    thread that asks
    """

    patience_s: float | None = None

    def __init__(self, extensions: Extensions, facts: SessionFacts, pool: Callable[[], Pool]) -> None:
        registry = extensions.similarities
        super().__init__("similarity", registry, extensions, plain=plain_row, facts=facts, pool=pool)
        self._slow: set[str] = set()

    def row(self, name: str, reference: int) -> Row | None:
        """Return clusters and values, largest first, living ones alone; None: not known yet, or the function failed."""
        if not self.known(reference, name):
            self._find(name, reference)
        row = self.peek(reference, name)
        if row is None:
            return None
        alive = [(c, value) for c, value in row.items() if c != reference and self._facts.contains(c)]
        return dict(alive[: N_SIMILAR - 1])

    def matrix(self, name: str, cluster_ids: Sequence[int]) -> tuple[FloatArray, float]:
        """Return the similarity of every cluster (row) to every other, and the part of the rows that is known.

        (n, n) float32; NaN in a row that is not known yet, which is computed in the background; 0 for pairs that the
        function does not name
        """
        n, place = len(cluster_ids), {c: i for i, c in enumerate(cluster_ids)}
        n_missing = self.ask(name, cluster_ids, first=False)
        values = np.full((n, n), np.nan, dtype=np.float32)
        for i, cluster_id in enumerate(cluster_ids):
            if (row := self.peek(cluster_id, name)) is not None:
                pairs = [(place[c], value) for c, value in row.items() if c in place]
                values[i] = 0.0
                values[i, [j for j, _ in pairs]] = [value for _, value in pairs]
        return values, 1 - n_missing / max(n, 1)

    def note(self, delta: Delta) -> None:
        """Take notice of an action: other clusters make other rows."""
        super().note(delta)
        if delta.added or delta.removed:
            for name in self.names:
                self.forget(name)

    def _find(self, name: str, reference: int) -> None:
        """Compute a row here, or have it computed and wait a moment for it."""
        patience = self.patience_s
        if patience is None or threading.current_thread().name.startswith("phy-medicine"):
            self.compute(name, (reference,))
        elif name in self._slow:
            self.ask(name, (reference,))
        elif self.wait((reference,), patience, (name,)):
            self._slow.add(name)

    def _report_once(self, name: str, problem: Problem) -> None:
        if problem.error is not None or problem.owner:  # that our own take long is nothing to be done about
            super()._report_once(name, problem)

    def _took(self, name: str, seconds: float) -> None:
        if self.patience_s is not None and seconds < self.patience_s / 2:
            self._slow.discard(name)

    def _forget_item(self, name: str) -> None:
        self._slow.discard(name)
        super()._forget_item(name)

    @property
    def _priority(self) -> Priority:
        """Somebody looks at the row of a reference, and waits; the matrix has time."""
        return Priority.INTERACTIVE if self._first else Priority.BACKGROUND


def plain_row(pairs: Iterable[tuple[Any, Any]]) -> Row:
    """Return cluster -> value out of pairs, largest first; each cluster once, with its first value, and no NaN."""
    row: Row = {}
    for cluster_id, value in pairs:
        if value == value:
            row.setdefault(int(cluster_id), float(value))
    return dict(sorted(row.items(), key=lambda item: -item[1]))
