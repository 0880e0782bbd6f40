"""Pictures of where the spikes of a stretch of time lie, how alike and how spread they are: the scores of a method.

A spike adds a Gaussian to the pixels within three of its standard deviations, normalised to sum 1. `losses` has the
same with gradients.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray

REACH = 3
"""Pixels on either side of a spike: the blur is one pixel wide."""
LEAST_SPIKES = 20
"""Stretches with fewer are left out."""
_PIECE = 1 << 17


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels over x and depth; pixel (i, j) lies at (x0 + i step, y0 + j step) µm."""

    x0_um: float
    y0_um: float
    n_x: int
    n_y: int
    step_um: float

    @classmethod
    def around(cls, positions_um: AnyArray, *, step_um: float = 4.0, margin_um: float = 100.0) -> Self:
        """Return pixels over contacts (n_channels, 2) and so far beyond them."""
        low, high = positions_um.min(axis=0) - margin_um, positions_um.max(axis=0) + margin_um
        n_x, n_y = np.ceil((high - low) / step_um).astype(int) + 1 + 2 * REACH
        return cls(float(low[0]) - REACH * step_um, float(low[1]) - REACH * step_um, int(n_x), int(n_y), step_um)

    @property
    def n_pixels(self) -> int:
        """Number of pixels."""
        return self.n_x * self.n_y


def patches(grid: Grid, x_um: AnyArray, y_um: AnyArray) -> tuple[IntArray, FloatArray]:
    """Return the pixels of each spike, (n, 49) int64, and what it adds to each; zeros for spikes outside."""
    fx, fy = (np.asarray(x_um, np.float64) - grid.x0_um) / grid.step_um, (np.asarray(y_um) - grid.y0_um) / grid.step_um
    known = np.isfinite(fx) & np.isfinite(fy)
    i, j = (np.rint(np.where(known, f, -1)).astype(np.int64) for f in (fx, fy))
    inside = known & (i >= REACH) & (i < grid.n_x - REACH) & (j >= REACH) & (j < grid.n_y - REACH)
    i, j = np.where(inside, i, REACH), np.where(inside, j, REACH)
    reach = np.arange(-REACH, REACH + 1)
    wx, wy = (
        np.exp(-0.5 * (np.where(inside, f, REACH)[:, None] - k[:, None] - reach) ** 2)
        for f, k in ((fx, i), (fy, j))
    )  # fmt: skip
    wx *= (inside / wx.sum(axis=1))[:, None]
    wy /= wy.sum(axis=1)[:, None]
    pixels = ((i[:, None] + reach)[:, :, None] * grid.n_y + (j[:, None] + reach)[:, None, :]).reshape(len(i), -1)
    return pixels, (wx[:, :, None] * wy[:, None, :]).reshape(len(i), -1)


def picture(grid: Grid, x_um: AnyArray, y_um: AnyArray) -> FloatArray:
    """Return the sum over spikes, (n_pixels,) float64."""
    out = np.zeros(grid.n_pixels)
    for start in range(0, len(x_um), _PIECE):
        part = slice(start, start + _PIECE)
        pixels, weights = patches(grid, x_um[part], y_um[part])
        out += np.bincount(pixels.ravel(), weights.ravel(), grid.n_pixels)
    return out


def entropy(picture: FloatArray) -> float:
    """Return the entropy of a picture, natural logarithm."""
    p = picture[picture > 0] / picture.sum()
    return float(-(p * np.log(p)).sum())


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time in which enough spikes have a position.

    number : of the stretch, counted from time 0
    entropy : of its picture
    unit : (n_pixels,) float64, the picture less its mean, of norm 1: a product of two is their correlation
    """

    number: int
    entropy: float
    unit: FloatArray


def stretches(
    grid: Grid, times_s: AnyArray, x_um: AnyArray, y_um: AnyArray, *, bin_s: float, least_spikes: int = LEAST_SPIKES
) -> Iterator[Stretch]:
    """Return the pictures of stretches of time one by one; those with fewer spikes, or none inside, are left out.

    times_s, x_um, y_um : (n_spikes,); spikes without a position do not count
    """
    for number, spikes in _numbered(times_s, x_um, bin_s):
        if len(spikes) < least_spikes:
            continue
        pixels = picture(grid, x_um[spikes], y_um[spikes])
        if pixels.any():
            spread = entropy(pixels)
            pixels -= pixels.mean()
            yield Stretch(number, spread, pixels / (np.linalg.norm(pixels) or 1.0))


def within(n_apart: IntArray | int, bin_s: float, window_s: float) -> BoolArray:
    """Return whether stretches so many numbers apart are compared."""
    return np.asarray(n_apart) * bin_s <= window_s + 1e-9


@dataclass(frozen=True, slots=True)
class Scores:
    """How alike the pictures of a recording are, and how spread.

    rho : mean correlation of the pictures of stretches at most a window apart (rho-bar), NaN without a pair
    entropy : mean entropy of a picture (H-bar), natural logarithm
    n_bins, n_pairs : stretches and pairs that count
    """

    rho: float
    entropy: float
    n_bins: int
    n_pairs: int


def score_pictures(
    grid: Grid,
    times_s: AnyArray,
    x_um: AnyArray,
    y_um: AnyArray,
    *,
    bin_s: float = 1.0,
    window_s: float = 30.0,
    least_spikes: int = LEAST_SPIKES,
) -> Scores:
    """Score positions, with their motion taken out; memory grows with the window, not with the recording.

    times_s, x_um, y_um : (n_spikes,); spikes without a position do not count
    """
    earlier: deque[Stretch] = deque()
    rho, entropies, n_pairs = 0.0, [], 0
    for stretch in stretches(grid, times_s, x_um, y_um, bin_s=bin_s, least_spikes=least_spikes):
        while earlier and not within(stretch.number - earlier[0].number, bin_s, window_s):
            earlier.popleft()
        rho += sum(float(other.unit @ stretch.unit) for other in earlier)
        n_pairs += len(earlier)
        earlier.append(stretch)
        entropies.append(stretch.entropy)
    mean = float(np.mean(entropies)) if entropies else float("nan")
    return Scores(rho / n_pairs if n_pairs else float("nan"), mean, len(entropies), n_pairs)


def _numbered(times_s: AnyArray, x_um: AnyArray, bin_s: float) -> Iterator[tuple[int, IntArray]]:
    """Number of each stretch, and its spikes."""
    known = np.flatnonzero(np.isfinite(x_um))
    if not len(known):
        return
    bins = np.floor(np.asarray(times_s, np.float64)[known] / bin_s).astype(np.int64)
    order = np.argsort(bins, kind="stable")
    numbers, starts = np.unique(bins[order], return_index=True)
    yield from zip(numbers.tolist(), np.split(known[order], starts[1:]), strict=True)
