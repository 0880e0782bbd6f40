"""From suggestion to suggestion: each one selects its clusters, and a decision goes on to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from psygnal import Signal

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.selection import Selection
from phy_medicine.curation.suggestions import About, Suggestion

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


UNSEEN_S = 0.5
"""A suggestion that came up by itself so short ago was not seen yet."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of suggestions: those that were done and are still in effect, and those that would else be open."""

    accepted: int
    rejected: int
    later: int


class SuggestionWalk:
    """Looks at one suggestion after another.

    Nothing is decided that is not on the screen: where another selection was made meanwhile, a decision selects the
    clusters of the suggestion again, and says so.
    """

    changed = Signal()
    """Another suggestion is looked at."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._accepted: list[About] = []
        self._came_up_s = -inf
        self.clock: Callable[[], float] = monotonic
        self.begun = False
        session.manager.changed.connect(self._note)

    @property
    def looking(self) -> bool:
        """Whether what is selected are the clusters of the current suggestion."""
        current = self._session.suggestions.queue.current if self.begun else None
        return current is not None and {*current.cluster_ids} == {*self._session.selection.cluster_ids}

    @property
    def counts(self) -> Counts:
        """How many were accepted, rejected and put off."""
        queue = self._session.suggestions.queue
        still_open = {s.about for s in queue.open}
        accepted = sum(about not in still_open for about in dict.fromkeys(self._accepted))
        return Counts(accepted, len(queue.refused), len(queue.late & still_open))

    def selection_of(self, suggestion: Suggestion) -> Selection:
        """Return the selection that shows a suggestion: the largest cluster, with the others beside it."""
        stats = self._session.facts.stats
        first, *others = sorted(suggestion.cluster_ids, key=lambda c: (-stats(c).n_spikes, c))
        return Selection.of([first], others)

    def ahead(self, n: int) -> list[Selection]:
        """Return the n selections that the next decisions lead to; nothing unless a suggestion is looked at."""
        return [self.selection_of(s) for s in self._session.suggestions.queue.coming(n)] if self.looking else []

    # Walking

    def begin(self) -> None:
        """Look for suggestions in the background, if that was not begun."""
        if not self.begun:
            self.begun = True
            self._session.suggestions.ask_all()

    def look(self) -> Suggestion:
        """Select the clusters of the current suggestion; a split shows its parts as if it were done.

        Raises
        ------
        ActionError : nothing waits
        """
        self.begin()
        session, suggestion = self._session, self._session.suggestions.look()
        if suggestion is None:
            raise ActionError(self.why_nothing())
        wanted = self.selection_of(suggestion)
        session.select(wanted.best_ids, wanted.similar_ids)
        self._show_parts(suggestion)
        self.changed.emit()
        return suggestion

    def why_nothing(self) -> str:
        """Return in a sentence why no suggestion can be looked at."""
        suggestions, queue = self._session.suggestions, self._session.suggestions.queue
        if queue.open:
            n = len(queue.open)
            return f"No suggestion of the kinds that are shown; {n:,} of other kinds."
        if suggestions.busy:
            return "Still looking for suggestions; the first ones come in a moment."
        done = self.counts
        if done.accepted or done.rejected:
            return f"All suggestions are decided: {done.accepted:,} accepted, {done.rejected:,} rejected."
        return "Nothing to suggest: no merge, split or label is probable enough for the preset in use."

    def look_at_first(self) -> bool:
        """Look at the first suggestion instead of the current one, if that is still what is seen; False otherwise.

        For one that was found after the current one came up. A decision that is made before it can have been seen is
        not taken, since it was on another one.
        """
        queue = self._session.suggestions.queue
        if not self.looking or not queue.place:
            return False
        queue.go_to(queue.waiting[0])
        self._came_up_s = self.clock()
        self.look()
        return True

    def next(self) -> Suggestion:
        """Look at the next suggestion; after another selection, at the current one again."""
        return self._step(lambda: self._session.suggestions.queue.next())

    def previous(self) -> Suggestion:
        """Look at the suggestion before; after another selection, at the current one again."""
        return self._step(lambda: self._session.suggestions.queue.previous())

    def go_to(self, suggestion: Suggestion) -> Suggestion:
        """Look at a suggestion that waits."""
        self._session.suggestions.queue.go_to(suggestion)
        return self.look()

    # Deciding

    def accept(self) -> Delta:
        """Do what is looked at, as one action, and look at the next suggestion.

        Raises
        ------
        ActionError : nothing waits, or something else was selected
        ReadOnlyError, JournalError : the action cannot be kept safe; nothing changed
        """
        session, suggestion = self._session, self._seen()
        session.wizard.instead = self._after
        try:
            delta = session.suggestions.accept()
        finally:
            session.wizard.instead = lambda _delta: None
        self._accepted.append(suggestion.about)
        following = session.suggestions.look()
        if following is not None and self.looking:
            self._show_parts(following)
        self.changed.emit()
        return delta

    def reject(self) -> None:
        """Never propose again what is looked at, and look at the next suggestion."""
        self._seen()
        self._session.suggestions.reject()
        self._go_on()

    def later(self) -> None:
        """Put what is looked at behind all others, and look at the next suggestion."""
        self._seen()
        self._session.suggestions.later()
        self._go_on()

    def take_back(self, suggestion: Suggestion | None = None) -> Suggestion:
        """Propose again what was rejected or put off last, or one that was rejected, and look at it.

        Raises
        ------
        ActionError : nothing was
        """
        self.begin()
        back = self._session.suggestions.take_back(suggestion)
        if back.kind not in self._session.suggestions.queue.kinds:
            self._session.suggestions.queue.kinds |= {back.kind}
        return self.look()

    # Inside

    def _seen(self) -> Suggestion:
        """The current suggestion, if it is on the screen."""
        if not self.looking:
            self.look()
            raise ActionError("Another selection was made; this is the suggestion. The same key once more decides.")
        if self.clock() - self._came_up_s < UNSEEN_S:
            raise ActionError("A more useful suggestion came up just now. The same key once more decides on it.")
        suggestion = self._session.suggestions.queue.current
        assert suggestion is not None
        return suggestion

    def _step(self, step: Callable[[], object]) -> Suggestion:
        if self.looking:
            step()
        return self.look()

    def _go_on(self) -> None:
        """Look at the next one; after the last one the selection stays."""
        if self._session.suggestions.queue.current is not None:
            self.look()
        self.changed.emit()

    def _after(self, _delta: Delta) -> Selection | None:
        following = self._session.suggestions.queue.current
        return None if following is None else self.selection_of(following)

    def _show_parts(self, suggestion: Suggestion) -> None:
        if suggestion.parts is not None and len(set(suggestion.parts.tolist())) > 1:
            self._session.suppose.split(self._session.facts.spikes(suggestion.cluster_ids[0]), suggestion.parts)

    def _note(self, delta: Delta) -> None:
        """Look at a suggestion again whose action was undone."""
        if delta.direction != "undo" or not self._accepted:
            return
        queue, touched = self._session.suggestions.queue, {*delta.added, *delta.changed}
        waiting = {s.about: s for s in queue.waiting if touched.issuperset(s.cluster_ids)}
        back = next((waiting[about] for about in reversed(self._accepted) if about in waiting), None)
        if back is not None:
            queue.go_to(back)
