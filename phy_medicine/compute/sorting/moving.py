"""Where the tissue is, in steps in which templates are made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.interpolation import BIN_S, displacements

STEP_UM = 2.0
"""Of displacements: templates are made anew when the tissue has moved so far."""
_GRID_UM = 50.0


@dataclass(frozen=True, slots=True)
class Moved:
    """Displacement of the tissue that belongs to some depth, constant in bins of half a second."""

    motion: Motion
    sample_rate: float

    def at(self, sample: int, depths_um: FloatArray) -> FloatArray:
        """Return the displacements (n,) of tissue that belongs to depths (n,), um, in the bin of a sample."""
        middle = (sample // self._bin + 0.5) * self._bin / self.sample_rate
        return np.asarray(displacements(self.motion, np.array([middle]), depths_um)[0])

    def steps(self, sample: int, depths_um: FloatArray) -> IntArray:
        """Return the displacements in whole steps."""
        return np.rint(self.at(sample, depths_um) / STEP_UM).astype(np.int64)

    def edges(self, n_samples: int) -> tuple[int, ...]:
        """Return the samples at which the tissue of any depth goes on to another step."""
        depths = np.asarray(self.motion.spatial_bins_um)
        if len(depths) > 1:
            depths = np.arange(depths.min(), depths.max() + _GRID_UM, _GRID_UM)
        starts = np.arange(0, n_samples, self._bin)
        middles = (starts + self._bin / 2) / self.sample_rate
        steps = np.rint(displacements(self.motion, middles, depths) / STEP_UM)
        changed = (steps[1:] != steps[:-1]).any(axis=1)
        return tuple(starts[1:][changed].tolist())

    @property
    def _bin(self) -> int:
        return max(1, round(BIN_S * self.sample_rate))
