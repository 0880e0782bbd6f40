"""`PlotCanvasMpl`: the canvas of views that plugins draw with matplotlib, in the colours of the window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from phy_medicine.app.phy_compat.bounds import NDC
from phy_medicine.app.phy_compat.visual_base import DEFAULT_COLOR
from phy_medicine.views.theme import DARK, Theme

_ZOOM = 1.3
_MARKERS = {
    "arrow": ">", "asterisk": "*", "chevron": "^", "club": "d", "clover": "d", "cross": "x", "diamond": "D",
    "disc": "o", "ellipse": "o", "hbar": "_", "heart": "o", "infinity": "o", "pin": "v", "ring": "o", "spade": "^",
    "square": "s", "tag": ">", "triangle": "^", "vbar": "|",
}  # fmt: skip


class PlotCanvasMpl:
    """A figure with axes in rows and columns; `canvas[i, j]` makes the axes current that are called `ax`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.gui: Any = None
        self.view: Any = None
        self.layout: Any = None
        self.axes: Any = None
        self.lasso: Any = None
        self.theme: Theme = DARK
        self.has_axes = self.has_lasso = False
        self._current_box_index: tuple[int, ...] = (0,)
        self._attached: list[Any] = []
        self.figure: Any = Figure(layout="constrained")
        # Until a window wants to show it.
        FigureCanvasAgg(self.figure)
        self.subplots()

    # Axes

    def set_layout(
        self, layout: str | None = None, shape: Any = None, n_plots: int | None = None, origin: str | None = None,
        box_pos: Any = None, has_clip: bool = True,
    ) -> None:  # fmt: skip
        """Make axes in a grid, or one above the other.

        Raises
        ------
        ValueError : no such layout in matplotlib
        """
        self.layout = layout
        if layout == "grid":
            self.subplots(*shape)
            self._current_box_index = (0, 0)
        elif layout == "stacked":
            self.subplots(n_plots or 1, 1)
        elif layout is not None:
            raise ValueError(f"With matplotlib there is no layout {layout!r}; there are grid and stacked.")

    def subplots(self, nrows: int = 1, ncols: int = 1, **kwargs: Any) -> Any:
        """Replace all axes by new ones; return them, (nrows, ncols)."""
        self.figure.clf()
        self.axes = self.figure.subplots(nrows, ncols, squeeze=False, **kwargs)
        for ax in self.iter_ax():
            self.config_ax(ax)
        self._style()
        return self.axes

    def iter_ax(self) -> Iterator[Any]:
        """Give all axes."""
        yield from self.axes.flat

    def config_ax(self, ax: Any) -> None:
        """Set what all axes have; the wheel zooms them."""
        ax.spines[["top", "right"]].set_visible(False)

    def __getitem__(self, box_index: Any) -> PlotCanvasMpl:
        self._current_box_index = box_index if isinstance(box_index, tuple) else (box_index,)
        return self

    @property
    def ax(self) -> Any:
        """The current axes."""
        index = self._current_box_index
        if len(index) == 1:
            return list(self.iter_ax())[int(index[0])]
        return self.axes[index]

    def use_theme(self, theme: Theme) -> None:
        """Use the colours of a window."""
        self.theme = theme
        self._style()

    def _style(self) -> None:
        """Give figure and axes the colours and the size of text of the window, also after a clear."""
        theme = self.theme
        self.figure.set_facecolor(theme.view)
        for ax in self.iter_ax():
            ax.set_facecolor(theme.view)
            ax.set_prop_cycle(color=[theme.accent, *_cycle()])
            for spine in ax.spines.values():
                spine.set_color(theme.dim)
            ax.tick_params(colors=theme.dim, labelsize=0.75 * theme.font_px, direction="out")
            for text in (ax.xaxis.label, ax.yaxis.label, ax.title):
                text.set_color(theme.dim if text is not ax.title else theme.text)
                text.set_fontsize(0.75 * theme.font_px)

    # Plots

    def set_data_bounds(self, data_bounds: Any) -> None:
        """Show a rectangle, x0, y0, x1, y1."""
        x0, y0, x1, y1 = NDC if data_bounds is None else data_bounds
        self.ax.set_xlim(x0, x1)
        self.ax.set_ylim(y0, y1)

    def scatter(
        self, x: Any = None, y: Any = None, pos: Any = None, color: Any = None, size: Any = None, depth: Any = None,
        data_bounds: Any = None, marker: str | None = None,
    ) -> None:  # fmt: skip
        """Add markers; size : px, one or one for each."""
        if pos is not None:
            x, y = np.asarray(pos).T
        many = color is not None and not isinstance(color, str) and np.ndim(color) > 1
        look = {"c" if many else "color": DEFAULT_COLOR if color is None else color}
        area = None if size is None else np.asarray(size, dtype=np.float64).ravel() ** 2 * 0.5
        self.ax.scatter(x, y, s=area, marker=_MARKERS.get(marker or "disc", "o"), linewidths=0.5, **look)
        self.set_data_bounds(data_bounds)

    def plot(self, x: Any = None, y: Any = None, color: Any = None, depth: Any = None, data_bounds: Any = None) -> None:
        """Add a curve, or one for each row of y."""
        values = np.asarray(y).T
        along = np.linspace(-1, 1, len(values)) if x is None else np.asarray(x).T
        self.ax.plot(along, values, color=DEFAULT_COLOR if color is None else color, linewidth=1.0)
        self.set_data_bounds(data_bounds)

    def hist(self, hist: Any = None, color: Any = None, ylim: Any = None) -> None:
        """Add a histogram over the whole width.

        Raises
        ------
        ValueError : no counts
        """
        if hist is None:
            raise ValueError("hist is needed.")
        edges = np.linspace(-1, 1, len(hist) + 1)
        shade = DEFAULT_COLOR if color is None else color
        self.ax.bar(edges[:-1], hist, width=np.diff(edges), align="edge", color=shade)
        self.set_data_bounds((-1, 0, 1, np.max(hist) if ylim is None else ylim))

    def lines(self, pos: Any = None, color: Any = None, data_bounds: Any = None) -> None:
        """Add straight lines; pos : (n, 4) x0, y0, x1, y1."""
        ends = np.asarray(pos, dtype=np.float64).reshape(-1, 4)
        self.ax.plot(ends[:, [0, 2]].T, ends[:, [1, 3]].T, color=self.theme.dim if color is None else color)
        self.set_data_bounds(data_bounds)

    def text(
        self, pos: Any = None, text: Any = None, anchor: Any = None, data_bounds: Any = None, color: Any = None
    ) -> None:
        """Write lines of text at places."""
        places = np.atleast_2d(np.asarray(pos, dtype=np.float64))
        lines = [text] if isinstance(text, str) else list(text or ())
        lines = lines * len(places) if len(lines) == 1 else lines
        for (x, y), line in zip(places, lines, strict=True):
            shade = self.theme.text if color is None else color
            self.ax.text(x, y, line, color=shade, fontsize=0.75 * self.theme.font_px)
        self.set_data_bounds(data_bounds)

    def polygon(self, pos: Any = None, data_bounds: Any = None) -> None:
        """Add the outline of a polygon."""
        corners = np.asarray(pos, dtype=np.float64)
        closed = np.vstack([corners, corners[:1]])
        self.ax.plot(closed[:, 0], closed[:, 1], color=self.theme.text)
        self.set_data_bounds(data_bounds)

    # Window

    @property
    def canvas(self) -> Any:
        """The figure's canvas, a widget once a window shows it."""
        return self.figure.canvas

    def make_widget(self) -> Any:
        """Return the figure as a widget; the wheel zooms the axes under the pointer."""
        import matplotlib.backends.backend_qt5agg as backend

        widget_class: Any = backend.FigureCanvasQTAgg  # type: ignore[attr-defined]
        widget = widget_class(self.figure)
        widget.mpl_connect("scroll_event", self._zoom)
        for name, event in _EVENTS.items():
            widget.mpl_connect(event, lambda e, name=name: self._hear(name, e))
        return widget

    def _zoom(self, event: Any) -> None:
        ax = event.inaxes
        if ax is None or event.modifiers:
            return
        factor = 1 / _ZOOM if event.button == "up" else _ZOOM
        for place, get, put in ((event.xdata, ax.get_xlim, ax.set_xlim), (event.ydata, ax.get_ylim, ax.set_ylim)):
            low, high = get()
            put(place - (place - low) * factor, place + (high - place) * factor)
        self.update()

    def _hear(self, name: str, event: Any) -> None:
        from phy_medicine.app.phy_compat.bunch import Bunch

        height = self.canvas.get_width_height()[1]
        pos = None if event.x is None else (int(event.x), int(height - event.y))
        button = {1: "Left", 2: "Middle", 3: "Right"}.get(getattr(event, "button", None) or 0)
        held = tuple(m.capitalize().replace("Ctrl", "Control") for m in sorted(getattr(event, "modifiers", ()) or ()))
        for obj in self._attached:
            hook = getattr(obj, f"on_{name}", None)
            if hook is None:
                continue
            key, delta = getattr(event, "key", None), getattr(event, "step", 0)
            told = Bunch(pos=pos, button=button, modifiers=held, key=key, delta=delta)
            if self.view is None:
                hook(told)
            else:
                self.view.call(f"on_{name}", hook, told)

    def attach_events(self, view: Any) -> None:
        """Call `on_mouse_press` and so on of an object, as far as it has them."""
        self._attached.append(view)

    def attach(self, gui: Any) -> None:
        """Note the window."""
        self.gui = gui

    def set_lazy(self, lazy: bool) -> None:
        """Do nothing: matplotlib draws when the window is idle."""

    def enable_axes(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there are axes."""

    def enable_lasso(self) -> None:
        """Do nothing: there is no lasso with matplotlib."""

    def enable_panzoom(self) -> None:
        """Do nothing: the wheel zooms."""

    def clear(self) -> None:
        """Empty all axes."""
        for ax in self.iter_ax():
            ax.clear()
            self.config_ax(ax)
        self._style()

    def update(self) -> None:
        """Draw the figure when the window is idle."""
        self._style()
        self.canvas.draw_idle()

    def show(self) -> None:
        """Draw the figure."""
        self.update()

    def get_size(self) -> tuple[int, int]:
        """Return width and height, px."""
        width, height = self.canvas.get_width_height()
        return int(width), int(height)

    def close(self) -> None:
        """Empty the figure."""
        self.figure.clf()


_EVENTS = {
    "mouse_press": "button_press_event", "mouse_release": "button_release_event", "mouse_move": "motion_notify_event",
    "mouse_wheel": "scroll_event", "key_press": "key_press_event", "key_release": "key_release_event",
}  # fmt: skip


def _cycle() -> list[Any]:
    from phy_medicine.app.phy_compat.colors import selected_cluster_color

    return [selected_cluster_color(i) for i in range(1, 8)]
