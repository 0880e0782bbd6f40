"""A view of the program that shows the canvas of a plugin: panels, axes, zoom, lasso, figures and docks are its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.drawing import Drawing
from phy_medicine.app.phy_compat.input_events import InputEvents
from phy_medicine.app.phy_compat.panels import SHEET
from phy_medicine.app.phy_compat.plugin_axes import PluginAxes
from phy_medicine.app.phy_compat.plugin_side import PluginSide, Shown
from phy_medicine.base.types import IntArray
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View
from phy_medicine.views.canvas import ViewCanvas
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.interact import Click
from phy_medicine.views.lasso_work import LassoWork
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.theme import DARK, Theme

SELECT_FIRST = "Select a cluster in the table."
# Room between data and axes, part of the width and height.
_EDGE = 0.02


class PluginView(PluginSide, View):
    """The native side of a `ManualClusteringView` with a `PlotCanvas`."""

    needs_selection = False
    max_clusters = None
    shares_scale = False
    axes = Axes(x=None, y=None)

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        if self.plugin is None:
            self.plugin = self.call("view", self.create, default=None)
        self.drawing: Drawing | None = None
        self.drawn_canvas: Any = getattr(self.plugin, "canvas", None)
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = HeatPicture()
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
        if isinstance(block, Shown):
            said, self.complaint = self.complaint, ""
            self.select(block, request)
            said = self.complaint or (said if block is self.block else "")
        super().show_block(request, block)
        if isinstance(block, Shown):
            self.complaint = said

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
        if self.selecting:
            return
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

    def make_canvas(self) -> ViewCanvas:
        """Return the widget; the plugin hears of its mouse and keys."""
        canvas = super().make_canvas()
        if self.drawn_canvas is not None:
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
        lasso = None if self.drawn_canvas is None else self.drawn_canvas.lasso
        return self.spikes_to_split() if lasso is not None and lasso.count >= 3 else np.zeros(0, dtype=np.int64)
