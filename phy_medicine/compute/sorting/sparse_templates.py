"""Templates on a few channels each, their waveforms made of a few shapes that all of them share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray

MOST_CHANNELS = 24
LEAST_SHARE = 0.03
"""Of the largest value of a template: channels that stay below it are left out."""
MOST_LOST = 0.002
"""Share of its energy that a template may lose to the shared shapes, and again to its rank. Of a spike of 100 standard
deviations of the noise that leaves 20, as much as a small spike has."""
FEWEST_SHAPES = 6
RANK = 8
_CHUNK = 64
"""Templates at once."""


@dataclass(frozen=True, slots=True)
class SparseTemplates:
    """Templates W_k = weights_k @ basis on the channels of each.

    basis : (P, D) float32, orthonormal rows
    channels : (K, C) int32, ascending, -1 where a template has fewer
    weights : (K, C, P) float32, 0 where there is no channel; the norm of each template is 1
    n_channels : of the data
    """

    basis: FloatArray
    channels: IntArray
    weights: FloatArray
    n_channels: int

    @property
    def n_units(self) -> int:
        """How many templates."""
        return len(self.channels)

    @property
    def width(self) -> int:
        """Samples of a template."""
        return int(self.basis.shape[1])

    def waveforms(self) -> FloatArray:
        """Return the templates on the channels of each, (K, C, D) float32."""
        return np.asarray(self.weights @ self.basis)

    def full_weights(self) -> FloatArray:
        """Return the weights on all channels, (K, N, P) float32."""
        out = np.zeros((self.n_units, self.n_channels, len(self.basis)), np.float32)
        units, slots = np.nonzero(self.channels >= 0)
        out[units, self.channels[units, slots]] = self.weights[units, slots]
        return out

    def dense(self) -> FloatArray:
        """Return the templates, (K, N, D) float32."""
        return np.asarray(self.full_weights() @ self.basis)


def compress(
    templates: FloatArray,
    *,
    most_channels: int = MOST_CHANNELS,
    least_share: float = LEAST_SHARE,
    most_lost: float | FloatArray = MOST_LOST,
    fewest_shapes: int = FEWEST_SHAPES,
    rank: int = RANK,
    norms: FloatArray | None = None,
) -> SparseTemplates:
    """Return templates on their main channels, in as few shared shapes as lose little.

    Parameters
    ----------
    templates : (K, N, D)
    most_channels, least_share : channels of each template at most, and of which height, relative to the largest
    most_lost : share of the energy on these channels that a template may lose to the shapes, and again to its rank, for
        all or (K,): the larger its spikes, the less should be lost
    fewest_shapes : P at least
    rank : of each template at most; it is the lowest that loses little enough
    norms : (K,), by which they are divided before; None for 1

    Raises
    ------
    PhyMedError : a template is 0 or not finite
    """
    templates = np.asarray(templates)
    scales = np.ones(len(templates)) if norms is None else norms
    # A few at once, and on few channels: all of them in double precision would be twice as large as they are.
    parts = (templates[first : first + _CHUNK] for first in range(0, len(templates), _CHUNK))
    height = np.concatenate([np.abs(part).max(axis=2) for part in parts]) / scales[:, None]
    bad = np.flatnonzero(~(np.isfinite(height).all(axis=1) & (height.max(axis=1, initial=0) > 0)))
    if bad.size:
        raise PhyMedError(f"Template {bad[0]} is empty or not finite; leave that unit out.")
    channels = _main_channels(height, most_channels, least_share)
    kept = np.take_along_axis(templates, channels[:, :, None], axis=1) / scales[:, None, None]
    kept[channels < 0] = 0
    basis = _shared_shapes(kept, most_lost, fewest_shapes)
    weights = _of_rank(kept @ basis.T, rank, most_lost)
    weights /= np.linalg.norm(weights, axis=(1, 2), keepdims=True)
    return SparseTemplates(
        basis.astype(np.float32), channels.astype(np.int32), weights.astype(np.float32), templates.shape[1]
    )


def _of_rank(matrices: FloatArray, rank: int, most_lost: float | FloatArray) -> FloatArray:
    """Approximations of matrices, each of the lowest rank up to one that loses little enough of its energy."""
    left, values, right = np.linalg.svd(matrices, full_matrices=False)
    energy = np.square(values)
    after = 1 - np.cumsum(energy, axis=1) / energy.sum(axis=1, keepdims=True)
    needed = 1 + (after > np.reshape(most_lost, (-1, 1))).sum(axis=1)
    used = np.arange(values.shape[1]) < np.minimum(needed, rank)[:, None]
    return np.asarray((left * (values * used)[:, None]) @ right)


def _main_channels(height: FloatArray, most: int, least_share: float) -> IntArray:
    """Channels of each template, ascending, -1 after the last; (K, C)."""
    n_channels = height.shape[1]
    largest = np.argsort(-height, axis=1, kind="stable")[:, : min(most, n_channels)]
    heights = np.take_along_axis(height, largest, axis=1)
    # Channels without anything would make neighbours of units that have nothing in common.
    high = (heights >= least_share * height.max(axis=1, keepdims=True)) & (heights > 0)
    channels = np.sort(np.where(high, largest, n_channels), axis=1)[:, : high.sum(axis=1).max()]
    return np.where(channels < n_channels, channels, -1)


def _shared_shapes(kept: FloatArray, most_lost: float | FloatArray, fewest: int) -> FloatArray:
    """The leading shapes of all channels, each template counting alike; as many as needed, (P, D)."""
    unit = kept / np.linalg.norm(kept, axis=(1, 2), keepdims=True)
    _, _, shapes = np.linalg.svd(unit.reshape(-1, kept.shape[2]), full_matrices=False)
    lost = 1 - np.cumsum(((unit @ shapes.T) ** 2).sum(axis=1), axis=1)
    enough = 1 + int((lost > np.reshape(most_lost, (-1, 1))).any(axis=0).sum())
    return np.asarray(shapes[: max(fewest, enough)])


@dataclass(frozen=True, slots=True)
class Pairs:
    """How a spike of one unit shows in the scores of others; pairs of units that share a channel only.

    starts : (K + 1,) int64, the pairs of unit k are starts[k] .. starts[k + 1]
    units : (n_pairs,) int64, the other unit, ascending for each k; k itself is among them
    values : (n_pairs, 2 D - 1) float32, what a spike of k with amplitude 1 adds to the score of the other, by the lag
        of the score after the spike, -(D - 1) .. D - 1
    """

    starts: IntArray
    units: IntArray
    values: FloatArray

    def shares(self) -> IntArray:
        """Return which units have common channels, (K, K) uint8."""
        n = len(self.starts) - 1
        out = np.zeros((n, n), np.uint8)
        out[self.spikes_of(), self.units] = 1
        return out

    def spikes_of(self) -> IntArray:
        """Return the unit k of each pair, (n_pairs,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def own(self, lag: int) -> FloatArray:
        """Return the correlation of each template with itself at a lag, (K,)."""
        middle = self.values.shape[1] // 2
        of_itself = self.values[self.units == self.spikes_of()]
        return np.asarray(of_itself[:, middle + lag] if lag <= middle else 0 * of_itself[:, 0])

    def peaks(self, reach: int) -> FloatArray:
        """Return the largest of the values of each pair up to a lag, (n_pairs,)."""
        middle = self.values.shape[1] // 2
        return np.asarray(self.values[:, max(0, middle - reach) : middle + reach + 1].max(axis=1))


def pair_correlations(templates: SparseTemplates) -> Pairs:
    """Return the correlations of all templates that share channels."""
    of_shapes = _shape_correlations(templates.basis.astype(np.float64))
    weights = templates.full_weights().astype(np.float64)
    has = (weights != 0).any(axis=2)
    shares = has.astype(np.float64) @ has.T.astype(np.float64) > 0
    starts, units, values = [0], [], []
    for k in range(templates.n_units):
        others = np.flatnonzero(shares[k])
        # As products of matrices, 5 times as fast as sums over the indices.
        products = np.tensordot(weights[others][:, has[k]], weights[k][has[k]], axes=(1, 0))
        values.append(np.tensordot(products, of_shapes, axes=2).astype(np.float32))
        units.append(others)
        starts.append(starts[-1] + others.size)
    return Pairs(np.array(starts, np.int64), np.concatenate(units).astype(np.int64), np.concatenate(values))


def _shape_correlations(basis: FloatArray) -> FloatArray:
    """Sum over d of basis[p, d] basis[q, d + lag], (P, P, 2 D - 1)."""
    n, width = basis.shape
    out = np.empty((n, n, 2 * width - 1))
    for p in range(n):
        for q in range(n):
            out[p, q] = np.correlate(basis[q], basis[p], mode="full")
    return out
