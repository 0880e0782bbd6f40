"""Functions of `phylib.io.array`: which spikes are of which clusters, and arrays of small integers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bunch import _as_array, _as_scalar, _as_scalars
from phy_medicine.base.types import AnyArray, FloatArray, IntArray


def _clip(x: Any, a: Any, b: Any) -> Any:
    return max(a, min(b, x))


def _flatten(lists: Iterable[Iterable[Any]]) -> list[Any]:
    return list(itertools.chain.from_iterable(lists))


def _unique(x: Any) -> IntArray:
    """Values that occur, ascending; negative ones are left out."""
    if x is None or len(x) == 0:
        return np.zeros(0, dtype=np.int64)
    values = np.asarray(_as_array(x))
    return np.flatnonzero(np.bincount(values[values >= 0]))


def _index_of(arr: Any, lookup: Any) -> IntArray:
    """The place of each value in a table of values; -1 stays -1 unless the table holds it."""
    table = np.asarray(lookup, dtype=np.int64)
    places = np.zeros((int(table.max()) if len(table) else 0) + 2, dtype=np.int64)
    places[-1] = -1
    places[table] = np.arange(len(table))
    found: IntArray = places[arr]
    return found


def _range_from_slice(
    myslice: slice, start: Any = None, stop: Any = None, step: Any = None, length: int | None = None
) -> AnyArray:
    """The numbers of a slice, whose open ends are given.

    Raises
    ------
    ValueError : the end is not known, or contradicts the length
    """
    step = next((s for s in (myslice.step, step) if s is not None), 1)
    start = next((s for s in (myslice.start, start) if s is not None), 0)
    stop = myslice.stop if myslice.stop is not None else stop
    if length is not None:
        end = floor(start + step * length)
        if stop is not None and stop < end:
            raise ValueError(f"'stop' ({stop}) and 'length' ({length}) are not compatible.")
        stop = end
    if stop is None:
        raise ValueError("'stop' and 'length' cannot be both unspecified.")
    return np.arange(start, stop, step)


def _pad(arr: AnyArray, n: int, dir: str = "right") -> AnyArray:
    """An array with n rows: cut, or filled with zeros, at its end or ("left") its beginning.

    Raises
    ------
    ValueError : n is negative
    """
    if n < 0:
        raise ValueError(f"'n' must be positive: {n}.")
    kept = arr[max(0, len(arr) - n) :] if dir == "left" else arr[:n]
    zeros = np.zeros((n - len(kept), *arr.shape[1:]), dtype=arr.dtype)
    return kept if len(kept) == n else np.concatenate([zeros, kept] if dir == "left" else [kept, zeros])


def _get_padded(data: AnyArray, start: int, end: int) -> AnyArray:
    """Rows start to end, zeros outside of the data; raises RuntimeError when both ends are outside."""
    if start < 0 and end > len(data):
        raise RuntimeError("Both ends lie outside of the data.")
    if start < 0:
        return _pad(data[:end], end - start, "left")
    return _pad(data[start:end], end - start) if end > len(data) else data[start:end]


def _normalize(arr: FloatArray, keep_ratio: bool = False) -> FloatArray:
    """Points (n, 2) moved and scaled into the unit square, whose centre they have when the ratio is kept."""
    low, high = arr.min(axis=0), arr.max(axis=0)
    if keep_ratio:
        scale = 1.0 / (high - low).max()
        out: FloatArray = (arr - (low + high) / 2) * scale + 0.5
        return out
    out = (arr - low) / (high - low)
    return out


def _get_data_lim(arr: AnyArray, n_spikes: int | None = None) -> float:
    """Largest absolute value of some rows at a stride, 1 when all are zero."""
    stride = max(1, len(arr) // n_spikes) if n_spikes else 1
    return float(np.abs(arr[::stride]).max()) or 1.0


def get_closest_clusters(
    cluster_id: int, cluster_ids: Iterable[int], sim_func: Any, max_n: int | None = None
) -> list[tuple[int, float]]:
    """Return clusters and their similarity to one of them, largest first."""
    pairs = [(_as_scalar(c), _as_scalar(sim_func(cluster_id, c))) for c in _as_scalars(cluster_ids)]
    return sorted(pairs, key=lambda pair: pair[1], reverse=True)[:max_n]


# Files


def read_array(path: str | Path, mmap_mode: Any = None) -> AnyArray:
    """Read a `.npy` file.

    Raises
    ------
    NotImplementedError : it is another file
    """
    _check_npy(path)
    found: AnyArray = np.load(Path(path), mmap_mode=mmap_mode, allow_pickle=False)
    return found


def write_array(path: str | Path, arr: AnyArray) -> None:
    """Write a `.npy` file.

    Raises
    ------
    NotImplementedError : its name has another ending
    """
    _check_npy(path)
    np.save(Path(path), arr)


def _check_npy(path: str | Path) -> None:
    if Path(path).suffix != ".npy":
        raise NotImplementedError(f"The file extension `{Path(path).suffix}` is not currently supported.")


# Pieces of long arrays


def chunk_bounds(n_samples: int, chunk_size: int, overlap: int = 0) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, end, keep_start, keep_end) of pieces that overlap, the kept parts side by side."""
    start, end, keep_start = 0, chunk_size, 0
    while True:
        last = end - overlap + chunk_size >= n_samples
        keep_end = end - overlap // 2
        yield start, end, keep_start, keep_end
        if last:
            break
        start, end, keep_start = end - overlap, end - overlap + chunk_size, keep_end
    if end - overlap < n_samples:
        yield end - overlap, n_samples, keep_end, n_samples


