"""Artifacts are set to 0 and listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute import kernels
from phy_medicine.compute.sorting.artifacts import ArtifactGate, joined, runs_of
from phy_medicine.compute.sorting.preprocess import SortingRecording
from phy_medicine.compute.sorting.settings import SortingSettings
from tests.compute.sorting.test_preprocess import N_SAMPLES, Memory, broadband, probe

SETTINGS = replace(SortingSettings(), common_reference=False, artifact_noise=30.0)


def gate(n=20, reach=4):
    return ArtifactGate(np.full(n, 10, np.float32), reach)


def test_samples_at_which_most_channels_are_too_large_fall_to_zero_as_a_cosine():
    signal = np.ones((20, 20), np.float32)
    signal[10, :11] = -50
    made = gate()
    made.apply(signal, 1000)
    expected = np.ones(20)
    expected[6:15] = [1, 0.853553, 0.5, 0.146447, 0, 0.146447, 0.5, 0.853553, 1]
    np.testing.assert_allclose(signal[:, 15], expected, atol=1e-6)
    assert signal[10].tolist() == [0] * 20
    assert made.found() == ((1010, 1011),)


def test_what_half_of_the_channels_have_is_no_artifact():
    signal = np.ones((20, 20), np.float32)
    signal[10, :10] = 50
    made = gate()
    made.apply(signal, 0)
    assert signal[10, 0] == 50 and made.found() == ()


def test_large_values_at_different_times_are_no_artifact():
    signal = np.ones((20, 20), np.float32)
    np.fill_diagonal(signal, 50)
    gate().apply(signal, 0)
    assert signal[3, 3] == 50


def test_a_probe_of_few_channels_has_no_gate():
    assert ArtifactGate.of(np.ones(15), 30, 30_000) is None
    assert ArtifactGate.of(np.ones(16), 0, 30_000) is None
    assert ArtifactGate.of(np.ones(16), 30, 30_000).reach == 60


def test_runs_of_rows():
    assert runs_of(np.array([3, 4, 5, 9])) == [(3, 6), (9, 10)]
    assert runs_of(np.zeros(0, int)) == []


def test_runs_that_touch_are_one():
    assert joined([(5, 8), (1, 3), (8, 9), (2, 4)]) == [(1, 4), (5, 9)]


@pytest.fixture(scope="module")
def shocked():
    kernels.warm_up()
    traces = broadband()
    traces[5000:5004] += np.int16(12_000)
    traces[9000:9010] -= np.int16(9_000)
    return SortingRecording.of(Memory(traces), probe(), SETTINGS)


def test_a_shock_is_gone_and_listed(shocked):
    signal = shocked.read(0, N_SAMPLES)
    assert len(shocked.artifacts) >= 2
    for sample in (5002, 9005):
        assert any(first <= sample < stop for first, stop in shocked.artifacts)
    assert np.abs(signal[:, 1000:]).max() < 40
    assert not signal[:, 5002].any()


@given(st.integers(4800, 5200), st.integers(1, 300))
def test_near_a_shock_too_it_does_not_matter_where_reading_begins(shocked, start, length):
    whole = shocked.read(0, N_SAMPLES)
    np.testing.assert_allclose(shocked.read(start, start + length), whole[:, start : start + length], atol=2e-2)
