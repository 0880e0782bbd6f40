"""Widths, signal to noise and drift on waveforms and depths whose values are known."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.metrics.drift import drift
from phy_medicine.compute.metrics.shape import half_width_ms, peak_to_trough_ms, signal_to_noise

RATE = 30_000.0


def test_a_triangle_is_half_as_wide_at_half_its_height():
    waveform = np.array([0, 0, -1, -2, -3, -4, -3, -2, -1, 0, 1, 2, 1, 0.0])
    assert half_width_ms(waveform, RATE) == pytest.approx(1e3 * 4 / RATE)
    assert peak_to_trough_ms(waveform, RATE) == pytest.approx(1e3 * 6 / RATE)
    assert signal_to_noise(waveform, 0.5) == 8.0


def test_a_half_width_lies_between_samples():
    assert half_width_ms(np.array([0, -4, 0.0]), 1000.0) == pytest.approx(1.0)
    assert half_width_ms(np.array([0, -4, -1.0, 0]), 1000.0) == pytest.approx(0.5 + 2 / 3)


@pytest.mark.parametrize("waveform", [np.zeros(9), np.ones(9), np.arange(9.0), -np.ones(9), -np.arange(9.0)])
def test_what_is_no_spike_has_no_widths(waveform):
    assert np.isnan(half_width_ms(waveform, RATE)) and np.isnan(peak_to_trough_ms(waveform, RATE))


def test_without_noise_there_is_no_signal_to_noise():
    assert np.isnan(signal_to_noise(np.array([-1.0]), 0.0)) and np.isnan(signal_to_noise(np.zeros(0), 1.0))


def test_drift_is_that_of_medians_of_minutes():
    times = np.arange(0, 300, 0.5)
    depths = 100.0 + 10 * (times // 60)
    assert drift(times, depths, 300.0) == pytest.approx((40.0, np.std([0, 10, 20, 30, 40])))
    depths[0] = 1e6
    depths[1::2] = np.nan
    assert drift(times, depths, 300.0, least_spikes=50)[0] == pytest.approx(40.0)


def test_too_few_spikes_or_minutes_say_nothing_of_drift():
    times = np.arange(0, 300, 0.5)
    assert np.isnan(drift(times, 0 * times, 119.0)).all()
    assert np.isnan(drift(times, 0 * times, 300.0, least_spikes=121)).all()
    assert np.isnan(drift(times[times < 110], 0 * times[times < 110], 300.0)).all()
    assert drift(times[times < 170], 0 * times[times < 170], 300.0) == (0.0, 0.0)
