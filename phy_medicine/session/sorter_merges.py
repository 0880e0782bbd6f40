"""The merges that the sorter of a dataset suggests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.reasons import Reason
from phy_medicine.base.types import IntArray
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.io.suggestion_files import SORTER_TABLE, SuggestedMerge, read_suggested_merges
from phy_medicine.session.merge_finder import Offer

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

SOURCE = "sorter"


class SorterMerges:
    """Rows of the sorter's table, of pairs of clusters that still are what the sorter made of them."""

    busy = False
    n_left = 0

    def __init__(self, session: Session, offer: Offer) -> None:
        self._session, self._offer = session, offer
        self._rows: dict[tuple[int, ...], SuggestedMerge] | None = None
        self._counts: IntArray | None = None

    def ask(self, cluster_ids: Sequence[int]) -> None:
        """Offer what the table says of these clusters."""
        self.compute(cluster_ids)

    def compute(self, cluster_ids: Sequence[int]) -> None:
        """Offer what the table says of these clusters."""
        if self._rows is None:
            rows = read_suggested_merges(self._session.model.dir_path)
            self._rows = {(row.first, row.second): row for row in rows}
        wanted = set(cluster_ids)
        rows = tuple(row for pair, row in self._rows.items() if wanted & set(pair) and all(map(self._is_unit, pair)))
        self._offer(map(self._suggestion, rows), ())

    def values(self, suggestion: Suggestion) -> dict[str, float]:
        """Return the sorter's score of a pair, nothing for others."""
        row = (self._rows or {}).get(suggestion.cluster_ids) if suggestion.kind == "merge" else None
        return {} if row is None else {"sorter_score": row.score}

    def close(self) -> None:
        """Keep nothing."""
        self._rows = {}

    def _suggestion(self, row: SuggestedMerge) -> Suggestion:
        n_spikes = min(self._session.facts.stats(c).n_spikes for c in (row.first, row.second))
        reason = Reason(f"the sorter found: {row.reason or 'no reason given'}", "sorter_score", row.score, "for")
        return Suggestion(
            "merge", (row.first, row.second), row.score * n_spikes, row.score, (reason,), f"{SOURCE} ({SORTER_TABLE})"
        )

    def _is_unit(self, cluster_id: int) -> bool:
        """Whether a cluster has the spikes of the sorter's unit of that number, and no others."""
        facts = self._session.facts
        if not facts.contains(cluster_id):
            return False
        templates, counts = facts.template_counts(cluster_id)
        return templates.tolist() == [cluster_id] and int(counts[0]) == self._n_of_unit(cluster_id)

    def _n_of_unit(self, unit: int) -> int:
        if self._counts is None:
            self._counts = np.bincount(self._session.model.spike_templates)
        return int(self._counts[unit]) if unit < len(self._counts) else 0
