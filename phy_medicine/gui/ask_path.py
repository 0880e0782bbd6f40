"""The system's dialogs for the path of a JSON file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.qt import QtWidgets

_JSON = "JSON files (*.json);;All files (*)"


def to_read(given: str, parent: QtWidgets.QWidget, title: str, *, scripted: bool) -> Path | None:
    """Return a path as it was typed, else ask for one; None when the dialog was left.

    Raises
    ------
    ActionError : none was given and nobody is there to be asked
    """
    return _path(given, QtWidgets.QFileDialog.getOpenFileName, parent, title, scripted=scripted)


def to_write(given: str, parent: QtWidgets.QWidget, title: str, *, scripted: bool) -> Path | None:
    """Return a path, with .json where it has no suffix, as `to_read` does."""
    path = _path(given, QtWidgets.QFileDialog.getSaveFileName, parent, title, scripted=scripted)
    return path.with_name(f"{path.name}.json") if path is not None and not path.suffix else path


def _path(
    given: str, ask: Callable[..., tuple[str, str]], parent: QtWidgets.QWidget, title: str, *, scripted: bool
) -> Path | None:
    if not given and scripted:
        raise ActionError(f"{title} needs the path of a JSON file.")
    chosen = given or ask(parent, title, str(Path.home()), _JSON)[0]
    return Path(chosen).expanduser() if chosen else None
