"""What is under the pointer in a view of the signal: channel, moment, value, and the spike there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.session.data import DataService
from phy_medicine.views.axes import MINUS, format_number
from phy_medicine.views.layout import Panels
from phy_medicine.views.trace_block import SPIKE_S, TraceReader, Traces

# A click is meant for a spike no farther away than this, logical px.
_REACH = 12
# Of more spikes around the pointer only the nearest in time are asked.
_MOST = 200


def spike_at(
    data: DataService, reader: TraceReader, panels: Panels, heights: dict[int, float], at: tuple[float, float, float]
) -> int | None:
    """Return the cluster whose spike is nearest to a pixel, on a channel where it is large.

    heights : channel -> y of its row, px; at : x, y and the physical pixels by logical one
    """
    x, y, ratio = at
    reach = _REACH * ratio
    scale_x, scale_y = np.abs(panels.transforms()[0, :2])
    time_s = float(panels.to_data(0, x, y)[0])
    around = max(reach / scale_x, SPIKE_S / 2)
    ids = data.spikes_between(time_s - around, time_s + around)
    if len(ids) > _MOST:
        middle = int(np.searchsorted(data.spike_times[ids], time_s))
        ids = ids[max(middle - _MOST // 2, 0) : middle + _MOST // 2]
    labels = data.labels_of(ids)
    apart = np.maximum(np.abs(data.spike_times[ids] - time_s) - SPIKE_S / 4, 0.0) * scale_x
    best, nearest = None, np.inf
    for cluster in np.unique(labels).tolist():
        rows = [abs(heights[c] - y) for c in reader.loud_channels(cluster).tolist() if c in heights]
        dx, dy = float(apart[labels == cluster].min()), min(rows, default=np.inf)
        if dx <= reach and dy <= max(reach, scale_y) and np.hypot(dx, dy) < nearest:
            best, nearest = cluster, float(np.hypot(dx, dy))
    return best


def value_at(traces: Traces, row: int, offset_s: float) -> tuple[float, ...]:
    """Return the sample of a row at a time from the start of the interval, or lowest and highest of a column.

    Nothing where there are no data, or none yet.
    """
    n_points = traces.data.shape[1]
    step = 2 if traces.paired else 1
    # The offset of a pair is its middle, that of a sample its own.
    first_s = float(traces.offsets_s[0]) - (1.0 if traces.paired else 0.5) / traces.rate
    column = int(np.floor((offset_s - first_s) * traces.rate / step))
    if not 0 <= column < n_points // step:
        return ()
    values = traces.data[row, column * step : (column + 1) * step]
    return () if np.isnan(values).any() else tuple(sorted(set(values.tolist())))


def describe(
    traces: Traces, names: Sequence[str], slots: FloatArray, place: tuple[float, float], s_by_pixel: float
) -> list[str]:
    """Return lines that name the channel, the moment and the value at a place, in s of the recording and slots."""
    time_s, height = place
    row = int(np.argmin(np.abs(slots - height)))
    digits = int(np.clip(np.ceil(-np.log10(max(s_by_pixel, 1e-9))), 0, 5))
    lines = [f"Channel {names[row]}", f"{format_number(time_s, digits)} s"]
    values = value_at(traces, row, time_s - traces.query.interval.start_s)
    if values:
        lines.append(" to ".join(_number(value) for value in values) + " a.u.")
    return lines


def _number(value: float) -> str:
    """Three significant digits, at least whole numbers."""
    digits = 0 if value == 0 else int(np.clip(2 - np.floor(np.log10(abs(value))), 0, 6))
    return format_number(value, digits).replace("-", MINUS)
