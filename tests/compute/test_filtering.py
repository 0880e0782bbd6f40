from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.compute.filtering import butterworth_highpass, highpass

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
    np.testing.assert_allclose(highpass(data, RATE), reference(data), rtol=1e-6, atol=1e-4)


def test_integer_strided_and_read_only_data_are_filtered_unchanged_themselves(either_path):
    data = np.arange(40, dtype=np.int16).reshape(20, 2)[:, ::-1]
    data.flags.writeable = False
    np.testing.assert_allclose(highpass(data, RATE), reference(data), atol=1e-4)
    assert data[0].tolist() == [1, 0]


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
