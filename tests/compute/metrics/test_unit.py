"""Presence, missed spikes, place and isolation of a unit, from arrays."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.metrics.amplitudes import amplitude_cutoff
from phy_medicine.compute.metrics.footprint import footprint
from phy_medicine.compute.metrics.isolation import l_ratio_and_distance
from phy_medicine.compute.metrics.presence import presence_ratio

N_CHANNELS = 10
POSITIONS = np.stack([np.zeros(N_CHANNELS), 20.0 * np.arange(N_CHANNELS)], axis=1)


def test_presence_is_that_of_stretches_of_ten_seconds():
    assert presence_ratio(np.array([0.0, 5.0, 15.0, 95.0]), 100.0) == 0.3
    assert presence_ratio(np.array([1.0]), 5.0) == 1.0
    assert presence_ratio(np.array([0.0]), 10_000.0) == 0.01


@pytest.mark.parametrize(("cut", "missing"), [(-5.0, 0.0), (-1.5, 0.067), (-1.0, 0.159), (-0.75, 0.227)])
def test_missed_spikes_are_counted_by_what_is_above(cut, missing):
    values = np.random.default_rng(2).normal(size=20_000)
    assert amplitude_cutoff(20 + 2 * values[values > cut]) == pytest.approx(missing, abs=0.05)


def test_of_few_or_equal_amplitudes_nothing_is_known():
    assert np.isnan(amplitude_cutoff(np.arange(10.0))) and np.isnan(amplitude_cutoff(np.ones(100)))


def test_a_waveform_is_where_it_is_largest():
    waveform = np.zeros((N_CHANNELS, 5))
    waveform[2:5, 2] = [-1, -2, -1]
    place = footprint(waveform, POSITIONS)
    assert (place.x_um, place.depth_um) == (0, 60)
    assert place.spread_um == pytest.approx(np.sqrt((1 * 400 + 4 * 0 + 1 * 400) / 6))
    assert np.isnan(footprint(np.zeros((N_CHANNELS, 5)), POSITIONS).depth_um)


def test_noise_on_many_channels_does_not_spread_a_waveform():
    positions = np.stack([np.zeros(64), 20.0 * np.arange(64)], axis=1)
    waveform = 0.04 * np.random.default_rng(7).normal(size=(64, 61))
    waveform[10, 20] -= 1
    assert footprint(waveform, positions).spread_um < 30
    everywhere = waveform.copy()
    everywhere[:, 20] -= 1
    assert footprint(everywhere, positions).spread_um > 300


def slow_l_ratio(own, others):
    from scipy.stats import chi2

    covariance = np.cov(own, rowvar=False)
    squared = [(o - own.mean(axis=0)) @ np.linalg.solve(covariance, o - own.mean(axis=0)) for o in others]
    return sum(chi2.sf(s, own.shape[1]) for s in squared) / len(own), sorted(squared)[len(own) - 1]


def test_l_ratio_and_distance_are_those_of_their_definitions():
    rng = np.random.default_rng(4)
    own, others = rng.normal(size=(80, 6)), rng.normal(size=(200, 6)) + 2
    ratio, distance = l_ratio_and_distance(own, others, n_own=80)
    expected = slow_l_ratio(own, others)
    assert ratio == pytest.approx(expected[0], rel=0.02)
    assert distance == pytest.approx(expected[1], rel=0.02)


def test_a_unit_alone_is_isolated_but_at_no_distance():
    own = np.random.default_rng(5).normal(size=(50, 3))
    ratio, distance = l_ratio_and_distance(own, np.zeros((0, 3)), n_own=50)
    assert ratio == 0 and np.isnan(distance)
