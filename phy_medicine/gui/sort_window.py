"""Sorting without a dataset: the dialog first, then a window with the job until it ends."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.jobs import JobQueue, QueueSettings
from phy_medicine.gui import questions
from phy_medicine.gui.bridge import Bridge
from phy_medicine.gui.display import end_without_display, watch_display
from phy_medicine.gui.errors import Errors
from phy_medicine.gui.job_row import JobRow
from phy_medicine.gui.qt import QtCore, QtGui, QtWidgets
from phy_medicine.gui.sort_dialog import SortDialog
from phy_medicine.gui.sorting import open_dataset
from phy_medicine.session.sorting import resumed_request, tidy_output, unfinished_sort
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.job import Job, JobRequest

_REFRESH_MS = 500
_SIZE = QtCore.QSize(860, 420)


class SortWindow(QtWidgets.QWidget):
    """One sort after the other, by itself."""

    def __init__(self, theme: Theme, values: Mapping[str, Any]) -> None:
        super().__init__()
        self.setWindowTitle("Sorting \N{EN DASH} phy-medicine")
        self._theme, self._opens = theme, True
        self.bridge = Bridge(self)
        self._queue = JobQueue(QueueSettings(nice=5))
        self.row: JobRow | None = None
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(8, 8, 8, 8)
        self._timer = QtCore.QTimer(self, interval=_REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self.bridge.connect(self._queue.preview, self._preview)
        self.bridge.connect(self._queue.finished, self._finished)
        self.resize(_SIZE)
        self.dialog: SortDialog | None = SortDialog(self.start, theme, None, values=values)
        self.dialog.finished.connect(self._asked)

    def start(self, request: JobRequest, remembered: Mapping[str, Any], *, opens: bool) -> None:
        """Begin a sort, and show it."""
        self._opens = opens
        job = self._queue.submit(request)
        if self.row is not None:
            self._column.removeWidget(self.row)
            self.row.deleteLater()
        self.row = JobRow(
            job, cancel=lambda j: self._queue.cancel(j.id), show_result=lambda j: open_dataset(j.delivered.params),
            resume=self._resume, can_resume=_can_resume, remove=lambda _job: self.close(),
        )  # fmt: skip
        self._column.insertWidget(0, self.row)
        if not self.row.log_button.isChecked():
            self.row.log_button.click()
        self.row.log.setMaximumHeight(16777215)
        self._timer.start()
        self.show()

    def _asked(self, _result: int) -> None:
        """Go when nothing was begun."""
        self.dialog = None
        if self.row is None:
            self.close()
            QtWidgets.QApplication.quit()

    def _resume(self, job: Job) -> None:
        assert self.row is not None and job.request.kept is not None
        try:
            request = resumed_request(job.request.kept.parent)
        except PhyMedError as error:
            self.row.error.setText(str(error))
            return
        self.start(request, {}, opens=self._opens)

    def _preview(self, job: Job, arrays: dict[str, AnyArray]) -> None:
        if self.row is not None and self.row.job is job:
            self.row.preview.show_arrays(arrays)

    def _refresh(self) -> None:
        if self.row is not None:
            self.row.refresh()
            if self.row.job.ended:
                self._timer.stop()

    def _finished(self, job: Job) -> None:
        tidy_output(job)
        self._refresh()
        if job.state == "done" and self._opens:
            open_dataset(job.delivered.params)
            self.close()

    def end_jobs(self) -> None:
        """End what is computed, without a question."""
        self._queue.close()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        if self._queue.busy and not questions.ask_end_jobs(self, 1):
            event.ignore()
            return
        self._timer.stop()
        self.bridge.close()
        self._queue.close()
        super().closeEvent(event)


def _can_resume(job: Job) -> bool:
    kept = job.request.kept
    return kept is not None and unfinished_sort(kept.parent)


def run_sort_window(theme: Theme, values: Mapping[str, Any]) -> int:
    """Show the dialog, then the sort, and return the exit code when all windows are closed."""
    from phy_medicine.gui.app import create_app
    from phy_medicine.gui.theme import wear

    app = create_app(theme=theme)
    wear(theme)
    window = SortWindow(theme, values)
    assert window.dialog is not None
    window.dialog.show()
    lost = partial(end_without_display, window.end_jobs)
    watch_display(lost)
    with Errors(window, silent=False, lost=lost):
        return int(app.exec_())
