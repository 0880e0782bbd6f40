"""Where the probe is: displacement by time and depth, in steps in which templates are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray

STEP_UM = 2.0
"""Of displacements: templates are made anew when the probe has moved so far."""
STEP_S = 0.5
_GRID_UM = 50.0


@dataclass(frozen=True, slots=True)
class Displacement:
    """Motion of the tissue along the probe.

    times_s : (T,), depths_um : (Z,), of displacements_um (T, Z); between and beyond them as `np.interp`
    """

    times_s: FloatArray
    depths_um: FloatArray
    displacements_um: FloatArray

    @classmethod
    def of(cls, motion: Mapping[str, AnyArray]) -> Displacement | None:
        """Return the motion of arrays as `Sorting.motion` has them; None where there is none."""
        if not motion or not np.any(np.asarray(motion["displacement_um"])):
            return None
        names = ("time_bins_s", "depth_bins_um", "displacement_um")
        return cls(*(np.asarray(motion[name], np.float64) for name in names))

    def at(self, time_s: float, depths_um: FloatArray) -> FloatArray:
        """Return the displacements at some depths, um."""
        right = int(np.clip(np.searchsorted(self.times_s, time_s), 1, max(1, len(self.times_s) - 1)))
        if len(self.times_s) == 1:
            row = self.displacements_um[0]
        else:
            before, after = self.times_s[right - 1], self.times_s[right]
            share = float(np.clip((time_s - before) / (after - before), 0, 1))
            row = (1 - share) * self.displacements_um[right - 1] + share * self.displacements_um[right]
        return np.asarray(np.interp(depths_um, self.depths_um, row))

    def steps(self, time_s: float, depths_um: FloatArray) -> IntArray:
        """Return the displacements at some depths in whole steps."""
        return np.rint(self.at(time_s, depths_um) / STEP_UM).astype(np.int64)

    def edges(self, n_samples: int, sample_rate: float) -> tuple[int, ...]:
        """Return the samples at which any depth goes on to another step."""
        length = round(STEP_S * sample_rate)
        depths = self.depths_um
        if len(depths) > 1:
            depths = np.arange(depths.min(), depths.max() + _GRID_UM, _GRID_UM)
        out, last = [], None
        for start in range(0, n_samples, length):
            now = self.steps((start + length / 2) / sample_rate, depths)
            if last is not None and np.any(now != last):
                out.append(start)
            last = now
        return tuple(out)
