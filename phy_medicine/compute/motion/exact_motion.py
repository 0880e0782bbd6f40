"""The motion function of the reference model: bounded, smoothed in time, centred, interpolated in depth.

Depths are in units of the depth range; the gradients are written out, since automatic differentiation costs more than
the arithmetic of so small a model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

OVERLAP = 1e-3
"""By which the hats of neighbouring levels are wider than their distance."""
SMALL = 1e-6


def triangular_kernel(width_s: float, bin_s: float) -> FloatArray:
    """Weights of the smoothing in time: a triangle of full support `width_s`, sum 1, at least one bin."""
    slope = 0.5 * width_s / bin_s
    n_half = max(1, math.ceil(slope)) if slope > 0 else 1
    half = np.maximum(1 - np.arange(n_half) / max(slope, 1e-12), 0)
    half[0] = 1
    half = half[half > 0]
    kernel = np.concatenate([half[:0:-1], half])
    return np.asarray(kernel / kernel.sum())


class MotionFunction:
    """Displacement of every time bin and depth level, as a function of the free parameters `w` (n_levels, n_time).

    Parameters
    ----------
    bound : largest displacement before smoothing, in units of the depth range
    """

    def __init__(
        self, n_time: int, n_levels: int, *, bound: float, kernel: FloatArray, device: str = "cpu", dtype: object = None
    ) -> None:
        import torch

        self.n_time, self.n_levels, self.bound = n_time, n_levels, bound
        options: dict[str, Any] = {"device": device, "dtype": dtype or torch.float32}
        self.levels = torch.linspace(0, 1, n_levels, **options) if n_levels > 1 else torch.zeros(1, **options)
        self._reach = 1 / max(1, n_levels - 1) + OVERLAP
        # Converted before it goes to the device: not every device has float64.
        self._kernel = torch.as_tensor(kernel, dtype=self.levels.dtype).to(device)[None, None]
        self._norm = self._smooth(torch.ones((1, n_time), **options))

    def _smooth(self, values: Tensor) -> Tensor:
        """Convolve each row with the kernel, as long as before, zeros beyond the ends."""
        from torch.nn.functional import conv1d

        return conv1d(values[:, None], self._kernel, padding=self._kernel.shape[-1] // 2)[:, 0]

    def __call__(self, w: Tensor) -> Tensor:
        """Return the displacement of the levels, (n_levels, n_time), each level with mean zero over time."""
        smooth = self._smooth(w.tanh().mul_(self.bound)).div_(self._norm)
        return smooth.sub_(smooth.mean(dim=1, keepdim=True))

    def gradient(self, w: Tensor, of_displacement: Tensor) -> Tensor:
        """Return the gradient of `w` from that of the displacement; none passes through the mean."""
        slope = w.tanh().square_().neg_().add_(1).mul_(self.bound)
        return self._smooth(of_displacement / self._norm).mul_(slope)

    def hats(self, depths: Tensor) -> Tensor:
        """Return the weight of each level at each depth, (..., n_levels)."""
        weights: Tensor = (depths[..., None] - self.levels).abs_().neg_().add_(self._reach).clamp_(min=0)
        return weights.div_(weights.sum(dim=-1, keepdim=True).add_(SMALL))

    def saturation(self, w: Tensor) -> float:
        """Return the fraction of bins whose free displacement is above 95 % of the bound."""
        return float((w.tanh().abs() > 0.95).float().mean())
