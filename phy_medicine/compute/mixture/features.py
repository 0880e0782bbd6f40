"""Feature vectors of spikes: a few numbers on each of their channels, in units of the noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.mixture.projection import (
    N_FEATURES,
    Projection,
    autoencoder,
    load_projection,
    pca,
)
from phy_medicine.compute.mixture.recording_reader import Channels, RecordingReader, clear_spikes

__all__ = [
    "Projection", "RecordingReader", "Rotation", "autoencoder", "clear_spikes", "learned_projection",
    "load_projection", "pca", "rotation", "spike_features",
]  # fmt: skip

MOST_DIMENSIONS = 40
_LEARNED = 20_000
_NOISE = 2_000


@dataclass(frozen=True, slots=True)
class Rotation:
    """The directions in which features vary most; mean : (d,), axes : (d, n_dimensions), orthonormal."""

    mean: FloatArray
    axes: FloatArray

    def apply(self, x: AnyArray) -> FloatArray:
        """Return features (n, d) as (n, n_dimensions)."""
        found: FloatArray = (np.asarray(x, dtype=np.float64) - self.mean) @ self.axes
        return found


def rotation(x: AnyArray, n_dimensions: int = MOST_DIMENSIONS) -> Rotation:
    """Return the rotation of features (n, d) to at most `n_dimensions`; all of them if there are no more.

    Raises
    ------
    PhyMedError : fewer than one dimension
    """
    rows = np.asarray(x, dtype=np.float64)
    if n_dimensions < 1:
        raise PhyMedError(f"Features need one dimension at least, not {n_dimensions}.")
    mean = rows.mean(axis=0)
    values, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean))
    return Rotation(mean, vectors[:, np.argsort(-values, kind="stable")[:n_dimensions]])


def learned_projection(
    reader: RecordingReader,
    times: AnyArray,
    *,
    main_channels: AnyArray | None = None,
    n_features: int = N_FEATURES,
    sample_rate: float = 0.0,
    seed: int = 0,
) -> Projection:
    """Return principal components of spikes in a recording, with features scaled to the noise of it.

    Parameters
    ----------
    times : (n,) int, samples, of all spikes
    main_channels : (n,) int, the channel of each on which it is learned from; by default all its channels

    Raises
    ------
    PhyMedError : too few spikes, or no stretch without
    """
    rng = np.random.default_rng(seed)
    whole = np.flatnonzero(~reader.incomplete(times))
    chosen = whole if len(whole) <= _LEARNED else np.sort(rng.choice(whole, _LEARNED, replace=False))
    waveforms = reader.read_waveforms(np.asarray(times)[chosen])
    if main_channels is None:
        table = waveforms.transpose(0, 2, 1).reshape(-1, reader.n_samples)
    else:
        table = waveforms[np.arange(len(chosen)), :, np.asarray(main_channels)[chosen]]
    noise = reader.noise_snippets(_NOISE, times, rng)
    return pca(table, n_features, sample_rate).scaled(noise)


def spike_features(
    reader: RecordingReader, times: AnyArray, projection: Projection, channels: Channels = "all"
) -> FloatArray:
    """Return (n, n_channels * n_features) float64, channel by channel; errors as of reader and projection."""
    return projection.reduce(reader.read_waveforms(times, channels), flatten=True)
