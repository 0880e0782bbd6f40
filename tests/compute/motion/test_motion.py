from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.motion import Motion


def test_a_positive_motion_moved_the_spikes_to_larger_depth():
    motion = Motion([[-5.0], [5.0]], [0.0, 10.0], [0.0])
    assert motion.corrected([0.0, 5.0, 10.0], [95.0, 100.0, 105.0]).tolist() == [100.0, 100.0, 100.0]


def test_between_grid_points_it_is_bilinear_and_beyond_them_constant():
    motion = Motion([[0.0, 10.0], [20.0, 50.0]], [0.0, 2.0], [100.0, 200.0])
    times, depths = [1.0, 0.0, -9.0, 99.0, 1.0], [150.0, 150.0, 0.0, 999.0, 100.0]
    assert motion.at(times, depths).tolist() == [20.0, 5.0, 0.0, 50.0, 10.0]


def test_shapes_broadcast_and_numbers_are_allowed():
    motion = Motion([[0.0, 10.0], [20.0, 50.0]], [0.0, 2.0], [100.0, 200.0])
    assert motion.at(np.array([[0.0], [2.0]]), np.array([100.0, 200.0])).tolist() == [[0.0, 10.0], [20.0, 50.0]]
    assert float(motion.at(1.0, 150.0)) == 20.0


def slow_at(motion: Motion, time: float, depth: float) -> float:
    """One value by two interpolations of numpy."""
    columns = [np.interp(time, motion.temporal_bins_s, column) for column in motion.displacement.T]
    return float(np.interp(depth, motion.spatial_bins_um, columns))


grids = st.lists(st.floats(-50, 50).map(lambda x: round(x, 2)), min_size=1, max_size=5, unique=True).map(sorted)


@given(st.data(), grids | st.just([0.0, 0.5, 1.0, 1.5]), grids)
def test_any_grid_equals_two_plain_interpolations(data, times, depths):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    motion = Motion(rng.normal(size=(len(times), len(depths))), times, depths)
    where = np.concatenate([rng.uniform(-60, 60, 20), times, depths])
    found = motion.at(where, where[::-1])
    assert found == pytest.approx([slow_at(motion, t, z) for t, z in zip(where, where[::-1], strict=True)], abs=1e-9)


def test_many_spikes_are_looked_up_in_pieces():
    motion = Motion(np.arange(6.0).reshape(3, 2), [0.0, 1.0, 2.0], [0.0, 1.0])
    times = np.linspace(0, 2, 150_001)
    assert motion.at(times, 0.0) == pytest.approx(2 * times)


def test_centring_and_another_grid_leave_only_changes():
    motion = Motion([[1.0, 4.0], [3.0, 8.0]], [0.0, 2.0], [0.0, 10.0])
    assert motion.centred().displacement.tolist() == [[-1.0, -2.0], [1.0, 2.0]]
    assert motion.on_grid([0.0, 1.0, 2.0], [5.0]).displacement.tolist() == [[-1.5], [0.0], [1.5]]


def test_arrays_there_and_back():
    motion = Motion([[1.0, 2.0]], [0.5], [0.0, 10.0])
    again = Motion.from_arrays(motion.to_arrays())
    assert sorted(motion.to_arrays()) == ["displacement", "spatial_bins_um", "temporal_bins_s"]
    assert all((again.to_arrays()[name] == array).all() for name, array in motion.to_arrays().items())


@pytest.mark.parametrize(
    ("displacement", "times", "depths", "words"),
    [
        ([[1.0]], [0.0, 1.0], [0.0], "does not fit 2 times and 1 depths"),
        ([[1.0], [1.0]], [1.0, 1.0], [0.0], "must increase"),
        ([[np.nan]], [1.0], [0.0], "displacement holds values that are not finite"),
        (np.zeros((0, 1)), [], [0.0], "does not fit 0 times"),
    ],
)
def test_arrays_that_make_no_motion_are_refused(displacement, times, depths, words):
    with pytest.raises(PhyMedError, match=words):
        Motion(displacement, times, depths)


def test_a_missing_array_is_named():
    with pytest.raises(PhyMedError, match="no array 'displacement'"):
        Motion.from_arrays({"temporal_bins_s": np.zeros(1)})


def test_a_motion_cannot_be_changed():
    motion = Motion([[1.0]], [0.0], [0.0])
    with pytest.raises(ValueError, match="read-only"):
        motion.displacement[0, 0] = 2.0
