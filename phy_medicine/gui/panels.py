"""Views in docks: making them, naming them, closing and opening them again, and what they remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import PhyMedError, SnippetError
from phy_medicine.base.log import logger
from phy_medicine.gui import layout
from phy_medicine.gui.configured import ConfiguredViews
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.gestures import GESTURES
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.range_host import RangeHost
from phy_medicine.gui.settings_dialog import SettingsDialog
from phy_medicine.gui.twins import Twins
from phy_medicine.gui.view_menu import fill_view_menu
from phy_medicine.session.time_ranges import A
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.spike_attributes import kinds_of
from phy_medicine.views.theme import Theme

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow

KINDS = {
    "WaveformView": "waveform",
    "FeatureView": "feature",
    "AmplitudeView": "amplitude",
    "CorrelogramView": "correlogram",
    "ProbeView": "probe",
    "TraceView": "trace",
    "DriftView": "drift",
    "ClusterScatterView": "cluster_scatter",
    "TemplateView": "template",
    "TemplateFeatureView": "template_feature",
    "TraceImageView": "trace_image",
    "SimilarityMatrixView": "similarity_matrix",
    "HistogramView": "histogram",
    "ISIView": "isi",
    "FiringRateView": "firing_rate",
    "RasterView": "raster_view",
    "EventView": "event_view",
}
"""Class of a view -> its module in `phy_medicine.views`; imported when the first one is made."""


def view_class(kind: str) -> type[View]:
    """Return the class of a kind of view."""
    module = KINDS.get(kind, "spike_attributes")
    view: type[View] = getattr(import_module(f"phy_medicine.views.{module}"), kind)
    return view


class _Leave(QtCore.QObject):
    """Tells when the pointer leaves a canvas, which vispy does not."""

    def __init__(self, native: QtWidgets.QWidget, left: Callable[[], object]) -> None:
        super().__init__(native)
        self._left = left
        native.installEventFilter(self)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Leave:
            self._left()
        return False


class ViewPanel:
    """One view and its dock.

    which : the time range that the view shows, "a" or "b"; twin_of : name of the view that one of B was opened
    beside; own_scale : whether one of B keeps a scale of its own
    """

    def __init__(self, window: MainWindow, kind: str, name: str, state: dict[str, Any], which: str = A) -> None:
        self.kind, self.name, self.which, self._window = kind, name, which, window
        host: Any = RangeHost(window.host, which)
        self.view = host.view = view_class(kind)(host, theme=window.theme)
        configured = window.panels.configured
        self.view.settings = configured.settings(kind, self.view.settings)
        try:
            self.view.restore(configured.remembered(kind, name, state))
        except (PhyMedError, TypeError, AttributeError) as error:
            logger.warning("Settings of %s were not taken over: %s", name, error)
        native = self.view.canvas.native
        native.setFocusPolicy(Qt.ClickFocus)
        self._leave = _Leave(native, self.view.hover.leave)
        self.dock = Dock(name, native, window.theme)
        self._update = self.dock.add_button("update", "Follow the selection", self._toggle_update)
        self._update.setCheckable(True)
        self._update.setChecked(self.view.auto_update)
        self.dock.add_button("camera", "Save a picture of this view", self.screenshot)
        self._menu = self.dock.add_button("menu", "What this view can do, and its settings", self._show_menu)
        self.twin_of, self.own_scale = str(state.get("twin_of", "")), bool(state.get("own_scale"))
        self.dock.shown.connect(self._shown)
        self.dock.closed.connect(lambda: window.panels.twins.match())

    @property
    def open(self) -> bool:
        """Whether the panel was not closed; it may be behind a tab."""
        return not self.dock.isHidden()

    def show_range(self) -> None:
        """Show in the title bar which time range the picture is of."""
        ranged = self.which != A or self.view.shown_request.time_range is not None
        words = [self.which.upper() if ranged else "", self.view.scale.words]
        self.dock.bar.set_badge(", ".join(filter(None, words)), "accent" if self.which == A else "warning")

    def actions(self) -> Sequence[ViewAction]:
        """Return what the view can do."""
        return self.view.actions()

    def run_action(self, action_id: str, *words: str) -> None:
        """Run an action of the view with words as typed.

        Raises
        ------
        SnippetError : too many words, or one that cannot be understood
        """
        action = next(a for a in self.view.actions() if a.id == action_id)
        if len(words) > len(action.arguments):
            raise SnippetError(f"{action.text} takes {len(action.arguments)} values, not {len(words)}.")
        values = []
        for word, convert in zip(words, action.arguments, strict=False):
            try:
                values.append(convert(word))
            except ValueError:
                raise SnippetError(f"{action.text}: {word!r} is not a {convert.__name__}.") from None
        action.handler(*values)
        self._window.host.status_changed(self.view)

    def settings(self) -> dict[str, Any]:
        """Return the settings that a layout holds: not what belongs to the recording, such as a zoom."""
        state = self.view.state()
        own = {} if self.which == A else {"own_scale": self.own_scale}
        return {key: state[key] for key in ("settings", "auto_update")} | own

    def state(self) -> dict[str, Any]:
        """Return what is remembered of the panel."""
        twin = {} if self.which == A else {"twin_of": self.twin_of, "own_scale": self.own_scale}
        return {**self.view.state(), "kind": self.kind, "time_range": self.which, **twin}

    def take_state(self, state: dict[str, Any]) -> None:
        """Take over what a layout holds of the view, and show it so."""
        self.view.restore(state)
        self._update.setChecked(self.view.auto_update)
        self.own_scale = bool(state.get("own_scale", self.own_scale))
        self._window.host.update(self.view)

    @property
    def twin(self) -> ViewPanel | None:
        """The same view of the other time range, while both are open."""
        return self._window.panels.twins.of(self)

    @property
    def scales_apart(self) -> bool:
        """Whether the view and its twin have scales of their own because a person wanted it."""
        return self.view.scale.own

    def toggle_own_scale(self) -> None:
        """Give the view and its twin scales of their own, or one again."""
        self._window.panels.twins.toggle(self)

    def screenshot(self) -> None:
        """Save a picture of the view as it is, into the folder of pictures."""
        self._window.commands.guard(lambda: self._window.pictures.save_panel(self))

    def _shown(self, visible: bool) -> None:
        if self.view in self._window.host.views:
            self._window.host.set_visible(self.view, visible)
            self._window.panels.twins.match()

    def _toggle_update(self) -> None:
        self.view.auto_update = self._update.isChecked()
        if self.view.auto_update:
            self._window.host.update(self.view)

    def _show_menu(self) -> None:
        menu = fill_view_menu(QtWidgets.QMenu(self._menu), self, self._window.commands)
        menu.exec_(self._menu.mapToGlobal(self._menu.rect().bottomLeft()))

    def ask_picture(self) -> None:
        """Ask how to save a picture of the view."""
        self._window.pictures.ask_panel(self)

    def show_settings(self) -> None:
        """Open the dialog made from the view's settings."""
        dialog = SettingsDialog(self.name, self.view.settings, self._apply, self._window)
        dialog.show()

    def _apply(self, name: str, value: Any) -> None:
        self.view.change(**{name: value})


