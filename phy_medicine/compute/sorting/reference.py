"""The reference solver: exact coordinate ascent, one unit after the other; import only where torch may be.

For teaching, for small data, and to test faster solvers against. Both forms take the same steps: for every unit its
amplitudes, then its template, then the log likelihood per data point, until that stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.sorting import dense, low_rank
from phy_medicine.compute.sorting.convolution import FFT
from phy_medicine.compute.sorting.priors import Exponential, Prior
from phy_medicine.compute.sorting.simulate import random_templates


@dataclass(frozen=True, slots=True)
class Options:
    """How the solver goes on.

    num_iters : passes over the units at most; rank : of the templates; noise_std : per sample
    amp_rate : of the exponential prior, where no other is given
    tol : a pass that changes the log likelihood by less is the last
    learn_templates : False keeps them and finds amplitudes only
    method : of convolutions, "fft" or "conv1d"
    seed : of the templates that units without spikes get
    progress : called with the number of each pass and its log likelihood; may raise to end the work
    """

    num_iters: int = 20
    rank: int = 1
    noise_std: float = 1.0
    amp_rate: float = 5.0
    tol: float = 1e-4
    learn_templates: bool = True
    method: str = FFT
    seed: int = 0
    progress: Callable[[int, float], object] = lambda number, likelihood: None


def map_estimate(
    templates: Tensor,
    amplitudes: Tensor,
    data: Tensor,
    options: Options | None = None,
    *,
    priors: list[Prior] | None = None,
) -> FloatArray:
    """Find templates and amplitudes, updated in place; the residual is formed anew for every update.

    Parameters
    ----------
    templates, amplitudes, data : (K, N, D) of norm 1, (K, T), (N, T); the amplitudes may be 0
    priors : of each unit, updated in place; None is exponential with `amp_rate`

    Returns
    -------
    (n_passes + 1,) float64, log likelihood per data point before the first pass and after each

    Raises
    ------
    PhyMedError : shapes that do not fit each other, a rank that templates cannot have, values that are not finite
    """
    chosen = options or Options()
    known = _checked(templates, amplitudes, data, chosen, priors)
    rng = np.random.default_rng(chosen.seed)

    def update(k: int, prior: Prior) -> None:
        amplitudes[k] = dense.update_amplitude(
            k, templates, amplitudes, data, noise_std=chosen.noise_std, prior=prior, method=chosen.method
        )
        if not chosen.learn_templates:
            return
        if dense.can_learn(amplitudes[k], templates.shape[2]):
            templates[k] = dense.update_template(k, templates, amplitudes, data, rank=chosen.rank, method=chosen.method)
        else:
            templates[k] = _random(templates[k], rng)

    likelihood = partial(dense.log_likelihood, templates, amplitudes, data, chosen.noise_std)
    return _ascend(update, likelihood, amplitudes, known, chosen)


def map_estimate_fast(
    templates: Tensor,
    amplitudes: Tensor,
    data: Tensor,
    options: Options | None = None,
    *,
    priors: list[Prior] | None = None,
) -> FloatArray:
    """Find the same as `map_estimate` with templates of low rank and a residual that is kept."""
    chosen = options or Options()
    known = _checked(templates, amplitudes, data, chosen, priors)
    rng = np.random.default_rng(chosen.seed)
    state = low_rank.LowRank.of(templates, amplitudes, data, chosen.rank)

    def update(k: int, prior: Prior) -> None:
        low_rank.update_residual(k, state, method=chosen.method)
        low_rank.update_amplitude_fast(k, state, noise_std=chosen.noise_std, prior=prior, method=chosen.method)
        if chosen.learn_templates:
            if dense.can_learn(amplitudes[k], templates.shape[2]):
                low_rank.update_template_factors(k, state)
            else:
                state.footprints[k], state.profiles[k] = dense.factors(_random(templates[k], rng), chosen.rank)
        low_rank.downdate_residual(k, state, method=chosen.method)

    def likelihood() -> float:
        energy = sum(float(part.double().square().sum()) for part in state.residual.split(1 << 18, dim=1))
        return dense.likelihood_of(energy, data.numel(), chosen.noise_std)

    found = _ascend(update, likelihood, amplitudes, known, chosen)
    templates.copy_(state.templates)
    return found


def _ascend(
    update: Callable[[int, Prior], None],
    likelihood: Callable[[], float],
    amplitudes: Tensor,
    priors: list[Prior],
    options: Options,
) -> FloatArray:
    """Pass over the units until the likelihood stays."""
    found = [likelihood()]
    for number in range(options.num_iters):
        for k, prior in enumerate(priors):
            update(k, prior)
            of_unit = amplitudes[k].cpu().numpy()
            priors[k] = prior.learned(of_unit[of_unit > 0], of_unit.size)
        found.append(likelihood())
        options.progress(number, found[-1])
        if abs(found[-1] - found[-2]) < options.tol:
            break
    return np.array(found)


def _random(like: Tensor, rng: np.random.Generator) -> Tensor:
    return torch.as_tensor(random_templates(1, *like.shape, rng)[0], dtype=like.dtype, device=like.device)


def _checked(
    templates: Tensor, amplitudes: Tensor, data: Tensor, options: Options, priors: list[Prior] | None
) -> list[Prior]:
    """The priors; refuses what cannot be solved."""
    shapes = f"templates {tuple(templates.shape)}, amplitudes {tuple(amplitudes.shape)}, data {tuple(data.shape)}"
    if templates.ndim != 3 or amplitudes.shape != (len(templates), data.shape[1]) or len(data) != templates.shape[1]:
        raise PhyMedError(
            f"Shapes must be units by channels by samples, units by samples, channels by samples: {shapes}."
        )
    if not 1 <= options.rank <= min(templates.shape[1:]):
        raise PhyMedError(f"Templates of {templates.shape[1]} by {templates.shape[2]} cannot have rank {options.rank}.")
    if not bool(torch.isfinite(data).all()):
        raise PhyMedError("The data have values that are not finite; take those stretches out first.")
    if priors is not None and len(priors) != len(templates):
        raise PhyMedError(f"There are {len(priors)} priors for {len(templates)} units.")
    return [Exponential(options.amp_rate)] * len(templates) if priors is None else priors
