"""The steps of the reference solver with templates of low rank and one residual that is kept; needs torch.

A template is a footprint (N, R) times a profile (R, D): R short convolutions and one product stand for the
convolution of every channel.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from phy_medicine.compute.sorting.convolution import DIRECT, convolve, correlate
from phy_medicine.compute.sorting.dense import factors, peak_amplitudes, template_target
from phy_medicine.compute.sorting.priors import Prior


@dataclass(frozen=True, slots=True)
class LowRank:
    """State of the solver, all updated in place.

    footprints : (K, N, R); profiles : (K, R, D); amplitudes : (K, T)
    residual : (N, T), the data without all units
    """

    footprints: Tensor
    profiles: Tensor
    amplitudes: Tensor
    residual: Tensor

    @classmethod
    def of(cls, templates: Tensor, amplitudes: Tensor, data: Tensor, rank: int) -> LowRank:
        """Factor templates; the residual is that of their best templates of this rank."""
        pairs = [factors(template, rank) for template in templates]
        footprints, profiles = (torch.stack(parts).contiguous() for parts in zip(*pairs, strict=True))
        state = cls(footprints, profiles, amplitudes, data.clone())
        if bool(amplitudes.any()):
            state.residual.sub_(convolve(state.templates, amplitudes))
        return state

    @property
    def templates(self) -> Tensor:
        """The products of the factors, (K, N, D)."""
        return self.footprints @ self.profiles


def _contribution(k: int, state: LowRank, method: str) -> Tensor:
    """What unit k adds to the data, (N, T)."""
    return state.footprints[k] @ convolve(state.profiles[k], state.amplitudes[k], method=method)


def update_residual(k: int, state: LowRank, *, method: str = DIRECT) -> None:
    """Put unit k back into the residual."""
    state.residual.add_(_contribution(k, state, method))


def downdate_residual(k: int, state: LowRank, *, method: str = DIRECT) -> None:
    """Take unit k out of the residual."""
    state.residual.sub_(_contribution(k, state, method))


def update_amplitude_fast(k: int, state: LowRank, *, noise_std: float, prior: Prior, method: str = DIRECT) -> None:
    """Set the amplitudes of unit k, which the residual must hold."""
    profile = state.profiles[k]
    score = correlate(profile, state.footprints[k].T @ state.residual, method=method)
    state.amplitudes[k] = peak_amplitudes(score, profile.shape[1], noise_std=noise_std, prior=prior)


def update_template_factors(k: int, state: LowRank) -> None:
    """Set the factors of unit k, which the residual must hold."""
    rank, width = state.profiles.shape[1:]
    target = template_target(state.amplitudes[k], state.residual, width)
    state.footprints[k], state.profiles[k] = factors(target, rank)
