"""Which of our objects plugins get under the names of phy's views, plots and colours."""

from __future__ import annotations

from typing import Any

_HERE = "phy_medicine.app.phy_compat"


def _from(module: str, *names: str) -> dict[str, str]:
    return {name: f"{_HERE}.{module}:{name}" for name in names}


_TRANSFORMS = _from(
    "transform", "BaseTransform", "Translate", "Scale", "Rotate", "Range", "Clip", "Subplot", "TransformChain"
)
_BOUNDS = _from("bounds", "NDC", "extend_bounds", "pixels_to_ndc", "subplot_bounds")
_VISUALS = {
    **_from("visuals", "ScatterVisual", "UniformScatterVisual", "HistogramVisual", "TextVisual", "ImageVisual"),
    **_from("visuals", "PatchVisual", "DEFAULT_COLOR"),
    **_from("curve_visuals", "PlotVisual", "UniformPlotVisual", "PlotAggVisual", "LineVisual", "LineAggGeomVisual"),
    **_from("curve_visuals", "PolygonVisual"),
}
_BASE = {
    **_from("visual_base", "BaseVisual"),
    **_from("shader_hooks", "GLSLInserter"),
    **_from("canvas", "BaseCanvas"),
    **_from("layouts", "BaseLayout"),
}
_LAYOUTS = {**_from("layouts", "Grid", "Boxed", "Stacked"), **_from("tools", "Lasso")}
_COLORS = _from(
    "colors", "colormaps", "selected_cluster_color", "add_alpha", "spike_colors", "ClusterColorSelector",
    "_add_selected_clusters_colors", "_categorical_colormap", "_continuous_colormap", "_categorize",
)  # fmt: skip
_MIXINS = _from(
    "view_mixins", "BaseGlobalView", "BaseColorView", "BaseWheelMixin", "ScalingMixin", "MarkerSizeMixin", "LassoMixin"
)
_VIEW = _from("base_view", "ManualClusteringView")
_SCATTER = _from("scatter_view", "ScatterView")
_HISTOGRAM = _from("histogram_view", "HistogramView", "ISIView", "FiringRateView")
_OWN = {
    "amplitude": ("AmplitudeView",), "cluscatter": ("ClusterScatterView",), "correlogram": ("CorrelogramView",),
    "feature": ("FeatureView",), "probe": ("ProbeView",), "raster": ("RasterView",), "template": ("TemplateView",),
    "trace": ("TraceView", "TraceImageView"), "waveform": ("WaveformView",),
}  # fmt: skip
_FACADES = _from("facades", *(name for views in _OWN.values() for name in views))
_ALL_VIEWS = {**_VIEW, **_SCATTER, **_HISTOGRAM, **_FACADES, **_from("views", "select_traces")}
# What the modules of phy's views import, and others import from there.
_AROUND = {**_VIEW, **_MIXINS, **_VISUALS, **_TRANSFORMS, **_BOUNDS, **_COLORS, **_from("rotating", "RotatingProperty")}
_UTILS = {
    **_from("batches", "get_linear_x", "BatchAccumulator"),
    "_get_array": f"{_HERE}.batches:array_of",
    "_in_polygon": f"{_HERE}.tools:in_polygon",
}

NAMES: dict[str, dict[str, Any]] = {
    "phy.plot": {
        **_TRANSFORMS, **_BOUNDS, **_VISUALS, **_BASE, **_LAYOUTS, **_UTILS,
        **_from("canvas", "PlotCanvas"), **_from("panzoom", "PanZoom"), **_from("tools", "Axes", "AxisLocator"),
    },
    "phy.plot.plot": {
        **_from("canvas", "PlotCanvas", "BaseCanvas"), **_from("mpl", "PlotCanvasMpl"),
        **_VISUALS, **_BOUNDS, **_LAYOUTS, **_from("panzoom", "PanZoom"), **_from("tools", "Axes"),
    },
    "phy.plot.base": {**_BASE, **_TRANSFORMS, **_BOUNDS, **_UTILS},
    "phy.plot.visuals": {**_VISUALS, **_BASE, **_BOUNDS},
    "phy.plot.transform": {
        **_TRANSFORMS, **_BOUNDS, "range_transform": f"{_HERE}.geometry:range_transform",
    },
    "phy.plot.interact": {**_LAYOUTS, **_from("layouts", "BaseLayout")},
    "phy.plot.panzoom": _from("panzoom", "PanZoom"),
    "phy.plot.axes": _from("tools", "Axes", "AxisLocator"),
    "phy.plot.utils": _UTILS,
    "phy.utils.color": _COLORS,
    "phy.utils": _from("colors", "colormaps", "selected_cluster_color", "add_alpha", "ClusterColorSelector"),
    "phy.cluster": _ALL_VIEWS,
    "phy.cluster._utils": _from("rotating", "RotatingProperty"),
    "phy.cluster.views": _ALL_VIEWS,
    "phy.cluster.views.base": {**_AROUND, **_from("canvas", "PlotCanvas")},
    **{f"phy.cluster.views.{module}": {**_AROUND, **_from("facades", *views)} for module, views in _OWN.items()},
    "phy.cluster.views.scatter": {**_AROUND, **_SCATTER},
    "phy.cluster.views.histogram": {
        **_AROUND, **_HISTOGRAM, "_compute_histogram": f"{_HERE}.histogram_view:compute_histogram",
    },
    "phy.cluster.views.trace": {
        **_AROUND, **_from("facades", "TraceView", "TraceImageView"), **_from("views", "select_traces"),
    },
}  # fmt: skip
"""Module of phy -> name -> where ours is."""
