"""Distributions of what each spike of the selected clusters has; the base of other histograms.

A histogram of something else is a subclass that says which values a cluster has:

    class DepthHistogramView(HistogramView):
        name, title = "DepthHistogramView", "Depths of spikes"
        quantity, unit = "Depth", "µm"

        def values_of(self, cluster_id):             # any thread, any number of values
            return self.host.data.depths.of(self.host.data.spikes(cluster_id), None)

Counts are kept by cluster and bins; `values_key` names whatever else the values depend on.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import MINUS
from phy_medicine.views.bin_walk import BinWalk, shade_bin
from phy_medicine.views.histogram_block import (
    Bins,
    ClusterValues,
    HistogramBlock,
    count_values,
    heights,
    round_range,
    typical_range,
)
from phy_medicine.views.histogram_controls import HistogramControls
from phy_medicine.views.histogram_rows import HistogramRows, draw_across
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, RIGHT, Click
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.theme import DARK, Theme

if TYPE_CHECKING:
    from phy_medicine.session.view_host import ViewHost


class HistogramView(HistogramControls):
    """Distribution of the amplitudes of all spikes, one row for each cluster; base of other histograms.

    quantity : what is on the axis; noun : what the values are; unit, alias : as in `HistogramControls`
    """

    name, title = "HistogramView", "Histogram"
    max_clusters = 20
    quantity: ClassVar[str] = "Amplitude"
    unit: ClassVar[str] = "a.u."
    noun: ClassVar[str] = "spikes"
    alias: ClassVar[str] = "h"
    _rows: HistogramRows | None = None

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        # Cluster and bin.
        self._walk: BinWalk[tuple[int, int]] = BinWalk()

    # What a subclass says

    def values_of(self, cluster_id: int) -> FloatArray:
        """Return the values of a cluster, in any thread; NaN counts as none."""
        return self.host.data.amplitudes(cluster_id).values

    def moments_of(self, cluster_id: int) -> FloatArray | None:
        """Return when each value was, s, to show it in the traces; None if values have no time of their own."""
        spike_ids = self.host.data.spikes(cluster_id)
        times: FloatArray = self.host.data.spike_times[spike_ids]
        return times if len(times) == len(self.values_of(cluster_id)) else None

    def values_key(self) -> Hashable:
        """Return what else than the cluster the values and notes depend on."""
        return ()

    def notes_of(self, cluster_id: int, values: FloatArray) -> tuple[str, ...]:
        """Return short texts for the label of a cluster, the most telling first."""
        n = int(np.count_nonzero(np.isfinite(values)))
        return (self.counted(n),)

    def counted(self, n: int) -> str:
        """Return so many values in words: "1 spike", "2 spikes"."""
        return f"{n:,} {self.noun.removesuffix('s') if n == 1 else self.noun}"

    def marks(self) -> tuple[float, ...]:
        """Return values that are marked by a dashed line."""
        return ()

    def exposure_s(self, bins: Bins) -> float:
        """Return the time during which the values of one bin were collected."""
        start_s, stop_s = self.host.data.shown_s
        return stop_s - start_s

    def rate_title(self) -> str:
        """Return the title of the vertical axis for rates."""
        return f"{self.noun.capitalize()} per s and bin"

    def rate_unit(self) -> str:
        """Return the unit of a rate."""
        return "per s"

    # Arrays

    def make_panels(self) -> Panels:
        """Return one panel; heights do not zoom."""
        return Panels(1, y_links=[-1], common="x")

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether all clusters have been counted."""
        data, request = self.host.data, self.limited(request)
        if self.set_values_range() is None and not all(data.is_kept(self._range_key(c)) for c in request.cluster_ids):
            return False
        try:
            bins = self._bins(request, self.values_of)
        except PhyMedError:
            return True
        return all(data.is_kept(self._row_key(c, bins)) for c in request.cluster_ids)

    def prepare(self, request: ViewRequest) -> HistogramBlock:
        """Count the values of each cluster once for the same bins.

        Raises
        ------
        DataMissing : no cluster has a value
        """
        memo: dict[int, FloatArray] = {}

        def values(cluster_id: int) -> FloatArray:
            if cluster_id not in memo:
                memo[cluster_id] = np.asarray(self.values_of(cluster_id))
            return memo[cluster_id]

        bins = self._bins(request, values)
        rows = tuple(self._row(c, bins, values) for c in request.cluster_ids)
        if not any(row.n_values for row in rows):
            raise DataMissing(self._nothing(len(rows)))
        return HistogramBlock(bins, rows)

    def _nothing(self, n_clusters: int) -> str:
        these = "this cluster has" if n_clusters == 1 else "these clusters have"
        return f"No {self.noun}: {these} none to show here."

    def _row(self, cluster_id: int, bins: Bins, values: Callable[[int], FloatArray]) -> ClusterValues:
        def count() -> ClusterValues:
            mine = values(cluster_id)
            return count_values(mine, bins, self.settings.center, self.notes_of(cluster_id, mine))

        row: ClusterValues = self.host.data.kept(self._row_key(cluster_id, bins), count)
        return row

    def _row_key(self, cluster_id: int, bins: Bins) -> Hashable:
        return ("histogram", self.name, cluster_id, bins, self.settings.center, self.values_key())

    def _range_key(self, cluster_id: int) -> Hashable:
        return ("histogram range", self.name, cluster_id, self.log_axis, self.values_key())

    def _bins(self, request: ViewRequest, values: Callable[[int], FloatArray]) -> Bins:
        """Return the bins of a selection.

        Raises
        ------
        DataMissing : no cluster has a value to find the range by
        """
        span = self.set_values_range()
        if span is None:
            data = self.host.data

            def typical(cluster_id: int) -> tuple[float, float]:
                return self._typical(values(cluster_id))

            ranges = [data.kept(self._range_key(c), partial(typical, c)) for c in request.cluster_ids]
            ends = np.array(ranges, dtype=np.float64).reshape(-1, 2)
            ends = ends[np.isfinite(ends).all(axis=1)]
            if not len(ends):
                raise DataMissing(self._nothing(len(request.cluster_ids)))
            span = round_range(float(ends[:, 0].min()), float(ends[:, 1].max()), logarithmic=self.log_axis)
        return Bins(float(span[0]), float(span[1]), self.settings.n_bins, self.log_axis)

    def _typical(self, values: FloatArray) -> tuple[float, float]:
        return typical_range(values[values > 0] if self.log_axis else values)

    # Picture

    def upload(self, block: HistogramBlock) -> None:
        """Make bars of the counts, in rows or one over the other."""
        n, overlaid = len(block.rows), self.settings.overlay
        n_panels = 1 if overlaid else max(n, 1)
        if len(self.panels) != n_panels:
            self.panels.resize(n_panels, x_links=[0] * n_panels, y_links=[-1] * n_panels)
        bars, ones = heights(block, self.settings.normalization, self.exposure_s(block.bins))
        floors: tuple[float, ...] = ()
        if self.settings.log_counts:
            bars, floors = self._log_heights(bars, ones, block.bins, overlaid=overlaid)
        tops = bars.max(axis=1, initial=0)
        if overlaid or self.settings.same_scale:
            tops[:] = tops.max(initial=0)
        tops[:] = self._with_twin("tops", tops, block.bins, linear=not floors)
        self.panels.set_home(x=block.bins.ends)
        for panel in range(n_panels):
            self.panels.set_home(panel, y=(0.0, 1.08 * float(tops[panel]) if tops[panel] > 0 else 1.0))
        self._draw_bars(bars, block.bins, overlaid=overlaid)
        self._rows = self._make_rows(block, floors)
        key = self._walk.key
        if key is not None and not (key[0] in self.cluster_ids and key[1] < block.bins.n):
            self._walk.forget()
        self.status = self._describe(block)

    def _log_heights(
        self, bars: FloatArray, ones: FloatArray, bins: Bins, *, overlaid: bool
    ) -> tuple[FloatArray, tuple[float, ...]]:
        """Return powers of ten above half of what one value has, so that a single one is seen; and that half."""
        floors = ones / 2
        if overlaid or self.settings.same_scale:
            floors = np.full_like(floors, floors.min())
        floors = self._with_twin("floors", floors, bins)
        logs = np.log10(np.maximum(bars / floors[:, None], 1.0))
        return logs, tuple(floors.tolist())

    def _with_twin(self, name: str, values: FloatArray, bins: Bins, *, linear: bool = True) -> FloatArray:
        """Return the heights of an axis that suits a twin too: bars of wider bins hold more where there is as much."""
        by_bin = linear and self.settings.normalization in ("count", "rate")
        width = bins.width if by_bin else 1.0
        lows, highs = self.scale.union(name, values / width, values / width)
        return width * (lows if name == "floors" else highs)

    def _draw_bars(self, bars: FloatArray, bins: Bins, *, overlaid: bool) -> None:
        rows = np.arange(len(bars))
        self.picture.clear()
        if not overlaid:
            self.picture.steps(bars, bins.ends, color=self.colors, index=rows, panel=rows)
            return
        shade = self.colors * np.array([1, 1, 1, max(0.08, 0.3 / max(len(bars), 1))], dtype=np.float32)
        self.picture.steps(bars, bins.ends, color=shade, index=rows)
        edges = np.repeat(np.linspace(*bins.ends, bins.n + 1), 2)
        tops = np.zeros((len(bars), 2 * bins.n + 2))
        tops[:, 1:-1] = np.repeat(bars, 2, axis=1)
        self.picture.lines(edges, tops, color=self.colors, index=rows, width=1.25)

    def _make_rows(self, block: HistogramBlock, floors: tuple[float, ...]) -> HistogramRows:
        labels = tuple((str(c), *row.notes) for c, row in zip(self.cluster_ids, block.rows, strict=True))
        unit = f" ({self.unit})" if self.unit else ""
        return HistogramRows(
            labels,
            self.settings.overlay,
            self.quantity + unit,
            self._y_title(),
            log_x=block.bins.logarithmic,
            whole=self.settings.normalization == "count",
            y_floors=floors,
        )

    def _y_title(self) -> str:
        kind = self.settings.normalization
        if kind == "density":
            unit = "factor of 10" if self.log_axis else self.unit
            return f"Share per {unit}" if unit and unit != "a.u." else "Density"
        if kind == "rate":
            return self.rate_title()
        return "Part of the maximum" if kind == "maximum" else f"{self.noun.capitalize()} per bin"

    def _describe(self, block: HistogramBlock) -> str:
        low, high = (self._with_unit(end) for end in (block.bins.low, block.bins.high))
        parts = [f"[{low}, {high}]", f"{block.bins.n:,} bins"]
        inside, total = sum(int(row.counts.sum()) for row in block.rows), sum(row.n_values for row in block.rows)
        if inside < total:
            parts.append(f"{inside:,} of {total:,} {self.noun}")
        n_selected = len(self.request.cluster_ids) if self.request is not None else 0
        if n_selected > len(self.cluster_ids):
            parts.append(f"{len(self.cluster_ids)} of {n_selected} clusters")
        return " · ".join(parts)

    def _with_unit(self, value: float) -> str:
        text = f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
        return f"{text.replace('-', MINUS)} {self.unit}".strip()

    def arrange(self, box: Box) -> None:
        """Place the rows."""
        if self._rows is None:
            super().arrange(box)
        else:
            self._rows.arrange(self.scene, box)

    def decorate(self) -> None:
        """Add axes, labels, and lines at marks, means and the clicked bin."""
        block: HistogramBlock | None = self.block
        if block is None or self._rows is None:
            return
        for panel in range(len(self.panels)):
            for mark in self.marks():
                draw_across(self.scene, panel, block.bins.place(mark), dashed=True)
        if self.settings.center != "none":
            for i, row in enumerate(block.rows):
                draw_across(self.scene, self._panel_of(i), block.bins.place(row.center), color=self._center_color(i))
        self._draw_chosen(block)
        self._rows.draw(self.scene, self.colors)

    def _panel_of(self, row: int) -> int:
        return 0 if self.settings.overlay else row

    def _center_color(self, row: int) -> FloatArray | None:
        return self.colors[row] if self.settings.overlay else None

    def _draw_chosen(self, block: HistogramBlock) -> None:
        """Mark the bin that was clicked."""
        if self._walk.key is not None:
            cluster_id, index = self._walk.key
            start = block.bins.ends[0] + index * block.bins.width
            shade_bin(self.scene, self._panel_of(self.cluster_ids.index(cluster_id)), (start, start + block.bins.width))

    # Gestures and actions

    def set_time_window(self, window: tuple[float, float] | None) -> None:
        """Remember the stretch of time; only histograms over time show it."""
        self.time_window = window

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the row under a pixel; of clusters one over the other, that with the nearest bar."""
        panel = self.panels.at(x, y)
        block: HistogramBlock | None = self.block
        if panel is None or block is None:
            return None
        if not self.settings.overlay:
            return self.cluster_ids[panel]
        place, height = (float(v) for v in self.panels.to_data(0, x, y))
        index = block.bins.at(place)
        if index is None:
            return None
        bars, ones = heights(block, self.settings.normalization, self.exposure_s(block.bins))
        if self.settings.log_counts:
            bars, _ = self._log_heights(bars, ones, block.bins, overlaid=True)
        return self.cluster_ids[int(np.argmin(np.abs(bars[:, index] - height)))]

    def describe(self, x: float, y: float) -> Words | None:
        """Tell cluster, range and height of the bin under the pointer."""
        cluster_id, panel = self.pick(x, y), self.panels.at(x, y)
        if cluster_id is None or panel is None:
            return None
        block: HistogramBlock = self.block
        index = block.bins.at(float(self.panels.to_data(panel, x, y)[0]))
        if index is None:
            return None
        row = self.cluster_ids.index(cluster_id)
        n, (low, high) = int(block.rows[row].counts[index]), block.bins.edges(index)
        words = f"{cluster_id}: {self.counted(n)}"
        if self.settings.normalization != "count":
            bars, _ = heights(block, self.settings.normalization, self.exposure_s(block.bins))
            words += f" · {bars[row, index]:.3g} {self._height_words()}"
        return f"{words}\n{_short(low)} to {_short(high)} {self.unit}".rstrip(), x, y

    def _height_words(self) -> str:
        kind = self.settings.normalization
        return {"maximum": "of the maximum", "rate": self.rate_unit()}.get(kind, self._y_title().lower())

    def on_click(self, click: Click) -> None:
        """Click tells how many values a bin has, and shows one after the other in the traces; right click goes back."""
        block: HistogramBlock | None = self.block
        if click.panel is None or block is None or click.modifiers or click.button not in (LEFT, RIGHT):
            return
        cluster_id, index = self.pick(click.x, click.y), block.bins.at(click.data_x)
        if cluster_id is None or index is None:
            return
        self._show_bin(cluster_id, index, 1 if click.button == LEFT else -1)

    def _show_bin(self, cluster_id: int, index: int, step: int) -> None:
        block: HistogramBlock = self.block
        row = block.rows[self.cluster_ids.index(cluster_id)]
        n = int(row.counts[index])
        low, high = block.bins.edges(index)
        where = f"{cluster_id}: {self.counted(n)}, {_short(low)} to {_short(high)} {self.unit}".rstrip()
        moments = self.moments_of(cluster_id) if n else None
        turn = self._walk.step((cluster_id, index), n, step)
        self.status = where
        if moments is not None:
            moment = float(moments[block.bins.inside(self.values_of(cluster_id), index)[turn]])
            self.status = f"{turn + 1:,} of {where}"
            self.host.go_to_time(moment, cluster_id)
        self.redraw()


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", MINUS)
