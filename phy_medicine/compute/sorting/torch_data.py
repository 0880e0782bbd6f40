"""What is done with the data of a stretch on a device of torch, as compiled kernels do it elsewhere; needs torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.detection import DetectedPeaks, PeakDetector
from phy_medicine.compute.sorting.pursuit import Found
from phy_medicine.compute.sorting.torch_rows import put, subtract_rows

_VALUES = 1 << 24
"""Of the data that are gathered at once."""


def energy(data: Tensor) -> float:
    """Return the sum of squares of data (N, T)."""
    return float(data.square().sum(dim=1).cpu().numpy().sum(dtype=np.float64))


def subtract(data: Tensor, found: Found, channels: Tensor, waveforms: Tensor) -> Tensor:
    """Return data (N, T) without spikes.

    channels : (K, C) int64, -1 for none; waveforms : (K, C, D), on these
    """
    n_samples = data.shape[1]
    left = torch.nn.functional.pad(data, (1, 1)).contiguous()
    spread = torch.nn.functional.pad(waveforms, (2, 2))
    at_once = max(1, _VALUES // (spread.shape[1] * spread.shape[2]))
    for first in range(0, len(found.times), at_once):
        some = found.part(slice(first, first + at_once))
        times, units = put(some.times, data.device), put(some.units, data.device)
        taps = put(some.taps * some.amplitudes[:, None], data.device, torch.float32)
        rows, slots = (channels[units] >= 0).nonzero().unbind(dim=1)
        a, b, c = (taps[rows, i, None] for i in range(3))
        shapes = spread[units[rows], slots]
        values = a * shapes[:, 2:] + b * shapes[:, 1:-1] + c * shapes[:, :-2]
        starts = channels[units[rows], slots] * (n_samples + 2) + times[rows]
        subtract_rows(left.view(-1), starts, values)
    return left[:, 1:-1].contiguous()


def sums_at_spikes(
    data: Tensor, times: IntArray, units: IntArray, sizes: FloatArray, channels: IntArray, length: int
) -> FloatArray:
    """Return the sums (K, C, length) float32 of the data (N, T) from the times of each unit's spikes on, times sizes.

    channels : (K, C), -1 for none. Windows that leave the data are left out.
    """
    n_units, n_channels = channels.shape
    inside = (times >= 0) & (times + length <= data.shape[1])
    times, units, sizes = times[inside], units[inside], sizes[inside]
    sums = torch.zeros((n_units, n_channels * length), dtype=torch.float32, device=data.device)
    at_once = max(1, _VALUES // (n_channels * length))
    for first in range(0, len(times), at_once):
        some = slice(first, first + at_once)
        of_unit = np.zeros((n_units, len(times[some])), np.float32)
        of_unit[units[some], np.arange(of_unit.shape[1])] = sizes[some]
        # A product of matrices adds up in the same order each time, as sums of scattered values on a card do not.
        sums += put(of_unit, data.device) @ _cut(data, times[some], channels[units[some]], length).flatten(1)
    found: FloatArray = sums.view(n_units, n_channels, length).cpu().numpy()
    return found


def windows(data: Tensor, times: IntArray, channels: IntArray, width: int) -> FloatArray:
    """Return data (N, T) from each time on, on channels (n, C), -1 for none, (n, C, width) float32; 0 outside."""
    at_once = max(1, _VALUES // max(1, channels.shape[1] * width))
    out = np.zeros((*channels.shape, width), np.float32)
    for first in range(0, len(times), at_once):
        some = slice(first, first + at_once)
        out[some] = _cut(data, times[some], channels[some], width).cpu().numpy()
    return out


def _cut(data: Tensor, times: IntArray, channels: IntArray, width: int) -> Tensor:
    """Windows (n, C, width) from times on, on channels (n, C); 0 where there are none."""
    columns = put(times, data.device)[:, None] + torch.arange(width, device=data.device)
    rows = put(channels, data.device)[:, :, None]
    there = (rows >= 0) & ((columns >= 0) & (columns < data.shape[1]))[:, None]
    values = data[rows.clamp_min(0), columns.clamp(0, data.shape[1] - 1)[:, None]]
    return torch.where(there, values, 0.0)


def detect(detector: PeakDetector, data: Tensor, first: int, stop: int) -> DetectedPeaks:
    """Return the peaks in some columns of data (N, T), as the detector finds them in those of an array."""
    reach = detector.exclude_samples
    begin, end = max(first - reach, 1), min(stop + reach, data.shape[1] - 1)
    before, here, after = data[:, begin - 1 : end - 1], data[:, begin:end], data[:, begin + 1 : end + 1]
    found = torch.zeros_like(here, dtype=torch.bool)
    low, high = (put(limit, data.device)[:, None] for limit in detector.limits())
    found |= (here <= low) & (here < before) & (here <= after)
    found |= (here >= high) & (here > before) & (here >= after)
    rows, channels = found.T.nonzero().T.contiguous()
    amplitudes = here[channels, rows]
    return detector.largest((rows + begin).cpu().numpy(), channels.cpu().numpy(), amplitudes.cpu().numpy(), first, stop)
