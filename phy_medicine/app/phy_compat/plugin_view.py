"""A view of the program that shows the canvas of a plugin: panels, axes, zoom, lasso, figures and docks are its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np

from phy_medicine.app.phy_compat import colors, events
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.drawing import Drawing
from phy_medicine.app.phy_compat.input_events import InputEvents
from phy_medicine.app.phy_compat.panels import SHEET
from phy_medicine.app.phy_compat.plugin_axes import PluginAxes
from phy_medicine.app.phy_compat.plugin_state import plain_state
from phy_medicine.base.paths import user_dir
from phy_medicine.base.types import IntArray
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.extensions import Extensions
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View
from phy_medicine.views.canvas import Canvas
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.interact import Click
from phy_medicine.views.lasso_work import LassoWork
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.still import Pose
from phy_medicine.views.theme import DARK, Theme

SELECT_FIRST = "Select a cluster in the table."
# Room between data and axes, part of the width and height.
_EDGE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One selection to be shown; each is a plugin's `on_select`, once."""

    request: ViewRequest


class PluginView(View):
    """The native side of a `ManualClusteringView`.

    owner : the plugin; extensions : of the session, which every call of the plugin's code goes through
    """

    needs_selection = False
    max_clusters = None
    shares_scale = False
    axes = Axes(x=None, y=None)
    owner: ClassVar[str] = ""
    extensions: ClassVar[Extensions | None] = None
    controller: ClassVar[Any] = None

    plugin: Any = None

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        if self.plugin is None:
            self.plugin = self.call("view", self.create, default=None)
        self.drawing: Drawing | None = None
        self.drawn_canvas: Any = getattr(self.plugin, "canvas", None)
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = HeatPicture()
        self.attached = False
        self.saved: dict[str, Any] = {}
        self._untaken = False
        self._done: Shown | None = None
        self._inputs: InputEvents | None = None
        self._limits: Any = None
        self._axes = PluginAxes(self)
        if self.drawn_canvas is not None:
            self.drawing = Drawing(self.scene, self.drawn_canvas.panels, self.picture)
            self.drawn_canvas.view = self
            self.has_lasso = bool(self.drawn_canvas.has_lasso)
            self.max_clusters = self.plugin.max_n_clusters or None
            self.plugin.native = self

    def create(self) -> Any:
        """Return the plugin's view; a class for a plugin's function says which."""
        return None

    def make_panels(self) -> Panels:
        """Return the panels of the plugin's canvas."""
        return Panels(1) if self.drawn_canvas is None else self.drawn_canvas.panels

    @property
    def supervisor(self) -> Any:
        """Who sends the selections, as plugins know it."""
        return getattr(self.controller, "supervisor", None)

    def call(self, what: str, function: Any, *args: Any, default: Any = None, **kwargs: Any) -> Any:
        """Call a function of the plugin; one that raises is told of."""
        if self.extensions is None:
            return function(*args, **kwargs)
        words = f"{what} of {self.name}"
        return self.extensions.call(self.owner, words, function, *args, default=default, **kwargs)

    # Selection

    def cached(self, request: ViewRequest) -> bool:
        """Tell that nothing is prepared: a plugin's code runs in the thread of the window."""
        return True

    def prepare(self, request: ViewRequest) -> Shown:
        """Return the selection.

        Raises
        ------
        DataMissing : the plugin made no view
        """
        if self.drawn_canvas is None:
            raise DataMissing(f"{self.name} has nothing to show for this dataset; the log says more.")
        return Shown(request)

    def show_block(self, request: ViewRequest, block: Any) -> None:
        """Let the plugin show a selection, once; what is shown again is drawn from what it left."""
        if isinstance(block, Shown) and block is not self._done:
            self._done, self._drawn_request = block, request
            self._select(request)
        super().show_block(request, block)

    def _select(self, request: ViewRequest) -> None:
        plugin = self.plugin
        if not request.cluster_ids:
            return
        with colors.of_selection(request.colors):
            events.emit("is_busy", plugin, True)
            plugin.select_now(list(request.cluster_ids))
            events.emit("is_busy", plugin, False)

    def upload(self, block: Shown) -> None:
        """Make a picture of what the plugin's visuals hold."""
        if self.drawing is None:
            return
        canvas, drawing = self.drawn_canvas, self.drawing
        layout = canvas.layout
        self._follow_canvas()
        drawing.begin(layout)
        drawing.current = canvas._current_box_index
        nothing = True
        for visual, outside in canvas.drawn():
            drawing.on_sheet = outside
            self.call("drawing", visual.add_items, drawing)
            nothing = nothing and not visual.parts
        self.scene.message = SELECT_FIRST if nothing and not self._drawn_request.cluster_ids else ""
        self.status = f"{self.plugin.status} {self.plugin.ex_status}".strip()

    def _follow_canvas(self) -> None:
        canvas = self.drawn_canvas
        layout = canvas.layout
        edge = _EDGE if layout is None and canvas.has_axes else 0.0
        canvas.panels.follow(
            None if layout is None else layout.bounds(),
            cells=layout is not None and layout.cells,
            scaling=getattr(layout, "scaling", (1.0, 1.0)),
            edge=edge,
        )
        if canvas.constrain_bounds is not self._limits:
            self._limits = canvas.constrain_bounds
            canvas.panzoom.set_constrain_bounds(self._limits)
        self.has_lasso = bool(canvas.has_lasso)

    def refresh(self) -> None:
        """Draw what the plugin has changed, in the next frame."""
        if self._done is not None and self.block is not None:
            self._upload()
        self.redraw()

    # Surroundings

    def arrange(self, box: Box) -> None:
        """Put the boxes into what the axes leave."""
        if self.drawn_canvas is None:
            super().arrange(box)
            return
        layout = self.drawn_canvas.layout
        shape = layout.shape if layout is not None and layout.cells else (1, 1)
        self.drawn_canvas.panels.place(self._axes.inner(box), shape, self.ratio)

    def decorate(self) -> None:
        """Add axes, text, markers, patches and images."""
        drawing = self.drawing
        if drawing is None or self.block is None:
            return
        drawing.begin_ink()
        self._axes.draw()
        drawing.marks()
        for visual, outside in self.drawn_canvas.drawn():
            drawing.on_sheet = outside
            self.call("drawing", visual.add_ink, drawing)
        drawing.lay_images()
        self._show_lasso()

    def paint(self, gpu: Any, ratio: float) -> None:
        """Draw a frame, after what the plugin wanted to be done before."""
        if self.drawn_canvas is not None:
            for wish in self.drawn_canvas.take_next_paint():
                self.call("on_next_paint", wish)
        super().paint(gpu, ratio)

    @property
    def canvas(self) -> Canvas:
        """The widget; the plugin hears of its mouse and keys."""
        made = self._canvas is None
        canvas = cast(Canvas, super().canvas)
        if made and self.drawn_canvas is not None:
            self._inputs = InputEvents(self.drawn_canvas)
            self._inputs.follow(canvas)
            canvas.events.resize.connect(lambda event: events.emit("resize", self.drawn_canvas, *self.logical_size))
        return canvas

    @property
    def logical_size(self) -> tuple[int, int]:
        """Width and height of the canvas, logical px."""
        width, height = self.scene.size
        return max(round(width / self.ratio), 1), max(round(height / self.ratio), 1)

    # Lasso

    def add_lasso_corner(self, click: Click) -> None:
        """Add a corner, in the box of the first one."""
        canvas = self.drawn_canvas
        box, place = canvas.place_of((click.x / self.ratio, click.y / self.ratio))
        lasso = canvas.lasso
        if lasso.count and box != lasso.box:
            if canvas.layout is not None and canvas.layout.cells:
                return
            ndc = canvas.window_to_ndc((click.x / self.ratio, click.y / self.ratio))
            place = tuple(canvas.layout.imap(ndc, lasso.box)[0])
        elif not lasso.count:
            lasso.box = box
        if canvas.layout is not None:
            canvas.layout.active_box = lasso.box
        lasso.add(place)
        self._show_lasso()
        self.host.lasso_changed(self)
        events.emit("lasso_updated", canvas, lasso.polygon)

    def _show_lasso(self) -> None:
        """Give the scene the plugin's lasso."""
        canvas, lasso = self.drawn_canvas, self.drawn_canvas.lasso
        self.scene.lasso.clear()
        if lasso is None or not lasso.count:
            return
        panel = SHEET if canvas.layout is None else int(canvas.layout.numbers(lasso.box or 0)[0]) + 1
        for x, y in (lasso.polygon + 1) / 2:
            self.scene.lasso.add(panel, x, y)

    def clear_lasso(self) -> None:
        """Forget the lasso."""
        lasso = None if self.drawn_canvas is None else self.drawn_canvas.lasso
        if lasso is not None and lasso.count:
            self.scene.lasso.clear()
            lasso.clear()
            self.host.lasso_changed(self)
            self.redraw()

    def lasso_work(self) -> LassoWork | None:
        """Return None: a plugin finds its spikes at once."""
        return None

    def lasso_spike_ids(self) -> IntArray:
        """Return the spikes that the plugin's `on_request_split` gives for the lasso, ascending."""
        lasso, split = self.drawn_canvas.lasso, getattr(self.plugin, "on_request_split", None)
        if lasso is None or lasso.count < 3 or split is None:
            return np.zeros(0, dtype=np.int64)
        found = self.call("on_request_split", split, default=())
        ids: IntArray = np.unique(np.asarray(() if found is None else found, dtype=np.int64))
        n_spikes = int(self.host.data.n_spikes)
        return ids[(ids >= 0) & (ids < n_spikes)]

    # What is remembered

    def state(self) -> dict[str, Any]:
        """Return what is saved: the zoom is not, what the plugin names is."""
        plugin = self.saved if self.plugin is None else {**self.saved, **plain_state(self.plugin)}
        return {"settings": {}, "auto_update": self.auto_update, "plugin": plugin}

    def restore(self, state: dict[str, Any]) -> None:
        """Keep what was saved, for the plugin to take when it is attached."""
        super().restore({key: value for key, value in state.items() if key != "plugin"})
        self.saved = dict(state.get("plugin", {}))
        self._untaken = bool(self.saved)

    def take_state(self) -> None:
        """Give the plugin what was saved, once."""
        if self._untaken and self.plugin is not None:
            self._untaken = False
            self.call("set_state", self.plugin.set_state, Bunch(self.saved))

    # What a plugin asks for

    def show_status(self, text: str) -> None:
        """Say something in the title of the view."""
        self.status = text
        self.host.redraw(self)

    def save_picture(self, folder: Any = None) -> Path:
        """Write a picture of the view into a folder, as PNG; return its path.

        Raises
        ------
        ActionError : the folder or the file cannot be written
        """
        from phy_medicine.gui.figure import save_view

        name = f"phy_screenshot_{datetime.now():%Y-%m-%d_%H-%M-%S}_{type(self.plugin).__name__}.png"
        path = (user_dir() / "screenshots" if folder is None else Path(folder)) / name
        save_view(self, path, Pose(self.logical_size, self.ratio), title=self.name)
        return path