class Panels:
    """All views of a window."""

    _program_kinds = tuple(k for k, m in KINDS.items() if find_spec(f"phy_medicine.views.{m}"))

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._panels: list[ViewPanel] = []
        self.twins = Twins(self._panels)
        self.kinds = (*self._program_kinds, *kinds_of(window.session.data))
        self.configured = ConfiguredViews(window.state)
        self._remembered: dict[str, Any] = self.configured.without_old(window.state.merged("views"))
        window.host.status_changed = self._show_status
        self.added: Callable[[ViewPanel], object] = lambda panel: None
        """Called with each new view, once its dock is there; it is not placed yet."""

    def __iter__(self) -> Iterator[ViewPanel]:
        return iter(self._panels)

    def add(self, kind: str, name: str | None = None, which: str = "") -> ViewPanel:
        """Make a view of a kind in a dock of its own; the dock is not placed yet.

        which : time range that it shows; by default the one of the view of that name before, else the first
        """
        title = view_class(kind).title or kind
        name = name or self._free_name(title if which in ("", A) else f"{title} {which.upper()}")
        state = self._remembered.get(name) or self._remembered.get(view_class(kind).title, {})
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
        """Show a closed view of a kind where it was, else add one beside the last view."""
        closed = next((p for p in self._panels if p.kind == kind and p.which == A and not p.open), None)
        if closed is not None:
            closed.dock.give_focus()
            return closed
        neighbour = next((p.dock for p in reversed(self._panels) if p.open and not p.dock.isFloating()), None)
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
            panel.dock.bar.set_status(view.status)
            panel.show_range()

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
