"""The views of a window: making them, naming them, closing and opening them again, and what they remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from phy_medicine.gui import layout
from phy_medicine.gui.configured import ConfiguredViews
from phy_medicine.gui.gestures import GESTURES
from phy_medicine.gui.qt import Qt
from phy_medicine.gui.twins import Twins
from phy_medicine.gui.view_kinds import KINDS, ViewKinds, view_class
from phy_medicine.gui.view_panel import ViewPanel
from phy_medicine.session.time_ranges import A
from phy_medicine.views.base import View
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

__all__ = ["KINDS", "Panels", "ViewPanel", "view_class"]


# A view that is added stands by one that is read in the same way.
_BESIDE = {
    "PositionView": "FeatureView", "ExplorerView": "FeatureView", "SteadinessView": "DriftView",
    "LDAView": "FeatureView", "ClusterGridView": "ClusterScatterView",
}  # fmt: skip


class Panels:
    """All views of a window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._panels: list[ViewPanel] = []
        self.twins = Twins(self._panels)
        self.view_kinds = ViewKinds(window.session)
        self._changed_kinds: set[str] = set()
        self.configured = ConfiguredViews(window.state)
        self._remembered: dict[str, Any] = self.configured.without_old(window.state.merged("views"))
        window.host.status_changed = self._show_status
        window.bridge.connect(window.session.extensions.views.changed, self._kind_changed)
        self.added: Callable[[ViewPanel], object] = lambda panel: None
        """Called with each new view, once its dock is there; it is not placed yet."""

    def __iter__(self) -> Iterator[ViewPanel]:
        return iter(self._panels)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of views that can be opened now."""
        return self.view_kinds.names

    def _kind_changed(self, kind: str) -> None:
        """Follow a plugin soon: one that is loaded anew takes its views out and adds them again."""
        self._changed_kinds.add(kind)
        self._window.later.put("views of plugins", self._renew)

    def _renew(self) -> None:
        """Make the open views of kinds that came, went or were replaced anew."""
        kinds, self._changed_kinds = self._changed_kinds, set()
        stale = [p for p in self._panels if p.kind in kinds and p.made_of is not self.view_kinds.find(p.kind)]
        for kind in {panel.kind for panel in stale}:
            self._window.commands.drop_view_actions(kind)
        for panel in stale:
            panel.renew()
            if panel.kind in self.kinds:
                self._window.commands.take_view_actions(panel.kind, panel)
        self.twins.match()

    def add(self, kind: str, name: str | None = None, which: str = "") -> ViewPanel:
        """Make a view of a kind in a dock of its own; the dock is not placed yet.

        which : time range that it shows; by default the one of the view of that name before, else the first
        """
        title = self.view_kinds.title(kind)
        name = name or self._free_name(title if which in ("", A) else f"{title} {which.upper()}")
        state = self._remembered.get(name) or self._remembered.get(title, {})
        panel = ViewPanel(self._window, kind, name, state, which or state.get("time_range", A))
        self._panels.append(panel)
        self._window.host.add(panel.view, visible=False)
        self._window.commands.take_view_actions(kind, panel)
        self.added(panel)
        return panel

    def _free_name(self, title: str) -> str:
        names = {p.name for p in self._panels}
        return next(n for n in (title, *(f"{title} ({i})" for i in range(1, 1000))) if n not in names)

    def nth_or_new(self, kind: str, number: int, which: str = A) -> ViewPanel:
        """Return the view of a kind and range with this number, from 0; made, with those before, if there is none."""
        mine = [p for p in self._panels if p.kind == kind and p.which == which]
        while len(mine) <= number:
            mine.append(self.add(kind, which=which))
        return mine[number]

    def reopen_or_add(self, kind: str) -> ViewPanel:
        """Show a closed view of a kind where it was, else add one beside the view that it is like, or the last one."""
        closed = next((p for p in self._panels if p.kind == kind and p.which == A and not p.open), None)
        if closed is not None:
            closed.dock.give_focus()
            return closed
        docked = [p for p in reversed(self._panels) if p.open and not p.dock.isFloating()]
        preferred = [p for p in docked if p.kind == _BESIDE.get(kind)]
        neighbour = next((p.dock for p in (*preferred, *docked)), None)
        panel = self.add(kind)
        if not self._window.restoreDockWidget(panel.dock):
            self._window.addDockWidget(Qt.TopDockWidgetArea, panel.dock)
            if neighbour is not None:
                self._window.tabifyDockWidget(neighbour, panel.dock)
        panel.dock.give_focus()
        return panel

    def target(self, kind: str) -> ViewPanel | None:
        """Return the view that an action of a kind means: the focused one, else the first that is open."""
        mine = [p for p in self._panels if p.kind == kind and p.open]
        return next((p for p in mine if p.dock.bar.focused), mine[0] if mine else None)

    def named(self, name: str) -> ViewPanel | None:
        """Return the view that has the keyboard, or the open one of a name or kind, also without "View"."""
        if not name:
            return self.focused()
        word = name.lower()
        names = [(p, {p.name.lower(), p.kind.lower(), p.kind.lower().removesuffix("view")}) for p in self._panels]
        return next((p for p, known in names if p.open and word in known), None)

    def focused(self) -> ViewPanel | None:
        """Return the view that has the keyboard, None when a table or no panel has it."""
        return next((p for p in self._panels if p.open and p.dock.bar.focused), None)

    def focused_kind(self) -> str:
        """Return the kind of the view that has the keyboard, or ""."""
        panel = self.focused()
        return panel.kind if panel is not None else ""

    def twin(self, panel: ViewPanel, which: str) -> ViewPanel:
        """Show a view of the same kind, of another time range, beside a view; it starts with the same settings."""
        known = panel if panel.which == which else panel.twin or self._closed_twin(panel, which)
        if known is not None:
            known.twin_of = panel.name if known is not panel else panel.twin_of
            known.dock.give_focus()
            return known
        made = self.add(panel.kind, which=which)
        made.twin_of = panel.name
        if made.name not in self._remembered:
            made.view.restore(panel.view.state())
        if panel.dock.isFloating() or not panel.open:
            self._window.addDockWidget(Qt.TopDockWidgetArea, made.dock)
        else:
            layout.put_beside(self._window, panel.dock, made.dock)
        self.twins.match()
        return made

    def _closed_twin(self, panel: ViewPanel, which: str) -> ViewPanel | None:
        twins = [p for p in self._panels if p.kind == panel.kind and p.which == which and not p.open]
        return next((p for p in twins if p.twin_of == panel.name), next(iter(twins), None))

    def _show_status(self, view: View) -> None:
        panel = next((p for p in self._panels if p.view is view), None)
        if panel is not None:
            panel.show_status()

    def names(self) -> list[tuple[str, str]]:
        """Return kind and name of every open view."""
        return [(p.kind, p.name) for p in self._panels if p.open]

    def settings(self) -> dict[str, Any]:
        """Return what the views remember, by name."""
        before = self._remembered
        kept = self.configured.kept
        return {**before, **{p.name: kept(p.kind, p.name, p.state(), before.get(p.name, {})) for p in self._panels}}

    def set_theme(self, theme: Theme) -> None:
        """Use other colours in every view."""
        for panel in self._panels:
            panel.dock.bar.set_theme(theme)
            panel.view.set_theme(theme)

    def close(self) -> None:
        """Give back every canvas while its window still exists."""
        for panel in self._panels:
            panel.view.close()

    def gestures(self) -> tuple[tuple[str, str, str], ...]:
        """Return view, gesture and meaning of what the mouse does."""
        return GESTURES
