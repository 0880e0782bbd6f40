"""What to look at next: rules on the orders of the two tables, without any table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from phy_medicine.curation.actions import GROUP, Delta
from phy_medicine.curation.groups import NOISE
from phy_medicine.curation.selection import Selection

MAX_VISITED = 1000


def neighbour(
    order: Sequence[int],
    current: int | None,
    is_masked: Callable[[int], bool],
    *,
    step: int = 1,
    order_before: Sequence[int] = (),
) -> int | None:
    """Return the next (step 1) or previous (step -1) row that is not masked, None at the end.

    Parameters
    ----------
    order : visible rows from top to bottom
    current : the row to start from; None or a hidden row: the first unmasked row is returned
    order_before : rows as they were when `current` was chosen; used when `current` has moved or gone since
    """
    shown = order
    if current is not None and current in order_before:
        still = set(order)
        shown = [c for c in order_before if c in still or c == current]
    if current is None or current not in shown:
        return next((c for c in order if not is_masked(c)), None)
    place = shown.index(current)
    rows = shown[place + 1 :] if step > 0 else shown[:place][::-1]
    return next((c for c in rows if not is_masked(c)), None)


class Wizard:
    """Proposes selections; the caller makes them current.

    Parameters
    ----------
    best_order : visible rows of the cluster table from top to bottom
    similar_order : for a reference cluster the visible rows of the similarity table
    is_masked : clusters that navigation skips
    """

    def __init__(
        self,
        best_order: Callable[[], Sequence[int]],
        similar_order: Callable[[int], Iterable[int]],
        is_masked: Callable[[int], bool],
    ) -> None:
        self._best_order = best_order
        self._similar_order = similar_order
        self._is_masked = is_masked
        self._before: tuple[Sequence[int], Sequence[int]] = ((), ())
        self._visited: list[Selection] = []
        self.running = True
        self.pair_after_action = False
        self.instead: Callable[[Delta], Selection | None] = lambda _delta: None
        """What to select after an action in place of what the rules say; None: as they say."""

    @property
    def visited(self) -> tuple[Selection, ...]:
        """Selections that were current, oldest first, repeats in a row left out."""
        return tuple(self._visited)

    def visit(self, selection: Selection) -> None:
        """Remember a selection that became current."""
        if selection.cluster_ids and self._visited[-1:] != [selection]:
            self._visited = [*self._visited[1 - MAX_VISITED :], selection]

    # Modes

    def start(self, selection: Selection) -> Selection | None:
        """Go on to the next clusters after each action; select the first one if there is none."""
        self.running = True
        return None if selection.best_ids else self.first()

    def pause(self) -> None:
        """Stay with the selection after a move, until started again."""
        self.running = False

    def reset(self) -> Selection | None:
        """Forget what was visited, run, and select the first row of the cluster table."""
        self._visited.clear()
        self.running = True
        return self.first()

    # Navigation

    def first(self) -> Selection | None:
        """Select the first unmasked row of the cluster table."""
        return _one(neighbour(self._best_order(), None, self._is_masked))

    def last(self) -> Selection | None:
        """Select the last unmasked row of the cluster table."""
        return _one(neighbour(self._best_order()[::-1], None, self._is_masked))

    def next_best(self, selection: Selection) -> Selection | None:
        """Select the row of the cluster table after the first selected one."""
        return self._step_best(selection, 1)

    def previous_best(self, selection: Selection) -> Selection | None:
        """Select the row of the cluster table before the first selected one."""
        return self._step_best(selection, -1)

    def next(self, selection: Selection) -> Selection | None:
        """Select the next row of the similarity table; without a cluster, the first of the cluster table."""
        return self._step_similar(selection, 1) if selection.best_ids else self.first()

    def previous(self, selection: Selection) -> Selection | None:
        """Select the previous row of the similarity table."""
        return self._step_similar(selection, -1) if selection.best_ids else None

    def first_similar(self, selection: Selection, n: int) -> Selection | None:
        """Select the first n unmasked rows of the similarity table."""
        rows = [c for c in self._similar_rows(selection) if not self._is_masked(c)][:n]
        return selection.with_similar(rows) if rows else None

    # After an action, and ahead of it

    def prepare(self, selection: Selection) -> None:
        """Remember both orders before an action, so that "next" holds even if it moves or hides rows."""
        self._before = (tuple(self._best_order()), tuple(self._similar_rows(selection)))

    def after(self, delta: Delta, selection: Selection) -> Selection | None:
        """Return what to select after an action, undo or redo; None to leave the selection.

        Parameters
        ----------
        delta : what was done
        selection : the selection when it was done
        """
        before, self._before = self._before, ((), ())
        if (wanted := self.instead(delta)) is not None:
            return wanted
        if delta.direction != "do":
            return delta.selection or (Selection(delta.added) if delta.added else None)
        if delta.kind == "merge":
            return self._paired(Selection(delta.added))
        if delta.kind == "split":
            return Selection(_but_noise(delta))
        if delta.kind == "group" and self.running:
            return self._after_move(frozenset(delta.changed), selection, before)
        return None

    def candidates(self, selection: Selection, n: int) -> list[Selection]:
        """Return the n selections that are likeliest to come next, likeliest first."""
        likely = (s for s in self._likely(selection) if s is not None and s != selection)
        return list(islice(dict.fromkeys(likely), n))

    def _likely(self, selection: Selection) -> Iterable[Selection | None]:
        """Next keys, lazily, since a similarity order may have to be computed."""
        yield (following := self.next(selection))
        yield (best := self.next_best(selection))
        yield following and self.next(following)
        yield best and self.next_best(best)
        yield best and self.next(best)
        yield self.previous(selection)
        yield self.previous_best(selection)

    def _after_move(
        self, moved: frozenset[int], selection: Selection, before: tuple[Sequence[int], Sequence[int]]
    ) -> Selection | None:
        """Next in the table that held the moved clusters, in both if neither held them all."""
        if moved <= set(selection.best_ids):
            return self._paired(self._step_best(selection, 1, before[0]))
        if moved <= set(selection.similar_ids):
            return self._step_similar(selection, 1, before[1])
        best = self._step_best(selection, 1, before[0])
        if best is None:
            return self._step_similar(selection, 1, before[1])
        return self._step_similar(best, 1) or best

    def _paired(self, selection: Selection | None) -> Selection | None:
        """Add the most similar cluster if that is wanted."""
        if selection is None or not self.pair_after_action:
            return selection
        return self._step_similar(selection, 1) or selection

    def _step_best(self, selection: Selection, step: int, before: Sequence[int] = ()) -> Selection | None:
        current = selection.best_ids[0] if selection.best_ids else None
        return _one(neighbour(self._best_order(), current, self._is_masked, step=step, order_before=before))

    def _step_similar(self, selection: Selection, step: int, before: Sequence[int] = ()) -> Selection | None:
        current = selection.similar_ids[0] if selection.similar_ids else None
        row = neighbour(self._similar_rows(selection), current, self._is_masked, step=step, order_before=before)
        return None if row is None else selection.with_similar((row,))

    def _similar_rows(self, selection: Selection) -> list[int]:
        """Rows of the similarity table for a selection, without the clusters of the cluster table."""
        if selection.reference_id is None:
            return []
        best = set(selection.best_ids)
        return [c for c in self._similar_order(selection.reference_id) if c not in best]


def _but_noise(delta: Delta) -> tuple[int, ...]:
    """The clusters that a split made, without one that it called noise."""
    groups = delta.after.get(GROUP, {})
    return tuple(c for c in delta.added if groups.get(c) != NOISE) or delta.added


def _one(cluster_id: int | None) -> Selection | None:
    """A selection of one row of the cluster table."""
    return None if cluster_id is None else Selection((cluster_id,))
