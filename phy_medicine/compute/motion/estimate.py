"""One door to all ways of estimating a motion: the fast solver, the reference model, DREDge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.settings import MedicineSettings

if TYPE_CHECKING:
    from phy_medicine.compute.motion.selection import Trial
    from phy_medicine.compute.motion.solver import FastSettings

SATURATED = 0.95
SCORED_PEAKS = 2_000_000
"""A random part of more peaks measures sharpness as well."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an estimate tells while it goes on, and asks.

    progress : called with the fraction done and a line of text
    preview : called with the motion so far
    cancelled : asked several times a second; true, or raising, ends the work
    """

    progress: Callable[[float, str], object] = lambda fraction, message: None
    preview: Callable[[Motion], object] = lambda motion: None
    cancelled: Callable[[], object] = lambda: False

    def part(self, start: float, stop: float) -> dict[str, Any]:
        """Return the hooks as arguments, for a part of the work that goes from one fraction to another."""

        def progress(fraction: float, message: str) -> None:
            self.progress(start + fraction * (stop - start), message)

        return {"progress": progress, "preview": self.preview, "cancelled": self.cancelled}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A motion and what is known about how it came about.

    solver : "fast", "exact" or "dredge"
    saturation : fraction of time bins and levels that reach 95 % of the bound
    losses : of each step of the reference model, empty for others
    trials : numbers of levels and smoothings that were tried on held-out peaks
    probability : p of the reference model at corrected depths (µm) and amplitudes
    facts : JSON values that belong to the result
    """

    motion: Motion
    solver: str
    saturation: float = 0.0
    losses: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    trials: tuple[Trial, ...] = ()
    probability: Callable[[FloatArray, FloatArray], FloatArray] | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def fast_settings(settings: MedicineSettings) -> FastSettings:
    """Return the settings of the fast solver; what it is to choose itself is 0 there."""
    from phy_medicine.compute.motion.solver import FastSettings

    return FastSettings(
        motion_bound=settings.motion_bound,
        time_bin_size=settings.time_bin_size,
        time_kernel_width=0.0
        if settings.chooses_smoothing
        else max(settings.time_kernel_width, settings.time_bin_size),
        num_depth_bins=0 if settings.chooses_levels else settings.num_depth_bins,
        epsilon=settings.epsilon,
        seed=settings.seed,
    )


def estimate(
    peaks: Peaks, settings: MedicineSettings, *, method: str = "medicine", hooks: Hooks | None = None
) -> Estimate:
    """Estimate a motion.

    Parameters
    ----------
    peaks : before the cut by amplitude
    method : "medicine", fast or exact as the settings say, or "dredge"

    Raises
    ------
    PhyMedError : settings or peaks of no use
    Cancelled : `hooks.cancelled` said so
    """
    told = hooks or Hooks()
    settings.check()
    kept = peaks.cut(settings.amplitude_threshold_quantile, signed=settings.signed_amplitudes)
    if method == "dredge":
        found = _dredge(kept, settings, told)
    elif settings.exact:
        found = _exact(kept, settings, told)
    else:
        found = _fast(kept, settings, told)
    told.progress(0.96, "Measuring the result")
    found.facts.update(_facts(found, peaks, kept))
    return found


def _fast(peaks: Peaks, settings: MedicineSettings, hooks: Hooks) -> Estimate:
    from phy_medicine.compute.motion.solver import fit_motion

    found = fit_motion(peaks, fast_settings(settings), **hooks.part(0.0, 0.95))
    motion = found.motion
    depths = peaks.depth_bins_um(motion.spatial_bins_um.size)
    facts = {"density_smoothing_um": found.density_smoothing_um, "step_sd_um": found.step_sd_um}
    return Estimate(
        Motion(motion.displacement, motion.temporal_bins_s, depths),
        "fast",
        saturation=float((np.abs(motion.displacement) > SATURATED * 0.5 * settings.motion_bound).mean()),
        trials=found.trials,
        facts=facts,
    )


def _exact(peaks: Peaks, settings: MedicineSettings, hooks: Hooks) -> Estimate:
    from phy_medicine.compute.motion.exact import train

    fit = train(peaks, settings, **hooks.part(0.0, 0.95))
    facts = {"final_loss": float(fit.losses[-max(1, fit.losses.size // 20) :].mean())}
    return Estimate(
        fit.motion, "exact", saturation=fit.saturation, losses=fit.losses, probability=fit.probability, facts=facts
    )


def _dredge(peaks: Peaks, settings: MedicineSettings, hooks: Hooks) -> Estimate:
    from phy_medicine.compute.motion.dredge import run_dredge

    motion = run_dredge(
        peaks,
        bin_s=settings.time_bin_size,
        rigid=settings.num_depth_bins == 1,
        device=settings.device,
        **hooks.part(0.0, 0.95),
    )
    return Estimate(motion, "dredge")


def _facts(found: Estimate, peaks: Peaks, kept: Peaks) -> dict[str, Any]:
    """What every estimate tells about itself."""
    from phy_medicine.compute.motion.score import sharpness

    motion = found.motion
    few = peaks.sample(SCORED_PEAKS)
    return {
        "solver": found.solver,
        "n_peaks": peaks.n_peaks,
        "n_peaks_used": kept.n_peaks,
        "n_depth_bins": int(motion.spatial_bins_um.size),
        "motion_range_um": float(np.ptp(motion.displacement, axis=0).max()),
        "saturation": found.saturation,
        "sharpness_before": asdict(sharpness(few)),
        "sharpness_after": asdict(sharpness(few, motion)),
    }
