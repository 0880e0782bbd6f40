"""The small dialogs of `phy.gui`, and pictures of widgets."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from phy_medicine.app.phy_compat.loose_qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.base.log import logger
from phy_medicine.base.paths import phy_dir

_WIDE_SCREEN = 3000
"""phy calls a screen of more pixels across one of high density."""


def create_app() -> Any:
    """Return the application, which is made if there is none."""
    from phy_medicine.gui import app

    return app.create_app() if QtWidgets.QApplication.instance() is None else QtWidgets.QApplication.instance()


def run_app() -> int:
    """Stay until the last window is closed, unless the program does so already."""
    app = create_app()
    return 0 if QtCore.QThread.currentThread().loopLevel() else int(app.exec_())


def require_qt(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make sure that there is an application when a function is called."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        create_app()
        return function(*args, **kwargs)

    return wrapped


def _over() -> Any:
    """The window that a dialog stands over."""
    return QtWidgets.QApplication.activeWindow()


@require_qt
def prompt(message: str, buttons: Sequence[str] = ("yes", "no"), title: str = "Question") -> Any:
    """Return a box with standard buttons, the first the default; `show_box` shows it."""
    box = QtWidgets.QMessageBox(_over())
    box.setWindowTitle(title)
    box.setText(message)
    for i, name in enumerate(buttons):
        made = box.addButton(getattr(QtWidgets.QMessageBox, name.capitalize()))
        if i == 0:
            box.setDefaultButton(made)
    return box


def show_box(box: Any) -> str:
    """Show a box and return the name of the button, in small letters."""
    chosen = box.exec_()
    names = [name for name in dir(QtWidgets.QMessageBox) if getattr(QtWidgets.QMessageBox, name) is not None]
    kind = QtWidgets.QMessageBox.StandardButton
    found = (n for n in names if isinstance(getattr(QtWidgets.QMessageBox, n), kind))
    return next((n.lower() for n in found if int(getattr(QtWidgets.QMessageBox, n)) == chosen), "")


@require_qt
def message_box(message: str, title: str = "Message", level: str | None = None) -> None:
    """Show a message; level : information, warning or critical."""
    getattr(QtWidgets.QMessageBox, level or "information")(_over(), title, message)


@require_qt
def input_dialog(title: str, sentence: str, text: str | None = None) -> tuple[str, bool]:
    """Ask for one line of text; return it, and whether it was confirmed."""
    entered, ok = QtWidgets.QInputDialog.getText(_over(), title, sentence, text=text or "")
    return str(entered), bool(ok)


def set_busy(busy: bool) -> None:
    """Show the waiting pointer, or the usual one."""
    if busy:
        QtWidgets.QApplication.setOverrideCursor(Qt.WaitCursor)
    else:
        QtWidgets.QApplication.restoreOverrideCursor()


@contextmanager
def busy_cursor(activate: bool = True) -> Iterator[None]:
    """Show the waiting pointer for as long as the block takes, whatever comes of it."""
    if not activate:
        yield
        return
    set_busy(True)
    try:
        yield
    finally:
        set_busy(False)


def screenshot_default_path(widget: Any, dir: str | Path | None = None) -> Path:
    """Return where a picture of a widget goes, by default in `~/.phy/screenshots`."""
    now = datetime.datetime.now().strftime("%Y%m%d%H%M%S")
    folder = Path(dir) if dir else phy_dir() / "screenshots"
    return folder / f"phy_screenshot_{now}_{type(widget).__name__}.png"


def screenshot(widget: Any, path: str | Path | None = None, dir: str | Path | None = None) -> Path:
    """Save a picture of a widget as PNG and return its path."""
    target = Path(path or screenshot_default_path(widget, dir)).expanduser().absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    widget.grab().save(str(target))
    logger.info("Saved a picture in %s.", target)
    return target


@require_qt
def screen_size() -> tuple[int, int]:
    """Return width and height of the screen in pixels."""
    size = QtGui.QGuiApplication.primaryScreen().size()
    return size.width(), size.height()


def is_high_dpi() -> bool:
    """Say whether the screen is wider than 3000 pixels."""
    return bool(screen_size()[0] > _WIDE_SCREEN)
