"""Motion as curves: where tissue that rests at some depths is seen over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.compute.spike_map import Window

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion

# The motion is given at observed depths; a few turns find the depth at which tissue of a rest depth is seen.
_TURNS = 4


@dataclass(frozen=True, slots=True)
class Curves:
    """times_s : (n_times,) float32 from the window's start; depths_um : (n_depths, n_times) float32."""

    times_s: FloatArray
    depths_um: FloatArray


def make_curves(motion: Motion, window: Window, n_columns: int, n: int, corrected: bool) -> Curves:
    """Return curves at depths spread over the window, straight where it is corrected.

    n_columns : of pixels, two points at most in each; n : curves
    """
    rest = window.low_um + (window.high_um - window.low_um) * (np.arange(n) + 0.5) / n
    times = _times(motion, window, n_columns)
    seen = np.repeat(rest[:, None], len(times), axis=1)
    if not corrected:
        for _ in range(_TURNS):
            seen = rest[:, None] + motion.at(np.broadcast_to(times, seen.shape), seen)
    return Curves(frozen((times - window.start_s).astype(np.float32)), frozen(seen.astype(np.float32)))


def _times(motion: Motion, window: Window, n_columns: int) -> FloatArray:
    """Return the motion's own times in the window where they are few, else one for each half column."""
    bins = motion.temporal_bins_s
    own = bins[(bins > window.start_s) & (bins < window.stop_s)]
    if len(own) > 2 * n_columns:
        return np.linspace(window.start_s, window.stop_s, 2 * n_columns)
    return np.concatenate([[window.start_s], own, [window.stop_s]])
