"""Real mouse events on the canvas of a view, placed by the view's own data coordinates."""

from __future__ import annotations

import numpy as np

from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets


def place(view, panel: int, x: float, y: float) -> QtCore.QPoint:
    """Return the logical pixel of the widget that shows a point of a panel."""
    px, py = view.panels.to_pixels(panel, np.array([x]), np.array([y]))
    return QtCore.QPoint(round(float(px[0]) / view.ratio), round(float(py[0]) / view.ratio))


def data_at(view, panel: int, point: QtCore.QPoint) -> tuple[float, float]:
    """Return the data coordinates that a pixel of the widget stands for."""
    x, y = view.panels.to_data(panel, point.x() * view.ratio, point.y() * view.ratio)
    return float(x), float(y)


def click(qtbot, view, point: QtCore.QPoint, button=Qt.LeftButton, modifiers=Qt.ControlModifier) -> None:
    """Click a pixel of a view; events of one spot follow each other too fast to be told from a double click."""
    native = view.canvas.native
    qtbot.mousePress(native, button, modifiers, point)
    qtbot.mouseRelease(native, button, modifiers, point)
    QtWidgets.QApplication.processEvents()


def move(view, point: QtCore.QPoint) -> None:
    """Move the pointer over a pixel of a view, no button held."""
    place, nothing = QtCore.QPointF(point), Qt.NoModifier
    event = QtGui.QMouseEvent(QtCore.QEvent.MouseMove, place, Qt.NoButton, Qt.NoButton, nothing)
    QtWidgets.QApplication.sendEvent(view.canvas.native, event)


def turn_wheel(view, point: QtCore.QPoint, notches: int, modifiers=Qt.NoModifier) -> None:
    """Turn the wheel over a pixel of a view."""
    native = view.canvas.native
    # Qt swaps the axes while Alt is held.
    angle = QtCore.QPoint(120 * notches, 0) if modifiers & Qt.AltModifier else QtCore.QPoint(0, 120 * notches)
    event = QtGui.QWheelEvent(
        QtCore.QPointF(point), QtCore.QPointF(native.mapToGlobal(point)), QtCore.QPoint(), angle, Qt.NoButton,
        Qt.KeyboardModifiers(modifiers), Qt.NoScrollPhase, False,
    )  # fmt: skip
    QtWidgets.QApplication.sendEvent(native, event)


def drag(qtbot, view, start: QtCore.QPoint, by: QtCore.QPoint, button=Qt.LeftButton) -> None:
    """Drag from a pixel of a view; the moves of a test's own pointer would come through the X server, later."""
    native, held = view.canvas.native, Qt.MouseButtons(button)
    qtbot.mousePress(native, button, Qt.NoModifier, start)
    there = QtCore.QPointF(start + by)
    event = QtGui.QMouseEvent(QtCore.QEvent.MouseMove, there, Qt.NoButton, held, Qt.NoModifier)
    QtWidgets.QApplication.sendEvent(native, event)
    qtbot.mouseRelease(native, button, Qt.NoModifier, start + by)


def lasso(qtbot, view, panel: int, corners: list[tuple[float, float]]) -> np.ndarray:
    """Ctrl+click a polygon and return its corners in data coordinates, rounded to the pixels that were clicked."""
    points = [place(view, panel, x, y) for x, y in corners]
    for point in points:
        click(qtbot, view, point)
    return np.array([data_at(view, panel, point) for point in points])


def inside(x: np.ndarray, y: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Tell which points lie in a polygon by summing the angles under which its edges are seen."""
    dx = corners[:, 0, None] - x[None]
    dy = corners[:, 1, None] - y[None]
    angles = np.arctan2(dy, dx)
    turns = np.diff(np.concatenate([angles, angles[:1]]), axis=0)
    turns = (turns + np.pi) % (2 * np.pi) - np.pi
    return np.abs(turns.sum(axis=0)) > np.pi
