"""Detected peaks: the input of every motion estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import BoolArray, FloatArray, frozen


@dataclass(frozen=True, slots=True)
class Peaks:
    """Time, depth and amplitude of each peak, in any order; checked when made."""

    times_s: FloatArray  # (n_peaks,) s
    depths_um: FloatArray  # (n_peaks,) µm
    amplitudes: FloatArray  # (n_peaks,) either sign, any unit

    def __post_init__(self) -> None:
        for name in ("times_s", "depths_um", "amplitudes"):
            value = np.asarray(getattr(self, name))
            if value.ndim != 1 or value.dtype.kind not in "fiu":
                raise PhyMedError(f"The peaks' {name} must be numbers in one row, not {value.ndim}-D {value.dtype}.")
            object.__setattr__(self, name, frozen(value.view()))  # the caller's own array stays writable
        sizes = (self.times_s.size, self.depths_um.size, self.amplitudes.size)
        if len(set(sizes)) > 1:
            raise PhyMedError(
                f"Peak times, depths and amplitudes must be equally many, not {sizes[0]}, {sizes[1]}, {sizes[2]}."
            )
        if not self.n_peaks:
            raise PhyMedError("There are no peaks, so no motion can be estimated.")
        for name in ("times_s", "depths_um", "amplitudes"):
            if not np.isfinite(getattr(self, name)).all():
                raise PhyMedError(f"The peaks' {name} hold values that are not finite; remove those peaks.")
        if self.depths_um.min() == self.depths_um.max():
            raise PhyMedError("All peaks have the same depth, so no motion can be estimated.")

    @property
    def n_peaks(self) -> int:
        """How many peaks there are."""
        return int(self.times_s.size)

    def cut(self, quantile: float, *, signed: bool = False) -> Peaks:
        """Drop the peaks at or below the quantile of |amplitude| (of the signed amplitude when `signed`).

        Parameters
        ----------
        quantile : a of the specification; negative drops those at or above the (1 - |a|) quantile; 0 keeps all

        Raises
        ------
        PhyMedError : |quantile| is 1 or more, or no peak is left
        """
        if not -1 < quantile < 1:
            raise PhyMedError(f"amplitude_threshold_quantile must lie between -1 and 1, not {quantile}.")
        if quantile == 0:
            return self
        size = self.amplitudes if signed else np.abs(self.amplitudes)
        limit = np.quantile(size, quantile if quantile > 0 else 1 + quantile)
        keep = size > limit if quantile > 0 else size < limit
        if not keep.any():
            raise PhyMedError(f"amplitude_threshold_quantile {quantile} leaves no peaks; use one nearer to 0.")
        return self.where(keep)

    def where(self, keep: BoolArray) -> Peaks:
        """Only the peaks of a mask (n_peaks,)."""
        return Peaks(self.times_s[keep], self.depths_um[keep], self.amplitudes[keep])

    def sample(self, n_about: int, seed: int = 0) -> Peaks:
        """About so many peaks, drawn at random, in the order they are; all of them when there are no more."""
        if self.n_peaks <= n_about:
            return self
        return self.where(np.random.default_rng(seed).random(self.n_peaks, np.float32) < n_about / self.n_peaks)

    def time_bins_s(self, bin_s: float, *, epsilon: float = 1e-3) -> FloatArray:
        """Left edges `t_min - epsilon + k bin_s` of bins that go `epsilon` beyond the peaks at either end, s."""
        start, stop = float(self.times_s.min()) - epsilon, float(self.times_s.max()) + epsilon
        return start + bin_s * np.arange(max(1, math.ceil((stop - start) / bin_s)))

    def depth_bins_um(self, n_bins: int) -> FloatArray:
        """Depth levels, µm, evenly from the smallest depth to the largest (one level lies at the smallest)."""
        return np.linspace(float(self.depths_um.min()), float(self.depths_um.max()), n_bins)
