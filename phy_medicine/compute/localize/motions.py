"""The estimates of motion that training of a localization network can be given, and how alike two motions are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from phy_medicine.base.types import AnyArray
from phy_medicine.compute.localize.network_settings import DREDGE, MEDICINE
from phy_medicine.compute.motion.motion import Motion

Estimate = Callable[[AnyArray, AnyArray, AnyArray], Motion]
"""The motion of times (s), depths (µm) and amplitudes."""


def medicine(times_s: AnyArray, depths_um: AnyArray, amplitudes: AnyArray) -> Motion:
    """Estimate a motion with the fast solver of MEDiCINe, which finds out how far it bends with depth."""
    from phy_medicine.compute.motion.medicine import run_medicine

    return run_medicine(times_s, depths_um, amplitudes, device="cpu")


def dredge(times_s: AnyArray, depths_um: AnyArray, amplitudes: AnyArray) -> Motion:
    """Estimate a motion with DREDge, at SpikeInterface's settings."""
    from phy_medicine.compute.motion.dredge import run_dredge
    from phy_medicine.compute.motion.peaks import Peaks

    return run_dredge(Peaks(times_s, depths_um, amplitudes), device="cpu")


ESTIMATES: dict[str, Estimate] = {MEDICINE: medicine, DREDGE: dredge}


def compare_motions(a: Motion, b: Motion) -> tuple[float, float]:
    """Return the correlation of two motions on the grid of the first, and the rms of their difference, µm."""
    one, other = a.centred().displacement.ravel(), b.on_grid(a.temporal_bins_s, a.spatial_bins_um).displacement.ravel()
    rms = float(np.sqrt(((one - other) ** 2).mean()))
    spread = float(np.linalg.norm(one) * np.linalg.norm(other))
    return (float(one @ other) / spread if spread else float(rms == 0)), rms
