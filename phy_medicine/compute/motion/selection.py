"""The number of depth levels and the smoothing of the density, chosen by the likelihood of held-out peaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.motion.binned import BinnedPeaks
from phy_medicine.compute.motion.coarse import first_guess
from phy_medicine.compute.motion.density import log_likelihood
from phy_medicine.compute.motion.refine import Fit, begin, refine

LEVELS = (1, 2, 3, 5, 8, 12)
LEAST_SPACING_UM = 150.0
"""Levels nearer than this are not tried: tissue does not move that differently over so short a way."""
SMOOTHINGS_UM = (16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0, 1.5)
"""The density gets sharper as the motion gets better; where to stop is decided by the held-out peaks."""
FIRST_CHOICE_UM = 8.0
"""Smoothings above this are on the way only."""
PASSES = 4
HELD_OUT = 0.2
MAX_PEAKS = 500_000
PATIENCE = 2
"""So many levels in a row without a gain end the search."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One number of levels and one smoothing, and what they are worth."""

    n_levels: int
    smoothing_um: float
    score: float  # mean log density of a held-out peak, nats
    per_bin: FloatArray  # (n_bins,) sum over the held-out peaks of each fine time bin


@dataclass(frozen=True, slots=True)
class Choice:
    """The best trial, its fit to start from, and all trials in the order they were made."""

    fit: Fit
    best: Trial
    trials: tuple[Trial, ...]


def level_counts(peaks: BinnedPeaks) -> tuple[int, ...]:
    """Numbers of levels worth a trial for the depths that the peaks span."""
    span = peaks.high_um - peaks.low_um
    return tuple(n for n in LEVELS if n == 1 or span / (n - 1) >= LEAST_SPACING_UM)


def select(
    peaks: BinnedPeaks,
    *,
    levels: tuple[int, ...],
    smoothings_um: tuple[float, ...],
    bound_um: float,
    seed: int = 0,
    check: Callable[[str], None] = lambda message: None,
) -> Choice:
    """Fit every number of levels on some of the peaks and score the others.

    Parameters
    ----------
    levels, smoothings_um : candidates, levels ascending
    check : called with a line of text before every step; may raise to end the work
    """
    fitted, held = peaks.split(HELD_OUT, MAX_PEAKS, seed)
    trials: list[Trial] = []
    best: tuple[Trial, Fit] | None = None
    losses = 0
    for n_levels in levels:
        found = _descend(fitted, held, n_levels, smoothings_um, bound_um, trials, check)
        if best is None or found[0].score > best[0].score:
            best, losses = found, 0
        else:
            losses += 1
        if losses == PATIENCE:
            break
    assert best is not None
    return Choice(best[1], best[0], tuple(trials))


def _descend(
    fitted: BinnedPeaks,
    held: BinnedPeaks,
    n_levels: int,
    smoothings_um: tuple[float, ...],
    bound_um: float,
    trials: list[Trial],
    check: Callable[[str], None],
) -> tuple[Trial, Fit]:
    """Sharpen the density until held-out peaks are no better explained; the best trial and its fit."""

    def still() -> None:
        check(f"{n_levels} depth level{'s' * (n_levels > 1)}")

    fit = begin(fitted, first_guess(fitted, n_levels, bound_um, still))
    best: tuple[Trial, Fit] | None = None
    last = min(smoothings_um)
    for smoothing in sorted({s for s in SMOOTHINGS_UM if s > last} | set(smoothings_um), reverse=True):
        fit = refine(fitted, fit, smoothing_um=smoothing, passes=PASSES, bound_um=bound_um, check=still)
        if smoothing not in smoothings_um:
            continue
        assert fit.density is not None
        per_bin = log_likelihood(held, fit.motion, fit.density)
        # A cell of a finer grid holds less; per µm the scores of all grids can be compared.
        score = float(per_bin.sum()) / max(1, held.n_peaks) - float(np.log(fit.density.grid.step_um))
        trial = Trial(n_levels, smoothing, score, per_bin)
        trials.append(trial)
        if best is None or trial.score > best[0].score:
            best = trial, fit
        else:
            break
    assert best is not None
    return best
