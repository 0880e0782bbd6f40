"""One view and its dock: what it shows, remembers and can do; views of plugins may come, go, be replaced or fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import ActionError, PhyMedError, SnippetError
from phy_medicine.base.log import logger
from phy_medicine.base.params import params_of
from phy_medicine.gui.dock import Dock
from phy_medicine.gui.fresh_pictures import SCREEN_CHANGE
from phy_medicine.gui.qt import Qt, QtCore, QtWidgets
from phy_medicine.gui.range_host import RangeHost
from phy_medicine.gui.settings_dialog import SettingsDialog
from phy_medicine.gui.view_menu import fill_view_menu
from phy_medicine.session.time_ranges import A
from phy_medicine.views.base import NoSettings, View, ViewAction
from phy_medicine.views.guarded import broken, is_widget

if TYPE_CHECKING:
    from phy_medicine.gui.main_window import MainWindow


class _Told(QtCore.QObject):
    """Tells when the pointer leaves a canvas and when it comes to another screen, which vispy does not."""

    def __init__(self, native: QtWidgets.QWidget, *, left: Callable[[], object], moved: Callable[[], object]) -> None:
        super().__init__(native)
        self._left, self._moved = left, moved
        native.installEventFilter(self)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Leave:
            self._left()
        elif event.type() == SCREEN_CHANGE:
            self._moved()
        return False


class ViewPanel:
    """One view and its dock.

    made_of : class of the view, also of one that could not be made; which : the time range that the view shows, "a"
    or "b"; twin_of : name of the view that one of B was opened beside; own_scale : whether one of B keeps a scale of
    its own
    """

    def __init__(self, window: MainWindow, kind: str, name: str, state: dict[str, Any], which: str = A) -> None:
        self.kind, self.name, self.which, self._window = kind, name, which, window
        # What is remembered of a view that cannot be made now, and whether it was open when it went.
        self._kept: dict[str, Any] | None = None
        self._went_open = self._in_front = False
        self.view = self._make(window.panels.configured.remembered(kind, name, state))
        self.dock = Dock(name, self.view.canvas.native, window.theme)
        self._update = self.dock.add_button("update", "Follow the selection", self._toggle_update)
        self._update.setCheckable(True)
        self._update.setChecked(self.view.auto_update)
        self.dock.add_button("camera", "Save a picture of this view", self.screenshot)
        self._menu = self.dock.add_button("menu", "What this view can do, and its settings", self._show_menu)
        self.twin_of, self.own_scale = str(state.get("twin_of", "")), bool(state.get("own_scale"))
        self.dock.shown.connect(self._shown)
        self.dock.closed.connect(lambda: window.panels.twins.match())

    def _make(self, state: dict[str, Any]) -> View:
        """Make the view, or one that says why it cannot be made, while what is remembered is kept."""
        kinds = self._window.panels.view_kinds
        found = self.made_of = kinds.find(self.kind)
        self._kept = None

        def failed(sentence: str) -> View:
            self._kept = state
            return self._build(broken(self.kind, kinds.title(self.kind), sentence), {})

        if found is None:
            return failed(f"{self.kind} is a view of a plugin that is not there now.")
        return kinds.call(self.kind, "__init__", partial(self._build, found, state), failed)

    def _build(self, kind: type[View], state: dict[str, Any]) -> View:
        host: Any = RangeHost(self._window.host, self.which)
        view = host.view = kind(host, theme=self._window.theme)
        if not isinstance(view.settings, NoSettings):
            view.settings = self._window.panels.configured.settings(self.kind, view.settings)
        try:
            view.restore(state)
        except (PhyMedError, TypeError, AttributeError) as error:
            logger.warning("Settings of %s were not taken over: %s", self.name, error)
        params_of(view.settings)  # of a plugin they may be no settings at all
        native = view.canvas.native
        native.setFocusPolicy(Qt.ClickFocus)
        self._told = _Told(native, left=view.hover.leave, moved=view.redraw)
        return view

    def renew(self) -> None:
        """Make the view anew with the same settings, because its class came, went or was replaced."""
        host, old, state, was_open = self._window.host, self.view, self.state(), self.open
        host.remove(old)
        old.scale.part()
        self.view = self._make(state)
        self.dock.put(self.view.canvas.native)
        old.close()
        self._update.setChecked(self.view.auto_update)
        host.add(self.view, visible=self._in_front and was_open)
        if self._window.panels.view_kinds.find(self.kind) is None:
            self._went_open = self._went_open or was_open
            self.dock.close()
        elif self._went_open:
            self._went_open = False
            self.dock.show()
            self.dock.raise_()

    def show_status(self) -> None:
        """Show what the view says of itself, and what went wrong in one of a plugin."""
        self.dock.bar.set_status(self.view.status)
        self.dock.show_complaint(self.view.complaint)
        self.dock.show_message(self.view.scene.message if is_widget(self.view) else "")
        self.show_range()

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
        ActionError : a view of a plugin that cannot do it any more
        """
        action = next((a for a in self.view.actions() if a.id == action_id), None)
        if action is None:
            raise ActionError(f"{self.name} cannot do {action_id} now.")
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
        state = self.state()
        own = {} if self.which == A else {"own_scale": self.own_scale}
        return {key: state[key] for key in ("settings", "auto_update")} | own

    def state(self) -> dict[str, Any]:
        """Return what is remembered of the panel."""
        twin = {} if self.which == A else {"twin_of": self.twin_of, "own_scale": self.own_scale}
        view = self.view.state() if self._kept is None else {"settings": {}, "auto_update": True, **self._kept}
        return {**view, "kind": self.kind, "time_range": self.which, **twin}

    def take_state(self, state: dict[str, Any]) -> None:
        """Take over what a layout holds of the view, and show it so."""
        if self._kept is not None:
            self._kept = state
            return
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
        self._in_front = visible
        if self.view in self._window.host.views:
            if not self.open:
                self.view.canvas.release()
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
        view = self.view
        dialog = SettingsDialog(self.name, view.settings, self._apply, self._window, params=view.params())
        dialog.show()

    def _apply(self, name: str, value: Any) -> None:
        self.view.change(**{name: value})
