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
_OVER_PROGRESS_MS = 4000
"""How long other messages cover the progress of something."""
_STEP, _WIDEST = 80, 480  # px


def selection_in_words(selection: Selection) -> str:
    """Return `clusters 3, 7 · similar 9`, or `workspace 3, 7 · candidate 9`."""
    parts = []
    if selection.workspace:
        parts.append(f"workspace {ids_in_words(selection.best_ids)}")
        if selection.similar_ids:
            parts.append(f"candidate {ids_in_words(selection.similar_ids)}")
        return " \N{MIDDLE DOT} ".join(parts)
    if selection.best_ids:
        noun = "cluster" if len(selection.best_ids) == 1 else "clusters"
        parts.append(f"{noun} {ids_in_words(selection.best_ids)}")
    if selection.similar_ids:
        parts.append(f"similar {ids_in_words(selection.similar_ids)}")
    return " \N{MIDDLE DOT} ".join(parts) or "nothing selected"


class _Line(QtWidgets.QWidget):
    """One line of text whose change never lays the bar out anew, save when it must grow.

    A `QLabel` asks for a new layout with every text; it comes one turn after the views were painted, and the whole
    window is composed a second time: 25 ms of every selection at 1900 x 1150.

    grows : the widget becomes as wide as its widest text, in steps; otherwise it takes what is left and shortens
    """

    def __init__(self, *, grows: bool) -> None:
        super().__init__()
        self._grows = grows
        self._text = self._widest = ""
        self.color = ""
        across = QtWidgets.QSizePolicy.Fixed if grows else QtWidgets.QSizePolicy.Ignored
        self.setSizePolicy(across, QtWidgets.QSizePolicy.Preferred)

    def text(self) -> str:
        """Return the whole text, also when it is shown shortened."""
        return self._text

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(self.minimumWidth(), self.fontMetrics().height() + 4)

    def setText(self, text: str) -> None:
        """Show another text."""
        self._text = text
        margins = self.contentsMargins()
        width = self.fontMetrics().horizontalAdvance(text) + margins.left() + margins.right()
        if self._grows and width > self.minimumWidth():
            self._widest = text
            self.setFixedWidth(min(-(-width // _STEP) * _STEP, _WIDEST))
        self.update()

    def changeEvent(self, event: QtCore.QEvent) -> None:
        """Make room for the widest text in another size."""
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.FontChange and self._widest:
            text = self._text
            self.setMinimumWidth(0)
            self.setText(self._widest)
            self.setText(text)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setPen(QtGui.QColor(self.color) if self.color else self.palette().color(QtGui.QPalette.WindowText))
        rect = self.contentsRect()
        text = self.fontMetrics().elidedText(self._text, Qt.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignVCenter | Qt.AlignLeft, text)


def fix_size(label: QtWidgets.QLabel, *texts: str) -> None:
    """Make a label as large as the widest of its texts for good; then no text of it asks for a new layout."""
    margins, metrics = label.contentsMargins(), label.fontMetrics()
    width = max(metrics.horizontalAdvance(text) for text in texts) + margins.left() + margins.right() + 4
    label.setFixedSize(max(width, label.maximumWidth() if label.minimumWidth() else 0), metrics.height() + 4)


class StatusBar(QtWidgets.QStatusBar):
    """Everything the window says in one line."""

    def __init__(self, line: SnippetLine, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setSizeGripEnabled(False)
        self.selection = _Line(grows=True)
        self.message = _Line(grows=False)
        self.dirty = _Line(grows=True)
        self.journal = QtWidgets.QLabel()
        self.journal.setProperty("dim", True)
        self.checks = QtWidgets.QToolButton()
        self.checks.setFocusPolicy(Qt.NoFocus)
        self.checks.hide()
        self.line = line
        self._message = ("", theme.dim)
        self._progress, self._hinting = "", False
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
        self.dirty.setText("\N{BLACK CIRCLE} not saved")  # as wide as it will ever be
        fix_size(self.journal, "journal ok")

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        fix_size(self.journal, "journal ok")
        self._message = (self._message[0], theme.text)
        self._restore()
        self._paint(self.dirty, self._roles[self.dirty])
        self._paint(self.checks, self._roles[self.checks])

    def _paint(self, widget: QtWidgets.QWidget, role: str) -> None:
        """Write in the colour of a role; the style is worked out anew only when it is another colour."""
        self._roles[widget] = role
        if isinstance(widget, _Line):
            widget.color = getattr(self._theme, role)
            widget.update()
            return
        sheet = f"color: {getattr(self._theme, role)}"
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
        self._restore()
        self._clock.start(_OVER_PROGRESS_MS if self._progress else MESSAGE_MS)

    def show_progress(self, text: str) -> None:
        """Show how far something is until "" ends it; other messages come before it for a while."""
        begins = bool(text) and not self._progress
        self._progress = text
        if begins:
            self.show_text("")
        elif not self._hinting:
            self._restore()

    def _restore(self) -> None:
        """Show the message, else the progress."""
        self._put(*(self._message if self._message[0] or not self._progress else (self._progress, self._theme.text)))

    def _show_hint(self, hint: str) -> None:
        """While the snippet line is open its hint takes the place of the message."""
        self._hinting = bool(hint)
        if hint:
            self._put(hint, self._theme.dim)
        else:
            self._restore()

    def _put(self, text: str, color: str) -> None:
        self.message.color = color
        self.message.setText(text)
        self.message.setToolTip(text)
        self.message.update()

    def show_dirty(self, dirty: bool, *, read_only: str = "", why: str = "") -> None:
        """Say whether there is work that is not in the dataset's files yet.

        read_only : what to say of a dataset that accepts no changes; why : more about it
        """
        self.dirty.setText(read_only or ("\N{BLACK CIRCLE} not saved" if dirty else "saved"))
        self.dirty.setToolTip(why)
        self._paint(self.dirty, "warning" if dirty or read_only else "dim")

    def show_checks(self, text: str, tip: str, *, warning: bool) -> None:
        """Say how many remarks there are about the dataset; nothing when there is none."""
        sign = "\N{WARNING SIGN} " if warning else ""
        self.checks.setText(sign + text)
        self.checks.setToolTip(tip)
        self.checks.setVisible(bool(text))
        self._paint(self.checks, "warning" if warning else "dim")

    def add_mark(self, mark: QtWidgets.QWidget) -> None:
        """Show a mark before the remarks, the dirty mark and the journal."""
        mark.setContentsMargins(8, 2, 8, 2)
        for widget in (self.checks, self.dirty, self.journal):
            self.removeWidget(widget)
        hidden = self.checks.isHidden()
        for widget in (mark, self.checks, self.dirty, self.journal):
            self.addPermanentWidget(widget)
            widget.show()
        self.checks.setHidden(hidden)

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
