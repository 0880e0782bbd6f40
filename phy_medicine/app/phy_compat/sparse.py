"""Functions of `phylib.io.model` that need no dataset: sparse arrays, channels nearby, principal components, labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.files import read_tsv, write_tsv_simple
from phy_medicine.base.log import logger
from phy_medicine.base.types import AnyArray, FloatArray, IntArray

_N_COMPONENTS = 3


def from_sparse(data: AnyArray, cols: AnyArray, channel_ids: Any) -> AnyArray:
    """Spread what lies on each row's own channels over the channels asked for; zeros elsewhere.

    Parameters
    ----------
    data : (n, n_loc, ...); cols : (n, n_loc) channel of each column, -1 unused
    channel_ids : (n_channels,), each once

    Returns
    -------
    (n, n_channels, ...)

    Raises
    ------
    NotImplementedError : a channel is asked for twice
    """
    wanted, own = np.asarray(channel_ids).astype(np.int64), np.asarray(cols).astype(np.int64)
    if len(np.unique(wanted)) != len(wanted):
        raise NotImplementedError("Multiple identical requested channels in from_sparse().")
    out = np.zeros((len(data), len(wanted), *data.shape[2:]), dtype=data.dtype)
    if not len(wanted):
        return out
    order = np.argsort(wanted)
    places = order[np.minimum(np.searchsorted(wanted, own, sorter=order), len(wanted) - 1)]
    rows, columns = np.nonzero(wanted[places] == own)
    out[rows, places[rows, columns]] = data[rows, columns]
    return out


def get_closest_channels(channel_positions: FloatArray, channel_index: int, n: int | None = None) -> IntArray:
    """Return the channels by their distance from one, itself first; n : at most so many."""
    distances = ((channel_positions - channel_positions[channel_index]) ** 2).sum(axis=1)
    distances[channel_index] = -1
    return np.argsort(distances, kind="stable")[: n or None]


def compute_features(waveforms: AnyArray) -> FloatArray:
    """Return the first three principal components of waveforms on each channel.

    waveforms : (n_spikes, n_samples, n_channels) -> (n_spikes, n_channels, 3)
    """
    waves = np.asarray(waveforms, dtype=np.float64)
    return np.stack([_scores(waves[:, :, c]) for c in range(waves.shape[2])], axis=1)


def _scores(waves: FloatArray) -> FloatArray:
    covariance = np.eye(waves.shape[1]) / len(waves)
    if len(waves) > 1:
        covariance += np.cov(waves, rowvar=False)
    components = np.linalg.eigh(covariance)[1][:, ::-1][:, :_N_COMPONENTS]
    scores: FloatArray = waves @ components.astype(np.float32)
    return scores


def load_metadata(filename: str | Path) -> dict[str, dict[int, Any]]:
    """Read a table of labels: field -> cluster -> value."""
    found: dict[str, dict[int, Any]] = {}
    for row in read_tsv(filename):
        if "cluster_id" in row:
            for name, value in row.items():
                if name != "cluster_id":
                    found.setdefault(name, {})[row["cluster_id"]] = value
    return found


def save_metadata(filename: str | Path, field_name: str, metadata: dict[int, Any]) -> None:
    """Write one column of labels, clusters ascending."""
    write_tsv_simple(filename, field_name, metadata)


def read_array(path: str | Path, mmap_mode: Any = None) -> AnyArray:
    """Read a `.npy` file; NaN and infinite values become 0 unless it is mapped."""
    array: AnyArray = np.load(Path(path), mmap_mode=mmap_mode, allow_pickle=False)
    if mmap_mode is None and array.dtype.kind == "f":
        bad = ~np.isfinite(array)
        if bad.any():
            logger.warning("%d of %d values of %s are not finite and become 0.", bad.sum(), bad.size, path)
            array[bad] = 0
    return array


def write_array(name: str | Path, arr: AnyArray) -> None:
    """Write a `.npy` file."""
    np.save(name, arr)
