"""The present clusters beside the units of a new sorting: how many spikes they have in common, and what would come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.types import FloatArray
from phy_medicine.curation.reassign import split_of
from phy_medicine.gui import theme as themes
from phy_medicine.gui.child_dialog import ChildDialog
from phy_medicine.gui.format import ids_in_words
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets
from phy_medicine.session.resort import Comparison
from phy_medicine.views.theme import Theme

_STRONGEST = 0.75
_EXTRA = ("rest", "spikes", "best", "agreement")
_HEAD = "QHeaderView::section {{ background: {panel}; color: {text}; border: 0; padding: 4px 8px; }}"
_HELP = (
    "Spikes without a unit; they stay with the rest of their cluster",
    "Spikes of the cluster that were sorted anew",
    "The unit that agrees best with the cluster",
    "Spikes in common over spikes of either, of the cluster and its best unit",
)


class ContingencyModel(QtCore.QAbstractTableModel):
    """Clusters in rows, units in columns, then what is left and how well they agree.

    Units stand in the order of the clusters that they agree with, so that what is the same stands on the diagonal.
    """

    def __init__(self, comparison: Comparison, theme: Theme) -> None:
        super().__init__()
        table = comparison.table
        self._table, self._theme = table, theme
        self._depths = comparison.depths_um
        agreement = table.agreement
        self._best = agreement.argmax(axis=1) if agreement.size else np.zeros(len(table.cluster_ids), np.int64)
        self._agreement: FloatArray = agreement.max(axis=1, initial=0.0)
        main = agreement.argmax(axis=0) if agreement.size else np.zeros(0, np.int64)
        self.units = np.lexsort((-table.counts.sum(axis=0), main)) if agreement.size else main
        self._share = table.counts / np.maximum(table.cluster_counts, 1)[:, None]

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return len(self._table.cluster_ids)

    def columnCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return len(self.units) + len(_EXTRA)

    def headerData(self, section: int, orientation: int, role: int = Qt.DisplayRole) -> Any:
        n = len(self.units)
        if role == Qt.DisplayRole:
            if orientation == Qt.Vertical:
                return f"cluster {self._table.cluster_ids[section]}"
            return f"unit {self.units[section]}" if section < n else _EXTRA[section - n]
        if role == Qt.ToolTipRole:
            if orientation == Qt.Vertical:
                return None
            return self._unit_tip(int(self.units[section])) if section < n else _HELP[section - n]
        if role == Qt.TextAlignmentRole and orientation == Qt.Horizontal:
            return int(Qt.AlignRight | Qt.AlignVCenter)
        return None

    def _unit_tip(self, unit: int) -> str:
        table = self._table
        return (
            f"Unit {unit} at {self._depths[unit]:,.0f} µm: {table.unit_counts[unit]:,} spikes, "
            f"{table.added[unit]:,} of them are none of the dataset and are not taken over"
        )

    def data(self, index: QtCore.QModelIndex, role: int = Qt.DisplayRole) -> Any:
        row, column, n = index.row(), index.column(), len(self.units)
        if role == Qt.DisplayRole:
            return self._text(row, column)
        if role == Qt.TextAlignmentRole:
            return int(Qt.AlignRight | Qt.AlignVCenter)
        if column >= n:
            return QtGui.QColor(self._theme.dim) if role == Qt.ForegroundRole and column < n + 2 else None
        tint = self._tint(row, int(self.units[column]))
        if role == Qt.BackgroundRole:
            return QtGui.QColor.fromRgbF(*tint)
        if role == Qt.ForegroundRole:
            return QtGui.QColor(themes.text_color_on(tint))
        return None

    def _text(self, row: int, column: int) -> str:
        n, table = len(self.units), self._table
        if column < n:
            count = int(table.counts[row, self.units[column]])
            return f"{count:,}" if count else ""
        found = bool(self._agreement[row])
        return (
            f"{table.left[row]:,}",
            f"{table.cluster_counts[row]:,}",
            f"unit {self._best[row]}" if found else "",
            f"{100 * self._agreement[row]:.0f} %" if found else "",
        )[column - n]

    def _tint(self, row: int, unit: int) -> tuple[float, float, float]:
        share = _STRONGEST * float(np.sqrt(self._share[row, unit]))
        return themes.blend(themes.rgb(self._theme.accent), themes.rgb(self._theme.view), share)


class ResortDialog(ChildDialog):
    """Shows a comparison.

    apply : called with whether units that are a cluster stay with it; what it refuses is said in the dialog
    """

    def __init__(
        self, comparison: Comparison, apply: Callable[[bool], object], theme: Theme, parent: QtWidgets.QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Present clusters and {comparison.name}")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self._comparison, self._apply = comparison, apply
        self.model = ContingencyModel(comparison, theme)
        self.summary = _label(summary(comparison))
        self.table = QtWidgets.QTableView()
        self.table.setModel(self.model)
        self.table.setSelectionMode(QtWidgets.QAbstractItemView.NoSelection)
        self.table.setFocusPolicy(Qt.StrongFocus)
        self.table.setShowGrid(False)
        self.table.setStyleSheet(_HEAD.format(panel=theme.panel, text=theme.text))
        self.table.horizontalHeader().setSectionResizeMode(QtWidgets.QHeaderView.ResizeToContents)
        self.table.horizontalHeader().setMinimumSectionSize(56)
        self.table.verticalHeader().setDefaultAlignment(Qt.AlignRight | Qt.AlignVCenter)
        self.keep = QtWidgets.QCheckBox("A unit that is a present cluster stays that cluster")
        self.keep.setToolTip("Its spikes are joined with those that the cluster has elsewhere in the recording")
        self.keep.setChecked(comparison.ranged)
        self.keep.toggled.connect(self._show_outcome)
        self.outcome = _label("", dim=True)
        self.problem = _label("")
        self.problem.setObjectName("filter-error")
        self.problem.hide()
        self.buttons = QtWidgets.QDialogButtonBox()
        self.take_over = self.buttons.addButton("Take over", QtWidgets.QDialogButtonBox.AcceptRole)
        self.take_over.setDefault(True)
        self.buttons.addButton(QtWidgets.QDialogButtonBox.Close).setAutoDefault(False)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.close)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(self.summary)
        column.addWidget(self.table, 1)
        for widget in (self.keep, self.outcome, self.problem, self.buttons):
            column.addWidget(widget)
        self._show_outcome()
        self._fit(parent.size())

    def _fit(self, room: QtCore.QSize) -> None:
        """Take the room that the table needs, as far as the window has it."""
        self.table.resizeColumnsToContents()
        head, side = self.table.horizontalHeader(), self.table.verticalHeader()
        width = head.length() + side.sizeHint().width() + 60
        height = side.length() + head.sizeHint().height() + 250
        self.resize(min(max(width, 620), room.width() - 80), min(max(height, 320), room.height() - 80))

    def _show_outcome(self, _checked: bool = False) -> None:
        text = outcome(self._comparison, keep=self.keep.isChecked())
        self.outcome.setText(text or "Nothing would change.")
        self.take_over.setEnabled(bool(text))

    def _accept(self) -> None:
        try:
            self._apply(self.keep.isChecked())
        except PhyMedError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.close()


def summary(comparison: Comparison) -> str:
    """Return what was sorted anew and how much of it was found again, in words."""
    table = comparison.table
    n, found, more = int(table.cluster_counts.sum()), int(table.counts.sum()), int(table.added.sum())
    clusters = ids_in_words(table.cluster_ids)
    word = "cluster" if len(table.cluster_ids) == 1 else "clusters"
    units = f"{len(table.unit_counts)} unit{'' if len(table.unit_counts) == 1 else 's'}"
    text = f"{n:,} spikes of {word} {clusters} were sorted anew: {found:,} of them are found again in {units}."
    return text + (f" The units have {more:,} spikes more, which are none of the dataset." if more else "")


def outcome(comparison: Comparison, *, keep: bool) -> str:
    """Return what taking over would make of the clusters, "" when nothing would change."""
    found, same = comparison.found, comparison.same if keep else {}
    spikes = {int(c): found.spike_ids[found.clusters == c] for c in np.unique(found.clusters)}
    try:
        spike_ids, parts = split_of(found, spikes, same)
    except ActionError:
        return ""
    touched = np.unique(found.clusters[np.isin(found.spike_ids, spike_ids)])
    sizes = np.sort(np.bincount(parts))[::-1]
    if len(sizes) == len(touched) == 1 and not comparison.ranged:
        return ""
    old = f"{len(touched)} cluster{'' if len(touched) == 1 else 's'}"
    new = f"{len(sizes)}, of {', '.join(f'{s:,}' for s in sizes[:6].tolist())}{' ...' if len(sizes) > 6 else ''} spikes"
    where = " in this stretch of time" if comparison.ranged else ""
    return f"{old} would become {new}{where}, as one action that can be undone."


def _label(text: str, *, dim: bool = False) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(text)
    label.setWordWrap(True)
    label.setProperty("dim", dim)
    return label
