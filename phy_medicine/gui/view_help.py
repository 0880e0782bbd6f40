"""What a view shows and what can be done in it, made from its description, its actions, gestures and settings."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from phy_medicine.base.params import Param
from phy_medicine.gui.gestures import gestures_of
from phy_medicine.gui.keys import canonical, of_event, pretty_keys
from phy_medicine.gui.param_editor import range_words
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.session.actions import Action
from phy_medicine.views.base import View
from phy_medicine.views.theme import Theme

Cells = Sequence[str]


def description(kind: type[View]) -> str:
    """Return what a kind of view shows: the first paragraph of the text of its class."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())


def page(view: View, kind: str, actions: Iterable[Action], theme: Theme) -> str:
    """Return the help of a view as HTML."""
    mine = [a for a in actions if a.owner == kind]
    keys = [(a.text.rstrip("."), pretty_keys(a.shortcuts), a.usage if a.alias or a.args else "", a.help) for a in mine]
    settings = [(p.help or p.name, _value(p, getattr(view.settings, p.name)), range_words(p)) for p in view.params()]
    lasso = view.has_lasso and view.lasso_modifier == "control"
    parts = [
        f"<p style='font-size: large'>{escape(description(type(view)))}</p>",
        _table("Mouse", gestures_of(kind, lasso=lasso), theme),
        _table("Actions, keys and snippets", keys, theme),
        _table("Settings, now and between", settings, theme),
    ]
    return "".join(parts)


def _table(title: str, rows: Sequence[Cells], theme: Theme) -> str:
    if not rows:
        return ""
    lines = []
    for row in rows:
        cells = [f"<td style='padding: 1px 14px 1px 0'>{escape(cell)}</td>" for cell in row]
        cells[-1] = f"<td style='padding: 1px 0; color: {theme.dim}'>{escape(row[-1])}</td>"
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<h4 style='margin: 14px 0 2px 0'>{title}</h4><table cellspacing='0'>{''.join(lines)}</table>"


def _value(param: Param, value: Any) -> str:
    if param.type is bool:
        return "yes" if value else "no"
    words = f"{value:g}" if param.type is float else str(value)
    return f"{words} {param.unit}".strip()


class ViewHelp(QtWidgets.QDialog):
    """A small window beside the view; Escape and the key that opened it close it."""

    def __init__(self, title: str, html: str, keys: Sequence[str], parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, Qt.Tool)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._keys = {*map(canonical, keys), "Esc"}
        self.text = QtWidgets.QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setFrameShape(QtWidgets.QFrame.NoFrame)
        self.text.setHtml(f"<h3>{escape(title)}</h3>{html}")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 8, 8, 8)
        column.addWidget(self.text)
        document = self.text.document()
        document.setDocumentMargin(10)
        width = min(760, parent.width() - 80)
        document.setTextWidth(width - 40)
        self.resize(width, min(round(document.size().height()) + 32, parent.height() - 80))
        self.move(parent.mapToGlobal(QtCore.QPoint((parent.width() - self.width()) // 2, 60)))

    def event(self, event: QtCore.QEvent) -> bool:
        """Claim the keys that close it, before they mean something in the main window."""
        if event.type() == QtCore.QEvent.ShortcutOverride and of_event(event) in self._keys:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if of_event(event) in self._keys:
            self.close()
        else:
            super().keyPressEvent(event)
