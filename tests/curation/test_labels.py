"""Which fields were measured, and reading cells."""

from __future__ import annotations

from phy_medicine.curation.labels import LabelTable, guess_measured


def test_number_columns_and_sorter_text_are_measured_but_group_and_notes_are_not() -> None:
    fields = {"group": {0: "good"}, "KSLabel": {0: "mua"}, "Amplitude": {0: 1.5}, "note": {0: "x", 1: 3}}
    assert guess_measured(fields) == {"KSLabel", "Amplitude"}


def test_which_fields_are_measured_can_be_said() -> None:
    table = LabelTable({"rating": {0: 3}, "note": {0: "x"}}, [0], measured=["note", "group"])
    assert table.measured == {"note"}


def test_changes_applied_and_reverted_leave_the_table_as_it_was() -> None:
    table = LabelTable({"rating": {0: 3}}, [0, 1])
    changes = table.set_changes("rating", [0, 1], 5)
    table.apply(changes)
    assert table.values("rating") == {0: 5, 1: 5}
    table.revert(changes)
    assert table.to_dict() == {"group": {}, "rating": {0: 3}}
