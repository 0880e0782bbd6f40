"""The two tables as plugins see them: what is asked for is returned, and given to a callback on the next turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat.action_table import call_of_plugin
from phy_medicine.app.phy_compat.events import emit
from phy_medicine.app.phy_compat.loose_qt import QtGui
from phy_medicine.app.phy_compat.row_styles import read_sheet
from phy_medicine.app.phy_compat.table_calls import TableCalls
from phy_medicine.app.phy_compat.timing import Debouncer
from phy_medicine.base.errors import FilterError
from phy_medicine.gui.table_delegate import RowStyle

Callback = Callable[[Any], Any]


class ClusterView(TableCalls):
    """The cluster table; what is not here is the widget of the program.

    `_styles` holds style sheets: Qt's own, and rules of the web table of older versions, `table tr[data-group='good']`.
    """

    _styles = ""
    _view_name = "cluster_view"
    _required_columns: Sequence[str] = ("n_spikes",)

    def __init__(self, gui: Any, table: Any, widget: Any) -> None:
        self._gui, self._table, self._widget = gui, table, widget
        self.name = type(self).__name__
        self.dock: Any = None
        self.debouncer = Debouncer()
        self.state: dict[str, Any] = {}
        self._seen = (table.sort_keys, table.filter_text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_widget"], name)

    def build(self) -> None:
        """Tell that the table is there, and put its style sheets on."""
        emit(f"{self._view_name}_init", self)
        emit("pre_build", self)
        self.add_style(type(self)._styles)
        self._table.changed.connect(self._changed, check_nargs=False)
        self._later(partial(emit, "ready", self))

    def leave(self) -> None:
        """Listen to the session no more."""
        self._table.changed.disconnect(self._changed, missing_ok=True)

    def _later(self, function: Callable[[], Any]) -> None:
        self._gui.main.later.after(0, function)

    def _give(self, value: Any, callback: Callback | None) -> Any:
        """Return a value, and call back with it on the next turn of the event loop."""
        if callback is not None:
            window, owner = self._gui.main, self._gui.main.session.extensions.adding
            what = f"callback {getattr(callback, '__name__', '')} of {self._view_name}".replace("  ", " ")
            call = partial(call_of_plugin, self._gui, owner, what, callback, value)
            self._later(lambda: window.commands.guard(call))
        return value

    # Rows

    @property
    def columns(self) -> list[str]:
        """Names of the columns shown."""
        return [c.name for c in self._table.columns]

    def _rows(self) -> list[int]:
        return [int(c) for c in self._table.visible_ids()]

    def _chosen(self) -> list[int]:
        return [int(c) for c in self._gui.main.session.selection.best_ids]

    def _is_masked(self, cluster_id: int) -> bool:
        return bool(self._gui.main.session.manager.is_masked(cluster_id))

    def _choose(self, cluster_ids: list[int]) -> None:
        session = self._gui.main.session
        self._gui.main.commands.guard(lambda: session.select(cluster_ids))

    def get(self, id: int, callback: Callback | None = None) -> Any:
        """Return a row by its cluster, None when there is none."""
        session = self._gui.main.session
        if not session.manager.assignment.contains(id):
            return self._give(None, callback)
        row = {c: self._table.value(id, c) for c in self._table.column_names if c != "id"}
        return self._give({"id": int(id), **row, "is_masked": self._is_masked(id)}, callback)

    def add(self, objects: Any) -> None:
        """Read the rows again; they are the clusters of the session, and follow it by themselves."""
        self._table.refresh()

    change = remove = add

    def remove_all(self) -> None:
        """Read the rows again, as `add`."""
        self._table.refresh()

    def remove_all_and_add(self, objects: Any) -> None:
        """Read the rows again, as `add`."""
        self._table.refresh()

    # Order, filter and look

    def get_current_sort(self, callback: Callback | None = None) -> Any:
        """Return the column and `asc` or `desc`, None when the rows are not sorted."""
        keys = self._table.sort_keys
        return self._give([keys[0].column, "asc" if keys[0].ascending else "desc"] if keys else None, callback)

    def sort_by(self, name: str, sort_dir: str = "asc") -> None:
        """Sort by a column; one that does not exist changes nothing."""
        if name in self._table.column_names:
            self._table.sort(name, sort_dir == "asc")

    def filter(self, text: str = "") -> None:
        """Show only rows for which an expression holds; one that cannot be understood shows all, and is told of."""
        try:
            self._filter(text or "")
        except FilterError as error:
            self._filter("")
            self._gui.main.say(str(error))

    def _filter(self, text: str) -> None:
        self._gui.main.session.filter(text)

    def _changed(self) -> None:
        """Emit `table_sort` and `table_filter` when the one or the other is different, whoever changed it."""
        before, self._seen = self._seen, (self._table.sort_keys, self._table.filter_text)
        for event, old, new in zip(("table_sort", "table_filter"), before, self._seen, strict=True):
            if old != new:
                emit(event, self, self._rows())

    def scroll_to(self, id: int) -> None:
        """Bring a row into sight."""
        model, grid = self._widget.model, self._widget.grid
        row = model.row_of(id)
        if row is not None:
            grid.scrollTo(model.index(row, 0))

    def add_style(self, style: str) -> None:
        """Add a style sheet."""
        sheet = read_sheet(style)
        if sheet.for_qt:
            self._widget.setStyleSheet(f"{self._widget.styleSheet()}\n{sheet.for_qt}")
        if sheet.rules:
            self._gui.main.tables.style_of = partial(self._style_of, sheet)
            self._gui.main.tables.refresh_groups()

    def _style_of(self, sheet: Any, cluster_id: int) -> RowStyle | None:
        session = self._gui.main.session
        if not session.manager.assignment.contains(cluster_id):
            return None

        def value_of(column: str) -> Any:
            if column == "is_masked":
                return self._is_masked(cluster_id)
            if column == "group":
                return session.manager.group(cluster_id) or "unsorted"
            return session.cluster_table.value(cluster_id, column) if column in self._table.column_names else None

        style = sheet.style(value_of)
        return RowStyle(_color(style.color), _color(style.ground), bool(style.bold))

    def set_busy(self, busy: bool) -> None:
        """Note that the window works."""
        self.debouncer.isBusy = bool(busy)

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Sort and select as a state says."""
        column, direction = state.get("current_sort") or (None, None)
        if column:
            self.sort_by(column, direction or "asc")
        if state.get("selected"):
            self.select(state["selected"])

    def eval_js(self, expr: str, callback: Callback | None = None) -> Any:
        """Answer the few expressions of the old web table that mean something here; the others mean nothing."""
        answers: dict[str, Callable[[], Any]] = {
            "table.debouncer.isBusy": lambda: self.debouncer.isBusy,
            "table.selected()": self._chosen,
            "table._getIds()": self._rows,
            "table._currentSort()": self.get_current_sort,
        }
        answer = answers.get(re.sub(r";\s*\Z", "", expr.strip()))
        return self._give(answer() if answer is not None else None, callback)


