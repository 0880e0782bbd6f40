"""Cut spike waveforms out of a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray
from phy_medicine.compute.filtering import highpass

Filter = Callable[[FloatArray, float], AnyArray]
"""Takes (n, n_samples, n_channels) float32 and the sample rate in Hz to filtered data of the same shape."""


class ReadMany(Protocol):
    """Reads stretches of equal length from a recording; samples outside it are zeros."""

    def __call__(self, starts: IntArray, n_samples: int, channel_ids: IntArray, /) -> AnyArray:
        """Return (len(starts), n_samples, len(channel_ids)), any number type."""


def extract(
    read_many: ReadMany,
    samples: IntArray,
    channel_ids: Sequence[int] | IntArray,
    *,
    before: int,
    after: int,
    sample_rate: float,
    filter: Filter | None = highpass,
    margin: int = 0,
    n_recorded: int | None = None,
) -> FloatArray:
    """Cut a waveform around each spike, subtract its median over time on each channel, then filter it.

    Parameters
    ----------
    samples : (n,) int, samples; spike `i` is at row `before` of its waveform
    channel_ids : (n_channels,) int; -1 gives a channel of zeros
    before, after : samples before the spike, and from the spike on
    sample_rate : Hz, for the filter
    filter : None leaves the median-free data as they are
    margin : samples read on either side for the filter to settle in, and cut off again. Without it the picture is
        that of phy; a 150 Hz filter forgets its start with a time constant of `sample_rate / 942` samples
    n_recorded : length of the recording; samples outside it then stay exactly zero and out of the median

    Returns
    -------
    (n, before + after, n_channels) float32, unit of the recording

    Raises
    ------
    ValueError : `read_many` or `filter` gave another shape than asked for
    """
    starts = np.asarray(samples, dtype=np.int64) - (before + margin)
    n_read = before + after + 2 * margin
    channels = np.asarray(channel_ids, dtype=np.int64)
    known = channels >= 0
    read = np.asarray(read_many(starts, n_read, channels[known]))
    _check_shape(read, (len(starts), n_read, int(known.sum())), "reader")
    data = _without_median(read, starts, n_recorded)
    if filter is not None and data.size:
        data = np.asarray(filter(data, sample_rate), dtype=np.float32)
        _check_shape(data, read.shape, "filter")
    out = np.zeros((len(starts), before + after, len(channels)), dtype=np.float32)
    out[:, :, known] = data[:, margin : margin + before + after]
    if n_recorded is not None:
        out[_outside(starts + margin, before + after, n_recorded)] = 0
    return out


def _check_shape(array: AnyArray, expected: tuple[int, ...], source: str) -> None:
    if array.shape != expected:
        raise ValueError(f"The waveform {source} gave an array of shape {array.shape} instead of {expected}.")


def _outside(starts: IntArray, n_samples: int, n_recorded: int) -> BoolArray:
    """(n, n_samples) bool, True before the start and after the end of the recording."""
    at = starts[:, np.newaxis] + np.arange(n_samples)
    outside: BoolArray = (at < 0) | (at >= n_recorded)
    return outside


def _without_median(read: AnyArray, starts: IntArray, n_recorded: int | None) -> FloatArray:
    data = read.astype(np.float32)
    n_samples = data.shape[1]
    if not data.size:
        return data
    # A sort of short contiguous rows is vectorised: 0.2 ms for 100 x 82 x 12, where np.median takes 1.4 ms.
    ordered = data.transpose(0, 2, 1).copy()
    ordered.sort(axis=2)
    median = (ordered[:, :, (n_samples - 1) // 2] + ordered[:, :, n_samples // 2]) / 2
    if n_recorded is None:
        return np.asarray(data - median[:, np.newaxis], dtype=np.float32)
    at_edge = np.flatnonzero((starts < 0) | (starts + n_samples > n_recorded))
    outside = _outside(starts[at_edge], n_samples, n_recorded)
    for row, missing in zip(at_edge, outside, strict=True):
        median[row] = 0 if missing.all() else np.median(data[row, ~missing], axis=0)
    data -= median[:, np.newaxis]
    rows, times = np.nonzero(outside)
    data[at_edge[rows], times] = 0
    return data
