"""Qt without its type hints, which know neither the names of enumerations nor what is never None in a window."""

from __future__ import annotations

from typing import Any

from phy_medicine.gui import qt

Qt: Any = qt.Qt
QtCore: Any = qt.QtCore
QtGui: Any = qt.QtGui
QtWidgets: Any = qt.QtWidgets
