"""Which recording is to be sorted: its path, what a file of plain numbers holds, its probe, where the result goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.recordings import FLAT, RecordingFile
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets

LABEL_WIDTH = 120
DTYPES = ("int16", "float32", "uint16", "int32", "float64")
_KNOWS = (".cbin", ".npy")
_FILES = "Recordings (*.bin *.dat *.raw *.cbin *.npy *.nwb *.json params.py);;All files (*)"
_PROBES = "Probes (*.json *.csv *.tsv *.npy *.mat);;All files (*)"


class SortFields(QtWidgets.QWidget):
    """Lines for the recording, its facts where it does not say them, its probe, and the folder of the result."""

    changed = QtCore.pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._out_typed = False
        self.path = _line("A file, a folder, or the params.py of a dataset")
        self.rate = _number(30_000.0, 1.0, 1e6, "Hz")
        self.channels = _whole(0, 100_000)
        self.channels.setSpecialValueText("\N{EM DASH}")
        self.dtype = QtWidgets.QComboBox()
        self.dtype.addItems(DTYPES)
        self.offset = _whole(0, 2**31 - 1)
        self.offset.setSuffix(" bytes")
        self.gain = _number(1.0, 1e-6, 1e6, "µV")
        self.probe = _line("As the recording says")
        self.out = _line("A new folder")
        self._grid = QtWidgets.QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(8)
        self._grid.setColumnStretch(1, 1)
        self._flat: list[QtWidgets.QWidget] = []
        self._lay_out()
        self._listen()
        self._path_changed()

    def _lay_out(self) -> None:
        add = self._add
        add(0, "Recording", self.path, "The raw recording", self._browse_path)
        flat = [
            ("Sample rate", self.rate, "Samples per second of each channel"),
            ("Channels", self.channels, "Columns of the file, those without a contact too"),
            ("Type", self.dtype, "Type of a sample"),
            ("Offset", self.offset, "Bytes before the first sample"),
            ("Gain", self.gain, "Microvolts of one unit of the file"),
        ]
        for row, (text, editor, tip) in enumerate(flat, 1):
            self._flat += add(row, text, editor, tip)
        add(6, "Probe", self.probe, "File of the probe, or MANUFACTURER/NAME of the library of probeinterface, "
            "such as imec/NP1010", self._browse_probe)  # fmt: skip
        add(7, "Result", self.out, "Folder of the sorted dataset, a new one", self._browse_out)

    def _add(
        self, row: int, text: str, editor: QtWidgets.QWidget, tip: str, browse: Callable[[], object] | None = None
    ) -> list[QtWidgets.QWidget]:
        label = QtWidgets.QLabel(text)
        label.setBuddy(editor)
        label.setMinimumWidth(LABEL_WIDTH)
        for widget in (label, editor):
            widget.setToolTip(tip)
        self._grid.addWidget(label, row, 0)
        wide = isinstance(editor, QtWidgets.QLineEdit)
        if not wide:
            editor.setFixedWidth(170)
        self._grid.addWidget(editor, row, 1, Qt.Alignment() if wide else Qt.AlignLeft)
        widgets = [label, editor]
        if browse is not None:
            button = QtWidgets.QPushButton("Browse")
            button.setProperty("small", True)
            button.setAutoDefault(False)
            button.setAccessibleName(f"Browse for the {text.lower()}")
            button.clicked.connect(lambda _checked: browse())
            self._grid.addWidget(button, row, 2)
            widgets.append(button)
        return widgets

    def _listen(self) -> None:
        self.path.textChanged.connect(self._path_changed)
        self.out.textEdited.connect(self._out_edited)
        self.probe.textChanged.connect(self._tell)
        self.dtype.currentIndexChanged.connect(self._tell)
        for number in (self.rate, self.channels, self.offset, self.gain):
            number.valueChanged.connect(self._tell)

    def _tell(self, *_args: Any) -> None:
        self.changed.emit()

    def _out_edited(self, text: str) -> None:
        self._out_typed = bool(text)

    def _path_changed(self, *_args: Any) -> None:
        path = self.source
        flat = path is not None and path.suffix.lower() in FLAT
        some = path is not None and path.suffix.lower() in _KNOWS
        for widget in self._flat:
            widget.setVisible(flat or (some and widget in self._flat[:2] + self._flat[-2:]))
        if path is not None and not self._out_typed:
            self.out.setText(str(free_folder(path)))
        self.changed.emit()

    @property
    def source(self) -> Path | None:
        """The path as it was typed, None without one."""
        text = self.path.text().strip()
        return Path(text).expanduser() if text else None

    @property
    def file(self) -> RecordingFile:
        """The recording.

        Raises
        ------
        PhyMedError : none was named
        """
        path = self.source
        if path is None:
            raise PhyMedError("Name the recording to sort.")
        probe = self.probe.text().strip()
        if probe and Path(probe).expanduser().exists():
            probe = str(Path(probe).expanduser().absolute())
        flat, some = path.suffix.lower() in FLAT, path.suffix.lower() in _KNOWS
        return RecordingFile(
            str(path.absolute()),
            sample_rate_hz=self.rate.value() if flat or some else 0.0,
            n_channels=self.channels.value() if flat else 0,
            dtype=self.dtype.currentText() if flat else "int16",
            offset=self.offset.value() if flat else 0,
            probe=probe,
            gain_uv=self.gain.value() if flat or some else 1.0,
        )

    @property
    def folder(self) -> Path:
        """Where the dataset goes.

        Raises
        ------
        PhyMedError : nothing was named
        """
        text = self.out.text().strip()
        if not text:
            raise PhyMedError("Name a new folder for the result.")
        return Path(text).expanduser().absolute()

    def values(self) -> dict[str, Any]:
        """Return what is to be remembered for the next time."""
        return {
            "path": self.path.text(), "rate": self.rate.value(), "channels": self.channels.value(),
            "dtype": self.dtype.currentText(), "offset": self.offset.value(), "gain": self.gain.value(),
            "probe": self.probe.text(),
        }  # fmt: skip

    def fill(self, values: dict[str, Any]) -> None:
        """Show what was remembered; what is none any more is left out."""
        for name, show in (
            ("rate", self.rate.setValue), ("channels", self.channels.setValue), ("offset", self.offset.setValue),
            ("gain", self.gain.setValue), ("dtype", self.dtype.setCurrentText), ("probe", self.probe.setText),
            ("path", self.path.setText),
        ):  # fmt: skip
            try:
                if name in values:
                    show(values[name])
            except TypeError:
                continue

    def _browse_path(self) -> None:
        start = str(self.source.parent if self.source is not None else Path.home())
        chosen, _ = QtWidgets.QFileDialog.getOpenFileName(self, "Recording", start, _FILES)
        if chosen:
            self.path.setText(chosen)

    def _browse_probe(self) -> None:
        start = str(self.source.parent if self.source is not None else Path.home())
        chosen, _ = QtWidgets.QFileDialog.getOpenFileName(self, "Probe", start, _PROBES)
        if chosen:
            self.probe.setText(chosen)

    def _browse_out(self) -> None:
        start = str(Path(self.out.text()).parent) if self.out.text() else str(Path.home())
        chosen = QtWidgets.QFileDialog.getExistingDirectory(self, "Folder for the result", start)
        if chosen:
            self._out_typed = True
            self.out.setText(chosen)


def free_folder(path: Path) -> Path:
    """Return a new folder beside a recording, named after it."""
    where = path.absolute().parent
    if path.name == "params.py":
        path, where = where, where.parent
    stem = path.stem if path.suffix else path.name
    names = (f"{stem}_sorted{'' if n == 1 else f'_{n}'}" for n in range(1, 1000))
    return next((where / name for name in names if not (where / name).exists()), where / f"{stem}_sorted")


def _line(hint: str) -> QtWidgets.QLineEdit:
    line = QtWidgets.QLineEdit()
    line.setPlaceholderText(hint)
    return line


def _whole(value: int, most: int) -> QtWidgets.QSpinBox:
    spin = QtWidgets.QSpinBox()
    spin.setRange(0, most)
    spin.setValue(value)
    return spin


def _number(value: float, least: float, most: float, unit: str) -> QtWidgets.QDoubleSpinBox:
    spin = _Plain()
    spin.setDecimals(6)
    spin.setLocale(QtCore.QLocale.c())
    spin.setRange(least, most)
    spin.setSuffix(f" {unit}")
    spin.setValue(value)
    return spin


class _Plain(QtWidgets.QDoubleSpinBox):
    """A number without trailing zeros."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.9g}"
