"""Navigation and what is selected after each action."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.curation.actions import Delta
from phy_medicine.curation.selection import Selection
from phy_medicine.curation.wizard import Wizard, neighbour


class Tables:
    """Two orders that a test can change."""

    def __init__(self, best: list[int], similar: dict[int, list[int]] | None = None, masked: set[int] | None = None):
        self.best, self.similar, self.masked = best, similar or {}, masked or set()
        self.wizard = Wizard(
            lambda: self.best, lambda reference: self.similar.get(reference, []), lambda c: c in self.masked
        )


def _best(*ids: int) -> Selection:
    return Selection(ids)


def test_next_best_is_the_row_after_the_first_selected() -> None:
    wizard = Tables([5, 3, 8, 1]).wizard
    assert wizard.next_best(Selection((3, 1), (9,))) == _best(8)
    assert wizard.previous_best(Selection((3, 1), (9,))) == _best(5)


def test_navigation_skips_masked_rows() -> None:
    wizard = Tables([5, 3, 8, 1], {5: [3, 8, 1]}, {3, 8}).wizard
    assert wizard.next_best(_best(5)) == _best(1)
    assert wizard.previous_best(_best(1)) == _best(5)
    assert wizard.next(_best(5)) == Selection((5,), (1,))


def test_nothing_selected_gives_the_first_unmasked_row() -> None:
    wizard = Tables([5, 3], masked={5}).wizard
    for proposal in (wizard.next_best(Selection()), wizard.next(Selection()), wizard.first(), wizard.reset()):
        assert proposal == _best(3)


def test_at_the_end_nothing_happens() -> None:
    wizard = Tables([5, 3], {3: [5]}).wizard
    assert wizard.next_best(_best(3)) is None
    assert wizard.previous_best(_best(5)) is None
    assert wizard.next(Selection((3,), (5,))) is None


def test_last_is_the_last_unmasked_row() -> None:
    assert Tables([5, 3, 8], masked={8}).wizard.last() == _best(3)


def test_an_empty_table_proposes_nothing() -> None:
    wizard = Tables([]).wizard
    assert (wizard.first(), wizard.last(), wizard.next(Selection()), wizard.previous(Selection())) == (None,) * 4


def test_space_goes_through_the_similar_rows_of_the_reference() -> None:
    wizard = Tables([1, 2, 3], {2: [3, 2, 1, 9]}).wizard
    assert wizard.next(_best(1, 2)) == Selection((1, 2), (3,))
    assert wizard.next(Selection((1, 2), (3,))) == Selection((1, 2), (9,))
    assert wizard.previous(Selection((1, 2), (9,))) == Selection((1, 2), (3,))


def test_the_first_similar_rows_leave_out_masked_ones() -> None:
    wizard = Tables([1], {1: [1, 4, 5, 6, 7]}, {5}).wizard
    assert wizard.first_similar(_best(1), 2) == Selection((1,), (4, 6))


def test_after_a_merge_the_new_cluster_is_selected_alone() -> None:
    tables = Tables([1, 2, 9], {9: [2]})
    merge = Delta("merge", added=(9,), removed=(1, 3))
    assert tables.wizard.after(merge, Selection((1,), (3,))) == _best(9)
    tables.wizard.pair_after_action = True
    assert tables.wizard.after(merge, Selection((1,), (3,))) == Selection((9,), (2,))


def test_after_a_split_all_new_clusters_are_selected_the_chosen_spikes_first() -> None:
    assert Tables([]).wizard.after(Delta("split", added=(7, 8, 9)), _best(1)) == _best(7, 8, 9)


def _move(*ids: int) -> Delta:
    return Delta("group", changed=ids, field="group")


def test_after_a_move_of_best_clusters_the_next_best_is_selected() -> None:
    assert Tables([1, 2, 3]).wizard.after(_move(1), Selection((1,), (3,))) == _best(2)


def test_after_a_move_of_similar_clusters_the_next_similar_is_selected() -> None:
    wizard = Tables([1, 2, 3], {1: [2, 3]}).wizard
    assert wizard.after(_move(2), Selection((1,), (2,))) == Selection((1,), (3,))


def test_after_a_move_of_both_the_next_of_both_is_selected() -> None:
    wizard = Tables([1, 2, 3, 4], {1: [3, 4], 2: [4, 3]}).wizard
    assert wizard.after(_move(1, 3), Selection((1,), (3,))) == Selection((2,), (4,))
    assert wizard.after(_move(4), Selection((1,), (3,))) == Selection((2,), (4,))


def test_a_label_does_not_advance() -> None:
    assert Tables([1, 2]).wizard.after(Delta("label", changed=(1,), field="note"), _best(1)) is None


def test_a_paused_wizard_stays_after_a_move_and_goes_on_when_started() -> None:
    wizard = Tables([1, 2]).wizard
    wizard.pause()
    assert wizard.after(_move(1), _best(1)) is None
    assert wizard.start(_best(1)) is None
    assert wizard.after(_move(1), _best(1)) == _best(2)
    assert wizard.start(Selection()) == _best(1)


def test_a_move_that_hides_or_moves_the_row_goes_on_from_where_it_was() -> None:
    tables = Tables([1, 2, 3, 4])
    tables.wizard.prepare(_best(2))
    tables.best = [4, 3, 1]
    assert tables.wizard.after(_move(2), _best(2)) == _best(3)


def test_undo_and_redo_select_what_they_remember() -> None:
    wizard = Tables([1]).wizard
    undo = Delta("merge", added=(1, 3), removed=(9,), direction="undo", selection=Selection((1,), (3,)))
    assert wizard.after(undo, _best(9)) == Selection((1,), (3,))
    assert wizard.after(Delta("merge", added=(1, 3), direction="undo"), _best(9)) == _best(1, 3)


def test_candidates_are_the_next_keys_without_repeats() -> None:
    wizard = Tables([1, 2, 3], {1: [2, 3], 2: [3]}).wizard
    assert wizard.candidates(_best(1), 3) == [Selection((1,), (2,)), _best(2), Selection((1,), (3,))]
    assert wizard.candidates(Selection(), 5)[0] == _best(1)


def test_visited_selections_are_kept_until_reset() -> None:
    wizard = Tables([1, 2]).wizard
    for selection in (_best(1), _best(1), Selection(), _best(2)):
        wizard.visit(selection)
    assert wizard.visited == (_best(1), _best(2))
    wizard.reset()
    assert wizard.visited == ()


@given(st.lists(st.integers(0, 20), unique=True), st.sets(st.integers(0, 20)), st.integers(0, 20))
def test_stepping_from_row_to_row_meets_every_unmasked_row_below(order: list[int], masked: set[int], row: int) -> None:
    met, current = [], row
    while (following := neighbour(order, current, masked.__contains__)) is not None and len(met) < 30:
        met.append(following)
        current = following
    below = order[order.index(row) + 1 :] if row in order else order
    assert met == [c for c in below if c not in masked]
