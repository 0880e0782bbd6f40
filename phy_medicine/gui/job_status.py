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
    """Of one size for good, so that no text of it lays the bar out anew; hidden when nothing runs or failed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._fraction, self._problem = theme, 0.0, False
        self.setFocusPolicy(Qt.NoFocus)
        self.setCursor(Qt.PointingHandCursor)
        self.setAttribute(Qt.WA_Hover)
        self.setFixedSize(_WIDTH * theme.points // 10, self.fontMetrics().height() + 8)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.setFixedSize(_WIDTH * theme.points // 10, self.fontMetrics().height() + 8)
        self.update()

    def show_jobs(self, active: Sequence[Job], *, problem: str = "") -> None:
        """Show the first of the jobs that run or wait; without one, a failure that nobody looked at yet."""
        self.setVisible(bool(active or problem))
        self._problem = not active
        if not active:
            self.setText(f"\N{WARNING SIGN} {problem}")
            self.setToolTip("Click to see why.")
            self.update()
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
        color = theme.error if self._problem else theme.text if self.underMouse() else theme.dim
        painter.setPen(QtGui.QColor(color))
        rect = self.rect().adjusted(8, 0, -8, -3)
        text = self.fontMetrics().elidedText(self.text(), Qt.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignVCenter | Qt.AlignLeft, text)
        if self._problem:
            return
        track = QtCore.QRect(rect.left(), self.height() - 4, rect.width(), 2)
        painter.fillRect(track, QtGui.QColor(theme.line))
        track.setWidth(round(track.width() * self._fraction))
        painter.fillRect(track, QtGui.QColor(theme.accent))
