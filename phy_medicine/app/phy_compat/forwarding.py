"""A widget of no size that stands for the window: parent of dialogs, and what is asked of it the window answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phy_medicine.app.phy_compat.loose_qt import Qt, QtWidgets

# What Qt itself calls, and what belongs to the object rather than to the window on the screen.
_OWN = (
    "setVisible", "sizeHint", "minimumSizeHint", "heightForWidth", "hasHeightForWidth", "paintEngine", "devType",
    "metric", "initPainter", "redirected", "sharedPainter", "inputMethodQuery", "focusNextPrevChild", "nativeEvent",
    "event", "eventFilter", "connectNotify", "disconnectNotify", "createPopupMenu", "parent", "parentWidget",
    "setParent", "window", "sender", "receivers", "inherits", "metaObject", "thread", "moveToThread", "deleteLater",
    "pyqtConfigure", "isWidgetType", "blockSignals", "signalsBlocked", "startTimer", "killTimer", "isSignalConnected",
    "senderSignalIndex", "tr", "dynamicPropertyNames", "create", "destroy", "actions",
)  # fmt: skip


def _forwards(name: str) -> bool:
    method = type(getattr(QtWidgets.QMainWindow, name)).__name__ == "builtin_function_or_method"
    return method and not name.startswith("_") and not name.endswith("Event") and name not in _OWN


def _forward(name: str) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.main, name)(*args, **kwargs)

    call.__name__ = name
    return call


class WindowProxy(QtWidgets.QMainWindow):  # type: ignore[misc]
    """A child of the window, never seen. main : the window."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        super().setWindowFlags(Qt.Widget)  # it would be a window of its own
        super().resize(0, 0)
        super().hide()
        self.main = window

    def __getattr__(self, name: str) -> Any:
        if name == "main" or not hasattr(self.main, name):
            raise AttributeError(f"The GUI has no {name!r}.")
        return getattr(self.main, name)


for _name in filter(_forwards, dir(QtWidgets.QMainWindow)):
    setattr(WindowProxy, _name, _forward(_name))
