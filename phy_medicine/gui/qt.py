"""The single import point of PyQt5, kept light: core, gui and widgets; icons come after the first paint."""

from __future__ import annotations

from functools import cache

from PyQt5 import QtCore, QtGui, QtWidgets
from PyQt5.QtCore import Qt

__all__ = ["Qt", "QtCore", "QtGui", "QtWidgets", "icon", "in_main_thread"]


def in_main_thread() -> bool:
    """Tell whether this code runs in the thread of the window (or before there is one)."""
    app = QtCore.QCoreApplication.instance()
    return app is None or QtCore.QThread.currentThread() is app.thread()


@cache
def icon(name: str, color: str, dim: str) -> QtGui.QIcon:
    """Return an icon of the Font Awesome family; an empty icon where qtawesome is not installed.

    The first call loads the font (about 80 ms), which is why the window asks only after its first paint.
    """
    try:
        import qtawesome
    except ImportError:
        return QtGui.QIcon()
    return qtawesome.icon(name, color=color, color_disabled=dim)
