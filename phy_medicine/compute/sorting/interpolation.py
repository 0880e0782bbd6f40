"""Data moved back along the probe: what the channels would have recorded, had the tissue not moved.

What is wanted at the place of a channel is, displaced, between other channels. It is taken as their weighted sum with
the least expected error (kriging), for signals whose likeness falls with the distance as the potential of a point
source at 30 µm from the probe does.

Source: Cressie 1993, Statistics for Spatial Data, section 3.2, simple kriging.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.tiles import Tiles

LENGTH_UM = 30.0
"""Of the likeness of two places; docs/decisions/0012 has the errors of this and of other choices."""
NOISE = 0.01
"""Of each channel alone, as a share of the signal's variance: how far the weights may grow."""
BIN_S = 0.5
"""Time in which the motion is taken as constant."""
STEP_UM = 0.5
"""Displacements are rounded to whole steps, so that bins share matrices."""
KEPT_BYTES = 16 << 20
"""Of matrices that are kept."""
N_SOME = 12
_SEEKS = 4
"""Steps in which the depth is found from which tissue came; the motion changes by much less than 1 µm in 1 µm."""


def likeness(a_um: FloatArray, b_um: FloatArray) -> FloatArray:
    """Return how alike signals at two places are, (n, 2) and (m, 2) -> (n, m); 1 at the same place."""
    away = np.square(a_um[:, None] - b_um).sum(axis=2)
    return np.asarray(1 / np.sqrt(1 + away / LENGTH_UM**2))


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Matrices that move the data of a probe back.

    positions_um : (N, 2), x and depth; shanks : (N,), channels of others take no part
    """

    positions_um: FloatArray
    shanks: IntArray
    _weights: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        covariance = likeness(self.positions_um, self.positions_um) * self._together()
        weights = np.linalg.inv(covariance + NOISE * np.eye(len(covariance)))
        object.__setattr__(self, "_weights", frozen(weights))

    def _together(self) -> FloatArray:
        return np.asarray(self.shanks[:, None] == self.shanks, np.float64)

    def matrix(self, displacement_um: FloatArray) -> FloatArray:
        """Return the (N, N) float64 by which data are multiplied where the tissue is displaced.

        displacement_um : (N,) of the tissue that belongs to each channel, positive to larger depth; 0 too smooths a
            little, as all others do. Tissue that left the probe gives a signal that falls towards 0.
        """
        wanted = self.positions_um + np.stack([np.zeros_like(displacement_um), displacement_um], axis=1)
        return np.asarray((likeness(wanted, self.positions_um) * self._together()) @ self._weights)


def displacements(motion: Motion, times_s: FloatArray, depths_um: FloatArray) -> FloatArray:
    """Return how far tissue is displaced, by where it belongs: (n_times, n_depths), µm.

    depths_um : (n_depths,), corrected; a motion is known by the depths at which tissue is seen
    """
    times, depths = times_s[:, None], depths_um[None, :]
    found = motion.at(times, depths)
    for _ in range(_SEEKS if motion.spatial_bins_um.size > 1 else 0):
        found = motion.at(times, depths + found)
    return found


@dataclass(frozen=True, slots=True)
class Moves:
    """What moves the data of a recording back, constant in bins of time; safe in any thread.

    levels : (n_bins, N) int16, how far the tissue of each channel is displaced, in steps of STEP_UM
    bin_samples : the bins begin at whole multiples of it
    """

    interpolation: Interpolation
    levels: IntArray
    bin_samples: int
    _kept: dict[bytes, Tiles] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, motion: Motion, channels: SortedChannels, n_samples: int, sample_rate: float) -> Moves:
        """Take the motion at the middle of each bin."""
        length = max(1, round(BIN_S * sample_rate))
        middles = (np.arange(-(-n_samples // length)) + 0.5) * length / sample_rate
        away = displacements(motion, middles, channels.positions[:, 1])
        levels = np.rint(away / STEP_UM).astype(np.int16)
        return cls(Interpolation(channels.positions, channels.shanks), frozen(levels), length)

    def bins(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Go through the bins of a stretch: the bin, and its first and last row from `start` on."""
        for number in range(start // self.bin_samples, -(-stop // self.bin_samples)):
            begin = number * self.bin_samples
            yield number, max(begin, start) - start, min(begin + self.bin_samples, stop) - start

    def product(self, whitening: FloatArray, number: int) -> Tiles:
        """Return what a bin's data are multiplied by: whitening times moving back.

        whitening : (N, N), always the same; a few of the products are kept
        """
        key = self.levels[number].tobytes()
        found = self._kept.get(key)
        if found is None:
            found = Tiles.of(whitening @ self.matrix(number))
            while len(self._kept) * found.nbytes > KEPT_BYTES:
                for oldest in list(self._kept)[:1]:  # in one go, for other threads may change it
                    self._kept.pop(oldest, None)
            self._kept[key] = found
        return found

    def matrix(self, number: int) -> FloatArray:
        """Return what moves the data of a bin back, (N, N) float64."""
        return self.interpolation.matrix(self.levels[number] * STEP_UM)

    def some(self) -> list[FloatArray]:
        """Return the matrices of a few bins spread over the recording."""
        return [self.matrix(n) for n in np.unique(np.linspace(0, len(self.levels) - 1, N_SOME).astype(int)).tolist()]
