"""`PlotCanvas`: what a plugin draws stays here, and a view of the program shows it.

It has no OpenGL and no widget of its own. A plugin adds visuals, changes their data and calls `update`; the view that
it belongs to makes a picture of them, with the program's axes, zoom, lasso, figures and docks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.app.phy_compat import events
from phy_medicine.app.phy_compat.bounds import pixels_to_ndc
from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.layouts import BaseLayout, Boxed, Grid, Stacked
from phy_medicine.app.phy_compat.panels import SHEET, BoxPanels
from phy_medicine.app.phy_compat.panzoom import PanZoom
from phy_medicine.app.phy_compat.shader_hooks import GLSLInserter
from phy_medicine.app.phy_compat.tools import Axes, Lasso
from phy_medicine.app.phy_compat.transform import TransformChain
from phy_medicine.app.phy_compat.visuals import (
    HistogramVisual,
    LineVisual,
    PlotVisual,
    PolygonVisual,
    ScatterVisual,
    TextVisual,
    UniformPlotVisual,
    UniformScatterVisual,
)
from phy_medicine.base.types import FloatArray

if TYPE_CHECKING:
    from phy_medicine.app.phy_compat.plugin_view import PluginView
    from phy_medicine.app.phy_compat.visual_base import BaseVisual

_SIZE = (800, 600)


class BaseCanvas:
    """Visuals in the order in which they were added, and whoever wants to know of the mouse and the keys."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.gpu_transforms, self.inserter = TransformChain(), GLSLInserter()
        self.visuals: list[Bunch] = []
        self.panels = BoxPanels()
        self.layout: BaseLayout | None = None
        self.view: PluginView | None = None
        self._attached: list[Any] = []
        self._next_paint: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> Any:
        # phy's canvas is a window of Qt; ours has a widget once it is shown.
        view = self.__dict__.get("view")
        if name.startswith("_") or view is None:
            raise AttributeError(f"A canvas has no {name!r}.")
        return getattr(view.canvas.native, name)

    # Size and places

    def get_size(self) -> tuple[int, int]:
        """Return width and height, logical px."""
        return _SIZE if self.view is None else self.view.logical_size

    def width(self) -> int:
        """Return the width, logical px."""
        return self.get_size()[0]

    def height(self) -> int:
        """Return the height, logical px."""
        return self.get_size()[1]

    def _in_panel(self, panel: int, pos: Any) -> FloatArray:
        """Return the place at a pixel in NDC of a panel."""
        if self.view is None:
            return pixels_to_ndc(pos, self.get_size())
        x, y = (float(v) * self.view.ratio for v in pos)
        return 2 * np.array([float(v) for v in self.panels.to_data(panel, x, y)]) - 1

    def window_to_ndc(self, mouse_pos: Any) -> FloatArray:
        """Return the place at a pixel in NDC of the whole canvas, pan and zoom included; (2,)."""
        return self._in_panel(SHEET, mouse_pos)

    def place_of(self, mouse_pos: Any) -> tuple[Any, tuple[float, float]]:
        """Return the box at a pixel and the place in it, in NDC."""
        ndc, layout = self.window_to_ndc(mouse_pos), self.layout
        if layout is None:
            return 0, (float(ndc[0]), float(ndc[1]))
        box = layout.get_closest_box(ndc)
        if layout.cells and self.view is not None:
            ratio = self.view.ratio
            panel = self.panels.at(mouse_pos[0] * ratio, mouse_pos[1] * ratio)
            box = box if panel in (None, SHEET) else layout.name_of(int(panel or 1) - 1)
            place = self._in_panel(int(layout.numbers(box)[0]) + 1, mouse_pos)
        else:
            place = layout.imap(ndc, box)[0]
        return box, (float(place[0]), float(place[1]))

    # Visuals

    def add_visual(self, visual: Any, **kwargs: Any) -> Any:
        """Add a visual; one that is there already stays where it is."""
        if not self.has_visual(visual):
            visual.canvas = self
            self.visuals.append(Bunch(visual=visual, **kwargs))
            events.emit("visual_added", self, visual)
        return visual

    def has_visual(self, visual: Any) -> bool:
        """Tell whether a visual was added."""
        return any(entry.visual is visual for entry in self.visuals)

    def get_visual(self, key: str) -> Any:
        """Return the visual that was added under a key, or None."""
        return next((entry.visual for entry in self.visuals if entry.get("key") == key), None)

    def remove(self, *visuals: Any) -> None:
        """Take visuals out."""
        gone = [visual for visual in visuals if visual is not None]
        self.visuals[:] = [entry for entry in self.visuals if not any(entry.visual is v for v in gone)]
        for visual in gone:
            visual.close()

    def clear(self) -> None:
        """Take out all visuals but those that were added as not clearable."""
        self.visuals[:] = [entry for entry in self.visuals if not entry.get("clearable", True)]

    def drawn(self) -> Iterator[tuple[BaseVisual, bool]]:
        """Give what is shown, what is not clearable last, and whether it is on the sheet instead of in boxes."""
        for entry in sorted(self.visuals, key=lambda entry: not entry.get("clearable", True)):
            if not entry.visual._hidden:
                outside = self.layout is not None and any(o is self.layout for o in entry.get("exclude_origins", ()))
                yield entry.visual, outside

    # Drawing

    def update(self) -> None:
        """Show everything as it is now, in the next frame."""
        if self.view is not None:
            self.view.refresh()

    def redraw(self) -> None:
        """Draw axes, lasso and text anew; data are the same."""
        if self.view is not None:
            self.view.redraw()

    def on_next_paint(self, f: Callable[[], object]) -> None:
        """Call a function at the next frame."""
        self._next_paint.append(f)
        self.redraw()

    def take_next_paint(self) -> list[Callable[[], object]]:
        """Return the functions to be called, once."""
        waiting, self._next_paint = self._next_paint, []
        return waiting

    def set_lazy(self, lazy: bool) -> None:
        """Do nothing: what is drawn is drawn at the next frame anyway."""

    def iter_update_queue(self) -> Iterator[Any]:
        """Give nothing: nothing waits."""
        return iter(())

    def show(self) -> None:
        """Show the view."""
        if self.view is not None:
            self.view.canvas.native.show()

    def close(self) -> None:
        """Forget all visuals."""
        self.visuals.clear()
        self.update()

    # Events

    def attach_events(self, obj: Any) -> None:
        """Call `on_mouse_click` and so on of an object, as far as it has them."""
        self._attached.append(obj)

    def emit(self, name: str, **kwargs: Any) -> None:
        """Tell everybody who was attached."""
        for obj in self._attached:
            hook = getattr(obj, f"on_{name}", None)
            if hook is None:
                continue
            if self.view is None:
                hook(Bunch(kwargs))
            else:
                self.view.call(f"on_{name}", hook, Bunch(kwargs))


