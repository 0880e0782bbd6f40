"""The widget that shows what a plugin adds to the window."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from phy_medicine.app.phy_compat.loose_qt import QtWidgets


def widget_of(view: Any) -> Any:
    """Return a widget, the widget of a figure of matplotlib or of what holds one; None for a view of phy's kind.

    Raises
    ------
    TypeError : it is nothing that can be shown
    """
    if isinstance(view, QtWidgets.QWidget):
        return view
    figure = _figure_of(view)
    if figure is not None:
        backend: Any = import_module("matplotlib.backends.backend_qt5agg")
        canvas = figure.canvas
        return canvas if isinstance(canvas, QtWidgets.QWidget) else backend.FigureCanvasQTAgg(figure)
    if hasattr(view, "on_select") and hasattr(view, "canvas"):
        return None
    canvas = getattr(view, "canvas", None)
    if isinstance(canvas, QtWidgets.QWidget):
        return canvas
    raise TypeError(f"A {type(view).__name__} is no view, no widget and no figure.")


def _figure_of(view: Any) -> Any:
    """The figure that something is or holds; views of phy's kind look after theirs themselves."""
    if "matplotlib.figure" not in sys.modules or hasattr(view, "on_select"):
        return None
    from matplotlib.figure import Figure

    holders = (view, getattr(view, "figure", None), getattr(getattr(view, "canvas", None), "figure", None))
    return next((h for h in holders if isinstance(h, Figure)), None)
