"""Actions as plain records and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.actions import Merge, SetGroup, SetLabel, Split, from_record, to_record
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.entries import entry_of
from phy_medicine.curation.regrouping import plan_split_to


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


def test_a_split_keeps_the_labels_that_it_gives() -> None:
    cells = (("group", 9, "noise"), ("note", 10, None))
    split = Split(np.array([1, 4]), None, (9,), (3,), ((3, 10),), cells=cells)
    again = from_record(to_record(split))
    assert isinstance(again, Split) and again.cells == cells and entry_of(again).what == "Split off to noise"
    assert entry_of(replace(split, rest=())).what == "Reassign"
    assert "cells" not in to_record(Split(np.array([1, 4]), None, (9,), (3,), ()))


def test_a_split_that_labels_other_clusters_is_refused() -> None:
    manager = ClusterManager(np.array([0, 0, 1]))
    split = plan_split_to(manager, [0], "noise")
    for cell in (("group", 1, "noise"), ("group", 2, "a\tb"), ("../x", 2, "a"), ("note", 2, {})):
        with pytest.raises(ActionError):
            manager.do(replace(split, cells=(cell,)))
    assert manager.cluster_ids == (0, 1) and not manager.history.items


@pytest.mark.parametrize(
    "record", [{}, {"kind": "dance"}, {"kind": "merge"}, {"kind": "split", "spike_ids": ["a"], "parts": None}]
)
def test_a_record_of_something_else_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(ActionError):
        from_record(record)
