"""Noise made white: each channel less what its neighbours say of it, in units of the noise.

Every channel gets its row of the symmetric (ZCA) whitening matrix of its neighbourhood, so that it stays the channel it
was, and a recording of many channels needs no inverse of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray

N_STRETCHES, STRETCH_S = 25, 0.2
_ROWS = 32
_EVERY = 3
"""Of the samples of the stretches, those of which the noise that is left is measured."""
N_NEIGHBOURS = 32
LEAST_EIGENVALUE = 1e-3
"""Added to all eigenvalues, as a share of their median: directions without noise are not blown up."""
SPIKE = 5.0
"""Standard deviations of the noise above which a sample belongs to a spike."""
_MAD = 0.6744897501960817
"""Median of the absolute value of a normal variable, in standard deviations."""


class Signal(Protocol):
    """The filtered channels of a recording."""

    @property
    def n_samples(self) -> int: ...
    @property
    def n_channels(self) -> int: ...
    @property
    def sample_rate(self) -> float: ...
    def read(self, start: int, stop: int) -> FloatArray:
        """Return samples start to stop, which lie in the recording, (stop - start, n_channels)."""


@dataclass(frozen=True, slots=True)
class Whitening:
    """What makes the noise white.

    matrix : (N, N) float32, whitened = matrix @ signal; inverse : (N, N) float64, from whitened templates to the signal
    noise : (N,) float64, standard deviation of the noise of each channel before
    """

    matrix: FloatArray
    inverse: FloatArray
    noise: FloatArray

    @classmethod
    def of(
        cls,
        signal: Signal,
        positions_um: FloatArray,
        *,
        shanks: IntArray | None = None,
        n_neighbours: int = N_NEIGHBOURS,
        moved: Sequence[FloatArray] = (),
        noise: Noise | None = None,
    ) -> Whitening:
        """Learn from stretches spread over a recording.

        Parameters
        ----------
        positions_um : (N, 2), of the channels of the recording
        shanks : (N,) int; channels of other shanks are no neighbours; None is one shank
        n_neighbours : of which each channel is made independent, itself among them
        moved : matrices (N, N) of which one is applied to the signal before, now this, now that; the noise is 1 on
            the average over them
        noise : of the signal, where it is known already

        Raises
        ------
        PhyMedError : a channel without noise, values that are not finite, or positions of other channels
        """
        positions = np.asarray(positions_um, np.float64)
        n_channels = signal.n_channels
        if positions.shape != (n_channels, 2):
            raise PhyMedError(f"There are positions of {len(positions)} channels for {n_channels} in the recording.")
        noise = noise or Noise.of(signal)
        matrix = local_zca(noise.covariance, _neighbours(positions, shanks, n_neighbours))
        # Of what is not a spike by its samples, the tails of spikes are left: the median knows better how wide it is.
        few = [move.astype(np.float32) @ noise.few[:, n :: len(moved)] for n, move in enumerate(moved)]
        matrix /= noise_levels(matrix.astype(np.float32) @ np.concatenate(few or [noise.few], axis=1))[:, None]
        inverse = np.linalg.pinv(matrix, rcond=LEAST_EIGENVALUE)
        return cls(matrix.astype(np.float32), inverse, noise.levels)


@dataclass(frozen=True, slots=True)
class Noise:
    """The noise of a signal, by stretches spread over it.

    levels : (N,) float64, standard deviations; covariance : (N, N) float64
    few : (N, n) float32, some samples
    """

    levels: FloatArray
    covariance: FloatArray
    few: FloatArray

    @classmethod
    def of(cls, signal: Signal) -> Noise:
        """Look at a signal, one stretch in memory at a time.

        Raises
        ------
        PhyMedError : a channel without noise, or values that are not finite
        """
        levels, few = [], []
        total, counts = (np.zeros((signal.n_channels, signal.n_channels)) for _ in range(2))
        for part in _stretches(signal):
            levels.append(noise_levels(part))
            add_covariance(part, levels[-1], total, counts)
            few.append(part[:, ::_EVERY].copy())
        return cls(np.median(levels, axis=0), total / np.maximum(counts, 1), np.concatenate(few, axis=1))


def noise_levels(data: FloatArray) -> FloatArray:
    """Return the standard deviation of the noise of each channel, (N,), by the median: spikes hardly change it.

    Raises
    ------
    PhyMedError : a channel is flat, or not finite
    """
    # A few rows at once: the median makes a copy.
    rows = range(0, len(data), _ROWS)
    return levels_of(np.concatenate([np.median(np.abs(data[n : n + _ROWS]), axis=1) for n in rows]))


def levels_of(medians: FloatArray) -> FloatArray:
    """Return standard deviations (N,) of noise of which the medians of the absolute values are known.

    Raises
    ------
    PhyMedError : one is 0, or not finite
    """
    levels = medians / _MAD
    bad = np.flatnonzero(~((levels > 0) & np.isfinite(levels)))
    if bad.size:
        raise PhyMedError(f"Channel {bad[0]} has no noise or values that are not finite; leave it out.")
    return np.asarray(levels, np.float64)


def add_covariance(part: FloatArray, noise: FloatArray, total: FloatArray, counts: FloatArray) -> None:
    """Add products of the channels, where neither of the two has a spike, and how many there are; (N, N) each.

    Parameters
    ----------
    part : (N, T); noise : (N,), standard deviations
    """
    quiet = (np.abs(part) <= SPIKE * noise[:, None]).astype(np.float32)
    kept = part * quiet
    total += kept @ kept.T
    counts += quiet @ quiet.T


def local_zca(covariance: FloatArray, neighbours: IntArray) -> FloatArray:
    """Return for each channel its row of the whitening matrix of its neighbourhood, (N, N) float64.

    Parameters
    ----------
    covariance : (N, N); neighbours : (N, n) int, the channel itself first, -1 where there is none
    """
    out = np.zeros(covariance.shape)
    for channel, row in enumerate(neighbours):
        near = row[row >= 0]
        values, vectors = np.linalg.eigh(covariance[np.ix_(near, near)])
        scale = 1 / np.sqrt(np.maximum(values, 0) + LEAST_EIGENVALUE * np.median(values))
        out[channel, near] = (vectors[0] * scale) @ vectors.T
    return out


def _neighbours(positions: FloatArray, shanks: IntArray | None, most: int) -> IntArray:
    """The nearest channels of each on its shank, itself first, (N, n)."""
    away = np.linalg.norm(positions[:, None] - positions, axis=2)
    if shanks is not None:
        away[np.asarray(shanks)[:, None] != np.asarray(shanks)] = np.inf
    np.fill_diagonal(away, -1.0)
    nearest = np.argsort(away, axis=1, kind="stable")[:, :most]
    return np.where(np.isfinite(np.take_along_axis(away, nearest, axis=1)), nearest, -1)


def _stretches(signal: Signal) -> Iterator[FloatArray]:
    """Stretches spread evenly over the recording, (N, T) each; all of a short one."""
    length = min(round(STRETCH_S * signal.sample_rate), signal.n_samples)
    n = min(N_STRETCHES, max(1, signal.n_samples // length))
    for start in np.linspace(0, signal.n_samples - length, n).astype(int).tolist():
        yield np.ascontiguousarray(signal.read(start, start + length).T)
