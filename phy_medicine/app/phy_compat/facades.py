"""Façades of the program's views, one class for each of phy's names."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.facade_colors import ColorFacade
from phy_medicine.app.phy_compat.native_facade import NativeFacade, Pair, Setting

_STEP = 1.1


def _seconds(name: str) -> Setting:
    return Setting(name, lambda ms: ms / 1000, lambda s: float(s) * 1000)


class _Scaled(NativeFacade):
    """A view whose size of what is drawn can be changed."""

    def increase(self) -> None:
        """Make it larger."""
        self.scaling = self.scaling * _STEP

    def decrease(self) -> None:
        """Make it smaller."""
        self.scaling = self.scaling / _STEP

    def reset_scaling(self) -> None:
        """Make it as it was at first."""
        self.scaling = 1.0

    scaling: Any = Setting("scaling")


class _Marked(NativeFacade):
    """A view with markers."""

    marker_size: Any = Setting("marker_size")

    def increase_marker_size(self) -> None:
        """Make markers larger."""
        self.marker_size = self.marker_size * _STEP

    def decrease_marker_size(self) -> None:
        """Make markers smaller."""
        self.marker_size = self.marker_size / _STEP


class WaveformView(NativeFacade):
    """Waveforms of the selected clusters."""

    kind = "WaveformView"
    max_n_clusters = 8
    remembered = ("waveforms_type", "overlap", "do_show_labels", "box_scaling", "probe_scaling")
    waveforms_type: Any = Setting("kind")
    overlap: Any = Setting("overlap")
    do_show_labels: Any = Setting("labels")
    box_scaling: Any = Pair("box_width", "box_height")
    probe_scaling: Any = Pair("probe_width", "probe_height")

    @property
    def waveforms_types(self) -> list[str]:
        """The types there are."""
        from phy_medicine.views.waveform_settings import KINDS

        return list(KINDS)

    @property
    def waveforms(self) -> dict[str, Any]:
        """The controller's functions that give waveforms, by type."""
        controller = getattr(self.gui, "controller", None)
        names = {
            "waveforms": "_get_waveforms", "mean_waveforms": "_get_mean_waveforms",
            "templates": "_get_template_waveforms",
        }  # fmt: skip
        found = {kind: getattr(controller, name, None) for kind, name in names.items()}
        return {kind: function for kind, function in found.items() if function is not None}

    @property
    def channel_ids(self) -> list[int]:
        """Channels that are drawn."""
        block = self.native.block if self.native is not None else None
        return [] if block is None else list(block.channel_ids)


class FeatureView(_Scaled, _Marked):
    """Spikes of the selected clusters by their principal components."""

    kind = "FeatureView"
    max_n_clusters = 8
    remembered = ("fixed_channels", "scaling", "marker_size")
    fixed_channels: Any = Setting("fixed_channels")
    feature_scaling: Any = Setting("scaling")
    attributes: ClassVar[dict[str, Any]] = {}
    grid_dim: Any = Setting(
        "grid",
        lambda grid: [row.split() for row in grid.split("/")],
        lambda rows: " / ".join(" ".join(row) for row in rows),
    )

    def set_grid_dim(self, grid_dim: Any) -> None:
        """Change the dimensions of the panels, rows of "x,y"."""
        self.grid_dim = grid_dim

    @property
    def features(self) -> Any:
        """The controller's function that gives features."""
        return getattr(getattr(self.gui, "controller", None), "_get_features", None)

    @property
    def channel_ids(self) -> list[int]:
        """Channels of the panels, the first ones first."""
        return [] if self.native is None else list(self.native._shown[1])

    def clear_channels(self) -> None:
        """Choose the channels by the selection again."""
        if self.native is not None:
            self.native._clear_channels()


