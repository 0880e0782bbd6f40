"""The runs of the store: what was computed on this dataset, when, with which settings; the one in use is marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.gui.job_row import small_button
from phy_medicine.gui.qt import Qt, QtCore, QtGui, QtWidgets

if TYPE_CHECKING:
    from phy_medicine.io.store_runs import Run

_COLUMNS = ("Result", "Made", "Settings that were changed")
_GENERAL = ("device", "seed")
USED = "\N{CHECK MARK} in use"


class RunList(QtWidgets.QWidget):
    """A tree of kinds and their runs, with buttons for what can be done with the selected ones.

    use, export, delete : called with a run; compare : with two runs; rename : with a run and its new name
    """

    def __init__(
        self,
        *,
        use: Callable[[Run], Any],
        compare: Callable[[Run, Run], Any],
        rename: Callable[[Run, str], Any],
        export: Callable[[Run], Any],
        delete: Callable[[Run], Any],
    ) -> None:
        super().__init__()
        self._rename = rename
        self._runs: tuple[Run, ...] = ()
        self._used: frozenset[str] = frozenset()
        self._filling = False
        self.tree = QtWidgets.QTreeWidget()
        self.tree.setHeaderLabels(_COLUMNS)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(12)
        self.tree.setSelectionMode(QtWidgets.QAbstractItemView.ExtendedSelection)
        self.tree.setEditTriggers(QtWidgets.QAbstractItemView.EditKeyPressed)
        self.tree.itemChanged.connect(self._edited)
        self.tree.itemSelectionChanged.connect(self._show_buttons)
        self.tree.itemDoubleClicked.connect(lambda _item, _column: self.buttons["Use"].click())
        self.empty = QtWidgets.QLabel("No results yet. What a job computes is kept here, and never overwritten.")
        self.empty.setProperty("dim", True)
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignCenter)
        self.problem = QtWidgets.QLabel()
        self.problem.setObjectName("filter-error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.buttons = {
            text: small_button(text, tip, act)
            for text, tip, act in (
                (
                    "Use",
                    "Use this result in all views, or compare a new sorting with the present clusters",
                    lambda: use(self.selected()[0]),
                ),
                ("Compare", "Say in what two selected results differ", lambda: compare(*self.selected()[:2])),
                ("Rename", "Give the result another name (F2)", self.edit_name),
                ("Export", "Write the arrays as .npy files into a folder", lambda: export(self.selected()[0])),
                ("Delete", "Remove the result from the store", lambda: delete(self.selected()[0])),
            )
        }
        self._lay_out()
        self._show_buttons()

    def _lay_out(self) -> None:
        line = QtWidgets.QHBoxLayout()
        line.setContentsMargins(8, 0, 8, 8)
        line.setSpacing(4)
        for button in self.buttons.values():
            line.addWidget(button)
        line.addStretch(1)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.problem)
        column.addWidget(self.tree, 1)
        column.addWidget(self.empty, 1)
        column.addLayout(line)
        made = self.fontMetrics().horizontalAdvance("2026-12-31 23:59") + 24
        self.tree.setColumnWidth(1, made)

    def resizeEvent(self, event: Any) -> None:
        """Leave most of the room to the settings."""
        super().resizeEvent(event)
        self.tree.setColumnWidth(0, min(max(110, int(0.28 * self.width())), 280))

    def show_runs(self, runs: Sequence[Run], *, used: Iterable[str], problem: str, writable: bool) -> None:
        """Show the runs of the store; used : ids of those in use."""
        self._runs, self._used, self._writable = tuple(runs), frozenset(used), writable
        chosen = {run.id for run in self.selected()}
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.tree.setVisible(bool(runs))
        self.empty.setVisible(not runs)
        self._filling = True
        self.tree.clear()
        for kind in dict.fromkeys(run.kind for run in runs):
            head = QtWidgets.QTreeWidgetItem(self.tree, [title_of(kind)])
            head.setFirstColumnSpanned(True)
            head.setFlags(Qt.ItemIsEnabled)
            for run in reversed([run for run in runs if run.kind == kind]):
                item = self._item(head, run)
                item.setSelected(run.id in chosen)
        self.tree.expandAll()
        self._filling = False
        self._show_buttons()

    def _item(self, head: QtWidgets.QTreeWidgetItem, run: Run) -> QtWidgets.QTreeWidgetItem:
        mark = f"   {USED}" if run.id in self._used else ""
        settings = changed_settings(run)
        item = QtWidgets.QTreeWidgetItem(head, [run.name + mark, local_time(run.created), settings])
        item.setData(0, Qt.UserRole, run.id)
        item.setFlags(item.flags() | Qt.ItemIsEditable)
        item.setToolTip(0, tip_of(run))
        item.setToolTip(2, settings)
        if mark:
            bold = item.font(0)
            bold.setBold(True)
            item.setFont(0, bold)
        return item

    def selected(self) -> list[Run]:
        """Return the selected runs, from top to bottom."""
        known = {run.id: run for run in self._runs}
        items = [i for i in self._items() if i.isSelected()]
        return [known[i.data(0, Qt.UserRole)] for i in items if i.data(0, Qt.UserRole) in known]

    def select(self, run_id: str) -> None:
        """Select one run."""
        for item in self._items():
            item.setSelected(item.data(0, Qt.UserRole) == run_id)
            if item.isSelected():
                self.tree.scrollToItem(item)

    def _items(self) -> Iterable[QtWidgets.QTreeWidgetItem]:
        for i in range(self.tree.topLevelItemCount()):
            head = self.tree.topLevelItem(i)
            yield from (head.child(j) for j in range(head.childCount()))

    def _show_buttons(self) -> None:
        if self._filling:
            return
        chosen = self.selected()
        one, writable = len(chosen) == 1, getattr(self, "_writable", False)
        usable = one and chosen[0].kind in USABLE
        self.buttons["Use"].setEnabled(usable)
        self.buttons["Compare"].setEnabled(len(chosen) == 2 and chosen[0].kind == chosen[1].kind)
        self.buttons["Rename"].setEnabled(one and writable)
        self.buttons["Export"].setEnabled(one)
        self.buttons["Delete"].setEnabled(one and writable)

    def edit_name(self) -> None:
        """Let the name of the selected run be typed."""
        for item in self._items():
            if item.isSelected():
                self._filling = True  # the mark is no part of the name
                item.setText(0, self.selected()[0].name)
                self._filling = False
                self.tree.editItem(item, 0)
                return

    def _edited(self, item: QtWidgets.QTreeWidgetItem, column: int) -> None:
        if self._filling or column != 0:
            return
        run = next((r for r in self._runs if r.id == item.data(0, Qt.UserRole)), None)
        name = item.text(0).removesuffix(USED).strip()
        if run is not None and name != run.name:
            self._rename(run, name)


USABLE = ("motion", "localization", "resort", "recluster")
"""Kinds of runs that the views can use, that can be taken over, or that make suggestions."""


def title_of(kind: str) -> str:
    """Return what people read for a kind of run."""
    from phy_medicine.compute import job_kinds

    try:
        return job_kinds.kind(kind).title
    except PhyMedError:  # a plugin that is not installed here
        return kind.replace("_", " ").capitalize()


def local_time(created: str) -> str:
    """Return when a run was made, as the clock here says."""
    try:
        return datetime.fromisoformat(created).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return created


def changed_settings(run: Run) -> str:
    """Return the settings of a run that are not the default of its kind, "defaults" when there are none."""
    from phy_medicine.base.params import params_of
    from phy_medicine.compute.job_kinds import kind

    try:
        table = {p.name: p for p in params_of(kind(str(run.facts.get("job", run.kind))).settings_class)}
    except PhyMedError:
        table = {}
    parts = [str(run.facts["method"])] if {"job", "method"} <= run.facts.keys() else []
    for name, value in run.params.items():
        param = table.get(name)
        default = _plain(param.default) if param is not None else {"device": "auto", "seed": 0}.get(name)
        if value != default and not (param is None and name in _GENERAL and not value):
            unit = f" {param.unit}" if param is not None and param.unit else ""
            parts.append(f"{name} {_short(value)}{unit}")
    return ", ".join(parts) or "defaults"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def tip_of(run: Run) -> str:
    """Return what is known about a run, for a tooltip."""
    shapes = ", ".join(f"{name} {' × '.join(map(str, shape)) or 1}" for name, shape in run.shapes.items())
    facts = _lines(run.facts)
    return "\n".join(filter(None, (run.name, shapes, f"phy-medicine {run.code_version}", facts)))


def _lines(facts: Mapping[str, Any]) -> str:
    simple = {k: v for k, v in facts.items() if isinstance(v, (int, float, str)) and len(str(v)) < 60}
    return "\n".join(f"{k.replace('_', ' ')}: {_short(v)}" for k, v in simple.items())


class ComparisonWindow(QtWidgets.QDialog):
    """In what two runs differ, as text that can be copied."""

    def __init__(self, text: str, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Comparison of two results")
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.text = QtWidgets.QPlainTextEdit(text)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QtWidgets.QPlainTextEdit.NoWrap)
        self.text.setFont(QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.FixedFont))
        buttons = QtWidgets.QDialogButtonBox(QtWidgets.QDialogButtonBox.Close)
        buttons.rejected.connect(self.close)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        column.addWidget(self.text)
        column.addWidget(buttons)
        self.resize(QtCore.QSize(640, 420))
