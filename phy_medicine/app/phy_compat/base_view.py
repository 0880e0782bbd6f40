"""`ManualClusteringView`: the base of views that plugins write.

The program shows it through a `PluginView`, its `native`: that one is told of selections, in the thread of the window
and only while it is in sight, and calls `on_select` with them, once each; of several that came meanwhile the last.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.bounds import extend_bounds
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.canvas import PlotCanvas

if TYPE_CHECKING:
    from phy_medicine.app.phy_compat.plugin_view import PluginView


class ManualClusteringView:
    """A view of the selected clusters; a subclass makes visuals and says in `on_select` or `plot` what they show.

    cluster_ids : the clusters shown; max_n_clusters : shown at most, 0 for all; ex_status : what others add to the
    status; state_attrs, local_state_attrs : attributes that are remembered; native : the view of the program
    """

    default_shortcuts: ClassVar[dict[str, Any]] = {}
    default_snippets: ClassVar[dict[str, Any]] = {}
    plot_canvas_class: Any = PlotCanvas
    max_n_clusters = 0
    ex_status = ""
    _default_position: str | None = None
    _auto_update = True
    _closed = False
    native: PluginView | None = None

    def __init__(self, shortcuts: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.cluster_ids: Any = ()
        self.shortcuts = {**self.default_shortcuts, **(shortcuts or {})}
        self.state_attrs: tuple[str, ...] = ("auto_update",)
        self.local_state_attrs: tuple[str, ...] = ()
        self.gui: Any = None
        self.actions: Any = None
        self.data_bounds: Any = None
        self._lock: Any = None
        self._enable_threading = kwargs.get("enable_threading", True)
        self.canvas = self.plot_canvas_class()
        self.canvas.attach_events(self)

    # What is shown

    def _get_data_bounds(self, bunchs: Any) -> Any:
        """Return the rectangle around all data, x0, y0, x1, y1."""
        return extend_bounds([_bounds_of(bunch) for bunch in bunchs])

    def _plot_cluster(self, bunch: Any) -> None:
        """Draw one cluster; for subclasses."""

    def _update_axes(self) -> None:
        """Give the axes the bounds of the data."""
        self.canvas.axes.reset_data_bounds(self.data_bounds)

    def get_clusters_data(self, load_all: Any = None) -> Any:
        """Return a Bunch for each cluster, with `pos` and `spike_ids`; for subclasses."""
        return None

    def plot(self, **kwargs: Any) -> None:
        """Draw the selected clusters."""
        bunchs = self.get_clusters_data()
        if not bunchs:
            return
        self.data_bounds = self._get_data_bounds(bunchs)
        for bunch in bunchs:
            self._plot_cluster(bunch)
        self._update_axes()
        self.canvas.update()

    # Selections and changes of clusters

    def on_select(self, cluster_ids: Any = None, **kwargs: Any) -> None:
        """Show a selection; for subclasses, which need not take further arguments."""
        self.cluster_ids = cluster_ids
        if cluster_ids:
            self.plot(**kwargs)

    def on_select_threaded(self, sender: Any, cluster_ids: Any, gui: Any = None, **kwargs: Any) -> None:
        """Show a selection, if the view follows them and it has no more clusters than the view shows."""
        too_many = self.max_n_clusters and len(cluster_ids) > self.max_n_clusters
        if self.auto_update and not self._closed and cluster_ids and not too_many:
            self.select_now(list(cluster_ids), sender=sender, **kwargs)

    def select_now(self, cluster_ids: list[int], **kwargs: Any) -> None:
        """Call `on_select` with what it takes; one that raises is told of."""
        self._closed = False
        sender = getattr(self.native, "supervisor", None)
        args, known = _taken(self.on_select, cluster_ids, {"sender": sender, "gui": self.gui, **kwargs})
        if self.native is None:
            self.on_select(*args, **known)
        else:
            self.native.take_state()
            self.native.call("on_select", self.on_select, *args, **known)
        self.update_status()

    def on_cluster(self, up: Any) -> None:
        """Hear of a change of clusters, before the selection after it; for subclasses."""

    # In a window

    def attach(self, gui: Any) -> None:
        """Show the view in a window, give it its actions, and tell of it."""
        if self.native is None or getattr(self, "dock", None) is None:
            gui.add_view(self, position=self._default_position)
        self.gui = gui
        if self.native is not None:
            self.native.attached = True
            self.native.take_state()
        self._add_actions(gui)
        events.connect(self._cluster_changed, event="cluster")
        events.connect(self._view_closed, event="close_view", sender=self)
        events.emit("view_attached", self, gui)

    def _add_actions(self, gui: Any) -> None:
        from phy_medicine.app.phy_compat.actions import Actions

        self.actions = Actions(
            gui,
            name=self.name,
            view=self,
            default_shortcuts=self.shortcuts,
            default_snippets=self.default_snippets,
        )
        checked = {"checkable": True, "checked": self.auto_update}
        self.actions.add(self.toggle_auto_update, show_shortcut=False, **checked)
        self.actions.add(self.screenshot, show_shortcut=False)
        self.actions.add(self.close, show_shortcut=False)
        self.actions.separator()

    def _cluster_changed(self, sender: Any, up: Any) -> None:
        supervisor = getattr(self.native, "supervisor", None)
        if self._closed or sender is not supervisor or type(self).on_cluster is ManualClusteringView.on_cluster:
            return
        # One that takes the sender as well is connected by the plugin itself.
        if len(inspect.signature(self.on_cluster).parameters) == 1 and self.native is not None:
            self.native.call("on_cluster", self.on_cluster, up)

    def _view_closed(self, sender: Any, gui: Any = None) -> None:
        self._closed = True

    @property
    def name(self) -> str:
        """Name of the view in the window, or of its class."""
        own = self.__dict__.get("_name")
        return str(own or (self.native.name if self.native is not None else type(self).__name__))

    @name.setter
    def name(self, value: str) -> None:
        self._name = value

    @property
    def auto_update(self) -> bool:
        """Whether the view follows the selection."""
        return self._auto_update if self.native is None else self.native.auto_update

    @auto_update.setter
    def auto_update(self, value: bool) -> None:
        self._auto_update = bool(value)
        if self.native is not None:
            self.native.auto_update = bool(value)

    def toggle_auto_update(self, checked: bool) -> None:
        """Follow the selection, or stay as it is."""
        self.auto_update = checked
        events.emit("toggle_auto_update", self, checked)

    @property
    def status(self) -> str:
        """What the view says of its picture; for subclasses."""
        return ""

    def update_status(self) -> None:
        """Show the status in the title of the view."""
        if self.native is not None:
            self.native.show_status(f"{self.status} {self.ex_status}".strip())

    def screenshot(self, dir: Any = None) -> Path | None:
        """Save a picture of the view, by default into the folder of pictures; return its path."""
        return None if self.native is None else self.native.save_picture(dir)

    def show(self) -> None:
        """Show the view."""
        self.canvas.show()

    def close(self) -> None:
        """Close the view."""
        dock = getattr(self, "dock", None)
        if dock is not None:
            dock.close()
        else:
            self.canvas.close()
        self._closed = True
        if dock is None:
            events.unconnect(self)

    # What is remembered

    @property
    def state(self) -> Bunch:
        """What is remembered of the view."""
        names = dict.fromkeys((*self.state_attrs, *self.local_state_attrs))
        return Bunch({name: getattr(self, name, None) for name in names})

    def set_state(self, state: Any) -> None:
        """Take over what was remembered."""
        for name, value in state.items():
            setattr(self, name, value)


def _bounds_of(bunch: Any) -> Any:
    if bunch.get("data_bounds") is not None:
        return bunch["data_bounds"]
    pos = np.asarray(bunch["pos"])
    return (*np.nanmin(pos, axis=0), *np.nanmax(pos, axis=0))


def _taken(function: Any, cluster_ids: list[int], more: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments that a function of a selection takes."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        more = {name: value for name, value in more.items() if name != "sender" or "sender" in parameters}
    else:
        more = {name: value for name, value in more.items() if name in parameters}
    if "cluster_ids" in parameters or not parameters:
        return (), {"cluster_ids": cluster_ids, **more} if parameters else {}
    return (cluster_ids,), more
