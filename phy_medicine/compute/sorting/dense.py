"""One step of the reference solver at a time, as the model is written; import only where torch may be.

Slow on purpose: each update forms the residual anew. `low_rank` takes the same steps with less arithmetic.
"""

from __future__ import annotations

import math

import torch
from scipy.signal import find_peaks
from torch import Tensor

from phy_medicine.compute.sorting.convolution import DIRECT, convolve, correlate
from phy_medicine.compute.sorting.priors import Prior

_BLOCK = 1 << 18
"""Samples of the likelihood at once."""
_SPIKES = 2048
"""Spikes gathered at once."""


def log_likelihood(templates: Tensor, amplitudes: Tensor, data: Tensor, noise_std: float) -> float:
    """Return the log likelihood per data point; close to -1.41894 at the truth with noise of 1.

    Parameters
    ----------
    templates, amplitudes, data : (K, N, D), (K, T), (N, T)
    """
    margin, n_samples = templates.shape[2] - 1, data.shape[1]
    energy = 0.0
    for start in range(0, n_samples, _BLOCK):
        first, stop = max(0, start - margin), min(n_samples, start + _BLOCK)
        model = convolve(templates, amplitudes[:, first:stop])[:, start - first :]
        energy += float((data[:, start:stop] - model).double().square().sum())
    return likelihood_of(energy, data.numel(), noise_std)


def likelihood_of(energy: float, n_points: int, noise_std: float) -> float:
    """Return the log likelihood per data point of a residual of this energy, the sum of its squares."""
    return -0.5 * math.log(2 * math.pi * noise_std**2) - energy / (2 * noise_std**2 * n_points)


def compute_residual(k: int, templates: Tensor, amplitudes: Tensor, data: Tensor, *, method: str = DIRECT) -> Tensor:
    """Return what unit k has to explain, (N, T): the data without all other units."""
    others = [j for j in range(len(templates)) if j != k]
    return data - convolve(templates[others], amplitudes[others], method=method) if others else data.clone()


def compute_score(k: int, templates: Tensor, amplitudes: Tensor, data: Tensor, *, method: str = DIRECT) -> Tensor:
    """Return the score of unit k at every sample, (T,)."""
    residual = compute_residual(k, templates, amplitudes, data, method=method)
    return correlate(templates[k], residual, method=method)


def update_amplitude(
    k: int,
    templates: Tensor,
    amplitudes: Tensor,
    data: Tensor,
    *,
    noise_std: float,
    prior: Prior,
    method: str = DIRECT,
) -> Tensor:
    """Return new amplitudes of unit k, (T,): those of the peaks of its score."""
    score = compute_score(k, templates, amplitudes, data, method=method)
    return peak_amplitudes(score, templates.shape[2], noise_std=noise_std, prior=prior)


def peak_amplitudes(score: Tensor, distance: int, *, noise_std: float, prior: Prior) -> Tensor:
    """Return the amplitudes at the peaks of a score, 0 elsewhere, (T,).

    Peaks are at least `distance` apart, of two nearer ones the higher stays, and at least as high as a spike must be.
    """
    host = score.detach().cpu().numpy()
    peaks, found = find_peaks(host, distance=distance, height=prior.threshold(noise_std))
    values = prior.amplitude(found["peak_heights"], noise_std)
    out = torch.zeros_like(score)
    out[torch.as_tensor(peaks, device=score.device)] = torch.as_tensor(values, dtype=score.dtype, device=score.device)
    return out


def template_target(amplitude: Tensor, residual: Tensor, width: int) -> Tensor:
    """Return the sum of the residual after each spike times its amplitude, (N, D); what runs past the end is left out.

    Parameters
    ----------
    amplitude, residual : (T,) and (N, T); width : samples of a template
    """
    times = torch.nonzero(amplitude)[:, 0]
    times = times[times <= residual.shape[1] - width]
    target = torch.zeros((len(residual), width), dtype=residual.dtype, device=residual.device)
    reach = torch.arange(width, device=residual.device)
    for part in times.split(_SPIKES):
        target += torch.einsum("s,nsd->nd", amplitude[part], residual[:, part[:, None] + reach])
    return target


def factors(target: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return the best footprint (N, R) and profile (R, D) for a target (N, D); their product has norm 1.

    The profile carries the singular values. The two have the sign of the target together, not each alone.
    """
    left, values, right = torch.linalg.svd(target, full_matrices=False)
    size = torch.linalg.vector_norm(values[:rank])
    return left[:, :rank], values[:rank, None] / size * right[:rank]


def update_template(
    k: int, templates: Tensor, amplitudes: Tensor, data: Tensor, *, rank: int, method: str = DIRECT
) -> Tensor:
    """Return the template that explains the residual of unit k best, (N, D), of norm 1 and at most this rank."""
    residual = compute_residual(k, templates, amplitudes, data, method=method)
    footprint, profile = factors(template_target(amplitudes[k], residual, templates.shape[2]), rank)
    return footprint @ profile


def can_learn(amplitude: Tensor, width: int) -> bool:
    """Whether a unit has a spike of which the template can be learned."""
    return bool(amplitude[: max(0, len(amplitude) - width + 1)].any())
