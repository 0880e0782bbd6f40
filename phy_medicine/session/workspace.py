"""Clusters collected for one merge, around the one that others are compared with, before anything is done.

The workspace is a kind of selection, so that undo brings it back with the selection that a merge had, and every view
shows it as it shows any selection.
"""

from __future__ import annotations

from collections.abc import Sequence

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.selection import Selection
from phy_medicine.session.navigation import Navigation
from phy_medicine.session.similarity_table import SimilarityTable

_NONE = "Nothing is collected; select a cluster and one that resembles it, then collect."


class Collecting(Navigation):
    """The part of the session that collects clusters."""

    similarity_table: SimilarityTable
    _before_workspace: Selection | None = None

    def collect(self) -> None:
        """Add the selected similar clusters to the workspace, and go on to the next one that resembles its reference.

        Without a workspace one begins: the cluster that others are compared with is its reference and comes first.

        Raises
        ------
        ActionError : no cluster is selected
        """
        now = self.selection.current
        if now.reference_id is None:
            raise ActionError("Select a cluster first; those that resemble it can then be collected around it.")
        if not now.workspace:
            self._before_workspace = now
        collected = Selection.of((now.reference_id, *now.best_ids, *now.similar_ids), workspace=True)
        place = now.similar_ids[-1:]
        self._go(self._after_collected(place, collected) or collected)

    def take_out(self, cluster_id: int | None = None) -> None:
        """Take a cluster out of the workspace, by default the last one, and look at it as a candidate again.

        Raises
        ------
        ActionError : nothing is collected, or not this cluster
        """
        now = self._workspace()
        if len(now.best_ids) < 2:
            raise ActionError("Only the reference is left in the workspace; leave it with leave_workspace.")
        out = now.best_ids[-1] if cluster_id is None else cluster_id
        if out not in now.best_ids:
            raise ActionError(f"Cluster {out} is not in the workspace.")
        self._go(Selection.of((c for c in now.best_ids if c != out), (out,), workspace=True))

    def order_workspace(self, cluster_ids: Sequence[int]) -> None:
        """Bring the clusters of the workspace into another order; the first one is the reference.

        Those that are not named keep their order after those that are.

        Raises
        ------
        ActionError : nothing is collected, or a cluster is not among what is
        """
        now = self._workspace()
        strange = [c for c in cluster_ids if c not in now.best_ids]
        if strange:
            raise ActionError(f"Cluster {strange[0]} is not in the workspace.")
        self._go(Selection.of((*cluster_ids, *now.best_ids), now.similar_ids, workspace=True))

    def turn_workspace(self) -> None:
        """Make the next cluster of the workspace its reference; the present one becomes the last."""
        now = self._workspace()
        self.order_workspace((*now.best_ids[1:], now.best_ids[0]))

    def leave_workspace(self) -> None:
        """Select exactly what was selected before the first cluster was collected.

        Raises
        ------
        ActionError : nothing is collected
        """
        now, before = self._workspace(), self._before_workspace
        known = before is not None and now.best_ids[0] in before.cluster_ids
        wanted = before if known and before is not None else Selection.of(now.best_ids[:1])
        self._before_workspace = None
        self._go(wanted.only(set(self.manager.cluster_ids)))

    # Inside

    def _workspace(self) -> Selection:
        now = self.selection.current
        if not now.workspace:
            raise ActionError(_NONE)
        return now

    def _after_collected(self, place: tuple[int, ...], collected: Selection) -> Selection | None:
        """The workspace with the candidate that comes after the one just collected, else the first that is left."""
        rows = [c for c in self.similarity_table.rows_for(collected.best_ids[0]) if not self.manager.is_masked(c)]
        start = rows.index(place[0]) + 1 if place and place[0] in rows else 0
        left = [c for c in (*rows[start:], *rows[:start]) if c not in collected.best_ids]
        return collected.with_similar(left[:1]) if left else None
