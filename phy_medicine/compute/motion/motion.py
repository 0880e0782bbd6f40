"""The motion of the tissue along the probe: displacement on a grid of times and depths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen

_PIECE = 1 << 16


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
            given = np.asarray(getattr(self, name))
            if given.dtype.kind not in "biuf":
                raise PhyMedError(f"The motion's {name} holds values that are no numbers.")
            value = np.array(given, np.float64)
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

    def at(self, times_s: npt.ArrayLike, depths_um: npt.ArrayLike) -> FloatArray:
        """Displacement at times and observed depths: bilinear, constant beyond the ends.

        Parameters
        ----------
        times_s, depths_um : numbers or arrays, s and µm; their shapes broadcast

        Returns
        -------
        float64, µm
        """
        times, depths = np.broadcast_arrays(np.asarray(times_s), np.asarray(depths_um))
        found = np.empty(times.size)
        # Pieces that stay in the processor's cache, so that hours of spikes cost no memory beside the result.
        for start in range(0, times.size, _PIECE):
            piece = slice(start, start + _PIECE)
            found[piece] = self._at_piece(times.flat[piece], depths.flat[piece])
        return found.reshape(times.shape)

    def _at_piece(self, times_s: AnyArray, depths_um: AnyArray) -> FloatArray:
        u, n_depth = self.displacement.ravel(), self.spatial_bins_um.size
        i, a = _cell(self.temporal_bins_s, np.asarray(times_s, np.float64))
        j, b = _cell(self.spatial_bins_um, np.asarray(depths_um, np.float64))
        corner = i * n_depth + j
        right, down = int(n_depth > 1), n_depth * (self.temporal_bins_s.size > 1)
        here = u[corner] + b * (u[corner + right] - u[corner])
        corner += down
        then = u[corner] + b * (u[corner + right] - u[corner])
        return here + a * (then - here)

    def corrected(self, times_s: npt.ArrayLike, depths_um: npt.ArrayLike) -> FloatArray:
        """Depths with the motion taken out, µm."""
        return np.asarray(depths_um, np.float64) - self.at(times_s, depths_um)

    def on_grid(self, times_s: npt.ArrayLike, depths_um: npt.ArrayLike) -> Motion:
        """Return the motion on other times (n,) and depths (m,), each depth's curve with mean zero over time again."""
        times, depths = np.asarray(times_s, np.float64), np.asarray(depths_um, np.float64)
        return Motion(self.at(times[:, None], depths[None, :]), times, depths).centred()

    def centred(self) -> Motion:
        """Return the motion with each depth's curve shifted to mean zero over time."""
        u = self.displacement
        return Motion(u - u.mean(axis=0, keepdims=True), self.temporal_bins_s, self.spatial_bins_um)

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
    step = (grid[-1] - grid[0]) / (grid.size - 1)
    place = (clipped - grid[0]) / step
    index = np.minimum(place.astype(np.int64), grid.size - 2)
    if np.abs(grid[0] + step * np.arange(grid.size) - grid).max() <= 1e-9 * max(abs(grid[0]), abs(grid[-1])):
        return index, np.minimum(place - index, 1.0)
    index = np.clip(np.searchsorted(grid, clipped, side="right") - 1, 0, grid.size - 2)
    return index, (clipped - grid[index]) / (grid[index + 1] - grid[index])
