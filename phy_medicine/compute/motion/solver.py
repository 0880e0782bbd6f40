"""Fast motion estimate: the idea of MEDiCINe, one motion and one density that does not change, without the network.

The density over depth and log amplitude is an explicit smoothed histogram of the corrected peaks; the motion maximises
the likelihood of the peaks under it with a random walk as prior. Deterministic, no graphics card, and the cost of a
pass is that of one look-up per peak.

Source: Watters, Buccino & Jazayeri 2025, MEDiCINe: Motion Correction for Neural Electrophysiology Recordings, eNeuro.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.compute.job_context import Cancelled
from phy_medicine.compute.motion.binned import CHUNK, BinnedPeaks, bin_peaks
from phy_medicine.compute.motion.curve import at_knots, n_time_bins, triangular, within_bound
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.motion.peaks import Peaks
from phy_medicine.compute.motion.refine import Fit, refine
from phy_medicine.compute.motion.selection import FIRST_CHOICE_UM, SMOOTHINGS_UM, Trial, level_counts, select

FINE_BINS = (4, 2, 1)
"""Fine bins per time bin: as many as keep their number below MAX_FINE_BINS."""
MAX_FINE_BINS = 50_000
LAST_PASSES = 12
MAX_LEVELS = 32
"""More levels are interpolated from so many: the cost of a pass grows with their third power."""
STEPS_PER_LEVEL = 50
"""Passes of all kinds for one number of levels, for the progress."""
PASSES_PER_PREVIEW = 4
PREVIEW_BINS = 4000
"""Time bins of a preview; of more every second, third... is taken, which no screen shows."""
MAX_PEAKS = 20_000_000
"""More peaks are thinned at random: at 500 a second over 10 hours the peaks no longer limit the accuracy."""


@dataclass(frozen=True, slots=True)
class FastSettings:
    """What can be set; 0 stands for: learned from the peaks."""

    motion_bound: float = setting(800.0, "full spread that the motion may have", unit="µm", minimum=1.0)
    time_bin_size: float = setting(1.0, "time resolution of the motion", unit="s", minimum=1e-3)
    time_kernel_width: float = setting(
        0.0, "support of a triangular smoothing over time; 0: smooth as the peaks say", unit="s", minimum=0.0
    )
    num_depth_bins: int = setting(0, "depth levels; 1: rigid; 0: by held-out likelihood", minimum=0)
    density_smoothing: float = setting(
        0.0, "last smoothing of the density; 0: by held-out likelihood", unit="µm", minimum=0.0
    )
    epsilon: float = setting(1e-3, "margin of the time range", unit="s", minimum=0.0)
    seed: int = setting(0, "of the choice of held-out peaks", minimum=0)


@dataclass(frozen=True, slots=True)
class FastResult:
    """The motion, what was chosen for it, and how well each choice explained peaks that were held out."""

    motion: Motion
    n_levels: int
    density_smoothing_um: float
    step_sd_um: float  # learned standard deviation of the motion's change in one second
    trials: tuple[Trial, ...]  # empty when nothing was to be chosen

    def gain_over_rigid(self) -> float:
        """Nats per held-out peak that depth levels bring; nan without a rigid and another trial."""
        rigid = [trial.score for trial in self.trials if trial.n_levels == 1]
        other = [trial.score for trial in self.trials if trial.n_levels > 1]
        return max(other) - max(rigid) if rigid and other else float("nan")


def estimate_motion(
    peaks: Peaks,
    settings: FastSettings | None = None,
    *,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    preview: Callable[[Motion], object] = lambda motion: None,
    cancelled: Callable[[], object] = lambda: False,
) -> Motion:
    """Estimate the motion; see `fit_motion`."""
    return fit_motion(peaks, settings, progress=progress, preview=preview, cancelled=cancelled).motion


def fit_motion(
    peaks: Peaks,
    settings: FastSettings | None = None,
    *,
    progress: Callable[[float, str], object] = lambda fraction, message: None,
    preview: Callable[[Motion], object] = lambda motion: None,
    cancelled: Callable[[], object] = lambda: False,
) -> FastResult:
    """Estimate the motion of the tissue from its peaks.

    Parameters
    ----------
    peaks : in any order; arrays may be memory-mapped
    progress : called with the fraction done and a line of text
    preview : called with the motion as it is so far, some 5 to 20 times, coarser in time for long sessions
    cancelled : asked several times a second; true, or raising, ends the work

    Raises
    ------
    Cancelled : `cancelled` returned true
    """
    settings = settings or FastSettings()
    ahead = _Ahead(progress, cancelled)
    sorting = "Sorting peaks by time"
    ahead.expect(0.05, 2 * (1 + peaks.n_peaks // CHUNK))
    ahead.check(sorting)
    binned, per_bin = _binned(peaks, settings, check=lambda: ahead.check(sorting))
    levels = (min(settings.num_depth_bins, MAX_LEVELS),) if settings.num_depth_bins else level_counts(binned)
    smoothings = (settings.density_smoothing,) if settings.density_smoothing else _choices()
    ahead.expect(0.8, STEPS_PER_LEVEL * len(levels))

    def show(fit: Fit) -> None:
        preview(_preview(_motion(binned, fit, per_bin, settings)))

    choice = select(
        binned,
        levels=levels,
        smoothings_um=smoothings,
        bound_um=settings.motion_bound,
        seed=settings.seed,
        check=ahead.check,
        seen=show,
    )
    ahead.expect(1.0, LAST_PASSES + 1, at=0.8)
    passes = count()
    fit = refine(
        binned,
        choice.fit,
        smoothing_um=choice.best.smoothing_um,
        passes=LAST_PASSES,
        bound_um=settings.motion_bound,
        check=lambda: ahead.check("Fitting all peaks"),
        seen=lambda fit: None if next(passes) % PASSES_PER_PREVIEW else show(fit),
    )
    step_sd = float(np.sqrt(np.trace(fit.walk.covariance) / fit.n_levels / binned.width_s))
    motion = _motion(binned, fit, per_bin, settings)
    progress(1.0, "Done")
    return FastResult(motion, fit.n_levels, choice.best.smoothing_um, step_sd, choice.trials)


def _binned(peaks: Peaks, settings: FastSettings, *, check: Callable[[], object]) -> tuple[BinnedPeaks, int]:
    """Sort peaks into bins of time; returns also how many of them make one bin of the settings."""
    t_min, t_max = float(peaks.times_s.min()), float(peaks.times_s.max())
    n_time = n_time_bins(t_min, t_max, settings.time_bin_size, settings.epsilon)
    per_bin = next((n for n in FINE_BINS if n * n_time <= MAX_FINE_BINS), 1)
    binned = bin_peaks(
        peaks,
        start_s=t_min - settings.epsilon,
        width_s=settings.time_bin_size / per_bin,
        n_bins=n_time * per_bin,
        limit=MAX_PEAKS,
        seed=settings.seed,
        check=check,
    )
    return binned, per_bin


def _choices() -> tuple[float, ...]:
    return tuple(s for s in SMOOTHINGS_UM if s <= FIRST_CHOICE_UM)


def _motion(peaks: BinnedPeaks, fit: Fit, per_bin: int, settings: FastSettings) -> Motion:
    """The motion as it is handed out."""
    curves = at_knots(fit.motion, fit.walk.weights, per_bin)
    if settings.time_kernel_width > 0:
        curves = triangular(curves, settings.time_kernel_width / settings.time_bin_size)
    curves = within_bound(curves, settings.motion_bound)
    times = peaks.start_s + np.arange(curves.shape[0]) * settings.time_bin_size
    motion = Motion(curves - curves.mean(axis=0), times, peaks.levels_um(fit.n_levels))
    if settings.num_depth_bins <= fit.n_levels:
        return motion
    depths = peaks.levels_um(settings.num_depth_bins)
    return Motion(motion.at(times[:, None], depths[None, :]), times, depths)


def _preview(motion: Motion) -> Motion:
    """A motion that is small enough to be sent around."""
    every = -(-motion.temporal_bins_s.size // PREVIEW_BINS)
    return Motion(motion.displacement[::every], motion.temporal_bins_s[::every], motion.spatial_bins_um)


class _Ahead:
    """Progress over stages of which only the largest number of steps is known."""

    def __init__(self, progress: Callable[[float, str], object], cancelled: Callable[[], object]) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._at = self._end = self._step = 0.0

    def expect(self, end: float, steps: int, at: float | None = None) -> None:
        """Begin a stage that ends at the fraction `end`."""
        self._at = self._at if at is None else at
        self._end, self._step = end, (end - self._at) / max(1, steps)

    def check(self, message: str) -> None:
        """Report one step; raise when the work is to end."""
        if self._cancelled():
            raise Cancelled
        self._progress(self._at, message)
        self._at = min(self._end, self._at + self._step)
