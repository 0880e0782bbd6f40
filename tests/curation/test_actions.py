"""Actions as plain records and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import Merge, SetGroup, SetLabel, Split, from_record, to_record
from phy_medicine.curation.entries import entry_of


@pytest.mark.parametrize(
    "action", [Merge((1, 2), 3), SetGroup((4,), None), SetGroup((4,), "good"), SetLabel("q", (1,), 0.5)]
)
def test_an_action_survives_its_record(action: Merge | SetGroup | SetLabel) -> None:
    assert from_record(to_record(action)) == action


def test_a_split_survives_its_record_as_lists() -> None:
    split = Split(np.array([1, 4]), np.array([1, 0], dtype=np.int32), (9, 12), (3, 5), ((3, 13),))
    record = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in to_record(split).items()}
    again = from_record(record)
    assert isinstance(again, Split)
    assert to_record(again)["rest"] == [[3, 13]]
    assert (again.spike_ids.tolist(), again.new_ids) == ([1, 4], (9, 12, 13))
    assert again.parts is not None and again.parts.tolist() == [1, 0]
    assert again.note == "" and "note" not in record


def test_the_note_of_a_split_survives_its_record_and_says_what_it_was() -> None:
    split = Split(np.array([1, 4]), None, (9,), (3,), ((3, 10),), "by a model: valley 90% deep")
    again = from_record(to_record(split))
    assert isinstance(again, Split) and again.note == split.note
    entry = entry_of(again)
    assert (entry.what, entry.note) == ("Split by a model", split.note)


@pytest.mark.parametrize(
    "record", [{}, {"kind": "dance"}, {"kind": "merge"}, {"kind": "split", "spike_ids": ["a"], "parts": None}]
)
def test_a_record_of_something_else_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ActionError):
        from_record(record)
