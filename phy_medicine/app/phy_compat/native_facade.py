"""What plugins get for a view of the program: attributes and methods of phy's names, over the view's own settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.base_view import ManualClusteringView
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.canvas import PlotCanvas
from phy_medicine.app.phy_compat.input_events import InputEvents
from phy_medicine.app.phy_compat.plugin_pictures import save_picture
from phy_medicine.base.log import logger
from phy_medicine.base.types import FloatArray, IntArray


class Setting:
    """An attribute that is a setting of the view.

    name : of the setting; to_phy, from_phy : conversions of its value
    """

    def __init__(
        self, name: str, to_phy: Callable[[Any], Any] = lambda v: v, from_phy: Callable[[Any], Any] = lambda v: v
    ) -> None:
        self.name, self._to_phy, self._from_phy = name, to_phy, from_phy

    def __set_name__(self, owner: type, name: str) -> None:
        self._attribute = f"_wished_{name}"

    def __get__(self, view: Any, owner: type | None = None) -> Any:
        if view is None:
            return self
        if view.native is None:
            return view.__dict__.get(self._attribute)
        return self._to_phy(getattr(view.native.settings, self.name))

    def __set__(self, view: Any, value: Any) -> None:
        if view.native is None:
            view.__dict__[self._attribute] = value
            view.wishes[self.name] = self._from_phy(value)
        else:
            view.native.change(**{self.name: self._from_phy(value)})


class Pair:
    """An attribute of two numbers that are two settings of the view."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def __get__(self, view: Any, owner: type | None = None) -> Any:
        if view is None:
            return self
        if view.native is None:
            return tuple(view.wishes.get(name, 1.0) for name in self._names)
        return tuple(float(getattr(view.native.settings, name)) for name in self._names)

    def __set__(self, view: Any, value: Any) -> None:
        values = dict(zip(self._names, map(float, value), strict=True))
        if view.native is None:
            view.wishes.update(values)
        else:
            view.native.change(**values)


class NativeCanvas(PlotCanvas):
    """The canvas of a view of the program: a plugin hears of its mouse, and can draw it anew."""

    def bind(self, native: Any) -> None:
        """Be the canvas of a view."""
        self._native = native
        self.has_lasso, self.has_axes = bool(native.has_lasso), True
        InputEvents(self).follow(native.canvas)

    _native: Any = None

    def get_size(self) -> tuple[int, int]:
        """Return width and height, logical px."""
        if self._native is None:
            return super().get_size()
        (width, height), ratio = self._native.scene.size, self._native.ratio
        return max(round(width / ratio), 1), max(round(height / ratio), 1)

    def _in_panel(self, panel: int, pos: Any) -> FloatArray:
        if self._native is None:
            return super()._in_panel(panel, pos)
        x, y = (float(v) * self._native.ratio for v in pos)
        here = self._native.panels.at(x, y) or 0
        x0, x1, y0, y1 = self._native.panels.home()[here].tolist()
        px, py = (float(v) for v in self._native.panels.to_data(here, x, y))
        return np.array([2 * (px - x0) / (x1 - x0) - 1, 2 * (py - y0) / (y1 - y0) - 1])

    def update(self) -> None:
        """Draw the view anew."""
        if self._native is not None:
            self._native.redraw()

    redraw = update

    def show(self) -> None:
        """Show the view."""
        if self._native is not None:
            self._native.canvas.native.show()

    def close(self) -> None:
        """Leave the view as it is; its dock closes it."""

    def emit(self, name: str, **kwargs: Any) -> None:
        """Tell whoever was attached; a hook that raises is told of and the view goes on."""
        for obj in self._attached:
            hook = getattr(obj, f"on_{name}", None)
            if hook is not None:
                guarded_call(obj, f"on_{name}", hook, Bunch(kwargs))


