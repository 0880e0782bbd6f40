"""Spikes of the selected clusters around the events of one or several kinds, as the event view draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.psth import around_events, histogram_around, responses, smoothed
from phy_medicine.io.events import EventTrain

NORMALIZATIONS = ("rate", "count", "z-score")
ORDERS = ("time", "duration", "latency")


@dataclass(frozen=True, slots=True)
class Window:
    """Time around an event; a bin is `bin_s` long, but for what is needed to fill the window."""

    before_s: float
    after_s: float
    bin_s: float
    smooth_s: float = 0.0

    @property
    def n_bins(self) -> int:
        return max(round((self.before_s + self.after_s) / self.bin_s), 2)

    @property
    def edges_s(self) -> FloatArray:
        """(n_bins + 1,) float64, s from the event."""
        return np.linspace(-self.before_s, self.after_s, self.n_bins + 1)


@dataclass(frozen=True, slots=True)
class Near:
    """Spikes of a cluster around the events of a kind: event of each, ascending, and its time from it in s."""

    events: IntArray
    lags_s: FloatArray


@dataclass(frozen=True, slots=True)
class Column:
    """All clusters around the events of one kind.

    near : for each cluster; ranks : (n_events,) int64, place of each event in the raster, 0 at the top
    heights : (n_clusters, n_bins) float64, of the curves
    """

    train: EventTrain
    near: tuple[Near, ...]
    ranks: IntArray
    heights: FloatArray

    @property
    def n_events(self) -> int:
        return len(self.train)

    def rows(self, cluster: int) -> FloatArray:
        """Return how high each spike of a cluster is drawn: clusters from the top down, in each the events."""
        top = len(self.near) * self.n_events
        rows: FloatArray = top - cluster * self.n_events - self.ranks[self.near[cluster].events] - 0.5
        return rows

    def at(self, height: float) -> tuple[int, int] | None:
        """Return cluster and event at a height of the raster."""
        place = int(np.floor(len(self.near) * self.n_events - height))
        if not 0 <= place < len(self.near) * self.n_events:
            return None
        cluster, rank = divmod(place, self.n_events)
        return cluster, int(np.flatnonzero(self.ranks == rank)[0])


def near_events(times_s: FloatArray, train: EventTrain, window: Window) -> Near:
    """Find the spikes of a cluster around events."""
    rows, lags = around_events(times_s, train.times_s, before_s=window.before_s, after_s=window.after_s)
    return Near(frozen(rows), frozen(lags))


def make_column(train: EventTrain, near: Sequence[Near], window: Window, *, normalization: str, order: str) -> Column:
    """Order the events, and turn spikes into the heights of curves.

    normalization : spikes/s of an event, spikes of all events, or the change in standard deviations before the event
    order : events by time, by their own duration, or by the first spike of the first cluster after them
    """
    counts = np.array([_histogram(n, window) for n in near], dtype=np.float64).reshape(len(near), window.n_bins)
    width = (window.before_s + window.after_s) / window.n_bins
    heights = counts if normalization == "count" else counts / (max(len(train), 1) * width)
    heights = smoothed(heights, sigma_bins=window.smooth_s / width)
    if normalization == "z-score":
        heights = responses(heights, before_s=window.before_s, after_s=window.after_s)
    return Column(train, tuple(near), _ranks(train, near, order), frozen(heights))


def _histogram(near: Near, window: Window) -> IntArray:
    return histogram_around(near.lags_s, before_s=window.before_s, after_s=window.after_s, n_bins=window.n_bins)


def _ranks(train: EventTrain, near: Sequence[Near], order: str) -> IntArray:
    keys = np.zeros(len(train))
    if order == "duration":
        keys = train.ends_s - train.times_s
    elif order == "latency" and near:
        keys = np.full(len(train), np.inf)
        after = near[0].lags_s >= 0
        np.minimum.at(keys, near[0].events[after], near[0].lags_s[after])
    ranks = np.empty(len(train), dtype=np.int64)
    ranks[np.argsort(keys, kind="stable")] = np.arange(len(train))
    return frozen(ranks)
