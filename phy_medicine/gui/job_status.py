"""The running job in the status bar: its name, how long it still takes, and a thin bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from phy_medicine.compute.time_left import in_words
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

if TYPE_CHECKING:
    from phy_medicine.compute.job import Job
    from phy_medicine.views.theme import Theme

_WIDTH = 280


class JobStatus(QtWidgets.QAbstractButton):
    """Of one size for good, so that no text of it lays the bar out anew; hidden when nothing runs."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._fraction = theme, 0.0
        self.setFocusPolicy(Qt.NoFocus)
        self.setCursor(Qt.PointingHandCursor)
        self.setAttribute(Qt.WA_Hover)
        self.setFixedSize(_WIDTH, self.fontMetrics().height() + 8)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.update()

    def show_jobs(self, active: Sequence[Job]) -> None:
        """Show the first of the jobs that run or wait."""
        self.setVisible(bool(active))
        if not active:
            return
        job = active[0]
        self._fraction = job.fraction
        left = "cancelling" if job.state == "cancelling" else in_words(job.seconds_left)
        parts = [job.title, f"{100 * job.fraction:.0f} %", left, f"+{len(active) - 1}" if len(active) > 1 else ""]
        text = " \N{MIDDLE DOT} ".join(part for part in parts if part)
        if text != self.text():
            self.setText(text)
            self.setToolTip(f"{text}\n{job.message}\nClick to see all jobs.".replace("\n\n", "\n"))
        self.update()

    def sizeHint(self) -> QtCore.QSize:
        return self.size()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        theme, painter = self._theme, QtGui.QPainter(self)
        painter.setPen(QtGui.QColor(theme.text if self.underMouse() else theme.dim))
        rect = self.rect().adjusted(8, 0, -8, -3)
        text = self.fontMetrics().elidedText(self.text(), Qt.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignVCenter | Qt.AlignLeft, text)
        track = QtCore.QRect(rect.left(), self.height() - 4, rect.width(), 2)
        painter.fillRect(track, QtGui.QColor(theme.line))
        track.setWidth(round(track.width() * self._fraction))
        painter.fillRect(track, QtGui.QColor(theme.accent))
