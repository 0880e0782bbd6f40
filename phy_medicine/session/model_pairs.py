"""Which pairs of neighbouring clusters a model takes for one neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.reasons import Reason
from phy_medicine.curation.groups import NOISE

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

Pair = tuple[int, int]
Judged = tuple[float, tuple[Reason, ...]]
MODEL = "model"
N_NEAREST = 3
LEAST = 0.5
"""Probability from which a merge is suggested."""


class ModelPairs:
    """Judges each cluster and those with the three nearest templates, as seen and with the motion in use taken out.

    Of a cluster at most 1,000 spikes are compared; a pair takes some 70 ms. What is known of a pair is kept, since an
    id never changes its spikes. Safe in any thread; two that ask of the same pair at once may both work it out.
    """

    name = MODEL

    def __init__(self, session: Session) -> None:
        self._session = session
        self._judged: dict[Pair, Judged | None] = {}

    def fresh(self) -> ModelPairs:
        """Return one that knows nothing, for what clusters are compared by has changed."""
        return ModelPairs(self._session)

    def partners(self, cluster_id: int) -> list[int]:
        """Return the neighbours of a cluster that are probably the same neuron, ascending; in this thread."""
        if not self._session.facts.contains(cluster_id):
            return []
        similar = self._session.similar
        rows = similar.template_rows(cluster_id), similar.aware_rows(cluster_id)
        near = {c for row in rows for c in self._nearest(row)}
        return [c for c in sorted(near) if self.reasons((cluster_id, c)) is not None]

    def reasons(self, pair: Pair) -> tuple[Reason, ...] | None:
        """Return why two living clusters are probably one, None where they are not."""
        judged = self._of(pair)
        return None if judged is None else judged[1]

    def probability(self, pair: Pair) -> float | None:
        """Return how probable that is, None where it was not worked out."""
        judged = self._judged.get((min(pair), max(pair)))
        return None if judged is None else judged[0]

    def _nearest(self, rows: dict[int, float]) -> list[int]:
        manager = self._session.manager
        return [c for c in rows if manager.group(c) != NOISE][:N_NEAREST]

    def _of(self, pair: Pair) -> Judged | None:
        a, b = min(pair), max(pair)
        if (a, b) not in self._judged:
            if self._session.closed:
                return None
            found = self._judge(a, b)
            if not all(map(self._session.facts.contains, pair)):  # read while it went: not to be believed
                return None
            self._judged[a, b] = found
        return self._judged[a, b]

    def _judge(self, a: int, b: int) -> Judged | None:
        from phy_medicine.compute.mixture.one_or_two import FEWEST, one_or_two
        from phy_medicine.compute.suggesting.model_merging import model_merge_probability, model_reasons

        pairs = self._session.pairs
        first, second = (side.scores for side in pairs.sides.pair(a, b))
        if first is None or second is None or min(len(first), len(second)) < FEWEST:
            return None
        found = one_or_two(first, second)
        if not found.log_evidence > 0:
            return None
        pairs.compute([(a, b)])
        evidence = pairs.peek(a, b)
        likely = 0.0 if evidence is None else model_merge_probability(found, evidence)
        return (likely, model_reasons(found)) if likely >= LEAST else None