class PlotCanvas(BaseCanvas):
    """A canvas with boxes, axes, a lasso, and plots in one call."""

    _current_box_index: tuple[int, ...] = (0,)
    interact: Any = None
    n_plots = 1
    has_panzoom = True
    has_axes = False
    has_lasso = False
    constrain_bounds: Any = (-2, -2, 2, 2)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.axes: Any = None
        self.lasso: Any = None
        self.enable_panzoom()

    @property
    def canvas(self) -> PlotCanvas:
        """Itself."""
        return self

    def set_layout(
        self,
        layout: str | None = None,
        shape: Any = None,
        n_plots: int | None = None,
        origin: str | None = None,
        box_pos: Any = None,
        has_clip: bool = True,
    ) -> None:
        """Arrange boxes: "grid" with a shape, "boxed" around places, "stacked" with a number, or None."""
        made: BaseLayout | None = None
        if layout == "grid":
            made = self.grid = Grid(shape, has_clip=has_clip)
            self._current_box_index = (0, 0)
        elif layout == "boxed":
            made = self.boxed = Boxed(box_pos)
        elif layout == "stacked":
            made = self.stacked = Stacked(n_plots, origin=origin)
        elif layout is not None:
            raise ValueError(f"There is no layout {layout!r}; there are grid, boxed and stacked.")
        self.interact = self.layout = made
        if made is not None:
            self.n_plots = made.n_boxes
            made.attach(self)
        self.update()

    def __getitem__(self, box_index: Any) -> PlotCanvas:
        self._current_box_index = box_index if isinstance(box_index, tuple) else (box_index,)
        return self

    def add_visual(self, visual: Any, *args: Any, **kwargs: Any) -> Any:
        """Add a visual, and perhaps its data at once.

        clearable : whether `clear` takes it out; exclude_origins : with the layout in it, the visual is on the whole
        canvas instead of in a box; key : a name for `get_visual`
        """
        names = ("clearable", "key", "exclude_origins")
        super().add_visual(visual, **{name: kwargs.pop(name) for name in names if name in kwargs})
        self.update_visual(visual, *args, **kwargs)
        return visual

    def update_visual(self, visual: Any, *args: Any, **kwargs: Any) -> Any:
        """Show new data of a visual: its batch, or those given here."""
        box = kwargs.pop("box_index", None)
        batch = visual.pending
        if batch is not None:
            for part in batch:
                part.box = self._box(part.box if box is None else box)
            visual.take(batch)
        elif args or kwargs:
            visual.set_data(*args, **kwargs)
            visual.set_box_index(self._box(box))
        elif box is not None:
            visual.set_box_index(box)
        return visual

    def _box(self, box: Any) -> Any:
        return self._current_box_index if box is None else box

    # One plot in one call

    def scatter(self, *args: Any, **kwargs: Any) -> Any:
        """Add markers."""
        return self.add_visual(ScatterVisual(marker=kwargs.pop("marker", None)), *args, **kwargs)

    def uscatter(self, *args: Any, **kwargs: Any) -> Any:
        """Add markers of one colour and size."""
        look = {name: kwargs.pop(name, None) for name in ("marker", "color", "size")}
        return self.add_visual(UniformScatterVisual(**look), *args, **kwargs)

    def plot(self, *args: Any, **kwargs: Any) -> Any:
        """Add curves."""
        return self.add_visual(PlotVisual(), *args, **kwargs)

    def uplot(self, *args: Any, **kwargs: Any) -> Any:
        """Add curves of one colour."""
        return self.add_visual(UniformPlotVisual(color=kwargs.pop("color", None)), *args, **kwargs)

    def lines(self, *args: Any, **kwargs: Any) -> Any:
        """Add straight lines."""
        return self.add_visual(LineVisual(), *args, **kwargs)

    def text(self, *args: Any, **kwargs: Any) -> Any:
        """Add lines of text."""
        return self.add_visual(TextVisual(color=kwargs.pop("color", None)), *args, **kwargs)

    def polygon(self, *args: Any, **kwargs: Any) -> Any:
        """Add the outline of a polygon."""
        return self.add_visual(PolygonVisual(), *args, **kwargs)

    def hist(self, *args: Any, **kwargs: Any) -> Any:
        """Add histograms."""
        return self.add_visual(HistogramVisual(), *args, **kwargs)

    # Tools

    def enable_panzoom(self) -> None:
        """Let the picture be panned and zoomed."""
        self.has_panzoom = True
        PanZoom(constrain_bounds=self.constrain_bounds).attach(self)

    def enable_lasso(self) -> None:
        """Let a lasso be drawn."""
        self.has_lasso = True
        Lasso().attach(self)

    def enable_axes(self, data_bounds: Any = None, show_x: bool = True, show_y: bool = True) -> None:
        """Show axes."""
        self.has_axes = True
        Axes(data_bounds, show_x=show_x, show_y=show_y).attach(self)
        self.redraw()
