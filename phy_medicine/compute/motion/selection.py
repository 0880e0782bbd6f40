"""The number of depth levels and the smoothing of the density, chosen by the likelihood of held-out peaks.

Smoothing: some peaks, drawn at random, are held out. Depth levels: besides, the peaks are parted by depth into
stripes; the motion found from every other stripe must explain the held-out peaks of the stripes between. Peaks of one
neuron share the bias of their positions, which changes as the neuron passes the contacts; levels that only follow such
biases explain other peaks of the same neurons, but not those of others. Motion that differs between depths does both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray
from phy_medicine.compute.motion.binned import BinnedPeaks
from phy_medicine.compute.motion.coarse import first_guess
from phy_medicine.compute.motion.density import Grid, corrected_depths, estimate_density, log_likelihood
from phy_medicine.compute.motion.refine import Fit, begin, refine

LEVELS = (1, 2, 3, 5, 8, 12)
LEAST_SPACING_UM = 150.0
"""Levels nearer than this are not tried: tissue does not move that differently over so short a way."""
SMOOTHINGS_UM = (16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0, 1.5)
"""The density gets sharper as the motion gets better; where to stop is decided by the held-out peaks."""
FIRST_CHOICE_UM = 8.0
"""Smoothings above this are on the way only."""
PASSES = 3
HELD_OUT = 0.2
MAX_PEAKS = 500_000
STRIPE_UM = 50.0
STRIPE_SMOOTHINGS_UM = (6.0, 4.0, 3.0, 2.0)
"""The held-out stripes are scored under the best of these, so that only the motion decides."""
SURE = 2.0
"""More levels must gain this many standard errors, taken over the stripes."""
PATIENCE = 2
"""So many numbers of levels in a row without a sure gain end the search."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One number of levels with its best smoothing, and what they are worth."""

    n_levels: int
    smoothing_um: float
    smoothing_scores: tuple[tuple[float, float], ...]  # smoothing, log density per peak held out at random, nats
    score: float  # mean log density of a peak of other stripes, nats
    stripes: FloatArray  # (n_stripes,) sum of the same over the peaks of each stripe
    n_held_out: int

    def gain(self, other: Trial) -> tuple[float, float]:
        """Nats by which other stripes are better explained than by another trial, and the standard error."""
        difference = self.stripes - other.stripes
        return float(difference.sum()), float(np.sqrt(difference.size) * difference.std())

    def surely_better(self, other: Trial) -> bool:
        """Whether other stripes are better explained than by another trial, by more than chance."""
        gain, error = self.gain(other)
        return gain > SURE * error


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
    seen: Callable[[Fit], object] = lambda fit: None,
) -> Choice:
    """Fit every number of levels on some of the peaks and score the others.

    Parameters
    ----------
    levels, smoothings_um : candidates, levels ascending
    check : called with a line of text before every step; may raise to end the work
    seen : called with the fit so far: at every stage of the first number of levels, then whenever another is better
    """
    fitted, held = peaks.split(HELD_OUT, MAX_PEAKS, seed)
    trials: list[Trial] = []
    best: tuple[Trial, Fit] | None = None
    losses = 0
    for n_levels in levels:

        def step(n: int = n_levels) -> None:
            check(f"{n} depth level{'s' * (n > 1)}")

        fit, scored = _sharpen(fitted, held, n_levels, smoothings_um, bound_um, step, seen if best is None else _unseen)
        stripes = _across_stripes(fitted, held, fit, bound_um, step) if len(levels) > 1 else np.zeros(1)
        assert fit.density is not None
        mean = float(stripes.sum()) / max(1, held.n_peaks)
        trial = Trial(n_levels, fit.density.smoothing_um, tuple(scored), mean, stripes, held.n_peaks)
        trials.append(trial)
        if best is None or trial.surely_better(best[0]):
            if best is not None:
                seen(fit)
            best, losses = (trial, fit), 0
        else:
            losses += 1
        if losses == PATIENCE:
            break
    assert best is not None
    return Choice(best[1], best[0], tuple(trials))


def _unseen(_fit: Fit) -> None:
    pass


def _sharpen(
    fitted: BinnedPeaks,
    held: BinnedPeaks,
    n_levels: int,
    smoothings_um: tuple[float, ...],
    bound_um: float,
    check: Callable[[], None],
    seen: Callable[[Fit], object],
) -> tuple[Fit, list[tuple[float, float]]]:
    """Sharpen the density until held-out peaks are no better explained; the best fit, and the scores."""
    fit = begin(fitted, first_guess(fitted, n_levels, bound_um, check))
    seen(fit)
    best, scores = fit, []
    last = min(smoothings_um)
    for smoothing in sorted({s for s in SMOOTHINGS_UM if s > last} | set(smoothings_um), reverse=True):
        fit = refine(fitted, fit, smoothing_um=smoothing, passes=PASSES, bound_um=bound_um, check=check)
        if smoothing not in smoothings_um:
            seen(fit)
            continue
        assert fit.density is not None
        score = float(log_likelihood(held, fit.motion, fit.density)[0]) / max(1, held.n_peaks)
        if scores and score <= max(s for _, s in scores):
            scores.append((smoothing, score))
            break
        best = fit
        seen(best)
        scores.append((smoothing, score))
    return best, scores


def _across_stripes(
    fitted: BinnedPeaks, held: BinnedPeaks, fit: Fit, bound_um: float, check: Callable[[], None]
) -> FloatArray:
    """Log density of the held-out peaks of each stripe of observed depth, the motion being found from other stripes."""
    assert fit.density is not None
    n_stripes = max(2, round((fitted.high_um - fitted.low_um) / STRIPE_UM))
    total = np.zeros(n_stripes)
    odd, held_odd = _odd_stripes(fitted, fit, seed=1), _odd_stripes(held, fit, seed=2)
    for part in (False, True):
        of_motion, others, scored = fitted.where(odd == part), fitted.where(odd != part), held.where(held_odd != part)
        if not (of_motion.n_peaks and others.n_peaks and scored.n_peaks):
            continue
        found = refine(
            of_motion,
            fit,
            smoothing_um=fit.density.smoothing_um,
            passes=PASSES,
            bound_um=bound_um,
            learn=False,
            check=check,
        )
        scores = []
        for smoothing in STRIPE_SMOOTHINGS_UM:
            check()
            density = estimate_density(others, found.motion, Grid.over(others, 0.5 * bound_um, 1.0), smoothing)
            scores.append(log_likelihood(scored, found.motion, density, n_stripes))
        total += max(scores, key=np.sum)
    return total


def _odd_stripes(peaks: BinnedPeaks, fit: Fit, seed: int) -> BoolArray:
    """Whether each peak belongs to an odd stripe of corrected depth.

    The stripes fade into each other: a sharp border through a neuron would be an edge of the density, made by the
    motion that is to be judged.
    """
    phase = np.pi / STRIPE_UM * corrected_depths(peaks, fit.motion)
    share = np.clip(0.5 + 1.5 * np.sin(phase), 0.0, 1.0)
    return np.random.default_rng(seed).random(peaks.n_peaks, np.float32) < share
