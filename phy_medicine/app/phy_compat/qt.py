"""`phy.gui.qt`: classes of Qt and the helpers around them."""

from __future__ import annotations

from typing import Any

from phy_medicine.app.phy_compat import dialogs, timing
from phy_medicine.app.phy_compat.loose_qt import Qt, QtCore, QtGui, QtWidgets

__all__ = ["Qt"]


def __getattr__(name: str) -> Any:
    """Give any class of Qt's core, gui and widgets, and the helpers."""
    for module in (QtCore, QtGui, QtWidgets, dialogs, timing):
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"phy.gui.qt has no {name!r}.")
