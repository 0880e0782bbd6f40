"""`GUI`: the window as plugins of phy see it, and the events that it sends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.action_table import call_of_plugin
from phy_medicine.app.phy_compat.dock import DockWidget
from phy_medicine.app.phy_compat.forwarding import WindowProxy
from phy_medicine.app.phy_compat.gui_menus import GuiMenus
from phy_medicine.app.phy_compat.gui_views import GuiViews
from phy_medicine.app.phy_compat.ipython_view import IPythonView
from phy_medicine.app.phy_compat.program_actions import GROUPS, ProgramActions
from phy_medicine.app.phy_compat.snippets import Snippets
from phy_medicine.app.phy_compat.state import GUIState
from phy_medicine.app.phy_compat.tables import ClusterView, SimilarityView
from phy_medicine.app.phy_compat.tasks import ActionCreator, QueueLogger, TaskQueue, block
from phy_medicine.app.phy_compat.window_events import WindowEvents

__all__ = ["GUI", "DockWidget", "announce", "open_gui"]

FacadeOf = Callable[[Any], Any]


class GUI(GuiMenus, WindowProxy):
    """The window; what is not here is the program's window, a QMainWindow. It can be the parent of dialogs.

    main : the window; controller : what the plugins were attached to
    """

    actions: list[Any]

    def __init__(self, controller: Any, window: Any, facade_of: FacadeOf) -> None:
        WindowProxy.__init__(self, window)
        self.controller = controller
        self.name = getattr(controller, "gui_name", "TemplateGUI")
        self._undo: list[tuple[str, Callable[[], Any]]] = []
        self._creating: list[str] = []
        self.view_actions_of_plugins: set[str] = set()
        self.begin_menus()
        self.state = GUIState(window_state=window.state)
        self.actions = []
        groups = {name: ProgramActions(self, name) for name in GROUPS}
        self.file_actions, self.view_actions, self.help_actions = groups["File"], groups["View"], groups["Help"]
        self.edit_actions, self.select_actions = groups["Edit"], groups["Select"]
        self.snippets = Snippets(self)
        self.console_view = IPythonView(self)
        self._views = GuiViews(self, facade_of)
        self._make_tables()
        self.action_creator = ActionCreator(self, controller.supervisor)
        self.task_logger = QueueLogger(window.session, self.action_creator.queue)
        self._events = WindowEvents(self)

    def _make_tables(self) -> None:
        window, session = self.main, self.main.session
        tables = window.tables
        self.cluster_view = ClusterView(self, session.cluster_table, tables.clusters)
        self.similarity_view = SimilarityView(self, session.similarity_table, tables.similar)
        docks = list(tables.docks.values())
        for view, dock in zip((self.cluster_view, self.similarity_view), docks, strict=True):
            view.dock = DockWidget(self, dock, view)

    @property
    def theme(self) -> Any:
        """Colours of the window."""
        return self.main.theme

    @property
    def queue(self) -> TaskQueue:
        """What waits for its turn."""
        return self.action_creator.queue

    # Plugins' own

    def call(self, owner: str, what: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function of a plugin; what goes wrong is told of."""
        self.main.commands.guard(partial(call_of_plugin, self, owner, what, function, *args))

    def note(self, undo: Callable[[], Any]) -> None:
        """Remember how to undo something that the plugin did that runs now."""
        owner = self.main.session.extensions.adding
        if owner:
            self._undo.append((owner, undo))

    def remove_of(self, owner: str) -> None:
        """Take out of the window what a plugin added to it."""
        mine = [undo for whose, undo in self._undo if whose == owner]
        self._undo = [pair for pair in self._undo if pair[0] != owner]
        for undo in reversed(mine):
            self.main.session.extensions.call(owner, "removal", undo, default=None)

    # Views

    @property
    def views(self) -> list[Any]:
        """All open views, the tables first."""
        tables = [self.cluster_view, self.similarity_view]
        more = [self.console_view] if self.main.console.tool.is_open else []
        return [*tables, *(shown.view for shown in self._views), *more]

    @property
    def view_count(self) -> dict[str, int]:
        """Number of open views by name of the class."""
        names = [type(view).__name__ for view in self.views]
        return {name: names.count(name) for name in names}

    @property
    def view_creator(self) -> Any:
        """Functions that make views, by name."""
        return self.controller.view_creator

    @property
    def default_views(self) -> Any:
        """Names of the views that phy opens at first."""
        return self.controller.default_views

    def panel_of(self, view: Any) -> Any:
        """Return the panel of the window that a view is in, or None."""
        return self._views.panel_of(view)

    def list_views(self, *classes: Any) -> list[Any]:
        """Return the open views of these classes, or of classes of these names."""
        names = {c for c in classes if isinstance(c, str)}
        kinds = tuple(c for c in classes if isinstance(c, type))
        return [v for v in self.views if isinstance(v, kinds) or type(v).__name__ in names]

    def get_view(self, cls: Any, index: int = 0) -> Any:
        """Return the open view of a class or name with this number, or None."""
        found = self.list_views(cls)
        return found[index] if index < len(found) else None

    def add_view(
        self,
        view: Any,
        position: str | None = None,
        closable: bool = True,
        floatable: bool = True,
        floating: bool | None = None,
    ) -> Any:
        """Show a view, a widget or a figure of matplotlib in a dock, and return the dock.

        position : left, right, top or bottom

        Raises
        ------
        TypeError : it is nothing that can be shown
        """
        if isinstance(view, IPythonView):
            view.attach(self)
            return self.main.console.tool.dock
        return self._views.add(view, position=position, closable=closable, floatable=floatable, floating=floating)

    def create_and_add_view(self, view_name: str) -> Any:
        """Open one more view of a name and return it; None when there is no such view."""
        before = self.list_views(view_name)
        if view_name in self.main.arrangement.kinds or view_name == "IPythonView":
            self.main.commands.run("add_view", view_name)
            for panel in self.main.panels:
                self._views.attach(panel)
            new = [v for v in self.list_views(view_name) if v not in before]
            return new[-1] if new else self.get_view(view_name)
        creator = None if view_name in self._creating else self.view_creator.get(view_name)
        self._creating.append(view_name)
        try:
            view = creator() if creator is not None else None
        finally:
            self._creating.remove(view_name)
        if view is not None:
            view.attach(self) if hasattr(view, "attach") else self.add_view(view)
        return view

    def create_views(self) -> None:
        """The window has opened its views by itself."""

    def save_geometry_state(self) -> dict[str, Any]:
        """Return where window and docks are."""
        return {"geometry": self.main.saveGeometry(), "state": self.main.saveState()}

    def restore_geometry_state(self, gs: dict[str, Any] | None) -> None:
        """Put window and docks where they were."""
        for key, restore in (("geometry", self.main.restoreGeometry), ("state", self.main.restoreState)):
            if gs and gs.get(key):
                restore(gs[key])

    def set_default_actions(self) -> None:
        """The window has its actions by itself."""


