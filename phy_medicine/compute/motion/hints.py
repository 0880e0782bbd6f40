"""What can be measured of the troubleshooting rules: one line for each that applies to an estimate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.compute.motion.estimate import Estimate, fast_settings
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.score import sharpness
from phy_medicine.compute.motion.settings import MedicineSettings

if TYPE_CHECKING:
    from phy_medicine.compute.motion.selection import Trial

SATURATED_BINS = 0.01
FEW_PEAKS = 20
"""Peaks in a median time bin; fewer do not make a histogram."""
LEFT_UM = 3.0
"""Root mean square of the motion that is left over after correction."""
STATIC_LOSS, STATIC_LEAST = 0.05, 0.2
SMALL_MOTION_UM = 8.0
BURST_SHARE = 0.3
MEASURED_PEAKS = 300_000


def hints(estimate: Estimate, peaks: Peaks, settings: MedicineSettings) -> tuple[str, ...]:
    """Return what to change, one sentence for each rule that applies.

    Parameters
    ----------
    peaks : before the cut by amplitude

    Some seconds at most: rules that need a fit are measured on 300,000 random peaks.
    """
    kept = peaks.cut(settings.amplitude_threshold_quantile, signed=settings.signed_amplitudes)
    measured = kept.sample(MEASURED_PEAKS)
    return (
        *_of_bound(estimate, settings),
        *_of_rate(kept, settings),
        *_of_levels(estimate, measured, settings),
        *_of_rest(estimate, measured, settings),
        *_of_amplitudes(estimate.motion, peaks.sample(MEASURED_PEAKS), settings),
    )


def _of_bound(estimate: Estimate, settings: MedicineSettings) -> Iterator[str]:
    if estimate.solver != "dredge" and estimate.saturation > SATURATED_BINS:
        yield (
            f"The motion reaches its bound of ±{settings.motion_bound / 2:g} µm in {estimate.saturation:.0%} of the "
            "time bins: make motion_bound larger."
        )


def _of_rate(peaks: Peaks, settings: MedicineSettings) -> Iterator[str]:
    times = peaks.time_bins_s(settings.time_bin_size, epsilon=settings.epsilon)
    bins = np.clip((np.asarray(peaks.times_s) - times[0]) // settings.time_bin_size, 0, times.size - 1)
    median = float(np.median(np.bincount(bins.astype(np.int64), minlength=times.size)))
    if median < FEW_PEAKS:
        yield (
            f"There are only {median:g} peaks in a median time bin of {settings.time_bin_size:g} s: make "
            "time_kernel_width or time_bin_size larger, or num_depth_bins 1, if the curves look wiggly."
        )


def _of_levels(estimate: Estimate, peaks: Peaks, settings: MedicineSettings) -> Iterator[str]:
    """More or fewer depth levels, by the likelihood of held-out peaks."""
    if estimate.solver == "dredge" or settings.chooses_levels:
        return
    trials = estimate.trials
    if len(trials) < 2:  # nothing was to be chosen, so nothing was compared
        trials = _trials(peaks, settings)
    if len(trials) < 2:
        return
    used = estimate.motion.spatial_bins_um.size
    rigid, *more = trials
    best = rigid
    for trial in more:
        best = trial if trial.surely_better(best) else best
    if used > 1 and best is rigid:
        gain = max(_per_peak(trial, rigid) for trial in more)
        yield (
            f"Held-out peaks do not surely gain from a motion that depends on depth ({gain:+.4f} nats a peak): set "
            "num_depth_bins to 1."
        )
    tried = [trial for trial in trials if trial.n_levels <= used]
    if best.n_levels > used and all(best.surely_better(trial) for trial in tried):
        gain = min(_per_peak(best, trial) for trial in tried)
        yield (
            f"The motion bends with depth more than {used} level{'s' * (used > 1)} can follow (held-out peaks gain "
            f"{gain:.4f} nats with {best.n_levels}): set num_depth_bins to {best.n_levels}."
        )


def _per_peak(trial: Trial, other: Trial) -> float:
    """Nats that one trial gains over another for each held-out peak."""
    return trial.gain(other)[0] / max(1, trial.n_held_out)


def _trials(peaks: Peaks, settings: MedicineSettings) -> tuple[Trial, ...]:
    from dataclasses import replace

    from phy_medicine.compute.motion.solver import fit_motion

    return fit_motion(peaks, replace(fast_settings(settings), num_depth_bins=0, time_kernel_width=0.0)).trials


def _of_rest(estimate: Estimate, peaks: Peaks, settings: MedicineSettings) -> Iterator[str]:
    """Motion that is still in the corrected depths."""
    if estimate.solver == "fast" and settings.chooses_smoothing:
        return
    from phy_medicine.compute.motion.solver import FastSettings, fit_motion

    corrected = Peaks(peaks.times_s, estimate.motion.corrected(peaks.times_s, peaks.depths_um), peaks.amplitudes)
    again = FastSettings(motion_bound=settings.motion_bound, time_bin_size=settings.time_bin_size, num_depth_bins=1)
    left = float(np.sqrt(np.square(fit_motion(corrected, again).motion.displacement).mean()))
    if left > LEFT_UM:
        change = "make time_kernel_width smaller" if estimate.solver != "dredge" else "try the method medicine"
        yield f"Motion of {left:.1f} µm (root mean square) is left in the corrected depths: {change}."


def _of_amplitudes(motion: Motion, peaks: Peaks, settings: MedicineSettings) -> Iterator[str]:
    """Weak peaks that stay where they are while the others move, strong ones that come all at once."""
    if settings.amplitude_threshold_quantile:
        return
    size = np.abs(peaks.amplitudes)
    if float(size.min()) == float(size.max()):
        return
    weak = size <= np.quantile(size, 0.25)
    if float(np.ptp(motion.displacement, axis=0).max()) > SMALL_MOTION_UM and _is_static(peaks, weak, motion):
        yield (
            "The weakest quarter of the peaks stays in place while the others move (static bands of false peaks): set "
            "amplitude_threshold_quantile to 0.25."
        )
    share = _burst_share(np.asarray(peaks.times_s)[size >= np.quantile(size, 0.99)])
    if share > BURST_SHARE:
        yield (
            f"{share:.0%} of the strongest peaks come in one hundredth of the time (artefacts): set "
            "amplitude_threshold_quantile to -0.01."
        )


def _is_static(peaks: Peaks, weak: np.ndarray, motion: Motion) -> bool:
    if np.ptp(peaks.depths_um[weak]) == 0:
        return False
    part = peaks.where(weak)
    before, after = sharpness(part).rho_all, sharpness(part, motion).rho_all
    return bool(before > STATIC_LEAST and before - after > STATIC_LOSS)


def _burst_share(times_s: np.ndarray) -> float:
    """Fraction of events in the busiest hundredth of the seconds; 0 for short sessions."""
    counts = np.sort(np.bincount((times_s - times_s.min()).astype(np.int64)))[::-1] if times_s.size else np.zeros(0)
    n = counts.size // 100
    return float(counts[:n].sum() / times_s.size) if n else 0.0
