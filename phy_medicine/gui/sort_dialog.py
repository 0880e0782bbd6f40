"""The dialog that sorts a recording: what and with which settings on the left, what it looks like on the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, params_of
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pool import Pool
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.gui.bridge import Bridge
from phy_medicine.gui.child_dialog import ChildDialog
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.settings_form import SettingsForm
from phy_medicine.gui.sort_fields import LABEL_WIDTH, SortFields
from phy_medicine.gui.sort_pictures import MomentPicture, ProbePicture
from phy_medicine.session.sorting import resumed_request, sort_request, unfinished_sort
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.compute.job import JobRequest
    from phy_medicine.compute.sorters.preview import Look
    from phy_medicine.compute.sorters.registry import SorterEntry

OURS = "deconvolution"
FIRST = ("detect_threshold", "drift", "device")
_LENGTHS = ("20 ms", "50 ms", "100 ms", "200 ms", "500 ms")
_WAIT_MS = 350
_STEPS = 1000
_NOTHING = "Name a recording to look at it."


class Start(Protocol):
    """Takes a sort that was asked for."""

    def __call__(self, request: JobRequest, remembered: dict[str, Any], *, opens: bool) -> object:
        """Put it into the queue; remembered : fields and settings for the next time; opens : show its result."""


class SortDialog(ChildDialog):
    """Asks for a recording, shows it, and starts to sort it.

    start : called with the job when the recording, its probe and the folder are found to be right
    values : remembered ones of the fields; settings : remembered ones of the sorter
    """

    def __init__(
        self,
        start: Start,
        theme: Theme,
        parent: QtWidgets.QWidget | None,
        *,
        values: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sort a recording")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._start = start
        self._bridge, self._pool = Bridge(self), Pool(1)
        self._previewer: Any = None
        self.look: Look | None = None
        self.fields = SortFields()
        self.form = SettingsForm(params_of(SortingSettings), first=FIRST, wide=False)
        self.sorter = QtWidgets.QComboBox()
        self.sorter.addItem(OURS, OURS)
        self.params = QtWidgets.QLineEdit()
        self.params.setPlaceholderText("name=value name=value")
        self.opens = QtWidgets.QCheckBox("Open the result in a window of its own when it is done")
        self.opens.setChecked(True)
        self.moment, self.probe = MomentPicture(theme), ProbePicture(theme)
        self._timer = QtCore.QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._ask)
        self._lay_out()
        self._listen()
        self.form.fill(settings or {})
        self.fields.fill(dict(values or {}))
        self._choose_sorter()
        self._ask()
        self._pool.submit("sorters", _sorters, on_done=self._later(self._offer), on_error=self._later(self._say_error))

    # Layout

    def _lay_out(self) -> None:
        self.facts = QtWidgets.QLabel(_NOTHING)
        self.facts.setWordWrap(True)
        self.facts.setProperty("dim", True)
        self.problem = QtWidgets.QLabel()
        self.problem.setObjectName("filter-error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.buttons = QtWidgets.QDialogButtonBox()
        self.start = self.buttons.addButton("Sort", QtWidgets.QDialogButtonBox.AcceptRole)
        self.cancel = self.buttons.addButton(QtWidgets.QDialogButtonBox.Cancel)
        self.cancel.setAutoDefault(False)
        self.start.setDefault(True)
        splitter = QtWidgets.QSplitter(Qt.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(16)
        splitter.addWidget(self._left())
        splitter.addWidget(self._right())
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([470, 600])
        below = QtWidgets.QHBoxLayout()
        below.addWidget(self.opens)
        below.addStretch(1)
        below.addWidget(self.buttons)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(splitter, 1)
        column.addWidget(self.problem)
        column.addLayout(below)
        room = self.parentWidget().size() if self.parentWidget() is not None else QtCore.QSize(1280, 800)
        self.resize(min(1400, room.width() - 60), min(900, room.height() - 60))

    def _left(self) -> QtWidgets.QWidget:
        grid = QtWidgets.QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self._params_label = QtWidgets.QLabel("Parameters")
        for row, (text, editor) in enumerate((("Sorter", self.sorter), (self._params_label, self.params))):
            label = QtWidgets.QLabel(text) if isinstance(text, str) else text
            label.setMinimumWidth(LABEL_WIDTH)
            label.setBuddy(editor)
            grid.addWidget(label, row, 0)
            grid.addWidget(editor, row, 1)
        self.form.labels["detect_threshold"].setMinimumWidth(LABEL_WIDTH)
        self.described = QtWidgets.QLabel()
        self.described.setWordWrap(True)
        self.described.setAlignment(Qt.AlignTop)
        self.described.setTextInteractionFlags(Qt.TextSelectableByMouse)
        both = QtWidgets.QWidget()
        inner = QtWidgets.QVBoxLayout(both)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.form)
        inner.addWidget(self.described, 1)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        scroll.setWidget(both)
        left = QtWidgets.QWidget()
        left.setMinimumWidth(400)
        column = QtWidgets.QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.fields)
        column.addWidget(self.facts)
        column.addLayout(grid)
        column.addWidget(scroll, 1)
        return left

    def _right(self) -> QtWidgets.QWidget:
        self.signal = QtWidgets.QComboBox()
        self.signal.addItems(("Filtered", "Whitened"))
        self.signal.setToolTip("The signal after the filter, or after its noise was made white, as the sorter reads it")
        self.length = QtWidgets.QComboBox()
        self.length.addItems(_LENGTHS)
        self.length.setCurrentText("200 ms")
        self.length.setToolTip("How long a stretch is shown")
        self.found = QtWidgets.QLabel()
        self.found.setProperty("dim", True)
        self.time = QtWidgets.QSlider(Qt.Horizontal)
        self.time.setRange(0, _STEPS)
        self.time.setValue(_STEPS // 2)
        self.time.setToolTip("Where in the recording to look")
        head = QtWidgets.QHBoxLayout()
        for widget in (self.signal, self.length, self.found):
            head.addWidget(widget)
        head.addStretch(1)
        pictures = QtWidgets.QHBoxLayout()
        pictures.setSpacing(4)
        pictures.addWidget(self.probe)
        pictures.addWidget(self.moment, 1)
        right = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(pictures, 1)
        column.addWidget(self.time)
        return right

    def _listen(self) -> None:
        self.buttons.accepted.connect(self.begin)
        self.buttons.rejected.connect(self.close)
        self.fields.changed.connect(self._timer.start)
        self.fields.changed.connect(self._name_start)
        self.fields.out.textChanged.connect(self._name_start)
        self.form.changed.connect(self._timer.start)
        self.form.said.connect(self.say)
        self.time.valueChanged.connect(self._timer.start)
        self.length.currentIndexChanged.connect(self._timer.start)
        self.sorter.currentIndexChanged.connect(self._choose_sorter)
        self.signal.currentIndexChanged.connect(lambda i: self.moment.show_whitened(i == 1))

    # The sorters

    def _offer(self, entries: tuple[SorterEntry, ...]) -> None:
        """Offer the sorters; those that are not installed say what to install."""
        for entry in entries:
            if entry.name == OURS:
                continue
            self.sorter.addItem(entry.title + (", not installed" if entry.problem else ""), entry.name)
            item = self.sorter.model().item(self.sorter.count() - 1)
            item.setToolTip(entry.problem)
            item.setEnabled(not entry.problem)

    def _choose_sorter(self, *_args: Any) -> None:
        name = self.sorter.currentData()
        other = name != OURS
        for widget in (self._params_label, self.params, self.described):
            widget.setVisible(other)
        self.form.setVisible(not other)
        self.params.setToolTip("Parameters by SpikeInterface's names; what is not said has its default")
        self.described.setText("")
        if other:
            self._pool.submit("described", _described, name, on_done=self._later(self.described.setText))

    # The preview

    def _ask(self) -> None:
        """Look at the recording as it is named now, in a thread."""
        self._timer.stop()
        try:
            file, settings = self.fields.file, changed(SortingSettings(), **self.form.values)
        except PhyMedError:
            self._show(None, _NOTHING)
            return
        length_s = float(self.length.currentText().split()[0]) / 1000
        part = self.time.value() / _STEPS
        self.moment.show_look(self.look, "" if self.look is not None else "Reading ...")
        self._pool.submit(
            "look", self._looked, file, settings, part, length_s,
            on_done=self._later(self._show), on_error=self._later(self._say_error),
        )  # fmt: skip

    def _looked(self, file: RecordingFile, settings: SortingSettings, part: float, length_s: float) -> Look:
        """Called in the thread of the pool."""
        from phy_medicine.compute.sorters.preview import Previewer

        self._previewer = self._previewer or Previewer()
        found: Look = self._previewer.look(file, settings, part, length_s)
        return found

    def _show(self, look: Look | None, words: str = "") -> None:
        self.look = look
        self.moment.show_look(look, words)
        self.probe.show_look(look)
        self.found.setText("" if look is None else f"{self.moment.n_peaks:,} spikes above the threshold")
        notes = "" if look is None else " ".join((f"{look.facts}.", *look.notes))
        self.facts.setText(notes or words)

    def _say_error(self, error: BaseException) -> None:
        if not isinstance(error, PhyMedError):
            raise error
        self._show(None, str(error))

    def _later(self, call: Callable[[Any], object]) -> Callable[[Any], None]:
        """Return what calls in the thread of the window."""
        return lambda found: self._bridge.post(partial(call, found))

    # The start

    def begin(self) -> None:
        """Start to sort and close, or say why not."""
        if self.form.read():
            return
        try:
            make = self._made()
        except PhyMedError as error:
            self.say(str(error))
            return
        self.start.setEnabled(False)
        self.say("")
        self._pool.submit("start", make, on_done=self._later(self._begun), on_error=self._later(self._refused))

    def _made(self) -> Callable[[], JobRequest]:
        """Return what makes the job, in a thread: opening a recording takes a while."""
        out = self.fields.folder
        if unfinished_sort(out):
            return partial(resumed_request, out)
        return partial(
            sort_request, self.fields.file, out, sorter=self.sorter.currentData(), params=self.params.text().strip(),
            settings=self.form.changed_values(),
        )  # fmt: skip

    def _begun(self, request: JobRequest) -> None:
        remembered = {"fields": self.fields.values(), "settings": self.form.changed_values()}
        self._start(request, remembered, opens=self.opens.isChecked())
        self.close()

    def _refused(self, error: BaseException) -> None:
        self.start.setEnabled(True)
        if not isinstance(error, PhyMedError):
            raise error
        self.say(str(error))

    def _name_start(self) -> None:
        """Say on the button whether a sort begins, or one goes on."""
        text = self.fields.out.text().strip()
        goes_on = bool(text) and unfinished_sort(Path(text).expanduser())
        self.start.setText("Go on" if goes_on else "Sort")
        self.start.setToolTip("This folder holds a sort that was interrupted" if goes_on else "")

    def say(self, text: str) -> None:
        """Say what is wrong, or nothing more."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def done(self, result: int) -> None:
        """Stop looking."""
        self._timer.stop()
        self._bridge.close()
        self._pool.shutdown(wait=False)
        super().done(result)


def _described(name: str) -> str:
    """The parameters of a sorter of SpikeInterface, with their defaults, as HTML."""
    from html import escape

    from phy_medicine.compute.sorters.spikeinterface_sorter import param_help

    lines = [
        f"<b>{escape(param)}</b> = {escape(repr(default))}<br>{escape(words)}"
        for param, default, words in param_help(name)
    ]
    return "".join(f"<p style='margin: 0 0 8px 0'>{line}</p>" for line in lines)


def _sorters() -> tuple[SorterEntry, ...]:
    from phy_medicine.compute.sorters.registry import sorters

    return sorters()
