"""One job in the panel: what it is, how far, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phy_medicine.compute.job import Job
from phy_medicine.compute.time_left import in_words
from phy_medicine.gui.job_preview import PositionStrip
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.sort_strip import SortStrip

LOG_LINES = 2000
_DOT = " \N{MIDDLE DOT} "


def state_in_words(job: Job, *, place: int = 0) -> str:
    """Return how far a job is; place : jobs before it in the queue."""
    match job.state:
        case "queued":
            return "waiting" if place < 1 else f"waiting for {place} other job{'s' if place > 1 else ''}"
        case "running":
            parts = [job.message, f"{100 * job.fraction:.0f} %" if job.fraction > 0 else "", in_words(job.seconds_left)]
            return _DOT.join(part for part in parts if part) or "starting"
        case "cancelling":
            return "cancelling \N{HORIZONTAL ELLIPSIS}"
        case "done":
            return f"done in {duration(job.seconds)}" + (f"{_DOT}{job.device}" if job.kind.uses_gpu else "")
        case "failed":
            return f"failed after {duration(job.seconds)}"
    return "cancelled"


def duration(seconds: float) -> str:
    """Return `2.4 s`, `3 min 20 s`, `1 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"


class JobRow(QtWidgets.QFrame):
    """Shows one job; the panel gives it what its buttons do.

    cancel, show_result, resume, remove : called with the job
    can_resume : tells whether a job that ended can go on
    """

    def __init__(
        self,
        job: Job,
        *,
        cancel: Callable[[Job], Any],
        show_result: Callable[[Job], Any],
        resume: Callable[[Job], Any],
        can_resume: Callable[[Job], bool],
        remove: Callable[[Job], Any],
    ) -> None:
        super().__init__()
        self.job = job
        self._can_resume = can_resume
        self._shown_lines = 0
        self.setObjectName("job")
        self.title = QtWidgets.QLabel(job.title)
        bold = self.title.font()
        bold.setBold(True)
        self.title.setFont(bold)
        self.state = Elided()
        self.state.setProperty("dim", True)
        self.bar = QtWidgets.QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        self.error = QtWidgets.QLabel()
        self.error.setObjectName("filter-error")
        self.error.setWordWrap(True)
        self.error.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.error.hide()
        lost = "it can be resumed later" if job.request.kept is not None else "what it computed so far is lost"
        self.cancel = small_button("Cancel", f"End this job; {lost}", lambda: cancel(job))
        self.resume = small_button("Resume", "Go on where this job was interrupted", lambda: resume(job))
        self.preview = SortStrip() if job.kind.makes_dataset else PositionStrip()
        self.result = small_button(*_result_words(job), lambda: show_result(job))
        self.log_button = small_button("Log", "What the job said", self._toggle_log)
        self.log_button.setCheckable(True)
        self.remove = small_button("Remove", "Take this job and its log out of the list", lambda: remove(job))
        self.log = QtWidgets.QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(LOG_LINES)
        self.log.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.FixedFont))
        self.log.setLineWrapMode(QtWidgets.QPlainTextEdit.NoWrap)
        self.log.setFixedHeight(160)
        self.log.hide()
        self._lay_out()
        self.refresh()

    def _lay_out(self) -> None:
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.title)
        line.addWidget(self.state, 1)
        for button in (self.result, self.resume, self.cancel, self.log_button, self.remove):
            line.addWidget(button)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 8)
        column.setSpacing(4)
        column.addLayout(line)
        for widget in (self.bar, self.preview, self.error, self.log):
            column.addWidget(widget)

    def refresh(self, *, place: int = 0) -> None:
        """Show the job as it is now; what did not change is not painted again."""
        job = self.job
        self.state.setText(state_in_words(job, place=place))
        self.bar.setVisible(job.state in ("queued", "running", "cancelling"))
        self.bar.setValue(round(1000 * job.fraction))
        self.cancel.setVisible(not job.ended)
        self.cancel.setEnabled(job.state != "cancelling")
        self.result.setVisible(job.state == "done" and job.delivered is not None)
        self.resume.setVisible(job.state in ("failed", "cancelled") and self._can_resume(job))
        self.remove.setVisible(job.ended)
        if job.ended:
            self.preview.hide()
        if job.error != self.error.text():
            self.error.setText(job.error)
        self.error.setVisible(bool(job.error))
        self._show_lines()

    def _toggle_log(self) -> None:
        self.log.setVisible(self.log_button.isChecked())
        self._show_lines()

    def _show_lines(self) -> None:
        """Add the lines that came since the last time, if anybody looks."""
        job = self.job
        if self.log.isHidden():
            return
        fresh = min(job.n_lines - self._shown_lines, len(job.log))
        if fresh > 0:
            lines = list(job.log)[-fresh:]
            self._shown_lines = job.n_lines
            self.log.appendPlainText("\n".join(lines))
        elif not job.n_lines:
            self.log.setPlaceholderText("Nothing was said yet.")


class Elided(QtWidgets.QWidget):
    """One line of text that shortens; a new text never lays the row out anew."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.setSizePolicy(QtWidgets.QSizePolicy.Ignored, QtWidgets.QSizePolicy.Preferred)

    def text(self) -> str:
        """Return the whole text, also when it is shown shortened."""
        return self._text

    def sizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(80, self.fontMetrics().height() + 4)

    def setText(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.setToolTip(text)
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        # Not of the widget: a style sheet puts its own colour there.
        painter.setPen(QtWidgets.QApplication.palette().color(QtGui.QPalette.PlaceholderText))
        text = self.fontMetrics().elidedText(self._text, Qt.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignVCenter | Qt.AlignLeft, text)


def _result_words(job: Job) -> tuple[str, str]:
    if job.kind.makes_dataset:
        return "Open result", "Open the sorted dataset in a window of its own"
    return "Show result", "Use the result, and show it"


def small_button(text: str, tip: str, clicked: Callable[[], Any]) -> QtWidgets.QPushButton:
    """Return a button for a line of a list."""
    button = QtWidgets.QPushButton(text)
    button.setProperty("small", True)
    button.setAutoDefault(False)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.TabFocus)
    button.clicked.connect(lambda _checked: clicked())
    return button