class SimilarityView(ClusterView):
    """The similarity table."""

    _styles = ""
    _view_name = "similarity_view"
    _required_columns = ("n_spikes", "similarity")

    def _chosen(self) -> list[int]:
        return [int(c) for c in self._gui.main.session.selection.similar_ids]

    def _choose(self, cluster_ids: list[int]) -> None:
        session = self._gui.main.session
        self._gui.main.commands.guard(lambda: session.select_similar(cluster_ids))

    def _filter(self, text: str) -> None:
        self._table.set_filter(text)

    def similar_rows(self, cluster_id: int) -> list[dict[str, Any]]:
        """Return the rows of the clusters that resemble one, most similar first."""
        session = self._gui.main.session
        values = session.similar.rows(cluster_id)
        alive = [c for c in values if session.manager.assignment.contains(c)]
        return [{**(self.get(c) or {}), "similarity": f"{values[c]:.3f}"} for c in alive]

    def reset(self, cluster_ids: Iterable[int]) -> Any:
        """Return the rows for the last of these clusters, as those who answer the event give them."""
        ids = list(cluster_ids)
        return emit("request_similar_clusters", self, ids[-1]) if ids else None

    def set_selected_index_offset(self, n: int) -> None:
        """Colours go on from the other table by themselves."""


def _color(text: str | None) -> Any:
    """Read a colour: a name, #rgb, #rrggbb, or rgb(r, g, b)."""
    if text is None:
        return None
    numbers = re.fullmatch(r"rgba?\(([\d.,\s]+)\)", text)
    if numbers:
        parts = [float(p) for p in numbers[1].split(",") if p.strip()]
        color = QtGui.QColor(*map(int, parts[:3]))
        if len(parts) > 3:
            color.setAlphaF(min(parts[3], 1.0))
        return color
    color = QtGui.QColor(text)
    return color if color.isValid() else None
