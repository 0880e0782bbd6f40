"""What a sort may take of the memory, and what is divided by it."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting import memory
from phy_medicine.compute.sorting.memory import threads_within, width_within
from phy_medicine.compute.sorting.spilled_rows import SpilledRows


@pytest.mark.parametrize(
    ("asked", "n_channels", "n_samples", "given"),
    [
        (2, 384, 30_400, 2),
        (8, 384, 30_400, 4),
        (8, 64, 30_400, 8),
        (8, 1536, 30_400, 1),
        (8, 384, 300_400, 1),
        (1, 4, 0, 1),
    ],
)
def test_as_many_stretches_are_worked_on_as_have_room(asked, n_channels, n_samples, given):
    assert threads_within(asked, n_channels, n_samples) == given


def test_steps_of_displacement_share_averages_when_there_is_no_room_for_each():
    assert width_within(1, memory.AVERAGES) == 1
    assert width_within(20, memory.AVERAGES // 20) == 1
    assert width_within(20, memory.AVERAGES // 10) == 2
    assert width_within(3, 10 * memory.AVERAGES) == 30


def test_rows_come_again_in_any_order_also_those_that_were_just_added(tmp_path):
    rows = np.random.default_rng(0).normal(size=(40, 3, 2)).astype(np.float32)
    spilled = SpilledRows((3, 2), tmp_path / "new")
    assert spilled[np.zeros(0, int)].shape == (0, 3, 2) and len(spilled) == 0
    for stop in (15, 15, 40):
        spilled.append(rows[len(spilled) : stop])
        some = np.random.default_rng(stop).integers(0, stop, 30)
        np.testing.assert_array_equal(spilled[some], rows[some])
    assert spilled.shape == (40, 3, 2)
    assert not list((tmp_path / "new").iterdir())
