"""From a selection to what every view is asked to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from phy_medicine.base.types import FloatArray
from phy_medicine.curation.selection import Selection
from phy_medicine.session.data import DataService
from phy_medicine.session.selection_colors import SelectionColors
from phy_medicine.session.time_ranges import A, TimeRange, TimeRanges
from phy_medicine.session.view_host import ViewRequest

_NO_SECOND = "No second time range yet: mark one with Shift+Alt+drag right in a view over time, or type :range2 600 900"


class RequestMaker:
    """Numbers the requests, so that the newest wins."""

    def __init__(self, data: DataService, ranges: TimeRanges, colors: SelectionColors) -> None:
        self._data = data
        self._ranges = ranges
        self._colors = colors
        self._generation = count(1)

    def colors(self, cluster_ids: Sequence[int]) -> FloatArray:
        """Return the colours of clusters, if these were selected now, (n_clusters, 4) float32 RGBA 0..1."""
        return self._colors.of(cluster_ids)

    def make(
        self,
        selection: Selection,
        time_window: tuple[float, float] | None,
        which: str = A,
        within: TimeRange | None = None,
    ) -> ViewRequest:
        """Return the request for a selection: spikes of time range a or b, colours and channels in colour order.

        within : a range that takes the place of the chosen one
        """
        ids = selection.cluster_ids
        a, b = self._ranges.a, self._ranges.b
        mine, other = (a, b) if which == A else (b, a)
        mine = within or mine
        data = self._data.within(mine)
        return ViewRequest(
            generation=next(self._generation),
            cluster_ids=ids,
            best_ids=selection.best_ids,
            similar_ids=selection.similar_ids,
            colors=self._colors.of(ids),
            spike_ids=tuple(data.spikes(c) for c in ids),
            channel_ids=tuple(_unique(int(ch) for c in ids for ch in data.best_channels(c))),
            time_window=time_window,
            time_range=mine,
            other_range=other,
            missing=_NO_SECOND if which != A and mine is None else "",
        )


def _unique(values: Iterable[int]) -> list[int]:
    """Return the values in order of first appearance."""
    return list(dict.fromkeys(values))