def open_gui(controller: Any, window: Any, facade_of: FacadeOf | None = None) -> GUI:
    """Make the façade of a window and join the supervisor to it; the events `*_init` and `attach_gui` are sent.

    facade_of : makes what stands for a view of the program, by default `views.facade_of`
    """
    if facade_of is None:
        from phy_medicine.app.phy_compat.views import facade_of as made

        facade_of = made
    gui = GUI(controller, window, facade_of)
    supervisor = controller.supervisor
    supervisor.actions, supervisor.select_actions = gui.edit_actions, gui.select_actions
    supervisor.view_actions, supervisor.action_creator = gui.view_actions, gui.action_creator
    supervisor.cluster_view, supervisor.similarity_view = gui.cluster_view, gui.similarity_view
    supervisor.task_logger, supervisor.block = gui.task_logger, partial(block, gui)
    supervisor.lasso_spikes = window.host.lasso_spikes
    controller.gui = gui
    link = getattr(controller, "link", None)
    if link is not None:
        link.later = partial(window.later.after, 0)
    _choose_columns(supervisor, window.session)
    gui.cluster_view.build()
    gui.similarity_view.build()
    events.emit("attach_gui", supervisor)
    return gui


def _choose_columns(supervisor: Any, session: Any) -> None:
    """Show the columns that a plugin has chosen; those that do not exist are passed over."""
    default: list[str] = getattr(supervisor, "default_columns", list)()
    chosen = [str(name) for name in getattr(supervisor, "columns", ())]
    if chosen and chosen != default:
        session.clusters.choose_columns(chosen)


def announce(gui: GUI, owner: str = "") -> None:
    """Tell of every view and then of the window; owner : only to this plugin, which came later than the others."""
    if not owner:
        gui.console_view.inject(gui=gui, controller=gui.controller, supervisor=gui.controller.supervisor)
        gui._views.attach_all()
        events.emit("view_attached", gui.console_view, gui)
        events.emit("gui_ready", gui.controller, gui)
        return
    _choose_columns(gui.controller.supervisor, gui.main.session)
    for view in (*(shown.view for shown in gui._views), gui.console_view):
        events.bus.emit_to(owner, "view_attached", view, gui)
    gui._views.attach_all()
    events.bus.emit_to(owner, "gui_ready", gui.controller, gui)
