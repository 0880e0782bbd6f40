"""The stretch of time that a trace view shows, and gestures that move it. Pure logic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.views.layout import Panels

SHORTEST_S, LONGEST_S = 0.002, 86_400.0
"""Limits of what is shown at once, and the recording is another."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch inside of a recording; every change gives one that fits again."""

    start_s: float
    stop_s: float
    recording_s: float

    @classmethod
    def fitted(cls, start_s: float, length_s: float, recording_s: float) -> Interval:
        """Return the nearest stretch that lies in the recording and has an allowed length."""
        length = min(float(np.clip(length_s, SHORTEST_S, LONGEST_S)), recording_s)
        start = float(np.clip(start_s, 0.0, recording_s - length))
        return cls(start, start + length, recording_s)

    @property
    def length_s(self) -> float:
        """Length, s."""
        return self.stop_s - self.start_s

    @property
    def center_s(self) -> float:
        """Moment in the middle, s."""
        return (self.start_s + self.stop_s) / 2

    def moved(self, by_s: float) -> Interval:
        """Return a stretch of the same length, later by some time."""
        return self.fitted(self.start_s + by_s, self.length_s, self.recording_s)

    def centered(self, time_s: float) -> Interval:
        """Return a stretch of the same length around a moment."""
        return self.fitted(time_s - self.length_s / 2, self.length_s, self.recording_s)

    def narrowed(self, factor: float, place: float = 0.5) -> Interval:
        """Return a shorter stretch (a longer one for a factor below 1) that keeps the moment at `place` 0..1."""
        fixed = self.start_s + place * self.length_s
        length = min(float(np.clip(self.length_s / factor, SHORTEST_S, LONGEST_S)), self.recording_s)
        return self.fitted(fixed - place * length, length, self.recording_s)

    def text(self) -> str:
        """Return `[12.00s - 12.25s]`, with as many digits as tell start from stop."""
        digits = 0 if self.length_s >= 20 else 2 if self.length_s >= 0.1 else 3 if self.length_s >= 0.01 else 4
        return f"[{self.start_s:.{digits}f}s - {self.stop_s:.{digits}f}s]"


def neighbouring_spike(
    spike_ids: IntArray, spike_times: FloatArray, time_s: float, step: int, tolerance_s: float
) -> float:
    """Return the time of the next (`step` 1) or previous (-1) spike of a cluster after or before a moment; it wraps.

    Parameters
    ----------
    spike_ids : (n,) int ascending, n > 0; spike_times : of all spikes, s, ascending
    tolerance_s : a spike so near to the moment is where we are
    """
    if step > 0:
        first = np.searchsorted(spike_times, time_s + tolerance_s, side="right")
        row = int(np.searchsorted(spike_ids, first)) % len(spike_ids)
    else:
        first = np.searchsorted(spike_times, time_s - tolerance_s, side="left")
        row = int(np.searchsorted(spike_ids, first)) - 1
    return float(spike_times[spike_ids[row]])


def nearest_spike(spike_ids: IntArray, spike_times: FloatArray, time_s: float) -> float:
    """Return the time of the spike of a cluster that is nearest to a moment; arguments as `neighbouring_spike`."""
    at = int(np.searchsorted(spike_ids, np.searchsorted(spike_times, time_s)))
    near = spike_times[spike_ids[max(at - 1, 0) : at + 1]]
    return float(near[np.argmin(np.abs(near - time_s))])


class TimePanels(Panels):
    """Panels whose x axis is the recording: dragging scrolls, zooming changes the interval.

    The second panel has the place of the first; its x starts at 0, since float32 pictures need small numbers.
    on_scroll(part of the width), on_zoom(factor, place 0..1), on_reset() : called instead of a change of x
    """

    def __init__(
        self,
        on_scroll: Callable[[float], None],
        on_zoom: Callable[[float, float], None],
        on_reset: Callable[[], None],
    ) -> None:
        super().__init__(2, x_links=[-1, -1], y_links=[0, 0])
        self._on_scroll, self._on_zoom, self._on_reset = on_scroll, on_zoom, on_reset

    def pan(self, panel: int, by: tuple[float, float]) -> None:
        """Scroll in time, and move over the channels."""
        left, _, right, _ = self.rects[panel]
        super().pan(panel, (0.0, by[1]))
        if by[0]:
            self._on_scroll(-by[0] / max(float(right - left), 1.0))

    def zoom(self, panel: int, at: tuple[float, float], factors: tuple[float, float]) -> None:
        """Show less or more time, and fewer or more channels."""
        left, _, right, _ = self.rects[panel]
        super().zoom(panel, at, (1.0, factors[1]))
        if factors[0] != 1:
            self._on_zoom(factors[0], (at[0] - left) / max(float(right - left), 1.0))

    def show_rows(self, low: float, high: float) -> None:
        """Show the channels between two heights, whatever the time."""
        bottom, top = (float(edge) for edge in self.home()[0, 2:])
        span = max(top - bottom, 1e-9)
        self._shown[1, 0] = (low - bottom) / span, (high - bottom) / span
        self.version += 1

    def show_all_rows(self) -> None:
        """Show all channels of the view, whatever the time."""
        self._shown[1, 0] = 0.0, 1.0
        self.version += 1

    def reset(self) -> None:
        """Show all channels of the view, and the usual length of time."""
        super().reset()
        self._on_reset()
