"""Functions of `phylib.stats`: pairs of spikes by lag, and the rate expected without correlation."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.arrays import _index_of, _unique
from phy_medicine.base.types import AnyArray, FloatArray, IntArray


def correlograms(
    spike_times: Any,
    spike_clusters: Any,
    cluster_ids: Any = None,
    sample_rate: float = 1.0,
    bin_size: float = 0.001,
    window_size: float = 0.05,
    symmetrize: bool = True,
) -> IntArray:
    """Count spike pairs of all clusters by lag.

    Parameters
    ----------
    spike_times : (n,) s, ascending; spike_clusters : (n,) int
    cluster_ids : order of the result, all by default
    bin_size, window_size : s

    Returns
    -------
    (n_clusters, n_clusters, n_bins) int32, odd number of bins; without `symmetrize` lags of zero and more only
    """
    times = np.asarray(spike_times, dtype=np.float64)
    if not (np.diff(times) >= 0).all():
        raise AssertionError("The spike times must be increasing.")
    samples = (times * sample_rate).astype(np.int64)
    bin_size, window_size = float(np.clip(bin_size, 1e-5, 1e5)), float(np.clip(window_size, 1e-5, 1e5))
    bin_samples, half = int(sample_rate * bin_size), int(0.5 * window_size / bin_size)
    if bin_samples < 1:
        raise AssertionError("A bin is shorter than a sample.")
    clusters = _unique(spike_clusters) if cluster_ids is None else np.asarray(cluster_ids)
    rows = _index_of(np.asarray(spike_clusters), clusters)
    counts = _count_pairs(samples, rows, len(clusters), bin_samples, half)
    return _symmetrize(counts) if symmetrize else counts


def _count_pairs(samples: IntArray, rows: IntArray, n: int, bin_samples: int, half: int) -> IntArray:
    """(n, n, half + 1) int32, pairs in which the second cluster comes later or at the same time."""
    counts = np.zeros(n * n * (half + 1), dtype=np.int64)
    first = np.arange(len(samples))
    shift = 1
    while len(first := first[first < len(samples) - shift]):
        lags = (samples[first + shift] - samples[first]) // bin_samples
        first, lags = first[lags <= half], lags[lags <= half]
        pairs = (rows[first] * n + rows[first + shift]) * (half + 1) + lags
        counts += np.bincount(pairs, minlength=len(counts))
        shift += 1
    return counts.reshape(n, n, half + 1).astype(np.int32)


def _symmetrize(counts: IntArray) -> IntArray:
    # Spikes at the same time are counted in the order they stand in; the larger of both counts is the true one.
    counts[..., 0] = np.maximum(counts[..., 0], counts[..., 0].T)
    return np.concatenate([counts[..., :0:-1].transpose(1, 0, 2), counts], axis=2)


def firing_rate(
    spike_clusters: Any, cluster_ids: Any = None, bin_size: float = 0.001, duration: float | None = None
) -> FloatArray:
    """Return the pairs per bin that independent trains would have, (n_clusters, n_clusters)."""
    clusters = _unique(spike_clusters) if cluster_ids is None else np.asarray(cluster_ids)
    n = np.bincount(_index_of(np.asarray(spike_clusters), clusters), minlength=len(clusters))
    rates: FloatArray = np.outer(n, n) * (bin_size / (duration or 1.0))
    return rates


def mean(x: AnyArray) -> AnyArray:
    """Return the mean over the first axis."""
    found: AnyArray = x.mean(axis=0)
    return found


def get_waveform_amplitude(mean_masks: FloatArray, mean_waveforms: FloatArray) -> FloatArray:
    """Return the peak-to-peak amplitude on each channel, (n_channels,); mean_waveforms : (n_samples, n_channels)."""
    amplitudes: FloatArray = np.ptp(mean_waveforms * mean_masks, axis=0)
    return amplitudes
