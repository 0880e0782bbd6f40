"""Sorting with empty cells, text that reads as numbers, and several columns."""

from __future__ import annotations

from phy_medicine.curation.order import Cell, SortKey, sort_rows


def _sorted(cells: list[Cell], ascending: bool = True) -> list[Cell]:
    order = sort_rows(range(len(cells)), [SortKey("x", ascending)], lambda row, _: cells[row])
    return [cells[row] for row in order]


def test_empty_cells_come_last_in_both_directions() -> None:
    assert _sorted([None, 2, 1]) == [1, 2, None]
    assert _sorted([None, 2, 1], ascending=False) == [2, 1, None]


def test_text_that_reads_as_a_number_sorts_as_one_before_other_text() -> None:
    assert _sorted(["10", "beta", "9", "Alpha", 9.5]) == ["9", 9.5, "10", "Alpha", "beta"]


def test_not_a_number_is_an_empty_cell() -> None:
    assert str(_sorted([float("nan"), 1])) == "[1, nan]"


def test_equal_rows_keep_the_order_of_their_ids_in_both_directions() -> None:
    assert sort_rows([3, 1, 2], [SortKey("x", False)], lambda row, _: 0) == (1, 2, 3)


def test_the_first_key_counts_most() -> None:
    rows = {1: ("b", 1), 2: ("a", 1), 3: ("a", 2)}
    keys = [SortKey("0"), SortKey("1", False)]
    assert sort_rows(rows, keys, lambda row, column: rows[row][int(column)]) == (3, 2, 1)
