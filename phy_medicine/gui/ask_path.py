"""The system's dialogs for the path of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from phy_medicine.base.errors import ActionError
from phy_medicine.gui.qt import QtWidgets

_KINDS = {".json": "JSON", ".tsv": "TSV", ".html": "HTML"}


def to_read(given: str, parent: QtWidgets.QWidget, title: str, *, scripted: bool) -> Path | None:
    """Return the path of a JSON file as it was typed, else ask for one; None when the dialog was left.

    Raises
    ------
    ActionError : none was given and nobody is there to be asked
    """
    return _path(given, QtWidgets.QFileDialog.getOpenFileName, parent, title, ".json", Path.home(), scripted=scripted)


def to_write(
    given: str,
    parent: QtWidgets.QWidget,
    title: str,
    *,
    scripted: bool,
    suffix: str = ".json",
    start: Path | None = None,
) -> Path | None:
    """Return a path, with `suffix` where it has none, as `to_read` does; start : where the dialog begins."""
    ask = QtWidgets.QFileDialog.getSaveFileName
    path = _path(given, ask, parent, title, suffix, start or Path.home(), scripted=scripted)
    return path.with_name(f"{path.name}{suffix}") if path is not None and not path.suffix else path


def _path(
    given: str,
    ask: Callable[..., tuple[str, str]],
    parent: QtWidgets.QWidget,
    title: str,
    suffix: str,
    start: Path,
    *,
    scripted: bool,
) -> Path | None:
    kind = _KINDS[suffix]
    if not given and scripted:
        raise ActionError(f"{title} needs the path of a {kind} file.")
    chosen = given or ask(parent, title, str(start), f"{kind} files (*{suffix});;All files (*)")[0]
    return Path(chosen).expanduser() if chosen else None
