"""Noise after whitening, and what stays of spikes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting.whitening import Whitening, add_covariance, local_zca

POSITIONS = np.stack([np.tile([0.0, 32.0], 8), np.repeat(np.arange(8) * 20.0, 2)], axis=1)


@dataclass(frozen=True)
class Memory:
    """Filtered channels in memory."""

    traces: np.ndarray
    sample_rate: float = 30_000.0

    @property
    def n_samples(self):
        return self.traces.shape[0]

    @property
    def n_channels(self):
        return self.traces.shape[1]

    def read(self, start, stop):
        return self.traces[start:stop]


def correlated_noise(n_samples=40_000, seed=0):
    """Noise that neighbours share, louder on some channels, (n_samples, 16)."""
    rng = np.random.default_rng(seed)
    away = np.linalg.norm(POSITIONS[:, None] - POSITIONS, axis=2)
    mixing = np.linalg.cholesky(np.exp(-away / 40) + 0.1 * np.eye(16))
    return rng.normal(size=(n_samples, 16)) @ mixing.T * np.linspace(5, 15, 16)


def recording(traces):
    return Memory(np.asarray(traces, np.float32))


def test_noise_becomes_white():
    raw = recording(correlated_noise())
    made = Whitening.of(raw, POSITIONS)
    white = made.matrix @ raw.traces.T
    assert white.dtype == np.float32
    np.testing.assert_allclose(np.cov(white), np.eye(16), atol=0.08)
    np.testing.assert_allclose(made.noise, np.sqrt(1.1) * np.linspace(5, 15, 16), rtol=0.05)
    np.testing.assert_allclose(made.inverse @ made.matrix, np.eye(16), atol=1e-4)


def test_spikes_do_not_change_the_noise():
    traces = correlated_noise()
    quiet = Whitening.of(recording(traces), POSITIONS)
    traces[500::400, 4:8] -= 200
    loud = Whitening.of(recording(traces), POSITIONS)
    np.testing.assert_allclose(loud.matrix, quiet.matrix, atol=0.04 * np.abs(quiet.matrix).max())


def test_each_channel_keeps_to_its_neighbours_and_its_shank():
    shanks = np.repeat([0, 1], 8)
    made = Whitening.of(recording(correlated_noise()), POSITIONS, shanks=shanks, n_neighbours=6)
    used = made.matrix != 0
    assert (used.sum(axis=1) == 6).all()
    assert not used[:8, 8:].any() and not used[8:, :8].any()
    away = np.linalg.norm(POSITIONS[:, None] - POSITIONS, axis=2)
    assert away[0][used[0]].max() <= np.sort(away[0])[5]


def test_a_block_is_its_own_symmetric_root():
    covariance = np.cov(correlated_noise().T)
    matrix = local_zca(covariance, np.array([np.roll(np.arange(16), -n) for n in range(16)]))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
    values, vectors = np.linalg.eigh(covariance)
    expected = (vectors / np.sqrt(values + 1e-3 * np.median(values))) @ vectors.T
    np.testing.assert_allclose(matrix, expected, atol=1e-9)


def test_the_covariance_counts_samples_at_which_both_channels_are_quiet():
    part = np.array([[1.0, -1.0, 100.0, 2.0], [2.0, 0.0, 1.0, -50.0]], np.float32)
    expected = [[(1 + 1 + 4) / 3, (2 + 0) / 2], [(2 + 0) / 2, (4 + 0 + 1) / 3]]
    total, counts = np.zeros((2, 2)), np.zeros((2, 2))
    add_covariance(part, np.ones(2), total, counts)
    np.testing.assert_allclose(total / counts, expected)


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_channel_without_noise_is_refused(value):
    traces = correlated_noise(3000)
    traces[:, 5] = value
    with pytest.raises(PhyMedError, match="Channel 5 has no noise"):
        Whitening.of(recording(traces), POSITIONS)


def test_positions_of_other_channels_are_refused():
    with pytest.raises(PhyMedError, match="positions of 15 channels for 16"):
        Whitening.of(recording(correlated_noise(3000)), POSITIONS[:15])


def test_noise_is_1_over_all_that_moves_the_data():
    raw = recording(correlated_noise())
    moved = [np.eye(16), 0.5 * np.eye(16)]
    made = Whitening.of(raw, POSITIONS, moved=moved)
    white = np.concatenate([made.matrix @ (move @ raw.traces.T) for move in moved], axis=1)
    np.testing.assert_allclose(np.median(np.abs(white), axis=1), 0.6745, atol=0.03)