class AmplitudeView(_Marked):
    """Amplitudes of the spikes of the selected clusters over time."""

    kind = "AmplitudeView"
    max_n_clusters = 8
    remembered = ("amplitudes_type", "marker_size")
    amplitudes_type: Any = Setting("kind")

    @property
    def amplitudes(self) -> dict[str, Any]:
        """The controller's functions that give amplitudes, by type."""
        controller = getattr(self.gui, "controller", None)
        getter = getattr(controller, "_amplitude_getter", None)
        from phy_medicine.views.amplitude_kinds import KINDS

        return {} if getter is None else {kind: partial(getter, name=kind) for kind in KINDS}

    def show_time_range(self, interval: Any = (0, 0)) -> None:
        """Mark a stretch of time."""
        self.native.set_time_window((float(interval[0]), float(interval[1])))


class CorrelogramView(NativeFacade):
    """Correlograms of the selected clusters."""

    kind = "CorrelogramView"
    max_n_clusters = 20
    remembered = ("bin_size", "window_size", "refractory_period", "uniform_normalization")
    bin_size: Any = _seconds("bin_ms")
    window_size: Any = _seconds("window_ms")
    refractory_period: Any = _seconds("refractory_ms")
    uniform_normalization: Any = Setting("same_scale")

    def increase(self) -> None:
        """Show a longer window."""
        self.window_size = self.window_size * _STEP

    def decrease(self) -> None:
        """Show a shorter window."""
        self.window_size = self.window_size / _STEP


class _Histogram(NativeFacade):
    """What the histograms of the program have in common; values are in the unit of the view."""

    max_n_clusters = 20
    n_bins: Any = Setting("n_bins")
    remembered = ("n_bins", "x_min", "x_max")
    _per_unit = 1.0

    @property
    def x_min(self) -> float:
        """Start of the range, s."""
        return float(self.native._shown_range()[0]) / self._per_unit

    @x_min.setter
    def x_min(self, value: float) -> None:
        self.native.set_range(float(value) * self._per_unit, self.native._shown_range()[1])

    @property
    def x_max(self) -> float:
        """End of the range, s."""
        return float(self.native._shown_range()[1]) / self._per_unit

    @x_max.setter
    def x_max(self, value: float) -> None:
        self.native.set_range(self.native._shown_range()[0], float(value) * self._per_unit)

    @property
    def bin_size(self) -> float:
        """Size of a bin, in the unit of the view."""
        low, high = self.native._shown_range()
        return float(high - low) / int(self.n_bins)

    def set_n_bins(self, n_bins: int) -> None:
        """Set the number of bins."""
        self.n_bins = int(n_bins)

    def set_bin_size(self, bin_size: float) -> None:
        """Set the size of a bin, in the unit of the view."""
        self.native._set_bin_size(float(bin_size))

    def set_x_min(self, x_min: float) -> None:
        """Set the start of the range, in the unit of the view."""
        self.x_min = x_min / self._per_unit

    def set_x_max(self, x_max: float) -> None:
        """Set the end of the range, in the unit of the view."""
        self.x_max = x_max / self._per_unit

    def increase(self) -> None:
        """Show a longer range."""
        self.x_max = self.x_max * _STEP

    def decrease(self) -> None:
        """Show a shorter range."""
        self.x_max = self.x_max / _STEP


class ProbeView(NativeFacade):
    """Channels of the probe and clusters on it."""

    kind = "ProbeView"
    max_n_clusters = 20
    remembered = ("do_show_labels",)
    do_show_labels: Any = Setting("labels")

    @property
    def positions(self) -> Any:
        """(n_channels, 2) µm, a copy."""
        return np.array(self.native.host.data.channel_positions)


