"""`HistogramView`: the distribution of values that a plugin's function gives, a row for each selected cluster."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.colors import selected_cluster_color
from phy_medicine.app.phy_compat.view_mixins import ScalingMixin
from phy_medicine.app.phy_compat.visuals import HistogramVisual, PlotVisual, TextVisual
from phy_medicine.base.types import FloatArray

_ROOM = 1.08  # above the highest bar
_MOST_BINS = 1_000_000


def compute_histogram(
    data: Any,
    x_max: float = 1.0,
    x_min: float = 0.0,
    n_bins: int = 100,
    normalize: bool = True,
    ignore_zeros: bool = False,
) -> FloatArray:
    """Count values in bins of a range, (n_bins,); normalize : so that the sum of the areas of all bars is 1."""
    values = np.asarray(data)
    values = values[values != 0] if ignore_zeros else values
    counts, edges = np.histogram(values, bins=np.linspace(x_min, x_max, int(np.clip(n_bins, 2, _MOST_BINS)) + 1))
    heights: FloatArray = counts / ((counts.sum() or 1) * (edges[1] - edges[0])) if normalize else counts.astype(float)
    return heights


class HistogramView(ScalingMixin, ManualClusteringView):
    """Histograms, one above the other.

    cluster_stat : cluster id -> Bunch(data[, x_min, x_max, plot, text]); plot : a curve of the same height as the
    bars, over the whole width; n_bins, x_min, x_max : None is found from the data; bin_unit : "s" or "ms", in which
    sizes are typed and shown; alias_char : first letters of the snippets
    """

    max_n_clusters = 20
    _default_position = "right"
    n_bins: Any = 100
    x_delta = 0.01
    x_min: Any = None
    x_max: Any = None
    bin_unit = "s"
    alias_char = "h"
    default_shortcuts: ClassVar[dict[str, Any]] = {"change_window_size": "ctrl+wheel"}
    _state_attrs: tuple[str, ...] = ("n_bins", "x_min", "x_max")
    _local_state_attrs: tuple[str, ...] = ()

    def __init__(self, cluster_stat: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_attrs += self._state_attrs
        self.local_state_attrs += self._local_state_attrs
        self.cluster_stat = cluster_stat
        # What is shown where no end was set.
        self._found = (0.0, 1.0)
        self.canvas.set_layout("stacked", n_plots=1, origin="top")
        self.canvas.enable_axes()
        self.visual, self.plot_visual, self.text_visual = HistogramVisual(), PlotVisual(), TextVisual()
        for visual in (self.visual, self.plot_visual, self.text_visual):
            self.canvas.add_visual(visual)

    # Data

    @property
    def shown_range(self) -> tuple[float, float]:
        """First and last value of the axis."""
        low = self._found[0] if self.x_min is None else float(self.x_min)
        high = self._found[1] if self.x_max is None else float(self.x_max)
        return (low, high) if low < high else (low, low + 1.0)

    def get_clusters_data(self, load_all: Any = None) -> list[Bunch]:
        """Return what `cluster_stat` gives of each cluster that has values, with its histogram and colour."""
        bunchs = []
        for i, cluster_id in enumerate(self.cluster_ids):
            bunch = Bunch(self.cluster_stat(cluster_id))
            values = np.asarray(bunch["data"], dtype=np.float64).ravel()
            bunch.update(values=values[np.isfinite(values)], index=i, cluster_id=cluster_id)
            bunch["color"] = selected_cluster_color(i)
            bunchs.append(bunch)
        full = [bunch for bunch in bunchs if len(bunch["values"])]
        self._find_range(full)
        for bunch in full:
            bunch["histogram"] = self._histogram(bunch["values"])
            bunch["ylim"] = float(bunch["histogram"].max()) or 1.0
        return full

    def _find_range(self, bunchs: list[Bunch]) -> None:
        lows = [b.get("x_min", float(b["values"].min())) for b in bunchs]
        highs = [b.get("x_max", float(b["values"].max())) for b in bunchs]
        if bunchs:
            self._found = float(min(lows)), float(max(highs))

    def _histogram(self, values: FloatArray) -> FloatArray:
        """Return the density of values in each bin."""
        low, high = self.shown_range
        return compute_histogram(values, x_min=low, x_max=high, n_bins=int(self.n_bins))

    def _get_data_bounds(self, bunchs: Any) -> Any:
        factor = self._factor
        return self.shown_range[0] * factor, 0.0, self.shown_range[1] * factor, 1.0

    # Picture

    def plot(self, **kwargs: Any) -> None:
        """Draw the histograms of the selected clusters."""
        bunchs = self.get_clusters_data()
        self.data_bounds = self._get_data_bounds(bunchs)
        self.canvas.stacked.n_boxes = max(len(self.cluster_ids), 1)
        for visual in (self.visual, self.plot_visual, self.text_visual):
            visual.reset_batch()
        for bunch in bunchs:
            self._plot_cluster(bunch)
        for visual in (self.visual, self.plot_visual, self.text_visual):
            self.canvas.update_visual(visual)
        self.canvas.axes.rows = {b["index"]: (0.0, _ROOM * b["ylim"]) for b in bunchs}
        self._update_axes()
        self.canvas.update()
        self.update_status()

    def _plot_cluster(self, bunch: Any) -> None:
        top, box = _ROOM * bunch["ylim"], bunch["index"]
        self.visual.add_batch_data(hist=bunch["histogram"], ylim=top, color=bunch["color"], box_index=box)
        curve = bunch.get("plot")
        if curve is not None and len(curve):
            self.plot_visual.add_batch_data(
                y=np.asarray(curve, dtype=np.float64), color=(1.0, 1.0, 1.0, 1.0), box_index=box,
                x=np.linspace(-1, 1, len(curve)), data_bounds=(-1, 0, 1, top),
            )  # fmt: skip
        lines = [str(bunch["cluster_id"]), *str(bunch.get("text") or "").splitlines()]
        colors = [(*bunch["color"][:3], 1.0)] + [(1.0, 1.0, 1.0, 1.0)] * (len(lines) - 1)
        self.text_visual.add_batch_data(
            text=lines,
            pos=[(1.0, 1.0)] * len(lines),
            anchor=[(-1.05, -1.2 - 2 * i) for i in range(len(lines))],
            color=colors,
            box_index=box,
        )

    @property
    def x_title(self) -> str:
        """Title of the axis: the unit, where the class says one."""
        said = any("bin_unit" in vars(c) for c in type(self).__mro__ if c is not HistogramView)
        return f"({self.bin_unit})" if said else ""

    @property
    def status(self) -> str:
        """The range that is shown."""
        low, high = (end * self._factor for end in self.shown_range)
        unit = self.bin_unit if self.x_title else ""
        return f"[{low:.1f}{unit}, {high:.1f}{unit}]"

    # Sizes

    @property
    def _factor(self) -> float:
        return 1000.0 if self.bin_unit == "ms" else 1.0

    def _get_scaling_value(self) -> float:
        return self.shown_range[1]

    def _set_scaling_value(self, value: float) -> None:
        self.set_x_max(value * self._factor)

    def reset_scaling(self) -> None:
        """Show the range of the class again, or that of the data."""
        self.x_min, self.x_max = type(self).x_min, type(self).x_max
        self._replot()

    def _replot(self) -> None:
        if len(self.cluster_ids):
            self.plot()

    def set_n_bins(self, n_bins: int) -> None:
        """Set the number of bins in the histogram."""
        self.n_bins = int(n_bins)
        self._replot()

    @property
    def bin_size(self) -> float:
        """Size of a bin, in the unit of the view."""
        low, high = self.shown_range
        return (high - low) / int(self.n_bins) * self._factor

    def set_bin_size(self, bin_size: float) -> None:
        """Set the bin size in the histogram."""
        if not bin_size > 0:
            raise ValueError("The size of a bin must be above 0.")
        low, high = self.shown_range
        self.set_n_bins(max(round((high - low) * self._factor / bin_size), 2))

    def set_x_min(self, x_min: float) -> None:
        """Set the minimum value on the x axis for the histogram."""
        if x_min / self._factor < self.shown_range[1]:
            self.x_min = x_min / self._factor
            self._replot()

    def set_x_max(self, x_max: float) -> None:
        """Set the maximum value on the x axis for the histogram."""
        if x_max / self._factor > self.shown_range[0]:
            self.x_max = x_max / self._factor
            self._replot()

    def attach(self, gui: Any) -> None:
        """Add the actions that set the sizes, with snippets that begin with `alias_char`."""
        super().attach(gui)
        letters = self.alias_char
        for function, end, default in (
            (self.set_n_bins, "n", lambda: self.n_bins),
            (self.set_bin_size, "b", lambda: self.bin_size),
            (self.set_x_min, "min", lambda: self.shown_range[0] * self._factor),
            (self.set_x_max, "max", lambda: self.shown_range[1] * self._factor),
        ):
            self.actions.add(function, alias=f"{letters}{end}", prompt=True, prompt_default=default)
        self.actions.separator()

    def on_mouse_wheel(self, e: Any) -> None:
        """Control: the end of the axis; Shift: its beginning; Alt: the number of bins."""
        super().on_mouse_wheel(e)
        if e.modifiers == ("Shift",):
            self.set_x_min(self.shown_range[0] * 1.1**e.delta * self._factor)
        elif e.modifiers == ("Alt",):
            self.set_n_bins(max(2, int(self.n_bins / 1.05**e.delta)))


class ISIView(HistogramView):
    """Intervals between spikes, for a function of a plugin; values are in seconds."""

    x_min: Any = 0
    x_max: Any = 0.05
    n_bins = 50
    alias_char = "isi"
    bin_unit = "ms"


class FiringRateView(HistogramView):
    """Spikes over time, for a function of a plugin; values are in seconds."""

    n_bins = 200
    x_min: Any = 0
    alias_char = "fr"
    bin_unit = "s"
    _state_attrs = ("n_bins", "x_min")
    _local_state_attrs = ("x_max",)
