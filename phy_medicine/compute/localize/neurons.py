"""Neurons of many kinds, as the amplitudes that they have at any place: what a localizer can be taught with.

Half of them are currents in a homogeneous medium: a sink, the soma, and returns of current along dendrites, which take
back some or all of it; near to it such a neuron is a point source, far away a dipole. The others fall off as recorded
amplitudes were described: exponentially, or with a power of the distance, not equally fast in all directions. Nothing
here is learned or fitted; the ranges are wide, and meant to hold every real neuron.

Source: Pettersen & Einevoll 2008, Biophys. J. 94:784, amplitudes near to a neuron and far away; Gold, Henze, Koch &
Buzsáki 2006, J. Neurophysiol. 95:3113, and Henze et al. 2000, J. Neurophysiol. 84:390, how fast they fall off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray

N_RETURNS = 8
_CORE_UM = 5.0
"""Returns of current are no nearer than this to a contact: dendrites have a width, and contacts an area."""


@dataclass(frozen=True, slots=True)
class Neurons:
    """Some neurons, each of its own kind.

    um : (n, 3) where their largest current is: x, depth, z
    currents : (n,) bool, currents in a medium; the others fall off by a formula
    core_um : (n,) size of the soma
    returns_um : (n, 8, 3) from the soma; shares : (n, 8) of the current
    axis : (n, 3) unit vectors along which amplitudes fall off faster; stretch : (n,) 1 or more, by how much
    exponential : (n,) bool, else by a power; length_um, power : (n,) of the formula
    """

    um: FloatArray
    currents: BoolArray
    core_um: FloatArray
    returns_um: FloatArray
    shares: FloatArray
    axis: FloatArray
    stretch: FloatArray
    exponential: BoolArray
    length_um: FloatArray
    power: FloatArray

    @classmethod
    def draw(cls, um: FloatArray, rng: np.random.Generator) -> Self:
        """Return neurons of random kinds at these places, (n, 3) µm."""
        n = len(um)
        core = rng.uniform(3, 12, n)
        reach = np.exp(rng.uniform(np.log(15), np.log(150), n))  # mean length of dendrites: 15 to 150 µm
        together = rng.random((n, 1, 1))
        way = (1 - together) * _directions(rng, n, N_RETURNS) + together * _directions(rng, n, 1)
        way /= np.linalg.norm(way, axis=2, keepdims=True)
        shares = rng.dirichlet(np.ones(N_RETURNS), n) * rng.uniform(0.4, 1, (n, 1))
        far = rng.exponential(1, (n, N_RETURNS)) * reach[:, None] + core[:, None]
        return cls(
            um.astype(np.float32), rng.random(n) < 0.5, *_float32(core, way * far[:, :, None], shares),
            *_float32(_directions(rng, n, 1)[:, 0], 1 / rng.uniform(0.5, 1, n)), rng.random(n) < 0.5,
            *_float32(np.exp(rng.uniform(np.log(12), np.log(60), n)), rng.uniform(1, 3, n)),
        )  # fmt: skip

    def amplitudes(self, contacts_um: FloatArray) -> FloatArray:
        """Return amplitudes in an arbitrary unit, (n, k) float32, at k contacts of each neuron, (n, k, 2) µm."""
        away = np.pad(contacts_um.astype(np.float32), [(0, 0), (0, 0), (0, 1)]) - self.um[:, np.newaxis]
        out = np.empty(away.shape[:2], dtype=np.float32)
        out[self.currents] = self._of_currents(away[self.currents])
        out[~self.currents] = self._of_formula(away[~self.currents])
        return out

    def _of_currents(self, away: FloatArray) -> FloatArray:
        """Of point currents: one over the distance, a sink less its returns."""
        which = self.currents
        squares = (away**2).sum(axis=2)
        returns = self.returns_um[which]
        products = np.einsum("nkd,njd->nkj", away, returns)
        to_returns = squares[:, :, np.newaxis] - 2 * products + (returns**2).sum(axis=2)[:, np.newaxis]
        back = self.shares[which][:, np.newaxis] / np.sqrt(np.maximum(to_returns, 0) + _CORE_UM**2)
        found: FloatArray = np.abs(1 / np.sqrt(squares + self.core_um[which, np.newaxis] ** 2) - back.sum(axis=2))
        return found

    def _of_formula(self, away: FloatArray) -> FloatArray:
        """Exponential, or one over a power, of a distance that is longer along the axis."""
        which = ~self.currents
        along = np.einsum("nkd,nd->nk", away, self.axis[which])
        stretched = (away**2).sum(axis=2) + along**2 * (self.stretch[which, np.newaxis] ** 2 - 1)
        ratio = np.sqrt(stretched) / self.length_um[which, np.newaxis]
        powers = 1 / (1 + ratio ** self.power[which, np.newaxis])
        found: FloatArray = np.where(self.exponential[which, np.newaxis], np.exp(-ratio), powers)
        return found


def _directions(rng: np.random.Generator, n: int, k: int) -> FloatArray:
    """Random unit vectors, (n, k, 3)."""
    found = rng.standard_normal((n, k, 3))
    unit: FloatArray = found / np.linalg.norm(found, axis=2, keepdims=True)
    return unit


def _float32(*arrays: FloatArray) -> tuple[FloatArray, ...]:
    return tuple(array.astype(np.float32) for array in arrays)
