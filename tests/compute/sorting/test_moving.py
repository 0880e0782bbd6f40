"""Where the tissue is, in steps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.moving import STEP_UM, Moved

RATE = 1000.0
RISING = Motion(np.linspace(0, 20, 11)[:, None], np.arange(11.0), np.array([100.0]))
NOT_RIGID = Motion(np.linspace(0, 20, 11)[:, None] * [1.0, -0.5], np.arange(11.0), np.array([0.0, 400.0]))


def test_displacements_are_constant_in_bins_of_half_a_second():
    moved = Moved(RISING, RATE)
    depths = np.array([10.0, 150.0])
    assert moved.at(0, depths).tolist() == moved.at(499, depths).tolist()
    np.testing.assert_allclose(moved.at(3000, depths), 2 * 3.25)
    np.testing.assert_allclose(moved.at(3600, depths), 2 * 3.75)


def test_steps_are_the_nearest_whole_ones():
    moved = Moved(RISING, RATE)
    assert moved.steps(3000, np.array([50.0])).tolist() == [round(6.5 / STEP_UM)]


def test_no_depth_goes_on_to_another_step_between_edges():
    for motion in (RISING, NOT_RIGID):
        moved = Moved(motion, RATE)
        depths = np.linspace(0, 400, 5)
        edges = [0, *moved.edges(10_000), 10_000]
        assert edges == sorted(set(edges)) and 5 < len(edges) <= 21
        for start, stop in pairwise(edges):
            here = [moved.steps(sample, depths).tolist() for sample in (start, (start + stop) // 2, stop - 1)]
            assert here[0] == here[1] == here[2]


def test_tissue_that_stands_still_has_no_edges():
    still = Motion(np.zeros((4, 1)), np.arange(4.0), np.array([0.0]))
    assert Moved(still, RATE).edges(4000) == ()
