"""During how much of the recording a unit fires."""

from __future__ import annotations

import numpy as np

from phy_medicine.base.types import FloatArray

_BIN_S, _MOST_BINS = 10.0, 100


def presence_bins(duration_s: float) -> int:
    """Return how many stretches a recording is looked at in: of 10 s each, or a hundred."""
    return int(np.clip(duration_s // _BIN_S, 1, _MOST_BINS))


def presence_ratio(times_s: FloatArray, duration_s: float) -> float:
    """Return the part of the stretches of the recording, of 10 s or a hundredth of it, that have a spike.

    times_s : (n,) float, s, ascending

    SpikeInterface's has stretches of 60 s and leaves out the rest after the last whole one.
    """
    edges = np.linspace(0, duration_s, presence_bins(duration_s) + 1)
    ends = np.searchsorted(times_s, edges, "left")
    ends[-1] = np.searchsorted(times_s, duration_s, "right")
    return float((np.diff(ends) > 0).mean())
