"""All spikes of some clusters whose waveform crosses a line, or has a sample inside a polygon, drawn or not.

Two corners are a line, more are a polygon. Both are in samples along x and raw units along y.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.session.waveform_source import Window
from phy_medicine.views.lasso import points_in_polygon
from phy_medicine.views.lasso_work import LassoWork

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# Spikes read at once: 50 ms, in memory; parts of 512 or of 8,192 take as long in all.
_CHUNK = 1 << 11


def caught(data: FloatArray, corners: FloatArray) -> BoolArray:
    """Tell which waveforms a line crosses or touches, or which have a sample inside a polygon.

    Parameters
    ----------
    data : (n, n_samples)
    corners : (k, 2) samples and raw units, k >= 2; with 2 a line, which one point makes a dot

    Returns
    -------
    (n,) bool
    """
    corners = np.asarray(corners, dtype=np.float64)
    if len(corners) == 2:
        return _crossing(data, corners)
    low, high = _extent(corners[:, 0])
    times = np.arange(max(math.ceil(low), 0), min(math.floor(high), data.shape[1] - 1) + 1)
    values = data[:, times]
    inside = points_in_polygon(np.tile(times, len(data)), values.ravel(), corners)
    found: BoolArray = inside.reshape(values.shape).any(axis=1)
    return found


def _crossing(data: FloatArray, line: FloatArray) -> BoolArray:
    (x0, y0), (x1, y1) = line
    low, high = _extent(line[:, 0])
    # Pieces of a waveform from one sample to the next that lie beside the line, and one more at either end.
    first, last = max(math.ceil(low) - 1, 0), min(math.floor(high) + 1, data.shape[1] - 1)
    if last <= first:
        return np.zeros(len(data), dtype=bool)
    times, values = np.arange(first, last + 1), data[:, first : last + 1].astype(np.float64)
    # On which side of the line each sample is, and on which side of each piece the ends of the line.
    sides = np.sign((x1 - x0) * (values - y0) - (y1 - y0) * (times - x0))
    slopes, starts = np.diff(values, axis=1), values[:, :-1]
    start = np.sign(slopes * (x0 - times[:-1]) - (y0 - starts))
    stop = np.sign(slopes * (x1 - times[:-1]) - (y1 - starts))
    found: BoolArray = ((sides[:, :-1] * sides[:, 1:] <= 0) & (start * stop <= 0)).any(axis=1)
    return found


def _extent(x: FloatArray) -> tuple[float, float]:
    return float(x.min()), float(x.max())


def work_of(
    data: DataService,
    spike_ids: Sequence[IntArray],
    lines: Sequence[FloatArray | None],
    channel_id: int,
    window: Window,
) -> LassoWork:
    """Return how to find the spikes caught on a channel.

    It raises `DataMissing` where there are no waveforms, and `ActionError` where some of the spikes have none, so that
    it is unknown where they belong.

    spike_ids : of each cluster; lines : its corners as it is drawn, None where it is not drawn on this channel
    """
    source = data.waveform_source
    asked = [(ids, line) for ids, line in zip(spike_ids, lines, strict=True) if line is not None]

    def check() -> None:
        n_spikes = sum(len(ids) for ids, _ in asked)
        n_known = sum(len(source.known(ids)) for ids, _ in asked)
        if n_known < n_spikes:
            raise ActionError(
                f"Only {n_known:,} of {n_spikes:,} spikes of these clusters have a waveform, so a split here "
                "would leave the others behind; split in the amplitude view, or open the dataset with its recording."
            )

    def inside(line: FloatArray, chunk: IntArray) -> BoolArray:
        return caught(source.of_spikes(chunk, (channel_id,), window)[:, :, 0], line)

    return LassoWork(tuple((ids, partial(inside, line)) for ids, line in asked), _CHUNK, check)
