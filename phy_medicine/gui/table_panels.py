"""The two tables in their docks, and what joins them to the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from phy_medicine.gui import theme as themes
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.qt import QtWidgets
from phy_medicine.gui.similarity_menu import fill_similarity_menu
from phy_medicine.gui.table_delegate import GroupMark, RowLook, RowStyle
from phy_medicine.gui.tables import ClusterTableWidget, send_to_other
from phy_medicine.session import pair_columns
from phy_medicine.session.position_items import ALPHA, Z
from phy_medicine.session.quality_columns import SHOWN
from phy_medicine.session.ranged import STATISTICS

if TYPE_CHECKING:
    from phy_medicine.curation.actions import Delta
    from phy_medicine.gui.main_window import MainWindow
    from phy_medicine.session.clusters import Column
    from phy_medicine.views.theme import Theme

CLUSTERS, SIMILAR = "Clusters", "Similar"


class TablePanels:
    """The cluster table and the similarity table."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = session = window.session
        self._looks: dict[int, RowLook] = {}
        self._colors: dict[int, tuple[float, float, float]] = {}
        self.style_of: Callable[[int], RowStyle | None] = lambda cluster_id: None
        """What a plugin's style sheet says of the row of a cluster."""
        self.clusters = self._table(session.cluster_table, session.filter)
        self.similar = self._table(session.similarity_table, session.similarity_table.set_filter)
        self.docks = {
            CLUSTERS: Dock(CLUSTERS, self.clusters, window.theme),
            SIMILAR: Dock(SIMILAR, self.similar, window.theme),
        }
        self._menu = self.docks[SIMILAR].add_button("menu", "Choose how clusters are compared", self._show_menu)
        guard = window.commands.guard
        self.clusters.on_select = lambda ids: guard(lambda: session.select(ids))
        self.similar.on_select = lambda ids: guard(lambda: session.select_similar(ids))
        # The rows shown may be a frame behind; a click must build on what is selected now.
        self.clusters.selected_now = lambda: session.selection.best_ids
        self.similar.selected_now = lambda: session.selection.similar_ids
        self.clusters.on_send = self.similar.on_send = self._send
        self._touched: set[int] = set()
        self._arrived: set[str] = set()
        connect, later = window.bridge.connect, window.later.put
        connect(session.clusters.changed, self._changed)
        connect(session.cluster_table.changed, lambda: later("clusters", self._refill_clusters))
        connect(session.similarity_table.changed, lambda: later("similar", self._refill_similar))
        connect(session.selection.changed, lambda _selection: later("selection", self._show_selection))
        for values in (session.metrics, session.quality, session.pairs):
            connect(values.arrived, self._metrics_arrived)
        connect(session.time_range_changed, lambda _ranges: self._show_range())
        self._apply_state()
        self._show_selection()
        self._show_metric()

    def _table(self, source: Any, apply_filter: Any) -> ClusterTableWidget:
        several = len(set(self._session.model.channel_shanks)) > 1
        usual, clusters = {"amp_median", Z, ALPHA, *(() if several else ("sh",))}, self._session.clusters

        def hidden(columns: Sequence[Column]) -> list[str]:
            shown = {c.name: clusters.choice.shows(c) for c in columns}
            later = {n for n in shown if n not in SHOWN and clusters.is_quality(n)}
            later |= {n for n in pair_columns.PAIR_NAMES - {*pair_columns.SHOWN} if not clusters.adds(n)}
            return [n for n, chosen in shown.items() if chosen is False or (chosen is None and n in usual | later)]

        return ClusterTableWidget(
            source,
            self._look_of,
            apply_filter,
            self._session.manager.assignment.contains,
            self._window.theme,
            hidden=hidden,
            sample_ids=self._session.cluster_ids,
        )

    def _look_of(self, cluster_id: int) -> RowLook:
        look = self._looks.get(cluster_id)
        if look is None:
            color, mark = self._colors.get(cluster_id), self._mark(cluster_id)
            look = self._looks[cluster_id] = RowLook(color, mark, self.style_of(cluster_id))
        return look

    def _mark(self, cluster_id: int) -> GroupMark | None:
        name = self._session.manager.group(cluster_id)
        if name is None or name == "unsorted":
            return None
        group = self._session.manager.groups.get(name)
        return GroupMark(group.name, group.letter, themes.rgb(group.color), group.masked)

    def _changed(self, delta: Delta) -> None:
        self._touched.update((*delta.changed, *delta.added, *delta.removed))
        self._window.later.put("clusters", self._refill_clusters)
        self._window.later.put("similar", self._refill_similar)

    def _metrics_arrived(self, names: frozenset[str]) -> None:
        self._arrived |= names
        self._window.later.put("metrics", self._show_metrics)
        self._window.host.wake()

    def _show_metrics(self) -> None:
        """Write the cells that plugins computed, and how far they are."""
        names, self._arrived = self._arrived, set()
        for table in (self.clusters, self.similar):
            table.show_cells(names)
        self._show_progress()

    def _show_progress(self) -> None:
        """Say in the title bar that something is computed, and what waits for it."""
        session, words = self._session, ""
        table, metrics = session.cluster_table, session.metrics
        if waiting := table.waiting_for:
            words = f"arranged once {', '.join(waiting)} is known, {self._share_known(waiting):.0%}"
        elif metrics.busy:
            words = f"plugins compute, {self._share_known(metrics.names):.0%}"
        elif session.quality.busy:
            words = f"metrics, {session.quality.progress:.0%}"
        self.docks[CLUSTERS].bar.set_status(words)

    def _share_known(self, columns: Sequence[str]) -> float:
        """Part of the cells of some columns that are known."""
        table, ids = self._session.cluster_table, self._session.cluster_ids
        n = len(columns) * len(ids)
        return sum(table.known(c, name) for name in columns for c in ids) / n if n else 1.0

    def _refill_clusters(self) -> None:
        self._forget()
        self.clusters.refill()
        self._show_progress()

    def _refill_similar(self) -> None:
        """Read the rows again; the columns of pairs hold other values for every reference."""
        self._forget()
        self.similar.model.forget_columns({"similarity", *pair_columns.PAIR_NAMES})
        self.similar.refill()
        self._show_metric()

    def _show_metric(self) -> None:
        """Name in the title what is compared."""
        self.docks[SIMILAR].bar.set_title(f"{SIMILAR} \N{MIDDLE DOT} {self._session.similar.title}")

    def _show_range(self) -> None:
        """Count in the time range, and say so in the titles."""
        chosen = self._session.time_ranges.a
        for table in (self.clusters, self.similar):
            table.model.forget_columns(STATISTICS)
        for dock in self.docks.values():
            dock.bar.set_badge("" if chosen is None else f"A: {chosen.text}")

    def _show_menu(self) -> None:
        menu = fill_similarity_menu(QtWidgets.QMenu(self._menu), self._session.similar, self._window.commands.guard)
        menu.exec_(self._menu.mapToGlobal(self._menu.rect().bottomLeft()))

    def _forget(self) -> None:
        """Drop what was written of clusters that changed."""
        self._looks.clear()
        for table in (self.clusters, self.similar) if self._touched else ():
            table.model.forget(self._touched)
        self._touched.clear()

    def _show_selection(self) -> None:
        """Mark the selected rows in both tables."""
        selection = self._session.selection.current
        self._looks.clear()
        before = self._colors
        rgb = self._session.colors.of(selection.cluster_ids)[:, :3].tolist()
        self._colors = {c: tuple(color) for c, color in zip(selection.cluster_ids, rgb, strict=True)}
        recolored = [c for c in {**before, **self._colors} if before.get(c) != self._colors.get(c)]
        self.clusters.show_selection(selection.best_ids, recolored)
        self.similar.show_selection(selection.similar_ids, recolored)
        reference = selection.reference_id
        self.docks[SIMILAR].bar.set_status("" if reference is None else f"to cluster {reference}")

    def _send(self, cluster_id: int) -> None:
        session = self._session
        self._window.commands.guard(lambda: session.select(*send_to_other(session.selection.current, cluster_id)))

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        for table in (self.clusters, self.similar):
            table.set_theme(theme)
        for dock in self.docks.values():
            dock.bar.set_theme(theme)

    def show_colors(self) -> None:
        """Draw selected rows and marks of groups in the colours that they have now."""
        self._show_selection()
        self.refresh_groups()

    def refresh_groups(self) -> None:
        """Draw the marks of groups anew, because a group has another colour or is skipped now."""
        self._looks.clear()
        for table in (self.clusters, self.similar):
            table.grid.viewport().update()

    def to_state(self) -> dict[str, Any]:
        """Return what to remember of both tables."""
        return {
            CLUSTERS: self._without_configured(self.clusters.to_state(), self.clusters, "columns", "sort"),
            SIMILAR: self._without_configured(self.similar.to_state(), self.similar, "similar_columns"),
        }

    def _without_configured(
        self, state: dict[str, Any], table: ClusterTableWidget, columns: str, sort: str = ""
    ) -> dict[str, Any]:
        """Leave out columns and order that are only as configured."""
        configuration = self._window.state.configuration
        names = configuration.get(columns)
        if names is not None and state.get("columns", {}).get("hidden") == table.header.to_hide(names):
            state.pop("columns")
        if sort and state["sort"] == configuration.get(sort):
            state.pop("sort")
        return state

    def _apply_state(self) -> None:
        remembered = self._window.state.merged("tables")
        self._restore(self.clusters, remembered.get(CLUSTERS, {}), "columns", "sort")
        self._restore(self.similar, remembered.get(SIMILAR, {}), "similar_columns")

    def _restore(self, table: ClusterTableWidget, remembered: dict[str, Any], columns: str, sort: str = "") -> None:
        """Show a table as configured, and as it was arranged by hand since."""
        state, names = self._window.state, self._window.state.configuration.get(columns)
        kept = dict(remembered)
        if state.is_fresh(columns):
            kept.pop("columns", None)
        if sort and (state.is_fresh(sort) or "sort" not in kept):
            kept["sort"] = state.configuration.get(sort, kept.get("sort", ()))
        if names is not None and "columns" not in kept:
            kept["columns"] = {"order": table.header.order_of(names), "hidden": table.header.to_hide(names)}
        table.apply_state(kept)
