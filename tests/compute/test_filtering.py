from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.compute import kernels
from phy_medicine.compute.filtering import both_ways, butterworth_highpass, butterworth_lowpass, channel_means, highpass

RATE = 30000.0


def reference(data, order=3, cutoff_hz=150.0, sample_rate=RATE):
    """Forward, flip, again, flip, with scipy."""
    from scipy import signal

    sections = signal.butter(order, cutoff_hz, "highpass", fs=sample_rate, output="sos")
    once = signal.sosfilt(sections, np.asarray(data, dtype=np.float64), axis=-2)
    return np.flip(signal.sosfilt(sections, np.flip(once, -2), axis=-2), -2)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize(("cutoff_hz", "sample_rate"), [(150.0, 30000.0), (300.0, 24414.0625), (9000.0, 20000.0)])
def test_coefficients_have_the_response_of_scipys(order, cutoff_hz, sample_rate):
    from scipy import signal

    expected = signal.butter(order, cutoff_hz, "highpass", fs=sample_rate, output="sos")
    frequencies = np.linspace(1.0, sample_rate / 2 - 1, 200)
    ours = signal.sosfreqz(butterworth_highpass(order, cutoff_hz, sample_rate), frequencies, fs=sample_rate)[1]
    np.testing.assert_allclose(ours, signal.sosfreqz(expected, frequencies, fs=sample_rate)[1], rtol=1e-8, atol=1e-13)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    n=st.integers(1, 4),
    n_samples=st.integers(1, 150),
    n_channels=st.integers(1, 5),
    order=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_windows_equal_scipy_run_forwards_and_backwards(either_path, n, n_samples, n_channels, order, seed):
    data = np.random.default_rng(seed).normal(50, 100, (n, n_samples, n_channels)).astype(np.float32)
    expected = reference(data, order)
    filtered = highpass(data, RATE, order=order)
    assert filtered.dtype == np.float32
    np.testing.assert_allclose(filtered, expected, rtol=1e-5, atol=1e-3)


def test_traces_of_a_quarter_second_equal_scipy(either_path):
    data = np.random.default_rng(1).normal(0, 100, (7500, 3)).astype(np.float32)
    np.testing.assert_allclose(highpass(data, RATE), reference(data), rtol=1e-5, atol=1e-3)


def test_integer_strided_and_read_only_data_are_filtered_unchanged_themselves(either_path):
    data = np.arange(40, dtype=np.int16).reshape(20, 2)[:, ::-1]
    data.flags.writeable = False
    np.testing.assert_allclose(highpass(data, RATE), reference(data), rtol=1e-5, atol=1e-4)
    assert data[0].tolist() == [1, 0]


@pytest.mark.parametrize("low_hz", [150.0, 300.0])
@pytest.mark.parametrize("high_hz", [0.0, 6000.0])
def test_spikes_under_slow_waves_fifty_times_their_size_equal_scipys_in_double_precision(either_path, low_hz, high_hz):
    from scipy import signal

    rng, t = np.random.default_rng(2), np.arange(30_000) / RATE
    waves = 500 * np.sin(2 * np.pi * np.outer(t, [3.0, 8.0, 20.0])) + [900, -2000, 0]
    data = np.round(waves + rng.normal(0, 10, waves.shape)).astype(np.int16)
    sections = butterworth_highpass(3, low_hz, RATE)
    if high_hz:
        sections = np.concatenate([sections, butterworth_lowpass(3, high_hz, RATE)])
    expected = signal.sosfiltfilt(sections.copy(), data.astype(np.float64), axis=0)[3000:-3000]
    error = both_ways(data, sections, offsets=channel_means(data))[3000:-3000] - expected
    assert np.abs(error).max() < 1e-4 * expected.std()


def test_offsets_are_removed_first_whatever_the_type(either_path):
    whole = np.random.default_rng(3).integers(-3000, 3000, (100, 19)).astype(np.int16)
    sections, offsets = butterworth_highpass(3, 300.0, RATE), np.arange(19) * 100.0
    expected = reference(whole - offsets, cutoff_hz=300.0)
    for kind in (np.int16, np.float32, np.uint16, np.float64, ">i2"):
        data = whole.astype(kind) if kind != np.uint16 else (whole + 3000).astype(kind)
        removed = offsets + 3000 if kind == np.uint16 else offsets
        np.testing.assert_allclose(both_ways(data, sections, offsets=removed), expected, atol=1e-2)


@pytest.mark.parametrize("kind", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("n_samples", [0, 1, 63, 64, 1000])
def test_the_mean_of_each_channel_is_exact(either_path, kind, n_samples):
    data = (np.random.default_rng(4).normal(0, 3000, (n_samples, 5)) + 20_000).astype(kind)
    expected = data.mean(axis=0, dtype=np.float64) if n_samples else np.zeros(5)
    means = channel_means(data)
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, expected, rtol=3e-7)


def test_silence_after_a_pulse_ends_as_zero():
    # Numbers near the smallest would make some processors a hundred times slower.
    kernels.warm_up()
    data = np.zeros((40_000, 2), dtype=np.float32)
    data[20_000] = 1000
    filtered = highpass(data, RATE)
    assert not filtered[-2000:].any() and not filtered[:2000].any() and filtered[20_000].min() > 900


@pytest.mark.parametrize("shape", [(0, 3), (5, 0), (0, 5, 2), (3, 0, 2), (3, 5, 0)])
def test_nothing_to_filter_gives_nothing(either_path, shape):
    assert highpass(np.zeros(shape), RATE).shape == shape


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="does not lie between 0 and half the sample rate"):
        highpass(np.zeros((5, 2)), 250.0)
    with pytest.raises(ValueError, match="order of at least 1"):
        highpass(np.zeros((5, 2)), RATE, order=0)
    with pytest.raises(ValueError, match="2 dimensions"):
        highpass(np.zeros(5), RATE)
    with pytest.raises(ValueError, match="Butterworth"):
        both_ways(np.zeros((5, 2)), np.array([[1.0, 0.5, 0.2, 1, 0.1, 0.1]]))