def guarded_call(view: Any, what: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function of a plugin in the name of the plugin that a façade is of."""
    extensions = getattr(getattr(view, "gui", None), "controller", None)
    extensions = getattr(extensions, "extensions", None)
    words = f"{what} of {type(view).__name__}"
    if extensions is None:
        return function(*args)
    return extensions.call(getattr(view, "owner", ""), words, function, *args, default=None)


class TellingHost:
    """The host of a view of the program, which tells plugins what the view asks for."""

    def __init__(self, host: Any, view: Any) -> None:
        self._host, self._view = host, view

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def select(self, cluster_ids: Any) -> None:
        """Select clusters, and tell of it."""
        self._host.select(cluster_ids)
        events.emit("request_select", self._view, list(cluster_ids))

    def select_more(self, cluster_ids: Any) -> None:
        """Select clusters besides, and tell of it."""
        self._host.select_more(cluster_ids)
        events.emit("select_more", self._view, list(cluster_ids))

    def set_channels(self, channel_id: int, which: int) -> None:
        """Choose a channel of the feature views, and tell of it."""
        self._host.set_channels(channel_id, which)
        button = "Left" if which == 0 else "Right"
        key = None if which < 2 else str(which)
        events.emit("select_channel", self._view, channel_id=channel_id, key=key, button=button)

    def select_feature(self, channel_id: int, component: int) -> None:
        """Show a component in the amplitude views, and tell of it."""
        self._host.select_feature(channel_id, component)
        dim = f"{channel_id}{chr(ord('A') + component)}"
        events.emit("select_feature", self._view, dim=dim, channel_id=channel_id, pc=component)

    def go_to_time(self, time_s: float, cluster_id: int | None = None) -> None:
        """Show a moment in the trace views, and tell of it."""
        self._host.go_to_time(time_s, cluster_id)
        events.emit("select_time", self._view, time_s)

    def time_window_changed(self, start_s: float, stop_s: float) -> None:
        """Tell which stretch of time the trace view shows."""
        self._host.time_window_changed(start_s, stop_s)
        events.emit("time_range_selected", self._view, (start_s, stop_s))


class NativeFacade(ManualClusteringView):
    """Stands for a view of the program; what is not here is the view's own.

    kind : of the view; named : phy's name of an action -> the view's; remembered : attributes that `state` holds
    wishes : settings for a view that is still to be made
    """

    plot_canvas_class = NativeCanvas
    kind: ClassVar[str] = ""
    named: ClassVar[dict[str, str]] = {}
    remembered: ClassVar[tuple[str, ...]] = ()
    owner = ""
    native: Any = None

    def __init__(self, *args: Any, **providers: Any) -> None:
        self.wishes: dict[str, Any] = {}
        self._providers = {name: value for name, value in providers.items() if value is not None}
        super().__init__(providers.get("shortcuts"))
        self.state_attrs = ("auto_update", *self.remembered)
        given = [name for name in self._providers if name != "shortcuts"] + ["data"] * bool(args)
        if given:
            logger.warning(
                "A plugin makes a %s of its own: the program's view shows its own data, and %s is left aside.",
                type(self).__name__, ", ".join(given),
            )  # fmt: skip

    def bind(self, native: Any) -> None:
        """Stand for a view."""
        self.native = native
        native.host = TellingHost(native.host, self)
        self.canvas.bind(native)
        if self.wishes:
            native.change(**self.wishes)

    def __getattr__(self, name: str) -> Any:
        native = self.__dict__.get("native")
        if name.startswith("__") or native is None:
            raise AttributeError(f"{type(self).__name__} has no {name!r}.")
        wanted = self.named.get(name, name)
        action = next((a for a in native.actions() if a.id == wanted), None)
        if action is None:
            return getattr(native, name)
        return partial(_run, action) if action.checked is not None else action.handler

    @property
    def cluster_ids(self) -> list[int]:
        """Clusters that are drawn."""
        return [] if self.native is None else list(self.native.cluster_ids)

    @cluster_ids.setter
    def cluster_ids(self, value: Any) -> None:
        """Leave the clusters as they are: the selection says them."""

    @property
    def status(self) -> str:
        """What the view says of its picture."""
        return "" if self.native is None else str(self.native.status)

    def update_status(self) -> None:
        """Show the status, with what the plugin adds to it."""
        if self.native is not None and self.ex_status:
            self.native.status = f"{self.native.status} {self.ex_status}"
            self.native.redraw()

    def plot(self, **kwargs: Any) -> None:
        """Read and draw the selection again."""
        if self.native is not None:
            self.native.host.request(self.native)

    def on_select(self, cluster_ids: Any = None, **kwargs: Any) -> None:
        """Draw the selection of now again: views of the program follow it by themselves."""
        self.plot()

    # What a subclass may call, and the view does by itself

    def on_mouse_click(self, e: Any) -> None:
        """Leave a click to the view; for subclasses."""

    def on_mouse_wheel(self, e: Any) -> None:
        """Leave the wheel to the view; for subclasses."""

    def on_select_channel(
        self, sender: Any = None, channel_id: Any = None, key: Any = None, button: Any = None
    ) -> None:
        """Leave the choice of channels to the window; for subclasses."""

    def on_request_split(self, sender: Any = None) -> IntArray:
        """Return the spikes inside the lasso, all of them, ascending."""
        if self.native is None or not self.native.has_lasso or not self.native.scene.lasso.closed:
            return np.zeros(0, dtype=np.int64)
        found: IntArray = self.native.lasso_spike_ids()
        return found

    def screenshot(self, dir: Any = None) -> Path | None:
        """Save a picture of the view; return its path."""
        return None if self.native is None else save_picture(self.native, type(self).__name__, dir)

    def attach(self, gui: Any) -> None:
        """Show the view in a window, and tell of it."""
        if self.native is None:
            gui.add_view(self, position=self._default_position)
        self.gui = gui
        if self.actions is None:
            from phy_medicine.app.phy_compat.actions import Actions

            self.actions = Actions(gui, name=self.name, view=self)
        events.emit("view_attached", self, gui)

    def _update_axes(self) -> None:
        """Leave the axes to the view."""


def _run(action: Any, checked: Any = None) -> None:
    """Turn a switch, or to a position."""
    if checked is None or bool(checked) != bool(action.checked()):
        action.handler()
