"""Where on the probe a waveform is, and how far it spreads."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from phy_medicine.base.types import FloatArray

NEAR_UM = 100.0
LEAST_HEIGHT = 0.25
"""Height of the channels that say where a waveform is, of the largest."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where on the probe a waveform is; spread : root mean square distance from there, over the whole shank."""

    x_um: float
    depth_um: float
    spread_um: float


def footprint(waveform: FloatArray, positions: FloatArray) -> Footprint:
    """Return the centre of the squared height of a waveform on its larger channels.

    waveform : (N, D), 0 on channels that do not count; positions : (N, 2), um. The centre is that of channels within
        100 um of the largest
    """
    heights = np.ptp(np.pad(waveform, ((0, 0), (1, 1))), axis=1)
    # The noise of a template on all other channels may have as much energy as its neuron.
    weights = np.where(heights >= LEAST_HEIGHT * heights.max(), heights, 0.0) ** 2
    if not weights.sum() > 0:
        return Footprint(nan, nan, nan)
    near = np.linalg.norm(positions - positions[weights.argmax()], axis=1) <= NEAR_UM
    center = np.average(positions, axis=0, weights=weights * near)
    away = np.average(((positions - center) ** 2).sum(axis=1), weights=weights)
    return Footprint(float(center[0]), float(center[1]), float(np.sqrt(away)))
