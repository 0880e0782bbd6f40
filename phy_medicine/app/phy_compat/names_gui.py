"""Names of phy's window, actions, tables and widgets: where the façade has them."""

from __future__ import annotations

from typing import Any

_HERE = "phy_medicine.app.phy_compat"


def _from(module: str, *names: str) -> dict[str, str]:
    return {name: f"{_HERE}.{module}:{name}" for name in names}


_DIALOGS = _from(
    "dialogs",
    "create_app", "run_app", "require_qt", "prompt", "message_box", "input_dialog", "busy_cursor", "set_busy",
    "show_box", "screenshot", "screenshot_default_path", "screen_size", "is_high_dpi",
)  # fmt: skip
_TIMING = _from("timing", "thread_pool", "Worker", "WorkerSignals", "Debouncer", "AsyncCaller", "_block", "_wait")
_QT = _from(
    "qt",
    "Qt", "QAbstractItemModel", "QAbstractItemView", "QAbstractTableModel", "QAction", "QActionGroup", "QApplication",
    "QBrush", "QButtonGroup", "QByteArray", "QCheckBox", "QColor", "QColorDialog", "QComboBox", "QCoreApplication",
    "QCursor", "QDialog", "QDialogButtonBox", "QDockWidget", "QDoubleSpinBox", "QEvent", "QEventLoop", "QFileDialog",
    "QFont", "QFontDatabase", "QFontMetrics", "QFormLayout", "QFrame", "QGridLayout", "QGroupBox", "QGuiApplication",
    "QHBoxLayout", "QHeaderView", "QIcon", "QImage", "QInputDialog", "QItemSelectionModel", "QKeyEvent",
    "QKeySequence", "QLabel", "QLayout", "QLineEdit", "QListWidget", "QListWidgetItem", "QMainWindow", "QMenu",
    "QMenuBar", "QMessageBox", "QMetaObject", "QModelIndex", "QMouseEvent", "QObject", "QOpenGLWidget",
    "QOpenGLWindow", "QPainter", "QPalette", "QPen", "QPixmap", "QPlainTextEdit", "QPoint", "QPointF", "QProgressBar",
    "QProgressDialog", "QPushButton", "QRadioButton", "QRect", "QRectF", "QRunnable", "QScrollArea", "QShortcut",
    "QSize", "QSizePolicy", "QSlider", "QSortFilterProxyModel", "QSpinBox", "QSplitter", "QStandardItem",
    "QStandardItemModel", "QStatusBar", "QStyle", "QStyledItemDelegate", "QStyleOptionViewItem",
    "QTableView", "QTableWidget", "QTableWidgetItem", "QTabWidget", "QTextEdit", "QThread", "QThreadPool", "QTimer",
    "QToolBar", "QToolButton", "QTreeWidget", "QTreeWidgetItem", "QUrl", "QVariant", "QVBoxLayout", "QWheelEvent",
    "QWidget", "QWindow", "pyqtSignal", "pyqtSlot", "qInstallMessageHandler", "QtCore", "QtGui", "QtWidgets",
)  # fmt: skip
_ACTIONS = {
    **_from("actions", "Actions", "_alias"),
    **_from("snippets", "Snippets"),
    **_from(
        "arguments", "_get_qkeysequence", "_get_shortcut_string", "_parse_arg", "_parse_list", "_parse_snippet",
        "_prompt_args",
    ),
}  # fmt: skip
_WIDGETS = {
    **_from("plain_table", "Table"),
    **_from("ipython_view", "IPythonView"),
    **_from("widgets", "KeyValueWidget", "Barrier"),
    **_from("table_calls", "_uniq"),
}
_GUI = _from("gui", "GUI", "DockWidget")
_STATE = _from("state", "GUIState")
_TABLES = _from("tables", "ClusterView", "SimilarityView")

NAMES: dict[str, dict[str, Any]] = {
    "phy.gui": {
        **{name: path for name, path in {**_DIALOGS, **_TIMING}.items() if not name.startswith("_")},
        **_GUI,
        **_STATE,
        **{name: _ACTIONS[name] for name in ("Actions", "Snippets")},
        **{name: _WIDGETS[name] for name in ("Table", "IPythonView", "KeyValueWidget")},
    },
    "phy.gui.actions": _ACTIONS,
    "phy.gui.widgets": {**_WIDGETS, "Debouncer": _TIMING["Debouncer"]},
    "phy.gui.qt": {**_QT, **_DIALOGS, **_TIMING},
    "phy.gui.gui": {**_GUI, **_STATE, **{name: _ACTIONS[name] for name in ("Actions", "Snippets")}},
    "phy.gui.state": _STATE,
    "phy.cluster": _TABLES,
    "phy.cluster.supervisor": {**_TABLES, **_from("tasks", "ActionCreator")},
}
