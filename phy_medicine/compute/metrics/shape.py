"""What the mean waveform of a unit on its largest channel looks like."""

from __future__ import annotations

from math import nan

import numpy as np

from phy_medicine.base.types import FloatArray


def signal_to_noise(waveform: FloatArray, noise: float) -> float:
    """Return the largest deflection of a waveform, (D,), by the standard deviation of the noise; NaN without noise.

    noise : unit of the waveform, from the median absolute deviation, as SpikeInterface's
    """
    return float(np.abs(waveform).max() / noise) if len(waveform) and noise > 0 else nan


def peak_to_trough_ms(waveform: FloatArray, sample_rate: float) -> float:
    """Return the time from the trough of a waveform, (D,), to the highest peak after it, ms.

    NaN where nothing above zero comes after the trough. Short for many inhibitory neurons, below about 0.4 ms.
    SpikeInterface's takes the most prominent peak, not the highest, which is the same on a waveform of one neuron.
    """
    trough = int(np.argmin(waveform))
    after = waveform[trough:]
    if not waveform[trough] < 0 or not after.max() > 0:
        return nan
    return 1e3 * int(after.argmax()) / sample_rate


def half_width_ms(waveform: FloatArray, sample_rate: float) -> float:
    """Return how long a waveform, (D,), is below half of its trough, ms; NaN where it does not come back.

    Between samples a straight line is assumed; SpikeInterface counts whole samples, up to one more or less.
    """
    trough = int(np.argmin(waveform))
    half = float(waveform[trough]) / 2
    above = np.flatnonzero(waveform > half)
    before, after = above[above < trough], above[above > trough]
    if not half < 0 or not before.size or not after.size:
        return nan
    left, right = int(before[-1]), int(after[0])
    begin = left + _part(float(waveform[left]), float(waveform[left + 1]), half)
    end = right - _part(float(waveform[right]), float(waveform[right - 1]), half)
    return 1e3 * (end - begin) / sample_rate


def _part(outside: float, inside: float, level: float) -> float:
    """Where a line from a value outside to one inside reaches a level, 0 to 1."""
    return (outside - level) / (outside - inside)
