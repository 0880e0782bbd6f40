"""What is done to the signal before it is shown."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.filtering import butterworth_lowpass
from phy_medicine.compute.signal_filters import SIGNAL_FILTERS, common_median

RATE = 30_000.0


def gain(name, frequency_hz):
    """How much of a sine is left in the middle of a second of it."""
    t = np.arange(30_000) / RATE
    wave = np.sin(2 * np.pi * frequency_hz * t)[:, np.newaxis]
    left = SIGNAL_FILTERS[name].apply(wave, RATE)[10_000:20_000, 0]
    return np.sqrt(2) * left.std()


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize(("cutoff_hz", "sample_rate"), [(6000.0, 30000.0), (300.0, 24414.0625)])
def test_the_low_pass_has_the_response_of_scipys(order, cutoff_hz, sample_rate):
    from scipy import signal

    expected = signal.butter(order, cutoff_hz, "lowpass", fs=sample_rate, output="sos")
    frequencies = np.linspace(1.0, sample_rate / 2 - 1, 200)
    ours = signal.sosfreqz(butterworth_lowpass(order, cutoff_hz, sample_rate), frequencies, fs=sample_rate)[1]
    np.testing.assert_allclose(ours, signal.sosfreqz(expected, frequencies, fs=sample_rate)[1], rtol=1e-8, atol=1e-13)


def test_the_definitions_hold():
    # Both ways, the cutoff is where half of the amplitude is left.
    assert gain("high-pass", 150.0) == pytest.approx(0.5, abs=0.01)
    assert gain("high-pass", 30.0) < 0.001 and gain("high-pass", 3000.0) == pytest.approx(1, abs=0.01)
    assert gain("band-pass", 300.0) == pytest.approx(0.5, abs=0.01)
    assert gain("band-pass", 6000.0) == pytest.approx(0.5, abs=0.01)
    assert gain("band-pass", 12_000.0) < 0.01 and gain("band-pass", 1500.0) == pytest.approx(1, abs=0.01)
    assert gain("none", 30.0) == pytest.approx(1, abs=0.001)


def test_slow_recordings_keep_what_lies_below_half_their_rate():
    assert len(SIGNAL_FILTERS["band-pass"].sections(30_000.0)) == 4
    assert len(SIGNAL_FILTERS["band-pass"].sections(12_000.0)) == 2


def test_the_common_median_is_that_of_each_sample():
    data = np.random.default_rng(2).normal(size=(50, 7)).astype(np.float32)
    assert (common_median(data)[:, 0] == np.median(data, axis=1)).all()
    assert np.allclose(common_median(data[:, :6])[:, 0], np.median(data[:, :6], axis=1))


def test_every_filter_has_a_definition_and_a_short_name_of_its_own():
    assert list(SIGNAL_FILTERS) == ["none", "high-pass", "band-pass", "common median"]
    assert SIGNAL_FILTERS["high-pass"].words == "high-pass 150 Hz, Butterworth order 3"
    assert len({f.words for f in SIGNAL_FILTERS.values()}) == len({f.short for f in SIGNAL_FILTERS.values()}) == 4
