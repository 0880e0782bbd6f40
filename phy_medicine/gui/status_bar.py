"""The bar at the bottom: selection in words, snippet line, messages, remarks, dirty mark, journal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from phy_medicine.gui.bridge import Bridge
from phy_medicine.gui.format import ids_in_words
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.snippet_line import SnippetLine
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.curation.selection import Selection

MESSAGE_MS = 12_000


def selection_in_words(selection: Selection) -> str:
    """Return `clusters 3, 7 · similar 9`."""
    parts = []
    if selection.best_ids:
        noun = "cluster" if len(selection.best_ids) == 1 else "clusters"
        parts.append(f"{noun} {ids_in_words(selection.best_ids)}")
    if selection.similar_ids:
        parts.append(f"similar {ids_in_words(selection.similar_ids)}")
    return " \N{MIDDLE DOT} ".join(parts) or "nothing selected"


class _Elided(QtWidgets.QLabel):
    """A label that shortens its text instead of making the window wider."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QtWidgets.QSizePolicy.Ignored, QtWidgets.QSizePolicy.Preferred)
        self.color = ""

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setPen(QtGui.QColor(self.color))
        text = self.fontMetrics().elidedText(self.text(), Qt.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignVCenter | Qt.AlignLeft, text)


class StatusBar(QtWidgets.QStatusBar):
    """Everything the window says in one line."""

    def __init__(self, line: SnippetLine, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setSizeGripEnabled(False)
        self.selection = QtWidgets.QLabel()
        self.message = _Elided()
        self.dirty = QtWidgets.QLabel()
        self.journal = QtWidgets.QLabel()
        self.journal.setProperty("dim", True)
        self.checks = QtWidgets.QToolButton()
        self.checks.setFocusPolicy(Qt.NoFocus)
        self.checks.hide()
        self.line = line
        self._message = ("", theme.dim)
        self._roles: dict[QtWidgets.QWidget, str] = {self.dirty: "dim", self.checks: "dim"}
        self._clock = QtCore.QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self._clock.timeout.connect(lambda: self.show_text(""))
        line.hint.connect(self._show_hint)
        for widget, stretch in ((self.selection, 0), (line, 0), (self.message, 1)):
            widget.setContentsMargins(8, 2, 8, 2)
            self.addWidget(widget, stretch)
        for widget in (self.checks, self.dirty, self.journal):
            widget.setContentsMargins(8, 2, 8, 2)
            self.addPermanentWidget(widget)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self._message = (self._message[0], theme.text)
        self._put(*self._message)
        self._paint(self.dirty, self._roles[self.dirty])
        self._paint(self.checks, self._roles[self.checks])

    def _paint(self, widget: QtWidgets.QWidget, role: str) -> None:
        """Write in the colour of a role; the style is worked out anew only when it is another colour."""
        sheet = f"color: {getattr(self._theme, role)}"
        self._roles[widget] = role
        if widget.styleSheet() != sheet:
            widget.setStyleSheet(sheet)

    def show_selection(self, selection: Selection) -> None:
        self.selection.setText(selection_in_words(selection))

    def show_text(self, text: str, level: int = logging.INFO) -> None:
        """Show one sentence for a while; problems stand out by colour and by a sign."""
        sign = "\N{WARNING SIGN} " if level >= logging.WARNING else ""
        theme = self._theme
        color = theme.error if level >= logging.ERROR else theme.warning if level >= logging.WARNING else theme.text
        self._message = (sign + text if text else "", color)
        self._put(*self._message)
        self._clock.start()

    def _show_hint(self, hint: str) -> None:
        """While the snippet line is open its hint takes the place of the message."""
        if hint:
            self._put(hint, self._theme.dim)
        else:
            self._put(*self._message)

    def _put(self, text: str, color: str) -> None:
        self.message.color = color
        self.message.setText(text)
        self.message.setToolTip(text)
        self.message.update()

    def show_dirty(self, dirty: bool, *, read_only: bool = False) -> None:
        """Say whether there is work that is not in the dataset's files yet."""
        self.dirty.setText("read-only" if read_only else "\N{BLACK CIRCLE} not saved" if dirty else "saved")
        self._paint(self.dirty, "warning" if dirty or read_only else "dim")

    def show_checks(self, text: str, tip: str, *, warning: bool) -> None:
        """Say how many remarks there are about the dataset; nothing when there is none."""
        sign = "\N{WARNING SIGN} " if warning else ""
        self.checks.setText(sign + text)
        self.checks.setToolTip(tip)
        self.checks.setVisible(bool(text))
        self._paint(self.checks, "warning" if warning else "dim")

    def show_journal(self, text: str, tip: str) -> None:
        self.journal.setText(text)
        self.journal.setToolTip(tip)


class StatusLog(logging.Handler):
    """Sends log lines of level INFO and above to the status bar."""

    def __init__(self, bar: StatusBar, bridge: Bridge) -> None:
        super().__init__(logging.INFO)
        self._bar = bar
        self._bridge = bridge

    def emit(self, record: logging.LogRecord) -> None:
        text, level = record.getMessage(), record.levelno
        self._bridge.post(lambda: self._bar.show_text(text, level))
