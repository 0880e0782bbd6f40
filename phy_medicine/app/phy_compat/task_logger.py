"""`TaskLogger`: what is selected, and what a step further would select."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from phy_medicine.session.session import Session

State = tuple[list[int] | None, int | None, list[int] | None, int | None]


class TaskLogger:
    """phy's list of tasks; here each is done at once, so that nothing ever waits."""

    auto_select_after_action = False

    def __init__(self, session: Session) -> None:
        self._session = session
        self._queue: list[Any] = []
        self._processing = False

    def last_state(self, task: Any = None) -> State:
        """Return the clusters selected, the next one, the similar clusters selected, and the next one of these."""
        selection, session = self._session.selection, self._session
        best, similar = list(selection.best_ids), list(selection.similar_ids)
        next_best = self._after(best, session.cluster_table.visible_ids())
        return best, next_best, similar, self._after(similar, session.similarity_table.visible_ids())

    def _after(self, chosen: Sequence[int], rows: Sequence[int]) -> int | None:
        """First row below the last one chosen that navigation does not skip."""
        place = rows.index(chosen[-1]) + 1 if chosen and chosen[-1] in rows else 0
        return next((c for c in rows[place:] if not self._session.manager.is_masked(c)), None)

    def show_history(self) -> None:
        """Print the actions done so far."""
        print("=== History ===")
        for item in self._session.history.items:
            print(item.text)

    def process(self) -> None:
        """Do what waits: nothing does."""

    def has_finished(self) -> bool:
        """Say whether nothing waits."""
        return True
