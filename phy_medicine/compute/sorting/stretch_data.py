"""What is done with the data of a stretch, wherever they are: compiled for arrays, by torch for tensors on a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.detection import DetectedPeaks, PeakDetector
from phy_medicine.compute.sorting.filter_bank import BankDetector
from phy_medicine.compute.sorting.scores import Scorer
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates

Data = Any
"""(N, T) float32: an array, or a tensor of torch."""


def on_host(data: Data) -> FloatArray:
    """Return data as an array."""
    return data if isinstance(data, np.ndarray) else np.asarray(data.cpu().numpy())


def product(matrix: FloatArray, data: Data) -> Data:
    """Return a matrix (N, N) times data, where the data are."""
    if isinstance(data, np.ndarray):
        return matrix.astype(np.float32) @ data
    from phy_medicine.compute.sorting.torch_rows import put

    return put(matrix.astype(np.float32), data.device) @ data


def detect(detector: PeakDetector | BankDetector, data: Data, first: int, stop: int) -> DetectedPeaks:
    """Return the peaks in some columns; a bank of filters is searched on the host."""
    if isinstance(detector, BankDetector):
        return detector.detect(on_host(data), first, stop)
    if isinstance(data, np.ndarray):
        return detector.detect(np.ascontiguousarray(data.T), first, stop)
    from phy_medicine.compute.sorting import torch_data

    return torch_data.detect(detector, data, first, stop)


def windows(data: Data, times: IntArray, rows: IntArray, channels: IntArray, width: int) -> FloatArray:
    """Return the data from each time on, on the channels (R, C) of its row, -1 for none, (n, C, width) float32."""
    if not isinstance(data, np.ndarray):
        from phy_medicine.compute.sorting import torch_data

        return torch_data.windows(data, times, channels[rows], width)
    from phy_medicine.compute.sorting import _kernels_learn as kernels

    out = np.zeros((len(times), channels.shape[1], width), np.float32)
    kernels.windows(data, times, rows, channels, out)
    return out


def add_at_spikes(
    data: Data, times: IntArray, units: IntArray, sizes: FloatArray, bins: IntArray, channels: IntArray,
    sums: FloatArray, shift: int,
) -> None:  # fmt: skip
    """Add to sums (K, Q, C, L) the data around spikes from `shift` samples before, times their sizes.

    bins : (K,), of the units among the Q; channels : (K, C), -1 for none. Windows that leave the data are left out.
    """
    if not isinstance(data, np.ndarray):
        from phy_medicine.compute.sorting import torch_data

        found = torch_data.sums_at_spikes(data, times - shift, units, sizes, channels, sums.shape[3])
        some = np.unique(units)
        sums[some, bins[some]] += found[some]
        return
    from phy_medicine.compute.sorting import _kernels_learn as kernels

    kernels.add_at_spikes(data, times, units, sizes, bins, channels, sums, shift)


def score_noise(templates: SparseTemplates, parts: Iterable[Data]) -> FloatArray:
    """Return the standard deviation of the score of each template in noise, (K,), by the median over parts."""
    levels, scorer = [], None
    for part in parts:
        scorer = scorer or _scorer(templates, part)
        levels.append(scorer.noise(part))
    return np.asarray(np.median(levels, axis=0))


def _scorer(templates: SparseTemplates, data: Data) -> Any:
    """What scores templates where the data are."""
    if isinstance(data, np.ndarray):
        return Scorer(templates)
    from phy_medicine.compute.sorting.torch_scores import TorchScorer

    return TorchScorer(templates, str(data.device))
