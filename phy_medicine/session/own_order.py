"""Merges in the order that is learned of the curator's own decisions, in all datasets; off unless somebody wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.compute.suggesting.own_ranking import (
    MIN_EACH,
    OwnRanking,
    Values,
    compared,
    features,
    learned,
    usable,
)
from phy_medicine.io.decision_pool import DecisionPool
from phy_medicine.io.suggestion_files import Decision

if TYPE_CHECKING:
    from phy_medicine.session.decisions import Decisions

SETTING = "own_order"
_OFF = "Suggestions are in the default order."


class OwnOrder:
    """Says how probably the curator would accept a pair, while that is known better than by default.

    While it is on, decisions on merges are kept for all datasets of the user, those of this one that were made before
    among them; while it is off, nothing is kept outside the dataset. What was learned stays for as long as it is on, so
    that the list does not change its order with each decision.

    changed : called when other probabilities hold, or none
    """

    def __init__(self, decisions: Decisions, changed: Callable[[], None], *, on: bool = False) -> None:
        self._decisions, self._changed = decisions, changed
        self._wanted = on
        self._pool: DecisionPool | None = None
        self._ranking: OwnRanking | None = None
        self._text = _OFF
        decisions.changed.connect(self._note)

    @property
    def on(self) -> bool:
        """Whether it is wanted; whether it can be had, `in_use` tells."""
        return self._wanted

    @property
    def in_use(self) -> bool:
        """Whether it gives probabilities: there are enough decisions, and it orders them better than the default."""
        return self._ranking is not None

    @property
    def text(self) -> str:
        """What is in use, and why, in a sentence."""
        return self._text

    def begin(self) -> None:
        """Learn, where it is wanted and was not begun; reads the decisions of all datasets."""
        if self._wanted and self._pool is None:
            self.switch(True)

    def switch(self, on: bool) -> str:
        """Order merges so, or by default; return `text`. Switched on again, it learns of what was decided meanwhile."""
        self._wanted = on
        if on:
            self._collect()
            self._learn()
        else:
            self._pool, self._ranking, self._text = None, None, _OFF
        self._changed()
        return self._text

    def forget(self) -> str:
        """Delete what is kept of all datasets, and switch it off; what a dataset keeps of its own stays.

        Raises
        ------
        DatasetError : it cannot be deleted
        """
        n = (self._pool or DecisionPool()).forget()
        self.switch(False)
        return f"Forgot {n:,} decisions on merges. {_OFF}"

    def probability(self, values: Values) -> float | None:
        """Return how probably the curator would accept a pair, 0 to 1; None where it is not in use; in any thread."""
        ranking = self._ranking
        return None if ranking is None else ranking.probability(values)

    # Inside

    def _collect(self) -> None:
        """Add the decisions of this dataset to those of the others."""
        self._pool = DecisionPool()
        for decision in self._decisions.all.values():
            if _counts(decision):
                self._pool.keep(decision)

    def _learn(self) -> None:
        known = [d for d in (() if self._pool is None else self._pool.decisions) if _counts(d)]
        n_accepted = sum(d.accepted for d in known)
        n_rejected = len(known) - n_accepted
        self._ranking = None
        if min(n_accepted, n_rejected) < MIN_EACH:
            self._text = (
                f"{n_accepted} accepted and {n_rejected} rejected merges are not enough to learn from, {MIN_EACH} of "
                f"each are needed; suggestions are in the default order."
            )
            return
        table = features([d.values for d in known])
        accepted = np.array([d.accepted for d in known])
        found = compared(table, accepted)
        rates = f"{found.own_order:.0%} of your own decisions right where the default orders {found.default_order:.0%}"
        if found.better:
            self._ranking = learned(table, accepted)
            self._text = f"Learned from {len(known):,} decisions: orders {rates}."
        else:
            self._text = (
                f"Learned from {len(known):,} decisions, it would order {rates}, which is not surely better; "
                f"suggestions are in the default order."
            )

    def _note(self, news: Decision | str) -> None:
        """A decision was made or taken back."""
        if self._pool is None:
            return
        if isinstance(news, str):
            self._pool.drop(news)
        elif _counts(news):
            self._pool.keep(news)
        if self._ranking is None:
            self._learn()
            if self._ranking is not None:
                self._changed()


def _counts(decision: Decision) -> bool:
    """Whether it is about a merge of which enough was known."""
    return decision.key.startswith("merge-") and usable(decision.values)