def excerpts(n_samples: int, n_excerpts: int = 2, excerpt_size: int = 1) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of pieces at a regular step over the samples."""
    step = max((n_samples - excerpt_size) // (n_excerpts - 1), excerpt_size)
    for start in range(0, min(n_excerpts * step, n_samples), step):
        yield start, min(start + excerpt_size, n_samples)


def data_chunk(data: AnyArray, chunk: tuple[int, ...], with_overlap: bool = False) -> AnyArray:
    """Return a piece of data; chunk : (start, end), or as `chunk_bounds` gives it."""
    if len(chunk) not in (2, 4):
        raise ValueError(f"'chunk' should have 2 or 4 elements, not {len(chunk)}")
    start, end = chunk[:2] if with_overlap or len(chunk) == 2 else chunk[2:]
    return data[start:end]


def get_excerpts(data: AnyArray, n_excerpts: int, excerpt_size: int) -> AnyArray:
    """Return some pieces of data in one array, at a regular step."""
    if len(data) < n_excerpts * excerpt_size:
        return data
    if n_excerpts < 2:
        return data[: n_excerpts * excerpt_size]
    return np.concatenate([data[a:b] for a, b in excerpts(len(data), n_excerpts, excerpt_size)])


# Spikes and clusters


def _spikes_in_clusters(spike_clusters: Any, clusters: Any) -> IntArray:
    """Spikes of any of these clusters, ascending."""
    if len(spike_clusters) == 0 or len(clusters) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.isin(spike_clusters, clusters))


def _spikes_per_cluster(spike_clusters: Any, spike_ids: IntArray | None = None) -> dict[int, IntArray]:
    """Cluster -> its spikes, ascending."""
    if spike_clusters is None or not len(spike_clusters):
        return {}
    clusters = np.asarray(spike_clusters)
    order = np.argsort(clusters, kind="stable")
    found, starts = np.unique(clusters[order], return_index=True)
    spikes = order.astype(np.int64) if spike_ids is None else np.asarray(spike_ids)[order]
    return dict(zip(found.tolist(), np.split(spikes, starts[1:]), strict=True))


def _flatten_per_cluster(per_cluster: Mapping[int, AnyArray], assume_disjoint: bool = False) -> IntArray:
    """All spikes of a dictionary of spikes, ascending."""
    spikes = np.concatenate(list(per_cluster.values())).astype(np.int64)
    return np.sort(spikes) if assume_disjoint else np.unique(spikes)


def grouped_mean(arr: Any, spike_clusters: Any) -> FloatArray:
    """Return the mean over the spikes of each cluster, clusters ascending; arr : (n_spikes, ...)."""
    values, clusters = np.asarray(arr), np.asarray(spike_clusters)
    ids, inverse, counts = np.unique(clusters, return_inverse=True, return_counts=True)
    sums = np.zeros((len(ids), *values.shape[1:]))
    np.add.at(sums, inverse, values)
    return sums / counts.reshape(-1, *(1,) * (values.ndim - 1))
