"""The dialog that starts a job, made from the table of its settings: each with its help, and a way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import Param
from phy_medicine.compute.job_kinds import JobKind
from phy_medicine.gui.child_dialog import ChildDialog
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.settings_form import SettingsForm

DEVICE = Param("device", str, "auto", help="Where to compute; auto takes a graphics card if there is one")
SEED = Param("seed", int, 0, help="Seed of every random number: the same seed gives the same result", minimum=0)


class JobDialog(ChildDialog):
    """Settings of one job.

    start : called with the values that differ from the defaults; what it refuses is said in the dialog
    values : to begin with instead of the defaults; defaults : configured ones, instead of the kind's
    """

    def __init__(
        self,
        kind: JobKind,
        start: Callable[[dict[str, Any]], object],
        parent: QtWidgets.QWidget,
        values: Mapping[str, Any] | None = None,
        *,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(kind.title)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._start = start
        self.form = SettingsForm(
            _table(kind), first=getattr(kind.settings_class, "first", ()),
            advice=getattr(kind.settings_class, "advice", {}), defaults=defaults,
        )  # fmt: skip
        self.params, self.values = self.form.params, self.form.values
        self.editors, self.resets, self.labels = self.form.editors, self.form.resets, self.form.labels
        self.more = self.form.more
        self._lay_out(kind)
        self.form.fill(values or {})

    def _lay_out(self, kind: JobKind) -> None:
        about = QtWidgets.QLabel(kind.help)
        about.setWordWrap(True)
        about.setVisible(bool(kind.help))
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        scroll.setWidget(self.form)
        self.problem = QtWidgets.QLabel()
        self.problem.setObjectName("filter-error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.buttons = QtWidgets.QDialogButtonBox()
        self.start = self.buttons.addButton("Start", QtWidgets.QDialogButtonBox.AcceptRole)
        self.cancel = self.buttons.addButton(QtWidgets.QDialogButtonBox.Cancel)
        self.defaults = self.buttons.addButton("Restore defaults", QtWidgets.QDialogButtonBox.ResetRole)
        for button in (self.cancel, self.defaults):
            button.setAutoDefault(False)
        self.start.setDefault(True)
        self.buttons.accepted.connect(self.begin)
        self.buttons.rejected.connect(self.close)
        self.defaults.clicked.connect(self.form.restore)
        self.form.said.connect(self._say)
        self.form.grown.connect(self._fit)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        for widget, stretch in ((about, 0), (scroll, 1), (self.problem, 0), (self.buttons, 0)):
            column.addWidget(widget, stretch)
        self.form.setMinimumWidth(620)
        self._fit()

    def _fit(self) -> None:
        """Take the room that the settings need, as far as the window has it."""
        room = self.parentWidget().size() if self.parentWidget() is not None else QtCore.QSize(1280, 800)
        wanted = self.form.sizeHint().height() + 150
        self.resize(min(940, room.width() - 80), min(max(260, wanted), 820, room.height() - 80))

    def begin(self) -> None:
        """Start the job and close, or say why not."""
        if self.form.read():  # what was typed and not left yet counts
            return
        try:
            self._start(self.form.changed_values())
        except PhyMedError as error:
            self._say(str(error))
            return
        self.close()

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))


def _table(kind: JobKind) -> tuple[Param, ...]:
    """The settings of a kind, and where and with which seed it computes."""
    table = kind.offered
    names = {param.name for param in table}
    more = [p for p in (SEED, *((DEVICE,) if kind.uses_gpu else ())) if p.name not in names]
    return (*table, *more)
