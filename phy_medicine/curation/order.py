"""Rows of a table in the order a person asked for, empty cells last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from phy_medicine.base.types import LabelValue

Cell = LabelValue | None


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
