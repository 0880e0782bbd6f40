"""Training in the window: the report of agreement, when it is asked for and at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.gui import ask_path
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.report_table import ReportTable
from phy_medicine.session.actions import Action, Arg

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.training import TrainingReport
    from phy_medicine.session.training_text import Facts


class WindowTraining:
    """Shows the report; in a window that nobody trains in there is none."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.dialog: ReportDialog | None = None

    def actions(self) -> tuple[Action, ...]:
        """Return how to ask."""
        is_training = lambda: self._window.session.training is not None  # noqa: E731
        common = {"when": is_training, "why_not": "This is no training: phy-med train begins one"}
        return (
            Action("training_report", "Report of the training", self.show,
                   "Tell the truth of a simulated dataset: accuracy of every neuron before and now, what is still "
                   "wrong, score, time and keys.", "Help", "training", ("Ctrl+Shift+T",), **common),
            Action("export_training_report", "Export the report of the training...", self.export,
                   "Write the report of the training to an .html or .tsv file.", "Help", "training",
                   args=(Arg("path", "rest", optional=True),), **common),
        )  # fmt: skip

    def show(self) -> None:
        """Open the report of now.

        Raises
        ------
        ActionError : this is no training
        """
        self._make().open()

    def at_end(self) -> None:
        """Show the report before a window closes in which somebody trained."""
        if self._window.session.training is not None:
            self._make().exec_()

    def export(self, path: str = "") -> None:
        """Write the report, in place of what the file held.

        Raises
        ------
        PhyMedError : this is no training, or the file cannot be written
        """
        from phy_medicine.session.training_text import write_report

        window, report = self._window, self._report()
        start = window.session.model.dir_path / "report.html"
        target = ask_path.to_write(
            path, window, "Export the report", scripted=window.scripted, suffix=".html", start=start
        )
        if target is not None:
            write_report(report, target, force=True)
            window.say(f"Wrote the report to {target}.")

    def _report(self) -> TrainingReport:
        training = self._window.session.training
        if training is None:
            raise ActionError("This is no training; phy-med train begins one.")
        return training.report()

    def _make(self) -> ReportDialog:
        report = self._report()
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = ReportDialog(report, self._window)
        self.dialog.finished.connect(self._window.activateWindow)
        return self.dialog


class ReportDialog(QtWidgets.QDialog):
    """The score, what it is made of, and three tables."""

    def __init__(self, report: TrainingReport, window: MainWindow) -> None:
        from phy_medicine.session import training_text as words

        super().__init__(window)
        self._window = window
        self.setWindowTitle(f"Training {report.title}")
        self.score = QtWidgets.QLabel(f"{report.score:.0f}")
        self.facts = _grid(words.summary(report)[1:])
        self.tabs = QtWidgets.QTabWidget()
        for title, found in (
            (f"Still wrong ({len(report.left)})", words.mistakes(report)),
            (f"Neurons ({len(report.after.unit_ids)})", words.units(report)),
            (f"Labels ({len(report.labels)})", words.labels(report)),
        ):
            self.tabs.addTab(_table(found), title)
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.Close)
        export = buttons.addButton("Export...", QtWidgets.QDialogButtonBox.ActionRole)
        export.setAutoDefault(False)
        export.clicked.connect(self._export)
        buttons.rejected.connect(self.close)
        self._lay_out(buttons)

    def _lay_out(self, buttons: QtWidgets.QDialogButtonBox) -> None:
        font = self.score.font()
        font.setPointSize(3 * font.pointSize())
        font.setBold(True)
        self.score.setFont(font)
        of = QtWidgets.QLabel("of 100")
        of.setProperty("dim", True)
        left = QtWidgets.QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.score)
        left.addWidget(of)
        left.addStretch(1)
        top = QtWidgets.QHBoxLayout()
        top.setSpacing(32)
        top.addLayout(left)
        top.addLayout(self.facts, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(16)
        column.addLayout(top, 0)
        column.addWidget(self.tabs, 1)
        column.addWidget(buttons)
        self.resize(820, 620)

    def _export(self) -> None:
        try:
            self._window.training.export()
        except PhyMedError as error:
            QtWidgets.QMessageBox.warning(self, "Export", str(error))


def _grid(facts: Sequence[tuple[str, str]]) -> QtWidgets.QGridLayout:
    """Names and values, five below each other."""
    grid = QtWidgets.QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    for i, (name, value) in enumerate(facts):
        label = QtWidgets.QLabel(name)
        label.setProperty("dim", True)
        row, column = i % 5, 2 * (i // 5)
        grid.addWidget(label, row, column)
        grid.addWidget(QtWidgets.QLabel(value), row, column + 1)
    grid.setColumnStretch(4, 1)
    return grid


def _table(facts: Facts) -> ReportTable:
    """A table of the report; the widest column of words takes the room."""
    numeric = [x for x in range(len(facts.titles)) if any(_is_number(row[x]) for row in facts.rows)]
    table = ReportTable()
    table.set_titles(facts.titles, numeric, wide=facts.titles.index("Where") if "Where" in facts.titles else None)
    table.setRowCount(len(facts.rows))
    for y, row in enumerate(facts.rows):
        for x, text in enumerate(row):
            table.put(y, x, text)
    return table


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).replace(",", "").isdigit()
