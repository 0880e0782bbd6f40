"""Data drawn from the model."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting.simulate import add_spikes, apart, random_templates, simulate


def test_data_are_templates_at_spikes_and_noise():
    sim = simulate(5000, 8, 31, 3, rate_hz=5.0, noise_std=0.5, seed=1)
    assert sim.templates.shape == (3, 8, 31) and sim.amplitudes.shape == (3, 5000)
    np.testing.assert_allclose(np.linalg.norm(sim.templates, axis=(1, 2)), 1, rtol=1e-6)
    assert np.linalg.matrix_rank(sim.templates, tol=1e-5).tolist() == [1, 1, 1]
    model = np.zeros((8, 5000))
    for template, row in zip(sim.templates, sim.amplitudes, strict=True):
        for channel in range(8):
            model[channel] += np.convolve(row, template[channel])[:5000]
    assert np.std(sim.data - model) == pytest.approx(0.5, rel=0.02)


def test_spikes_of_a_unit_are_apart_and_have_the_amplitudes_asked_for():
    sim = simulate(200_000, 1, 41, 1, mean_amplitude=20.0, shape_amplitude=4.0, seed=2)
    times = np.flatnonzero(sim.amplitudes[0])
    assert np.diff(times).min() >= 41
    found = sim.amplitudes[0, times]
    assert found.mean() == pytest.approx(20.0, rel=0.05) and found.std() == pytest.approx(10.0, rel=0.1)


def test_a_model_of_the_same_seed_does_not_start_at_the_truth():
    sim = simulate(100, 8, 31, 3, seed=5)
    assert not np.allclose(sim.templates, random_templates(3, 8, 31, np.random.default_rng(5)))
    np.testing.assert_array_equal(sim.data, simulate(100, 8, 31, 3, seed=5).data)


def test_times_apart_keep_the_first():
    assert apart(np.array([2, 5, 9, 12, 13, 30]), 7).tolist() == [2, 9, 30]


def test_a_spike_at_the_end_is_cut_off():
    data = np.zeros((1, 4), np.float32)
    add_spikes(data, np.ones((1, 1, 3), np.float32), np.array([[0, 0, 0, 2.0]], np.float32))
    assert data.tolist() == [[0, 0, 0, 2]]


@pytest.mark.parametrize("sizes", [(10, 4, 31, 2), (100, 0, 31, 2), (100, 4, 31, 0)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(PhyMedError, match="at least as many samples"):
        simulate(*sizes)
