"""Selection order and its one signal."""

from __future__ import annotations

from phy_medicine.curation.selection import Selection, SelectionModel


def test_colour_order_is_clusters_then_similar_without_duplicates() -> None:
    selection = Selection.of([3, 7, 3], [9, 7])
    assert (selection.cluster_ids, selection.reference_id) == ((3, 7, 9), 7)


def test_nothing_selected_has_no_reference() -> None:
    assert Selection().reference_id is None


def test_a_selection_is_emitted_once_and_only_when_it_differs() -> None:
    model = SelectionModel()
    seen: list[Selection] = []
    model.changed.connect(seen.append)
    model.set([1], [2])
    model.set([1], [2])
    assert seen == [Selection((1,), (2,))]


def test_hidden_rows_leave_the_selection() -> None:
    assert Selection((1, 2), (3, 4)).only({2, 3}) == Selection((2,), (3,))
