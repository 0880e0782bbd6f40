"""Monopolar triangulation: a point source whose amplitude falls off with one over the distance.

Minimised for each spike over x, depth and z, the strength in closed form:

    mean over contacts of (amplitude / largest amplitude - strength / distance)^2 - 1e-4 log(1 + 10 z)

Damped Gauss-Newton steps with the strength projected out, from the centre of mass 20 µm above the contacts; a
coordinate at its bound that would go beyond it is left out of a step. The compiled loop and the batched form take the
same steps.

Source: Boussard, Varol, Lee, Dethe & Paninski 2021, NeurIPS 34:22130; the objective with the logarithm is the default
of SpikeInterface. Marquardt 1963, J. SIAM 11:431.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize import _kernels_monopole as kernels
from phy_medicine.compute.localize.contacts import Decrease, Neighbours
from phy_medicine.compute.localize.localizers import Positions, Window
from phy_medicine.compute.localize.spikes import Spikes, fall_off

CPU = "cpu"
MIN_CONTACTS = 4
"""A position and a strength are four unknowns."""
CARD_BATCH = 1 << 17
"""Fits that a graphics card does at once: each step is some hundred small kernels, whatever the number."""


@dataclass(frozen=True, slots=True)
class FitLimits:
    """Where a source may be, and when its fit ends.

    far_um : largest difference of x and of depth from the centre of mass
    z_low_um, z_high_um, z_first_um : smallest and largest z, and that of the start
    tolerance_um : a step that moves less is the last one
    longest_um : of a step
    n_steps : at most; a fit that needs more has not converged
    penalty : weight of the logarithm; 0 is plain least squares
    """

    far_um: float = 150.0
    z_low_um: float = 1.0
    z_high_um: float = 1500.0
    z_first_um: float = 20.0
    tolerance_um: float = 1e-3
    longest_um: float = 60.0
    n_steps: int = 500
    penalty: float = 1e-4

    @property
    def numbers(self) -> FloatArray:
        """As the compiled loop takes them."""
        values = (self.far_um, self.z_low_um, self.z_high_um, self.z_first_um, self.tolerance_um, self.longest_um)
        return np.array([*values, self.n_steps, self.penalty], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Monopole:
    """Monopolar triangulation on a table of contacts.

    decrease : amplitudes are first made to fall off outwards in this order; None leaves them as they are
    device : "cpu" for the compiled loop, else one of torch
    """

    neighbours: Neighbours
    window: Window
    decrease: Decrease | None = None
    device: str = CPU
    limits: FitLimits = field(default_factory=FitLimits)

    @property
    def batch(self) -> int:
        """See `Localizer`."""
        return 1 if self.device == CPU else CARD_BATCH

    def measure(self, spikes: Spikes) -> FloatArray:
        """Return amplitudes that fall off outwards."""
        amplitudes = spikes.amplitudes(self.neighbours, self.window.before, self.window.after)
        if self.decrease is not None:
            fall_off(amplitudes, spikes.channel_ids, self.decrease)
        return amplitudes

    def solve(self, features: FloatArray, channel_ids: IntArray) -> Positions:
        """Return the fitted sources."""
        if self.device == CPU:
            return fit(features, channel_ids, self.neighbours, self.limits)
        from phy_medicine.compute.localize.monopole_torch import fit_batched

        return fit_batched(features, channel_ids, self.neighbours, self.limits, device=self.device)


def fit(
    amplitudes: FloatArray,
    channel_ids: IntArray,
    neighbours: Neighbours,
    limits: FitLimits | None = None,
    *,
    power: int = 1,
) -> Positions:
    """Fit a point source to the amplitudes of each spike.

    Parameters
    ----------
    amplitudes : (n, n_slots) float32, not negative; NaN is left out
    channel_ids : (n,) int64, row of each spike in `neighbours`
    power : of the distance with which amplitudes fall off, 1 or more; strengths are amplitudes times that power

    Returns
    -------
    Positions; NaN and not converged where fewer than four contacts have an amplitude, or none is above zero
    """
    n, numbers = len(amplitudes), (limits or FitLimits()).numbers
    out, converged = np.empty((n, 4)), np.zeros(n, dtype=np.uint8)
    work, small = np.empty((3, neighbours.n_slots)), np.empty((5, 14))
    where = neighbours.channel_ids, neighbours.contacts.positions_um
    kernels.fit(amplitudes, channel_ids, *where, numbers, power, work, small, out, converged)
    return Positions(out[:, :3], out[:, 3], converged.astype(bool))


def objective(
    amplitudes: FloatArray,
    channel_ids: IntArray,
    neighbours: Neighbours,
    um: AnyArray,
    penalty: float = 1e-4,
    *,
    power: int = 1,
) -> tuple[FloatArray, FloatArray]:
    """Return what is minimised at a position for each spike, (n,), and its gradient, (n, 3) per µm."""
    out, work, small = np.empty((len(amplitudes), 5)), np.empty((3, neighbours.n_slots)), np.empty((5, 14))
    where = neighbours.channel_ids, neighbours.contacts.positions_um
    points = np.ascontiguousarray(um, np.float64)
    kernels.evaluate(amplitudes, channel_ids, *where, points, penalty, power, work, small, out)
    return out[:, 0], out[:, 1:4]
