"""The motion that the sorter corrects for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phy_medicine.compute import kernels
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.sorting.drift import motion_arrays, motion_from, motion_of
from phy_medicine.compute.sorting.preprocess import FilteredChannels
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import SortingSettings
from tests.compute.sorting.test_preprocess import Memory

RATE, SECONDS, N_UNITS = 12_000.0, 20, 12
POSITIONS = np.stack([np.arange(32) % 2 * 20.0, np.arange(32) // 2 * 20.0], axis=1)
CHANNELS = SortedChannels(np.arange(32), POSITIONS, np.zeros(32, np.int32))
SETTINGS = replace(SortingSettings(), common_reference=False, high_hz=5000.0)


def drifting(motion_um, rate_hz=8.0, seed=0):
    """Point sources and noise; motion_um : of a time in s."""
    rng = np.random.default_rng(seed)
    shape = -np.diff(np.exp(-0.5 * ((np.arange(25) - 12) / 2.5) ** 2), 1)
    traces = rng.normal(0, 5, (int(SECONDS * RATE), 32)).astype(np.float32)
    for depth in np.linspace(30, 270, N_UNITS):
        source, strength = rng.uniform([0, 15], [20, 30]), rng.uniform(8_000, 16_000)
        for sample in np.sort(rng.integers(50, len(traces) - 50, int(rate_hz * SECONDS))):
            place = [source[0], depth + motion_um(sample / RATE)]
            away = np.hypot(np.linalg.norm(POSITIONS - place, axis=1), source[1])
            traces[sample - 12 : sample + 12] += shape[:, None] * strength / away
    return FilteredChannels.of(Memory(traces, RATE), CHANNELS, SETTINGS)


@pytest.fixture(scope="module", autouse=True)
def _kernels():
    kernels.warm_up()


def test_a_drift_is_found():
    def motion_um(time_s):
        return 8 * np.sin(2 * np.pi * time_s / SECONDS)

    found = motion_of(drifting(motion_um), CHANNELS)
    times = np.arange(1, SECONDS - 1, 0.5)
    off = found.at(times, np.full(times.size, 150.0)) - motion_um(times)
    assert np.median(np.abs(off - np.median(off))) < 0.7


def test_tissue_that_stands_still_is_left_alone():
    assert motion_of(drifting(lambda time_s: 0.0), CHANNELS) is None


def test_few_peaks_tell_nothing():
    assert motion_of(drifting(lambda time_s: time_s, rate_hz=0.15), CHANNELS) is None


def test_the_search_can_be_ended_and_tells_how_far_it_is():
    told = []
    with pytest.raises(Cancelled):
        motion_of(
            drifting(lambda time_s: 0.0),
            CHANNELS,
            progress=lambda done, text: told.append((done, text)),
            cancelled=lambda: len(told) == 3,
        )
    assert [text for _, text in told] == [f"Looking for motion, {second} s" for second in range(3)]
    assert told[2][0] == pytest.approx(0.09)


def test_arrays_of_a_motion_and_back():
    arrays = {"time_bins_s": [0.0, 1.0], "depth_bins_um": [5.0], "displacement_um": [[1.0], [2.0]]}
    motion = motion_from(arrays)
    assert {name: values.tolist() for name, values in motion_arrays(motion).items()} == arrays
    assert motion_from({}) is None and motion_arrays(None) == {}


def test_the_number_of_threads_changes_nothing():
    recording = drifting(lambda time_s: 10.0 * np.sin(time_s))
    one, more = (motion_of(recording, CHANNELS, n_threads=n) for n in (1, 3))
    assert one is not None and more is not None
    assert np.array_equal(one.displacement, more.displacement)
