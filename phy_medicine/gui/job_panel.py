"""The panel of jobs: the queue with progress, and the results in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui.job_row import JobRow
from phy_medicine.gui.qt import Qt, QtWidgets
from phy_medicine.gui.run_list import ComparisonWindow, RunList
from phy_medicine.session import reclustered, resort

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.job import Job
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.io.store_runs import Run
    from phy_medicine.session.used_run import UsedRun

_WIDE = 760
_SHOWN_IN = {"motion": "DriftView", "localization": "PositionView"}
_NONE = "No jobs yet. A job computes in the background while you go on curating; its result is kept beside the dataset."


class JobPanel(QtWidgets.QWidget):
    """Content of the dock "Jobs"."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window, self._session = window, window.session
        self.rows: dict[str, JobRow] = {}
        self.start = QtWidgets.QPushButton("New job   ")
        self.start.setProperty("small", True)
        self.start.setToolTip("Start a computation on this dataset")
        self.start.setAutoDefault(False)
        self.empty = QtWidgets.QLabel(_NONE)
        self.empty.setProperty("dim", True)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignCenter)
        self.runs = RunList(
            use=self.use, compare=self.compare, rename=self.rename, export=self.export, delete=self.delete
        )
        self._lay_out()
        self.fill_menu()
        self.refresh()
        self.read_runs()

    def _lay_out(self) -> None:
        queue = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(queue)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QtWidgets.QHBoxLayout()
        head.setContentsMargins(8, 8, 8, 0)
        head.addWidget(self.start)
        head.addStretch(1)
        self._list = QtWidgets.QVBoxLayout()
        self._list.setContentsMargins(0, 4, 0, 0)
        self._list.setSpacing(0)
        inner = QtWidgets.QWidget()
        whole = QtWidgets.QVBoxLayout(inner)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(self._list)
        whole.addStretch(1)
        self._scroll = QtWidgets.QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QtWidgets.QFrame.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._scroll.setWidget(inner)
        column.addLayout(head)
        column.addWidget(self.empty, 1)
        column.addWidget(self._scroll, 1)
        self._splitter = QtWidgets.QSplitter(Qt.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(queue)
        self._splitter.addWidget(self.runs)
        for i in range(2):
            self._splitter.setStretchFactor(i, 1)
        queue.setMinimumWidth(240)
        around = QtWidgets.QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self._splitter)

    def resizeEvent(self, event: Any) -> None:
        """Side by side where there is room, else one above the other."""
        super().resizeEvent(event)
        wanted = Qt.Horizontal if self.width() >= _WIDE else Qt.Vertical
        if self._splitter.orientation() != wanted:
            self._splitter.setOrientation(wanted)
        if event.oldSize().width() < 1:
            self._splitter.setSizes([10_000, 10_000])

    def fill_menu(self) -> None:
        """Offer every kind of job."""
        menu = QtWidgets.QMenu(self.start)
        menu.setToolTipsVisible(True)
        for kind in self._session.jobs.kinds():
            entry = menu.addAction(f"{kind.title} ...", lambda k=kind.name: self._window.jobs.ask(k))
            entry.setToolTip(kind.help)
        if menu.isEmpty():
            menu.addAction("No kinds of jobs are installed").setEnabled(False)
        self.start.setMenu(menu)

    # The queue

    def refresh(self) -> None:
        """Show every job as it is now."""
        jobs = _in_order(self._session.jobs.jobs)
        ids = [job.id for job in jobs]
        for gone in [i for i in self.rows if i not in ids]:
            row = self.rows.pop(gone)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        waiting = 0
        for i, job in enumerate(jobs):
            row = self.rows.get(job.id)
            if row is None:
                row = self.rows[job.id] = self._row(job)
            if self._list.indexOf(row) != i:
                self._list.insertWidget(i, row)
            row.refresh(place=waiting)
            waiting += not job.ended
        self.empty.setVisible(not jobs)
        self._scroll.setVisible(bool(jobs))

    def _row(self, job: Job) -> JobRow:
        jobs, sorting = self._session.jobs, self._window.sorting
        makes = job.kind.makes_dataset
        row = JobRow(
            job,
            cancel=lambda j: jobs.cancel(j.id),
            show_result=lambda j: sorting.open(j.delivered.params) if makes else self.show_result(j.delivered),
            resume=self._resume,
            can_resume=lambda j: sorting.can_resume(j) if makes else jobs.resumable(j) is not None,
            remove=lambda j: (jobs.forget(j.id), self.refresh()),
        )
        row.preview.show_arrays(sorting.found.get(job.id, {}))
        return row

    def _resume(self, job: Job) -> None:
        """Go on with a job that ended too early."""
        if job.kind.makes_dataset:
            self._window.commands.guard(lambda: self._window.sorting.resume(job))
        elif (kept := self._session.jobs.resumable(job)) is not None:
            self._session.jobs.resume(kept.id)
        self.refresh()

    def show_preview(self, job: Job, arrays: Mapping[str, AnyArray]) -> None:
        """Show what a job has found so far, if somebody looks."""
        row = self.rows.get(job.id)
        if row is not None and not job.ended and self.isVisible():
            row.preview.show_arrays(arrays)

    # The results

    def read_runs(self) -> None:
        """Read the store again, in the background."""
        store = self._session.store
        self._work("runs", lambda: (store.runs(), store.problem), lambda found: self._show_runs(*found))

    def _show_runs(self, runs: tuple[Run, ...], problem: str) -> None:
        used = [run.id for state in self._states.values() if (run := state.known_run) is not None]
        self.runs.show_runs(runs, used=used, problem=problem, writable=not self._session.read_only)

    @property
    def _states(self) -> dict[str, UsedRun[Any]]:
        """What holds the run in use, by kind."""
        return {state.kind: state for state in (self._session.motion, self._session.localization)}

    def show_result(self, run: Run) -> None:
        """Use a result, open the view that shows it, and select it in the list."""
        self.runs.select(run.id)
        if run.kind in (resort.KIND, reclustered.KIND):
            self.use(run)
        view = _SHOWN_IN.get(run.kind)
        if view is not None:
            self.use(run)
            if view in self._window.arrangement.kinds:
                self._window.commands.guard(lambda: self._window.arrangement.add(view))

    def use(self, run: Run) -> None:
        """Use a motion, or positions of spikes, in all views; compare a new sorting, or show splits as suggestions."""
        if run.kind == resort.KIND:
            self._window.resort.compare(run)
            return
        if run.kind == reclustered.KIND:
            self._window.reclustering.show(run)
            return
        state = self._states[run.kind]
        self._work("use", lambda: state.use(run.id), lambda _done: self.read_runs())

    def compare(self, first: Run, second: Run) -> None:
        """Open a window that says in what two runs differ."""
        from phy_medicine.session.compare_runs import comparison_text

        def show(text: str) -> None:
            self.comparison = ComparisonWindow(text, self._window)
            self.comparison.show()

        self._work("compare", lambda: comparison_text(self._session.store, first.id, second.id), show)

    def rename(self, run: Run, name: str) -> None:
        """Give a run another name."""
        self._change("rename", lambda: self._session.store.rename(run.id, name))

    def delete(self, run: Run) -> None:
        """Remove a run, after a question where somebody is there to answer."""
        from phy_medicine.gui import questions

        if not self._window.scripted and not questions.ask_delete_run(self._window, run.name):
            return

        def delete() -> None:
            self._session.store.delete(run.id)
            for state in self._states.values():
                state.forget(run.id)

        self._change("delete", delete)

    def export(self, run: Run, folder: str = "") -> None:
        """Write a run as `.npy` files; asks for the folder unless it is given."""
        start = str(self._session.model.dir_path)
        folder = folder or QtWidgets.QFileDialog.getExistingDirectory(self._window, f"Export {run.name} into", start)
        if folder:
            target = Path(folder) / run.name.replace(" ", "_").replace("/", "_")
            say = lambda paths: self._window.say(f"Wrote {len(paths)} files to {target}.")  # noqa: E731
            self._work("export", lambda: self._session.store.export(run.id, target), say)

    def _change(self, key: str, change: Callable[[], Any]) -> None:
        """Change the store in the background, then show it."""
        self._work(key, change, lambda _done: self.read_runs())

    def _work(self, key: str, work: Callable[[], Any], done: Callable[[Any], Any]) -> None:
        """Call in a worker thread and hand the outcome over in this one; a failure is said and shown as it was."""
        bridge = self._window.bridge

        def failed(error: BaseException) -> None:
            if not isinstance(error, PhyMedError):
                raise error
            bridge.post(lambda: self._failed(error))

        self._session.pool.submit(
            ("store", key), work, on_done=lambda found: bridge.post(lambda: done(found)), on_error=failed
        )

    def _failed(self, error: PhyMedError) -> None:
        import logging

        self._window.say(str(error), logging.WARNING)
        self.read_runs()


def _in_order(jobs: tuple[Job, ...]) -> list[Job]:
    """What runs and waits first, in the order in which it will be done, then what ended, the last first."""
    ended = [job for job in jobs if job.ended]
    ended.sort(key=lambda job: job.ended_s, reverse=True)
    return [job for job in jobs if not job.ended] + ended
