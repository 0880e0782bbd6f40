"""Views under phy's names: façades of the program's own, and native views for those that plugins make.

`facade_of(view)` gives what stands for a view of the program; `view_type(controller, name, creator)` gives the class
that the registry of views holds for a function that makes a view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.canvas import BaseCanvas
from phy_medicine.app.phy_compat.events import bus
from phy_medicine.app.phy_compat.facades import FACADES, _Histogram
from phy_medicine.app.phy_compat.histogram_view import FiringRateView, HistogramView, ISIView
from phy_medicine.app.phy_compat.native_facade import NativeFacade
from phy_medicine.app.phy_compat.plugin_view import PluginView
from phy_medicine.base.types import AnyArray
from phy_medicine.views.base import View


class _NativeHistogram(_Histogram, HistogramView):
    """The program's histogram of amplitudes."""

    kind = "HistogramView"


class _NativeISI(_Histogram, ISIView):
    """The program's intervals between spikes; the view's unit is ms, that of attributes s, as in phy."""

    kind = "ISIView"
    _per_unit = 1000.0


class _NativeFiringRate(_Histogram, FiringRateView):
    """The program's firing rates."""

    kind = "FiringRateView"


for _class, _name in (
    (_NativeHistogram, "HistogramView"),
    (_NativeISI, "ISIView"),
    (_NativeFiringRate, "FiringRateView"),
):
    # Plugins look views up by the name of their class.
    _class.__name__ = _class.__qualname__ = _name

ALL_FACADES: dict[str, type[NativeFacade]] = {
    **FACADES, "HistogramView": _NativeHistogram, "ISIView": _NativeISI, "FiringRateView": _NativeFiringRate,
}  # fmt: skip


def facade_of(native: Any) -> Any:
    """Return what stands for a view of the program, always the same; a plugin's view stands for itself.

    The view itself holds it: each knows the other, and both go with the window.
    """
    plugin = getattr(native, "plugin", None)
    if plugin is not None:
        return plugin
    if getattr(native, "phy_facade", None) is None:
        kind = str(native.name)
        facade = ALL_FACADES.get(kind) or type(kind, (NativeFacade,), {"kind": kind})
        native.phy_facade = facade()
        native.phy_facade.bind(native)
    return native.phy_facade


def view_type(controller: Any, name: str, creator: Callable[[], Any]) -> type[View]:
    """Return the native class for a function of a plugin that makes a view.

    What it makes may be a `ManualClusteringView`, a façade, a widget or a figure of matplotlib, or None, for which the
    view says that there is nothing to show.
    """
    extensions = controller.extensions
    owner = extensions.adding or bus._owner(creator)[0]

    def make(cls: type[PluginView], host: Any, **options: Any) -> View:
        made = extensions.call(owner, f"view {name}", creator, default=None)
        if isinstance(made, NativeFacade):
            return _native_of(made, owner, host, **options)
        if made is not None and not isinstance(getattr(made, "canvas", None), BaseCanvas):
            return _with_widget(name, made, facts, host, **options)
        view: PluginView = object.__new__(cls)
        view.plugin = made
        return view

    facts = {
        "name": name, "title": name, "owner": owner, "extensions": extensions, "controller": controller,
        "__new__": make, "__doc__": (getattr(creator, "__doc__", None) or "").strip() or f"{name}, a view of a plugin.",
    }  # fmt: skip
    return type(name, (PluginView,), facts)


def _with_widget(name: str, made: Any, facts: dict[str, Any], host: Any, **options: Any) -> View:
    """Return a view for a widget, a figure, or a view of phy's kind that draws with matplotlib.

    Raises
    ------
    ActionError : it is nothing that can be shown
    """
    from phy_medicine.app.phy_compat import mpl_view, widget_views

    if isinstance(made, ManualClusteringView):
        own = {key: value for key, value in facts.items() if key != "__new__"}
        shown: View = type(name, (mpl_view.MplPluginView,), {**own, "plugin": made})(host, **options)
        return shown
    return widget_views.widget_view(name, made, facts["owner"], facts["extensions"])(host, **options)


def _native_of(facade: NativeFacade, owner: str, host: Any, **options: Any) -> View:
    """Return a view of the program that a plugin's façade stands for."""
    from phy_medicine.gui.view_kinds import view_class

    facade.owner = owner
    native: Any = view_class(facade.kind)(host, **options)
    native.plugin = facade
    facade.bind(native)
    made: View = native
    return made


def select_traces(traces: Any, interval: Any, sample_rate: float = 1.0) -> AnyArray:
    """Return the signal, (n_samples, n_channels), between two times, s, without the median of each channel."""
    start, stop = (round(float(end) * sample_rate) for end in interval)
    part = np.asarray(traces[max(start, 0) : min(stop, len(traces))])
    return part - np.median(part, axis=0) if len(part) else part


__all__ = ["ManualClusteringView", "facade_of", "select_traces", "view_type"]
