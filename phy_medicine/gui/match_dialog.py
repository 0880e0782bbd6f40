"""Sessions of one probe beside each other: which units are the same neurons, and what was said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui.child_dialog import ChildDialog
from phy_medicine.gui.match_figure import MatchFigure, UnitPicture, near_contacts
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.gui.report_table import ReportTable
from phy_medicine.session.carry_labels import CarriedLabel, plan_labels
from phy_medicine.session.match_text import depth_of, summary

if TYPE_CHECKING:
    from phy_medicine.gui.matching import Matching
    from phy_medicine.session.match_sessions import MatchedUnit, SessionMatch
    from phy_medicine.session.session import Session
    from phy_medicine.views.theme import Theme

_ACG_BIN_S, _ACG_WINDOW_S = 1e-3, 60e-3
_UNSURE = 0.8
_PATH = int(Qt.UserRole)


class MatchDialog(ChildDialog):
    """The list of sessions, the table of units by session, and the clusters of the chosen unit side by side."""

    def __init__(self, matching: Matching, theme: Theme, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._matching, self._theme = matching, theme
        self.setWindowTitle("Match sessions")
        self.setWindowFlag(Qt.WindowMaximizeButtonHint)
        self.paths = QtWidgets.QListWidget()
        self.paths.setMaximumHeight(96)
        self.paths.setAccessibleName("Sessions; the first is the one in the window")
        self.threshold = QtWidgets.QDoubleSpinBox(minimum=0.05, maximum=0.99, singleStep=0.05, value=0.5)
        self.status = _label("Add sessions of the same probe, then match them.", dim=True)
        self.table = ReportTable()
        self.table.currentCellChanged.connect(lambda row, *_: self._show_unit(row))
        self.figure = MatchFigure(theme)
        self.add, self.remove = _button("Add...", self._ask), _button("Remove", self._remove)
        self.match = _button("Match", matching.run)
        self.carry = _button("Carry labels over...", self._carry)
        self.export = _button("Export...", lambda: matching.guard(matching.export))
        self._lay_out()
        self.show_found(None)
        self.resize((0.75 * parent.size()).expandedTo(QtCore.QSize(1100, 720)).boundedTo(parent.size()))

    def _lay_out(self) -> None:
        buttons = QtWidgets.QVBoxLayout()
        for widget in (self.add, self.remove):
            buttons.addWidget(widget)
        buttons.addStretch(1)
        go = QtWidgets.QVBoxLayout()
        go.addWidget(self.match)
        need = QtWidgets.QHBoxLayout()
        need.addWidget(_label("Certainty at least"))
        need.addWidget(self.threshold)
        go.addLayout(need)
        go.addStretch(1)
        top = QtWidgets.QHBoxLayout()
        top.addWidget(self.paths, 1)
        top.addLayout(buttons)
        top.addLayout(go)
        self._middle = middle = QtWidgets.QSplitter(Qt.Horizontal)
        middle.setChildrenCollapsible(False)
        middle.addWidget(self.table)
        middle.addWidget(self.figure)
        middle.setStretchFactor(0, 0)
        middle.setStretchFactor(1, 1)
        middle.setSizes([460, 600])
        end = QtWidgets.QHBoxLayout()
        end.addWidget(self.carry)
        end.addWidget(self.export)
        end.addStretch(1)
        end.addWidget(_button("Close", self.close))
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self.status)
        column.addWidget(middle, 1)
        column.addLayout(end)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self._theme = theme
        self.figure.set_theme(theme)

    def add_path(self, path: Path) -> None:
        """Add a session to the list, once."""
        if path not in self.chosen():
            item = QtWidgets.QListWidgetItem(str(path))
            item.setData(_PATH, str(path))
            self.paths.addItem(item)

    def chosen(self) -> list[Path]:
        """Return the sessions of the list beside the one in the window, which comes first."""
        return [Path(self.paths.item(i).data(_PATH)) for i in range(self.paths.count())]

    def show_status(self, text: str, *, busy: bool = False) -> None:
        """Say how far it is, or what was found."""
        self.status.setText(text)
        for widget in (self.add, self.remove, self.match):
            widget.setEnabled(not busy)

    def show_found(self, found: SessionMatch | None) -> None:
        """Fill the table; None empties it."""
        self.table.setRowCount(0)
        self.figure.show_unit(())
        for button in (self.carry, self.export):
            button.setEnabled(found is not None)
        if found is None:
            return
        titles = [s.name for s in found.sessions]
        self.table.set_titles([*titles, "Certainty", "Score", "Depth µm"], range(len(titles) + 3))
        self.table.setRowCount(len(found.matched))
        for row, unit in enumerate(found.matched):
            for column, (text, tip) in enumerate(self._cells(found, unit)):
                item = self.table.put(row, column, text)
                item.setToolTip(tip)
                if column == len(titles) and unit.certainty < _UNSURE:
                    item.setForeground(QtGui.QColor(self._theme.warning))
        room = self._middle.width()
        wanted = min(self.table.full_width, room // 2)
        self._middle.setSizes([wanted, room - wanted])
        self.show_status(summary(found))
        if found.matched:
            self.table.selectRow(0)
            self.table.setFocus()

    def _cells(self, found: SessionMatch, unit: MatchedUnit) -> list[tuple[str, str]]:
        cells = []
        for session, cluster in zip(self._matching.sessions, unit.clusters, strict=True):
            group = "" if cluster is None else session.manager.group(cluster) or "unsorted"
            cells.append(("\N{EN DASH}", "Not found in this session") if cluster is None else (str(cluster), group))
        first = next(s for s, c in enumerate(unit.clusters) if c is not None)
        depth = depth_of(found, first, int(unit.clusters[first]))  # type: ignore[arg-type]
        return [*cells, (f"{unit.certainty:.2f}", "Probability that they are one neuron"),
                (f"{unit.score:.2f}", "How alike they are in shape, size and place"), (f"{depth:.0f}", "")]  # fmt: skip

    def _show_unit(self, row: int) -> None:
        found = self._matching.found
        if found is None or not 0 <= row < len(found.matched):
            return
        unit = found.matched[row]
        self.figure.show_unit(pictures_of(found, self._matching.sessions, unit))
        self._matching.select(unit)

    def _ask(self) -> None:
        path, _ = QtWidgets.QFileDialog.getOpenFileName(
            self, "Add a session", str(self._matching.folder), "Datasets (params.py *.kwik);;All files (*)"
        )
        if path:
            self.add_path(Path(path))

    def _remove(self) -> None:
        row = self.paths.currentRow()
        self.paths.takeItem(row if row >= 0 else self.paths.count() - 1)

    def _carry(self) -> None:
        found = self._matching.found
        if found is not None:
            CarryDialog(found, self._matching.sessions, self._matching.carry, self).open()

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        self._matching.stop()
        super().closeEvent(event)

    def reject(self) -> None:
        self.close()


class CarryDialog(QtWidgets.QDialog):
    """What would be said of which cluster, before it is done.

    carry : called with the labels; what it refuses is said in the dialog
    """

    def __init__(
        self,
        found: SessionMatch,
        sessions: Sequence[Session],
        carry: Callable[[Sequence[CarriedLabel]], object],
        parent: QtWidgets.QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Carry labels over")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._found, self._sessions, self._carry = found, sessions, carry
        self.labels: tuple[CarriedLabel, ...] = ()
        self.source = QtWidgets.QComboBox()
        self.source.addItems([s.name for s in found.sessions[1:]])
        self.source.currentIndexChanged.connect(self._preview)
        self.replace = QtWidgets.QCheckBox("Also replace labels that are there")
        self.replace.toggled.connect(self._preview)
        self.table = ReportTable()
        self.table.set_titles(["Cluster", "Column", "Now", "Becomes", "Certainty"], (0, 4))
        self.table.setSelectionMode(QtWidgets.QAbstractItemView.NoSelection)
        self.table.setFocusPolicy(Qt.NoFocus)
        self.table.horizontalHeader().setSectionResizeMode(QtWidgets.QHeaderView.Stretch)
        self.problem = _label("")
        self.problem.setObjectName("filter-error")
        self.problem.hide()
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.Cancel)
        self.accept_button = buttons.addButton("Carry over", QtWidgets.QDialogButtonBox.AcceptRole)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.close)
        top = QtWidgets.QHBoxLayout()
        top.addWidget(_label("Labels of"))
        top.addWidget(self.source, 1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addLayout(top)
        for widget in (self.replace, self.table, self.problem, buttons):
            column.addWidget(widget)
        self.resize(560, 480)
        self._preview()

    def _preview(self, *_: Any) -> None:
        source = self.source.currentIndex() + 1
        self.labels = plan_labels(self._found, self._sessions, source, 0, replace=self.replace.isChecked())
        self.table.setRowCount(len(self.labels))
        for row, label in enumerate(self.labels):
            before = "\N{EN DASH}" if label.before is None else str(label.before)
            texts = (str(label.cluster), label.field, before, str(label.after), f"{label.certainty:.2f}")
            for column, text in enumerate(texts):
                self.table.put(row, column, text)
        self.accept_button.setEnabled(bool(self.labels))
        self.accept_button.setText(f"Carry {len(self.labels)} over" if self.labels else "Nothing to carry over")

    def _accept(self) -> None:
        try:
            self._carry(self.labels)
        except PhyMedError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.close()


def pictures_of(found: SessionMatch, sessions: Sequence[Session], unit: MatchedUnit) -> tuple[UnitPicture | None, ...]:
    """Return what is drawn of the clusters of a unit."""
    return tuple(
        None if cluster is None or not session.manager.assignment.contains(cluster)
        else _picture(found, i, session, cluster)
        for i, (session, cluster) in enumerate(zip(sessions, unit.clusters, strict=True))
    )  # fmt: skip


def _picture(found: SessionMatch, i: int, session: Session, cluster: int) -> UnitPicture:
    facts = found.sessions[i]
    row = int(facts.units.cluster_ids.searchsorted(cluster))
    columns = near_contacts(facts.units.sizes[row])
    x, depth = (float(v) for v in facts.units.centers_um[row])
    depth += float(facts.units.displacement_um[row])
    n, still = len(session.facts.spikes(cluster)), float(facts.depths_um[row])
    numbers = (
        ("group", session.manager.group(cluster) or "unsorted"),
        ("spikes", f"{n:,}"),
        ("rate", f"{n / max(session.model.duration_s, 1e-9):.2f} Hz"),
        ("depth", f"{depth:.0f} µm"),
        ("at the first", f"{still:.0f} µm"),
        ("x", f"{x:.0f} µm"),
    )
    return UnitPicture(
        session=facts.name,
        cluster=cluster,
        waves=facts.units.mean[row][:, columns],
        contacts_um=facts.units.positions_um[facts.units.channel_ids[row, columns]],
        center_um=(x, depth),
        still_um=still,
        acg=session.data.correlograms.get(cluster, cluster, _ACG_BIN_S, _ACG_WINDOW_S),
        window_s=_ACG_WINDOW_S,
        numbers=numbers,
    )


def _label(text: str, *, dim: bool = False) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(text)
    label.setWordWrap(len(text) > 24 or not text)
    label.setProperty("dim", dim)
    return label


def _button(text: str, clicked: Callable[[], object]) -> QtWidgets.QPushButton:
    button = QtWidgets.QPushButton(text)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: clicked())
    return button