class TraceView(_Scaled, ColorFacade):
    """The signal."""

    kind = "TraceView"
    remembered: ClassVar[tuple[str, ...]] = (
        "origin",
        "do_show_labels",
        "show_all_spikes",
        "auto_scale",
        "interval",
        "scaling",
    )
    do_show_labels: Any = Setting("labels")
    show_all_spikes: Any = Setting("all_spikes")
    auto_scale: Any = Setting("auto_scale")
    origin: Any = Setting("origin_top", lambda top: "top" if top else "bottom", lambda origin: origin == "top")

    @property
    def interval(self) -> tuple[float, float] | None:
        """Start and end of what is shown, s."""
        shown = None if self.native is None else self.native.interval
        return None if shown is None else (shown.start_s, shown.stop_s)

    @interval.setter
    def interval(self, value: Any) -> None:
        if value is not None:
            self.set_interval(value)

    def set_interval(self, interval: Any = None) -> None:
        """Show a stretch of time, s."""
        if interval is not None:
            self.native.show_interval(float(interval[0]), float(interval[1]))

    @property
    def time(self) -> float:
        """Middle of what is shown, s."""
        start_s, stop_s = self.interval or (0.0, 0.0)
        return (start_s + stop_s) / 2

    @property
    def half_duration(self) -> float:
        """Half of the length of what is shown, s."""
        start_s, stop_s = self.interval or (0.0, 0.25)
        return (stop_s - start_s) / 2

    def go_to(self, time: float) -> None:
        """Show a moment, s, in the middle."""
        self.native.go_to(float(time))

    def shift(self, delay: float) -> None:
        """Move on by a time, s."""
        self.native.shift(float(delay))


class TraceImageView(TraceView):
    """The signal as an image."""

    kind = "TraceImageView"
    show_all_spikes: Any = False
    do_show_labels: Any = Setting("labels")
    remembered = ("origin", "auto_scale", "interval", "scaling")
    named: ClassVar[dict[str, str]] = {
        "go_left": "image_left", "go_right": "image_right", "jump_left": "image_jump_left",
        "jump_right": "image_jump_right", "go_to_start": "image_start", "go_to_end": "image_end",
        "widen": "image_widen", "narrow": "image_narrow", "switch_origin": "image_switch_origin",
        "toggle_auto_scale": "image_auto_scale",
    }  # fmt: skip


class TemplateView(_Scaled, ColorFacade):
    """Templates of all clusters."""

    kind = "TemplateView"
    remembered = ("scaling", "color_scheme")


class RasterView(_Marked, ColorFacade):
    """Spikes of all clusters over time."""

    kind = "RasterView"
    remembered = ("marker_size", "color_scheme")

    def zoom_to_time_range(self, interval: Any) -> None:
        """Show a stretch of time, s."""
        panels = self.native.panels
        x0, x1 = panels.home()[0, :2]
        shown = panels.state()
        shown[0][0] = [(float(end) - x0) / (x1 - x0) for end in interval]
        panels.restore(shown)
        self.native.redraw()


class ClusterScatterView(ColorFacade):
    """Clusters as discs, by columns of the cluster table."""

    kind = "ClusterScatterView"
    remembered = ("x_axis", "y_axis", "size", "x_axis_log_scale", "y_axis_log_scale", "size_log_scale", "color_scheme")
    x_axis: Any = Setting("x_column")
    y_axis: Any = Setting("y_column")
    size: Any = Setting("size_column")
    x_axis_log_scale: Any = Setting("x_log")
    y_axis_log_scale: Any = Setting("y_log")
    size_log_scale: Any = Setting("size_log")

    @property
    def bindings(self) -> Bunch:
        """Which column is on which axis."""
        return Bunch(x_axis=self.x_axis, y_axis=self.y_axis, size=self.size)

    def change_bindings(self, **bindings: str) -> None:
        """Put columns on axes."""
        for name, column in bindings.items():
            setattr(self, name, column)

    def set_x_axis(self, field: str) -> None:
        """Put a column on the x axis."""
        self.native.set_x(field)

    def set_y_axis(self, field: str) -> None:
        """Put a column on the y axis."""
        self.native.set_y(field)

    def set_size(self, field: str) -> None:
        """Let a column be the size of the discs."""
        self.native.set_size(field)

    def toggle_log_scale(self, dim: str, checked: bool) -> None:
        """Make an axis logarithmic or not."""
        setattr(self, f"{dim}_log_scale", bool(checked))


FACADES: dict[str, type[NativeFacade]] = {
    facade.kind: facade
    for facade in (
        WaveformView, FeatureView, AmplitudeView, CorrelogramView, ProbeView, TraceView, TraceImageView, TemplateView,
        RasterView, ClusterScatterView,
    )
}  # fmt: skip
"""Kind of a view of the program -> its façade."""
