"""Views of plugins that are a widget, or a figure of matplotlib, without anything of phy in them."""

from __future__ import annotations

import sys
from typing import Any

from phy_medicine.base.errors import ActionError
from phy_medicine.session.extensions import Extensions
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.base import View
from phy_medicine.views.widget_view import WidgetView


def is_widget(made: Any) -> bool:
    """Tell whether a plugin made a widget or a figure."""
    from phy_medicine.gui.qt import QtWidgets

    return isinstance(made, QtWidgets.QWidget) or _figure(made) is not None


def _figure(made: Any) -> Any:
    if "matplotlib.figure" not in sys.modules or hasattr(made, "on_select"):
        return None
    from matplotlib.figure import Figure

    return next((f for f in (made, getattr(made, "figure", None)) if isinstance(f, Figure)), None)


def widget_of(made: Any) -> Any:
    """Return the widget of a widget, a figure, or what has a figure.

    Raises
    ------
    ActionError : there is none
    """
    from phy_medicine.gui.qt import QtWidgets

    if isinstance(made, QtWidgets.QWidget):
        return made
    figure = _figure(made)
    if figure is None:
        raise ActionError(f"A {type(made).__name__} is no view, no widget and no figure.")
    import matplotlib.backends.backend_qt5agg as backend

    canvas: Any = figure.canvas
    widget_class: Any = backend.FigureCanvasQTAgg  # type: ignore[attr-defined]
    return canvas if isinstance(canvas, QtWidgets.QWidget) else widget_class(figure)


def widget_view(name: str, made: Any, owner: str, extensions: Extensions) -> type[View]:
    """Return a class of views that show a plugin's widget; what is in it is the plugin's own affair."""

    class Shown(WidgetView):
        """A widget of a plugin."""

        needs_selection = False
        shares_scale = False

        def make_widget(self) -> Any:
            return widget_of(made)

        def cached(self, request: ViewRequest) -> bool:
            return True

        def prepare(self, request: ViewRequest) -> ViewRequest:
            return request

        def draw_widget(self) -> None:
            update = getattr(self._canvas and self._canvas.native, "draw_idle", None)
            if update is not None:
                extensions.call(owner, f"drawing of {name}", update, default=None)

    Shown.name = Shown.title = Shown.__name__ = name
    return Shown
