"""The losses of the joint phase, differentiable in the positions; import only where torch may be."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from phy_medicine.compute.localize.network_settings import NetworkSettings
from phy_medicine.compute.localize.networks import UNIT_UM
from phy_medicine.compute.localize.pictures import REACH, Grid


def soft_histogram(grid: Grid, x_um: Tensor, y_um: Tensor, bins: Tensor, n_bins: int) -> Tensor:
    """Return the picture of each stretch, (n_bins, n_pixels).

    Parameters
    ----------
    x_um, y_um : (n,), depths with the motion taken out
    bins : (n,) int64, stretch of each spike
    """
    (i, wx, in_x), (j, wy, in_y) = _axis(x_um, grid.x0_um, grid.n_x, grid), _axis(y_um, grid.y0_um, grid.n_y, grid)
    weights = wx[:, :, None] * wy[:, None, :] * (in_x & in_y)[:, None, None]
    pixels = bins[:, None, None] * grid.n_pixels + i[:, :, None] * grid.n_y + j[:, None, :]
    flat = torch.zeros(n_bins * grid.n_pixels, dtype=weights.dtype, device=weights.device)
    return flat.index_add(0, pixels.reshape(-1), weights.reshape(-1)).view(n_bins, grid.n_pixels)


def _axis(um: Tensor, start_um: float, n: int, grid: Grid) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels along one axis (n, 7), their weights, and which spikes have all of theirs inside."""
    place = (um - start_um) / grid.step_um
    nearest = place.detach().round().long()
    inside = (nearest >= REACH) & (nearest < n - REACH)
    nearest = nearest.clamp(REACH, n - REACH - 1)
    reach = torch.arange(-REACH, REACH + 1, device=um.device)
    away = torch.where(inside, place - nearest, 0.0)
    weights = torch.exp(-0.5 * (away[:, None] - reach) ** 2)
    return nearest[:, None] + reach, weights / weights.sum(dim=1, keepdim=True), inside


def consistency(pictures: Tensor, times_s: Tensor, window_s: float) -> Tensor:
    """Return rho-bar: the mean correlation of pictures at most a window apart; 0 without a pair."""
    centred = pictures - pictures.mean(dim=1, keepdim=True)
    unit = centred / centred.norm(dim=1, keepdim=True).clamp_min(1e-12)
    apart = times_s[None, :] - times_s[:, None]
    pairs = (apart > 0) & (apart <= window_s + 1e-6)
    return (unit @ unit.T)[pairs].sum() / pairs.sum().clamp_min(1)


def entropy(pictures: Tensor) -> Tensor:
    """Return H-bar: the mean entropy of the pictures, natural logarithm."""
    p = pictures / pictures.sum(dim=1, keepdim=True).clamp_min(1e-12)
    # log of the tiniest instead of 0, whose gradient would be infinite
    return -(p * p.clamp_min(1e-12).log()).sum(dim=1).mean()


def tether(um: Tensor, before_um: Tensor, *, depth_weight: float = 1.0, z_weight: float = 0.0) -> Tensor:
    """Return the mean squared distance from where the network was before, (n, 3), in units of (50 µm)²; x counts 1."""
    away = ((um - before_um) / UNIT_UM).pow(2).mean(dim=0)
    return away[0] + depth_weight * away[1] + z_weight * away[2]


@dataclass(frozen=True, slots=True)
class Terms:
    """The loss of a batch and what it is made of."""

    loss: Tensor
    rho: float
    entropy: float
    tether: float


@dataclass(frozen=True, slots=True)
class JointLoss:
    """The loss of a batch of spikes whose motion is known."""

    grid: Grid
    settings: NetworkSettings

    def __call__(self, um: Tensor, motion_um: Tensor, bins: Tensor, before_um: Tensor) -> Terms:
        """Return the loss.

        Parameters
        ----------
        um, before_um : (n, 3), positions now and before the joint phase
        motion_um : (n,), displacement at each spike, taken as fixed
        bins : (n,) int64, stretch of each spike
        """
        s = self.settings
        numbers, places, counts = bins.unique(return_inverse=True, return_counts=True)
        pictures = soft_histogram(self.grid, um[:, 0], um[:, 1] - motion_um, places, len(numbers))
        enough = (counts >= s.least_spikes) & (pictures.detach().sum(dim=1) > 0)
        pictures, times = pictures[enough], numbers[enough].double() * s.bin_s
        drift = tether(um, before_um, depth_weight=s.tether_depth, z_weight=s.tether_z)
        if not len(times):
            return Terms(s.tether_weight * drift, 0.0, 0.0, float(drift.detach()))
        rho, spread = consistency(pictures, times, s.window_s), entropy(pictures)
        loss = -s.consistency_weight * rho - s.entropy_weight * spread + s.tether_weight * drift
        return Terms(loss, float(rho.detach()), float(spread.detach()), float(drift.detach()))
