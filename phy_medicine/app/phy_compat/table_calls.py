"""What every table of phy can be asked, given rows, the selected ones, and which of them are masked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

Callback = Callable[[Any], Any]


def _uniq(seq: Iterable[Any]) -> list[int]:
    """The numbers of a sequence, each once, in order."""
    return [int(x) for x in dict.fromkeys(seq)]


def sibling(rows: Sequence[int], at: int | None, step: int, masked: Callable[[int], bool]) -> int | None:
    """Return the next row, or with step -1 the one before, that is not masked; None when there is none."""
    if at is None or at not in rows:
        return None
    begin = rows.index(at) + step
    ahead = rows[begin:] if step > 0 else rows[: begin + 1][::-1] if begin >= 0 else ()
    return next((row for row in ahead if not masked(row)), None)


class TableCalls:
    """Asking and selecting. A table says what its rows are, which are chosen, and how to choose others."""

    def _rows(self) -> list[int]:
        """Ids from top to bottom."""
        raise NotImplementedError

    def _chosen(self) -> list[int]:
        """Ids that are selected."""
        raise NotImplementedError

    def _is_masked(self, cluster_id: int) -> bool:
        """Whether a row is passed over."""
        raise NotImplementedError

    def _choose(self, cluster_ids: list[int]) -> None:
        """Select these rows."""
        raise NotImplementedError

    def _give(self, value: Any, callback: Callback | None) -> Any:
        """Return a value, and call back with it later."""
        raise NotImplementedError

    def get_ids(self, callback: Callback | None = None) -> Any:
        """Return the ids from top to bottom; it may stand over a function as a decorator."""
        return self._give(self._rows(), callback)

    def get_selected(self, callback: Callback | None = None) -> Any:
        """Return the selected ids."""
        return self._give(self._chosen(), callback)

    def get_selected_ids(self) -> list[int]:
        """Return the selected ids."""
        return self._chosen()

    def get_sibling_id(self, row_id: int | None = None, direction: str = "next") -> int | None:
        """Return the next row, or the one before; by default of the first that is selected."""
        chosen = self._chosen()
        at = row_id if row_id is not None else chosen[0] if chosen else None
        return sibling(self._rows(), at, 1 if direction == "next" else -1, self._is_masked)

    def get_next_id(self, callback: Callback | None = None) -> Any:
        """Return the row after the selected one."""
        return self._give(self.get_sibling_id(None, "next"), callback)

    def get_previous_id(self, callback: Callback | None = None) -> Any:
        """Return the row before the selected one."""
        return self._give(self.get_sibling_id(None, "previous"), callback)

    def payload(self, **kwargs: Any) -> dict[str, Any]:
        """Return what a table tells when rows are selected."""
        chosen = self._chosen()
        after = self.get_sibling_id(chosen[-1] if chosen else None, "next")
        return {"selected": chosen, "next": after, "kwargs": kwargs}

    def select(self, ids: Iterable[int], callback: Callback | None = None, **kwargs: Any) -> Any:
        """Select the rows of these ids, as far as they are shown."""
        shown = set(self._rows())
        self._choose([i for i in _uniq(ids) if i in shown])
        return self._give(self.payload(**kwargs), callback)

    def _select_one(self, row: int | None, callback: Callback | None) -> Any:
        if row is None:
            return self._give(None, callback)
        return self.select([row], callback)

    def first(self, callback: Callback | None = None) -> Any:
        """Select the first row that is not masked."""
        return self._select_one(next((r for r in self._rows() if not self._is_masked(r)), None), callback)

    def last(self, callback: Callback | None = None) -> Any:
        """Select the last row that is not masked."""
        return self._select_one(next((r for r in self._rows()[::-1] if not self._is_masked(r)), None), callback)

    def next(self, callback: Callback | None = None) -> Any:
        """Select the next row that is not masked, the first when none is selected."""
        return self._select_one(self.get_sibling_id(None, "next"), callback) if self._chosen() else self.first(callback)

    def previous(self, callback: Callback | None = None) -> Any:
        """Select the row before that is not masked, the first when none is selected."""
        if not self._chosen():
            return self.first(callback)
        return self._select_one(self.get_sibling_id(None, "previous"), callback)

    def select_toggle(self, row_id: int) -> Any:
        """Select a row as well, or no longer."""
        chosen = self._chosen()
        return self.select([i for i in chosen if i != row_id] if row_id in chosen else [*chosen, row_id])

    def select_until(self, row_id: int) -> Any:
        """Select all rows from the last selected one to this one as well."""
        rows, chosen = self._rows(), self._chosen()
        if row_id not in rows or not chosen or chosen[-1] not in rows:
            return self.select([row_id])
        first, last = sorted((rows.index(chosen[-1]), rows.index(row_id)))
        return self.select([*chosen, *rows[first : last + 1]])
