"""The motion of the tissue along the probe: displacement on a grid of times and depths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray, frozen


@dataclass(frozen=True, slots=True)
class Motion:
    """Displacement of the tissue; positive means that it moved towards larger depth.

    corrected depth = observed depth - motion(time, observed depth)
    """

    displacement: FloatArray  # (n_time, n_depth) float64, µm
    temporal_bins_s: FloatArray  # (n_time,) float64, ascending, s
    spatial_bins_um: FloatArray  # (n_depth,) float64, ascending, µm

    def __post_init__(self) -> None:
        names = ("displacement", "temporal_bins_s", "spatial_bins_um")
        for name in names:
            value = np.array(getattr(self, name), np.float64)
            if not np.isfinite(value).all():
                raise PhyMedError(f"The motion's {name} holds values that are not finite.")
            object.__setattr__(self, name, frozen(value))
        times, depths = self.temporal_bins_s, self.spatial_bins_um
        if self.displacement.shape != (times.size, depths.size) or not times.size or not depths.size:
            raise PhyMedError(
                f"A motion of shape {self.displacement.shape} does not fit {times.size} times and {depths.size} depths."
            )
        if (np.diff(times) <= 0).any() or (np.diff(depths) <= 0).any():
            raise PhyMedError("The times and depths of a motion must increase.")

    def at(self, times_s: FloatArray, depths_um: FloatArray) -> FloatArray:
        """Displacement at times and observed depths, µm: bilinear, constant beyond the ends (shapes broadcast)."""
        times, depths = np.broadcast_arrays(np.asarray(times_s, np.float64), np.asarray(depths_um, np.float64))
        i, a = _cell(self.temporal_bins_s, times)
        j, b = _cell(self.spatial_bins_um, depths)
        i1 = np.minimum(i + 1, self.temporal_bins_s.size - 1)
        j1 = np.minimum(j + 1, self.spatial_bins_um.size - 1)
        u = self.displacement
        return (1 - a) * ((1 - b) * u[i, j] + b * u[i, j1]) + a * ((1 - b) * u[i1, j] + b * u[i1, j1])

    def corrected(self, times_s: FloatArray, depths_um: FloatArray) -> FloatArray:
        """Depths with the motion taken out, µm."""
        return np.asarray(depths_um, np.float64) - self.at(times_s, depths_um)

    def to_arrays(self) -> dict[str, FloatArray]:
        """The three arrays by name."""
        return {
            "displacement": self.displacement,
            "temporal_bins_s": self.temporal_bins_s,
            "spatial_bins_um": self.spatial_bins_um,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> Motion:
        """Build from the arrays of `to_arrays`.

        Raises
        ------
        PhyMedError : an array is missing, or the arrays do not fit each other
        """
        try:
            return cls(arrays["displacement"], arrays["temporal_bins_s"], arrays["spatial_bins_um"])
        except KeyError as error:
            raise PhyMedError(f"The motion has no array {error}.") from None


def _cell(grid: FloatArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Index of the grid point at or before each value, and the fraction of the way to the next."""
    if grid.size == 1:
        return np.zeros(values.shape, np.int64), np.zeros(values.shape)
    clipped = np.clip(values, grid[0], grid[-1])
    index = np.clip(np.searchsorted(grid, clipped, side="right") - 1, 0, grid.size - 2)
    return index, (clipped - grid[index]) / (grid[index + 1] - grid[index])
