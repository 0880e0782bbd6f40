"""Rows of a table in the order a person asked for, empty cells last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from phy_medicine.base.types import LabelValue

Cell = LabelValue | None
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column to sort by."""

    column: str
    ascending: bool = True


def sort_rows(ids: Iterable[int], keys: Sequence[SortKey], value: Callable[[int, str], Cell]) -> tuple[int, ...]:
    """Return ids sorted by the first key, equals by the second, and so on, then by id.

    Numbers and text that reads as a number come before other text; empty cells and NaN come last in
    both directions.

    Parameters
    ----------
    value : (id, column) -> cell
    """
    rows = sorted(ids)
    for key in reversed(keys):
        ranks = {row: rank for row in rows if (rank := _rank(value(row, key.column))) is not None}
        full = sorted(ranks, key=ranks.__getitem__, reverse=not key.ascending)  # stable in both directions
        rows = full + [row for row in rows if row not in ranks]
    return tuple(rows)


def _rank(cell: Cell) -> tuple[int, float, str] | None:
    """Sorting key of a cell, None for an empty one."""
    if cell is None or cell == "" or cell != cell:
        return None
    if isinstance(cell, str):
        try:
            number = float(cell)
        except ValueError:
            return (1, 0.0, cell.casefold())
        return (0, number, cell) if number == number else (1, 0.0, cell.casefold())
    return (0, cell, "")


class TableOrder:
    """Sort keys and filter of one table."""

    def __init__(self, keys: Sequence[SortKey] = ()) -> None:
        self._keys = tuple(keys)
        self._keep: Callable[[Row], bool] | None = None

    @property
    def keys(self) -> tuple[SortKey, ...]:
        """Columns sorted by, the most important first."""
        return self._keys

    def sort(self, column: str, ascending: bool = True, *, add: bool = False) -> None:
        """Sort by a column; with `add` only among rows that are equal so far."""
        others = tuple(k for k in self._keys if k.column != column) if add else ()
        self._keys = (*others, SortKey(column, ascending))

    def click(self, column: str, *, add: bool = False) -> None:
        """Sort as a click on a header does: ascending, the second time descending."""
        ascending = not any(k.column == column and k.ascending for k in self._keys)
        self.sort(column, ascending, add=add)

    def set_filter(self, keep: Callable[[Row], bool] | None) -> None:
        """Show only the rows that a filter keeps; None shows all."""
        self._keep = keep

    def visible_ids(self, rows: Mapping[int, Row]) -> tuple[int, ...]:
        """Return the ids to show, from top to bottom."""
        keep = self._keep
        ids = rows if keep is None else [c for c, row in rows.items() if keep(row)]
        return sort_rows(ids, self._keys, lambda c, column: rows[c].get(column))
