"""What the amplitudes of the spikes of a unit say of it."""

from __future__ import annotations

from math import nan

import numpy as np

from phy_medicine.base.types import FloatArray

_CUTOFF_BINS, _CUTOFF_SMOOTH, _CUTOFF_SPIKES = 40, 2, 50


def amplitude_cutoff(amplitudes: FloatArray) -> float:
    """Return the part of the spikes that are missed, if amplitudes are distributed symmetrically, up to 0.5.

    Parameters
    ----------
    amplitudes : (n,); fewer than 50 give NaN

    Source: Hill, Mehta & Kleinfeld 2011, J. Neurosci. 31:8699, with the upper side of the histogram as the lower one.
    """
    if len(amplitudes) < _CUTOFF_SPIKES or not np.ptp(amplitudes) > 0:
        return nan
    low, median, high = np.quantile(amplitudes, (0.001, 0.5, 0.999))
    step = max(median - low, high - median) / _CUTOFF_BINS
    counts = np.histogram(amplitudes, np.arange(low, np.max(amplitudes) + 2 * step, step))[0].astype(np.float64)
    reach = 4 * _CUTOFF_SMOOTH
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _CUTOFF_SMOOTH) ** 2)
    # The lower end may be a cliff, which smoothing must not take for a slope; there is nothing above the upper one.
    padded = np.pad(np.pad(counts, (reach, 0), mode="symmetric"), (0, reach))
    smooth = np.convolve(padded, weights / weights.sum(), "valid")
    mode = int(smooth.argmax())
    # What lies beyond the place above the mode that is as high as the lower end is what is missing below.
    beyond = np.flatnonzero(smooth[mode:] <= smooth[0])
    missing = counts[mode + beyond[0] :].sum() if beyond.size else 0.0
    return float(min(missing / (missing + len(amplitudes)), 0.5))
