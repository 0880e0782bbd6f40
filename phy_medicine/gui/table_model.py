"""A session table as a Qt model; cells are written once and kept until their values change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from phy_medicine.gui import format
from phy_medicine.gui.qt import Qt, QtCore
from phy_medicine.session.column_statistics import ValueScale, summarize, summary_in_words

if TYPE_CHECKING:
    from phy_medicine.base.types import LabelValue
    from phy_medicine.session.clusters import Column


UNKNOWN = "\N{HORIZONTAL ELLIPSIS}"
"""A cell that a plugin still computes."""


class RowSource(Protocol):
    """What the model needs of a session table."""

    @property
    def columns(self) -> Sequence[Column]:
        """Columns in their natural order."""

    def visible_ids(self) -> Sequence[int]:
        """Shown clusters from top to bottom."""

    def value(self, cluster_id: int, column: str) -> LabelValue | None:
        """One cell."""

    def known(self, cluster_id: int, column: str) -> bool:
        """Whether the cell is there, and not still computed by a plugin."""


class ClusterModel(QtCore.QAbstractTableModel):
    """Rows are clusters, columns are facts about them; is_alive : tells whether a cluster still exists."""

    def __init__(self, source: RowSource, is_alive: Callable[[int], bool]) -> None:
        super().__init__()
        self._source = source
        self._is_alive = is_alive
        self.columns: tuple[Column, ...] = tuple(source.columns)
        self.ids: tuple[int, ...] = tuple(source.visible_ids())
        self._rows: dict[int, int] | None = None
        self._texts: dict[tuple[int, str], str] = {}
        self.colored: frozenset[str] = frozenset()
        """Columns whose cells are coloured by their value."""
        self._scales: dict[str, ValueScale | None] = {}

    def rowCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.ids)

    def columnCount(self, parent: QtCore.QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: QtCore.QModelIndex, role: int = Qt.DisplayRole) -> Any:
        if role == Qt.DisplayRole and index.isValid():
            return self.text(index.row(), index.column())
        return None

    def headerData(self, section: int, orientation: int, role: int = Qt.DisplayRole) -> Any:
        if orientation != Qt.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.DisplayRole:
            return f"{column.title} ({column.unit})" if column.unit else column.title
        return self.about(column) if role == Qt.ToolTipRole else None

    def about(self, column: Column) -> str:
        """Return what a column is, and what the rows that are shown have in it."""
        words = () if column.name == "id" else summary_in_words(summarize(self._cells(column.name)), column.unit)
        return "\n".join(filter(None, (column.help, *words)))

    def _cells(self, name: str) -> list[LabelValue | None]:
        """Cells of the rows that are shown, as far as they are known; none is computed by a plugin for this."""
        source = self._source
        living = (c for c in self.ids if self._is_alive(c))
        return [source.value(c, name) if source.known(c, name) else None for c in living]

    def shade(self, row: int, column: int) -> float | None:
        """Return where the value of a cell stands among those shown, 0..1; None for a cell that is not coloured."""
        name = self.columns[column].name
        if name not in self.colored:
            return None
        if name not in self._scales:
            self._scales[name] = ValueScale.of(self._cells(name))
        scale, cluster_id = self._scales[name], self.ids[row]
        if scale is None or not self._is_alive(cluster_id) or not self._source.known(cluster_id, name):
            return None
        return scale.place(self._source.value(cluster_id, name))

    def text(self, row: int, column: int) -> str:
        """Return a cell as it is written."""
        return self.text_of(self.ids[row], self.columns[column])

    def text_of(self, cluster_id: int, column: Column) -> str:
        """Return the cell of a cluster, shown or not, as it is written."""
        key = (cluster_id, column.name)
        text = self._texts.get(key)
        if text is None:
            if not self._is_alive(cluster_id):
                return ""  # merged or split a moment ago; the rows follow with the next frame
            known = self._source.known(cluster_id, column.name)
            value = self._source.value(cluster_id, column.name)
            if value is None and not known:
                return UNKNOWN
            text = self._texts[key] = format.cell(value, column.kind, column.name)
        return text

    def text_at_once(self, cluster_id: int, column: Column) -> str:
        """Return the cell of a cluster as it is written, without having it computed by a plugin."""
        return self.text_of(cluster_id, column) if self._source.known(cluster_id, column.name) else UNKNOWN

    def row_of(self, cluster_id: int) -> int | None:
        """Return the row where a cluster is shown."""
        if self._rows is None:
            self._rows = {c: row for row, c in enumerate(self.ids)}
        return self._rows.get(cluster_id)

    def column_of(self, name: str) -> int | None:
        """Return the position of a column."""
        return next((i for i, c in enumerate(self.columns) if c.name == name), None)

    def refill(self, columns: tuple[Column, ...]) -> None:
        """Read rows again. Only the number of rows is announced: a view repaints what it shows, which costs
        0.1 ms instead of the 5 ms of a model reset, and keeps its scroll position."""
        self._scales.clear()
        if columns != self.columns:
            self.beginResetModel()
            self.columns, self.ids, self._rows = columns, tuple(self._source.visible_ids()), None
            self.endResetModel()
            return
        ids = tuple(self._source.visible_ids())
        before, after = len(self.ids), len(ids)
        if after > before:
            self.beginInsertRows(QtCore.QModelIndex(), before, after - 1)
        elif after < before:
            self.beginRemoveRows(QtCore.QModelIndex(), after, before - 1)
        self.ids, self._rows = ids, None
        if after > before:
            self.endInsertRows()
        elif after < before:
            self.endRemoveRows()

    def forget(self, cluster_ids: Collection[int]) -> None:
        """Drop the written cells of clusters whose values changed."""
        self._scales.clear()
        self._texts = {key: text for key, text in self._texts.items() if key[0] not in cluster_ids}

    def forget_columns(self, names: Collection[str]) -> None:
        """Drop the written cells of some columns."""
        for name in names:
            self._scales.pop(name, None)
        self._texts = {key: text for key, text in self._texts.items() if key[1] not in names}

    def as_tsv(self, rows: Sequence[int], columns: Sequence[int]) -> str:
        """Return cells with their header as tab-separated text, values unrounded."""
        lines = ["\t".join(self.columns[c].name for c in columns)]
        for row in rows:
            values = (self._source.value(self.ids[row], self.columns[c].name) for c in columns)
            lines.append("\t".join("" if v is None else str(v) for v in values))
        return "\n".join(lines) + "\n"
