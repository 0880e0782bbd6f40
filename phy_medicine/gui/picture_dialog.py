"""Asks where a picture goes, in which format and how large it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui.figure_path import ENDINGS
from phy_medicine.gui.qt import Qt, QtWidgets

_FORMATS = {".png": "PNG, pixels", ".svg": "SVG, lines and text", ".pdf": "PDF, lines and text"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was chosen; size : logical px; scale : pixels of a PNG for one of them."""

    target: Path
    size: tuple[int, int]
    scale: float
    white: bool


class PictureDialog(QtWidgets.QDialog):
    """Name and format of a picture, and of a view also its size; what cannot be done is said in the dialog.

    put : called with the wish
    """

    def __init__(self, parent: QtWidgets.QWidget, title: str, target: Path, *, put: Callable[[Wish], object]) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._do = put
        self.name = QtWidgets.QLineEdit(str(target))
        self.name.setMinimumWidth(420)
        self.format = QtWidgets.QComboBox()
        for ending in ENDINGS:
            self.format.addItem(_FORMATS[ending], ending)
        self.format.currentIndexChanged.connect(self._change_ending)
        self.name.textEdited.connect(self._follow_name)
        self.width_box, self.height_box = _pixels(), _pixels()
        self.scale = QtWidgets.QDoubleSpinBox(minimum=0.5, maximum=8.0, singleStep=0.5, decimals=1, value=1.0)
        self.white = QtWidgets.QCheckBox("White background")
        self._has_size = False
        self._form = QtWidgets.QFormLayout(self)
        self._form.setContentsMargins(16, 16, 16, 16)
        self._form.setHorizontalSpacing(16)
        self._form.setVerticalSpacing(8)
        self._form.addRow("File", self._name_row())
        self._form.addRow("Format", self.format)
        self._problem = QtWidgets.QLabel(wordWrap=True, objectName="filter-error")
        self._problem.hide()
        self._form.addRow(self._problem)
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.Save | QtWidgets.QDialogButtonBox.Cancel)
        buttons.accepted.connect(self.save)
        buttons.rejected.connect(self.reject)
        self._form.addRow(buttons)
        self.name.setFocus()

    def _name_row(self) -> QtWidgets.QHBoxLayout:
        browse = QtWidgets.QPushButton("Browse...", autoDefault=False)
        browse.clicked.connect(self._browse)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.name)
        row.addWidget(browse)
        return row

    def ask_size(self, size: tuple[int, int], *, scale: float, white: bool) -> None:
        """Ask also for size, scale and background."""
        self._has_size = True
        for box, value in zip((self.width_box, self.height_box), size, strict=True):
            box.setValue(value)
        self.scale.setValue(scale)
        self.scale.setToolTip("Pixels of a PNG, and of images inside of SVG and PDF, for one pixel of the size.")
        self.white.setChecked(white)
        row = QtWidgets.QHBoxLayout()
        row.setSpacing(8)
        for widget in (self.width_box, QtWidgets.QLabel("×"), self.height_box, QtWidgets.QLabel("scale"), self.scale):
            row.addWidget(widget)
        row.addStretch(1)
        self._form.insertRow(2, "Size", row)
        self._form.insertRow(3, "", self.white)

    @property
    def wish(self) -> Wish:
        """What is chosen now."""
        size = self.width_box.value(), self.height_box.value()
        return Wish(Path(self.name.text().strip()), size, self.scale.value(), self._has_size and self.white.isChecked())

    def save(self) -> None:
        """Make the picture, and close if that went well."""
        try:
            self._do(self.wish)
        except PhyMedError as error:
            self._problem.setText(str(error))
            self._problem.show()
            return
        self.accept()

    def _change_ending(self) -> None:
        path = Path(self.name.text().strip())
        if path.name:
            self.name.setText(str(path.with_suffix(self.format.currentData())))

    def _follow_name(self, text: str) -> None:
        place = self.format.findData(Path(text.strip()).suffix.lower())
        if place >= 0:
            self.format.blockSignals(True)
            self.format.setCurrentIndex(place)
            self.format.blockSignals(False)

    def _browse(self) -> None:
        kinds = ";;".join(f"{_FORMATS[ending]} (*{ending})" for ending in ENDINGS)
        chosen, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Save the picture as", self.name.text(), kinds)
        if chosen:
            path = Path(chosen)
            self.name.setText(str(path if path.suffix else path.with_suffix(self.format.currentData())))
            self._follow_name(self.name.text())


def _pixels() -> QtWidgets.QSpinBox:
    return QtWidgets.QSpinBox(minimum=60, maximum=16_384, suffix=" px", singleStep=10)
