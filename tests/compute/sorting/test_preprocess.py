"""What the sorter reads of a recording."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute import kernels
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting import interpolation
from phy_medicine.compute.sorting.preprocess import FilteredChannels, SortingRecording
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import SortingSettings

RATE, N_SAMPLES, N_CHANNELS = 30_000.0, 12_000, 32
PLAIN = replace(SortingSettings(), band_pass=False, common_reference=False)


@dataclass(frozen=True)
class Memory:
    """Traces in memory, (n_samples, n_channels)."""

    traces: np.ndarray
    sample_rate: float = RATE

    @property
    def n_samples(self):
        return len(self.traces)

    @property
    def n_channels(self):
        return self.traces.shape[1]

    def read(self, start, stop):
        assert 0 <= start <= stop <= self.n_samples
        return self.traces[start:stop]


def probe(n=N_CHANNELS, shanks=None, channel_map=None):
    positions = np.stack([np.arange(n) % 2 * 20.0, np.arange(n) * 20.0], axis=1)
    return SortedChannels(
        np.arange(n) if channel_map is None else np.asarray(channel_map),
        positions,
        np.zeros(n, np.int32) if shanks is None else np.asarray(shanks, np.int32),
    )


def broadband(n_samples=N_SAMPLES, n=N_CHANNELS, seed=0):
    """Noise, a slow wave, a hum that all share, and an offset for each channel, int16."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_samples)[:, None] / RATE
    slow = 800 * np.sin(2 * np.pi * 3 * t + np.arange(n) / 5) + 300 * np.arange(n)
    hum = 60 * np.sin(2 * np.pi * 1234 * t)
    return np.round(rng.normal(0, 12, (n_samples, n)) + slow + hum).astype(np.int16)


@pytest.fixture(scope="module")
def prepared():
    kernels.warm_up()
    return SortingRecording.of(Memory(broadband()), probe(), SortingSettings())


@given(st.integers(0, N_SAMPLES - 1), st.integers(1, 3000))
def test_a_sample_is_the_same_wherever_reading_begins_and_ends(prepared, start, length):
    stop = min(start + length, N_SAMPLES)
    whole = prepared.read(0, N_SAMPLES)
    np.testing.assert_allclose(prepared.read(start, stop), whole[:, start:stop], atol=5e-3)


def test_noise_is_white_and_slow_waves_offsets_and_hum_are_gone(prepared):
    inside = prepared.read(1000, N_SAMPLES - 1000)
    assert inside.shape == (N_CHANNELS, N_SAMPLES - 2000) and inside.dtype == np.float32
    np.testing.assert_allclose(inside.std(axis=1), 1, atol=0.1)
    spectrum = np.abs(np.fft.rfft(inside, axis=1)) ** 2
    hum = round(1234 * inside.shape[1] / RATE)
    assert (spectrum[:, hum] < 20 * spectrum[:, hum + 20 : hum + 60].mean(axis=1)).all()


def test_channels_come_in_the_order_of_the_probe_and_in_microvolts():
    traces = np.arange(24, dtype=np.int16).reshape(6, 4)
    signal = FilteredChannels.of(Memory(traces), probe(2, channel_map=[3, 1]), PLAIN, gain_uv=0.5)
    assert signal.read(1, 3).tolist() == [[3.5, 2.5], [5.5, 4.5]]


def test_what_is_read_can_be_changed_without_changing_the_recording():
    traces = np.ones((10, 2), np.float32)
    signal = FilteredChannels.of(Memory(traces), probe(2), PLAIN)
    signal.read(0, 10)[:] = 5
    assert (traces == 1).all()


def test_the_median_is_that_of_the_shank():
    traces = np.zeros((5, 40), np.float32)
    traces[:, :20] = 3
    traces[:, 4] = 50
    channels = probe(40, shanks=np.repeat([0, 1], 20))
    signal = FilteredChannels.of(Memory(traces), channels, replace(PLAIN, common_reference=True)).read(0, 5)
    assert signal[0].tolist() == [0, 0, 0, 0, 47] + [0] * 35


def test_of_few_channels_no_median_is_removed():
    signal = FilteredChannels.of(Memory(np.ones((5, 16))), probe(16), replace(PLAIN, common_reference=True))
    assert (signal.read(0, 5) == 1).all()


def test_values_that_are_not_finite_are_refused_by_channel_and_time():
    traces = np.ones((60_000, 4), np.float32)
    traces[45_000, 2] = np.nan
    signal = FilteredChannels.of(Memory(traces), probe(3, channel_map=[0, 1, 2]), PLAIN)
    with pytest.raises(PhyMedError, match=r"Channel 2 has values that are not finite at about 1.0 s"):
        signal.read(30_000, 60_000)


def test_channels_that_the_recording_does_not_have_are_refused():
    with pytest.raises(PhyMedError, match="channels 0 to 3"):
        FilteredChannels.of(Memory(np.ones((5, 4))), probe(2, channel_map=[3, 4]), PLAIN)


def test_a_slow_recording_is_refused():
    with pytest.raises(PhyMedError, match="9,000 Hz is too slow"):
        FilteredChannels.of(Memory(np.ones((5, 4)), 9000.0), probe(4), PLAIN)


@pytest.fixture(scope="module")
def moving():
    motion = Motion(np.array([[-8.0], [8.0]]), np.array([0.0, 0.4]), np.zeros(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interpolation, "BIN_S", 0.1)
        made = SortingRecording.of(Memory(broadband()), probe(), SortingSettings(drift="data"), motion=motion)
    assert made.moves.levels[:, 0].tolist() == [-12, -4, 4, 12]
    return made


@given(st.integers(0, N_SAMPLES - 1), st.integers(1, 6000))
def test_a_moved_sample_is_the_same_wherever_reading_begins_and_ends(moving, start, length):
    stop = min(start + length, N_SAMPLES)
    whole = moving.read(0, N_SAMPLES)
    np.testing.assert_allclose(moving.read(start, stop), whole[:, start:stop], atol=5e-3)


def test_threads_that_read_at_once_read_the_same(moving):
    starts = list(range(0, N_SAMPLES - 1000, 500))
    alone = [moving.read(s, s + 1000) for s in starts]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda s: moving.read(s, s + 1000), starts))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
