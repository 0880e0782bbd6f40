"""Which spike of the explorer a click means, the nearest one in sight however far, and what is done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.views.axes import format_number
from phy_medicine.views.base import View
from phy_medicine.views.explorer_layout import N_PAIRS, ExplorerPanels
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, Click
from phy_medicine.views.layout import Panels
from phy_medicine.views.nearest import REACH, nearest_point, words_of_spike

if TYPE_CHECKING:
    from phy_medicine.views.explorer_block import ExplorerBlock

# The square that is searched around a click grows by so much until a spike is in its circle.
_FIRST_REACH, _GROWTH = 8.0, 4.0
# Among more spikes than this the pointer is not told which one it is on.
_MOST_HOVERED = 1_000_000


def nearest_in_sight(
    panels: Panels, panel: int, x: FloatArray, y: FloatArray, place: tuple[float, float]
) -> int | None:
    """Return which of some points of a panel is nearest to a physical pixel, None if none is in sight.

    x, y : (n,) data units; NaN is nowhere

    Ten million points take some 50 ms: only those in a square around the pixel are measured.
    """
    left, top, right, bottom = (float(edge) for edge in panels.rects[panel])
    reach, farthest = _FIRST_REACH, float(np.hypot(right - left, bottom - top))
    while True:
        x0, x1 = max(place[0] - reach, left), min(place[0] + reach, right)
        y0, y1 = max(place[1] - reach, top), min(place[1] + reach, bottom)
        (low_x, high_x), (high_y, low_y) = panels.to_data(panel, np.array([x0, x1]), np.array([y0, y1]))
        near = np.flatnonzero((x >= low_x) & (x <= high_x))
        near = near[(y[near] >= low_y) & (y[near] <= high_y)]
        if len(near):
            px, py = panels.to_pixels(panel, x[near].astype(np.float64), y[near].astype(np.float64))
            distances = np.hypot(px - place[0], py - place[1])
            best = int(np.argmin(distances))
            if distances[best] <= reach or reach >= farthest:
                return int(near[best])
        elif reach >= farthest:
            return None
        reach *= _GROWTH


class SpikePicking(View):
    """The part of the explorer that has one spike picked."""

    panels: ExplorerPanels
    block: ExplorerBlock | None
    picked: int | None = None

    def pick_spike(self, spike_id: int) -> None:
        """Mark a spike in all panels, and read its waveforms; its cluster is selected if others are.

        Raises
        ------
        ActionError : there is no such spike in the time range, or it has no position
        """
        block = self.block
        if block is None:
            raise ActionError(f"No spike can be picked: {self.scene.message or 'the explorer is not ready yet.'}")
        if not 0 <= spike_id < self.host.data.n_spikes:
            last = self.host.data.n_spikes - 1
            raise ActionError(f"There is no spike {spike_id}; they are numbered from 0 to {last}.")
        if not np.isfinite(block.everything.columns.lx[spike_id]):
            raise ActionError(f"Spike {spike_id} has no position in the localization in use.")
        first, stop = self._id_range(block)
        if not first <= spike_id < stop:
            raise ActionError(f"Spike {spike_id} lies outside of the time range that is shown.")
        self.picked = spike_id
        self.redraw()
        cluster_id = self.cluster_of(spike_id)
        if self.cluster_ids and cluster_id not in self.cluster_ids:
            self.host.select([cluster_id])
        else:
            self.host.request(self)

    def _id_range(self, block: ExplorerBlock) -> tuple[int, int]:
        return self.host.data.within(block.everything.time_range).id_range

    def _candidates(self, panel: int) -> tuple[IntArray | None, FloatArray, FloatArray]:
        """Return the spikes that a click means, None for all, and where they are in a panel."""
        block = self.block
        assert block is not None
        if len(block.spike_ids):
            return block.spike_ids, *block.everything.of(block.spike_ids, panel)
        first, stop = self._id_range(block)
        if (first, stop) == (0, self.host.data.n_spikes):
            return None, *block.everything.of(slice(None), panel)
        return np.arange(first, stop), *block.everything.of(slice(first, stop), panel)

    def spike_at(self, x: float, y: float) -> int | None:
        """Return the spike nearest to a physical pixel, of those selected or of all; None beside the panels."""
        panel = self.panels.at(x, y)
        if self.block is None or panel is None or panel >= N_PAIRS:
            return None
        ids, xs, ys = self._candidates(panel)
        found = nearest_in_sight(self.panels, panel, xs, ys, (x, y))
        return found if found is None or ids is None else int(ids[found])

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the nearest spike."""
        spike_id = self.spike_at(x, y)
        return None if spike_id is None else self.cluster_of(spike_id)

    def cluster_of(self, spike_id: int) -> int:
        """Return the cluster of a spike."""
        return int(self.host.data.labels_of(np.array([spike_id]))[0])

    def on_click(self, click: Click) -> None:
        """Pick a spike; Control selects its cluster, with Shift adds it; Alt shows its moment in the trace views."""
        spike_id = self.spike_at(click.x, click.y) if click.button == LEFT else None
        if spike_id is None:
            return
        if click.modifiers == {"alt"}:
            self.host.go_to_time(float(self.host.data.spike_times[spike_id]), self.cluster_of(spike_id))
        elif click.modifiers <= {"control", "shift"} and click.modifiers != {"shift"}:
            self.pick_spike(spike_id)
            if click.modifiers == {"control"}:
                self.host.select([self.cluster_of(spike_id)])
            elif click.modifiers:
                self.host.select_more([self.cluster_of(spike_id)])

    def describe(self, x: float, y: float) -> Words | None:
        """Return cluster and time of the spike under the pointer."""
        panel = self.panels.at(x, y)
        if self.block is None or panel is None or panel >= N_PAIRS:
            return None
        ids, xs, ys = self._candidates(panel)
        if len(xs) > _MOST_HOVERED:
            return None
        found = nearest_point(self.panels, panel, xs, ys, place=(x, y), reach=REACH * self.ratio)
        if found is None:
            return None
        spike_id = found if ids is None else int(ids[found])
        px, py = self.panels.to_pixels(panel, xs[found], ys[found])
        time_s = float(self.host.data.spike_times[spike_id])
        return (
            words_of_spike(self.cluster_of(spike_id), time_s, f"spike {format_number(spike_id)}"),
            float(px),
            float(py),
        )
