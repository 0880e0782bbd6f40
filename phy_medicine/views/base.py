"""The base of every view: what it must say, and what it gets for free.

A view is a subclass of `View` with class attributes and three methods; nothing in it touches GL or Qt.

    @dataclass(frozen=True, slots=True)
    class RateSettings:
        n_bins: int = setting(200, "Number of bins", minimum=10, maximum=5000)

    class RateView(View):
        name, title = "FiringRateView", "Firing rate"
        max_clusters = 20
        settings_type = RateSettings
        axes = Axes(x="Time (s)", y="Rate (spikes/s)")

        def make_panels(self):                       # optional; one panel by default
            return Panels(1, y_links=[-1])           # y does not zoom

        def prepare(self, request):                  # any thread: arrays in, a frozen record out
            return RateBlock(...)                    # or raise DataMissing("No ...: ... not found.")

        def upload(self, block):                     # GUI thread, cheap: numpy only
            self.panels.set_home(x=(0, block.duration_s), y=(0, block.highest))
            self.picture.clear()
            self.picture.steps(block.rates, (0, block.duration_s), color=self.colors, index=block.rows)
            self.status = f"{block.n_spikes:,} spikes"

Optional: `arrange(box)` places the panels (`layout.grid`, `self.scene.inner(box)`), `decorate()` adds axes and marks
(`self.scene.draw_axes(panel)`, `self.scene.over.rects(...)`, `self.scene.over.text(...)`), `cached(request)` tells that
`prepare` is quick now, `on_click`, `on_wheel`, `actions()`, `lasso_spike_ids()` or, where spikes must be read,
`lasso_work()`, `pick(x, y)`, `describe(x, y)`.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from phy_medicine.base.params import changed
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.session.time_ranges import A
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.canvas import Canvas, ViewCanvas
from phy_medicine.views.choices import Choices
from phy_medicine.views.common_scale import CommonScale
from phy_medicine.views.event_marks import draw_events
from phy_medicine.views.gpu import Gpu
from phy_medicine.views.hover import Hover, Words
from phy_medicine.views.interact import Click, Gestures
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.scene import Scene
from phy_medicine.views.status import shortened
from phy_medicine.views.theme import DARK, Theme
from phy_medicine.views.time_marks import Marked, draw_ranges
from phy_medicine.views.view_lasso import ViewLasso

if TYPE_CHECKING:
    from phy_medicine.session.view_host import ViewHost

STATUS_LENGTH = 64


@dataclass(frozen=True, slots=True)
class ViewAction:
    """Something a view can do, for menus, keys, snippets and help.

    handler : called with the arguments of the snippet, converted by `arguments`, a function for each; a menu entry or
    a key calls it without, or opens the snippet line when the handler cannot be called so; checked : tells the state
    of a switch, None for a plain command
    """

    id: str
    text: str
    handler: Callable[..., None]
    shortcut: str = ""
    snippet: str = ""
    help: str = ""
    arguments: tuple[Callable[[str], Any], ...] = ()
    checked: Callable[[], bool] | None = None

    @property
    def needs_arguments(self) -> bool:
        """Whether the handler has arguments without a default."""
        if not self.arguments:
            return False
        parameters = list(inspect.signature(self.handler).parameters.values())[: len(self.arguments)]
        return any(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in parameters)


@dataclass(frozen=True, slots=True)
class NoSettings:
    """Settings of a view that has none."""


class View(Choices, ViewLasso):
    """A picture of the selected clusters; see the module text for what a subclass says."""

    name: ClassVar[str] = "View"
    title: ClassVar[str] = ""
    max_clusters: ClassVar[int | None] = 8
    needs_selection: ClassVar[bool] = True
    axes: ClassVar[Axes] = Axes()
    settings_type: ClassVar[type] = NoSettings
    drawn_settings: ClassVar[frozenset[str]] = frozenset()
    """Settings whose change needs no new `prepare`, only `upload` of the block at hand."""
    shows_parts: ClassVar[bool] = False
    """Whether the view shows all clusters, so that of a supposed one it shows those that it is made of."""
    shares_scale: ClassVar[bool] = True
    """Whether a twin, the same view of the other time range, has the same scale and zoom as this one."""
    zoom_settings: ClassVar[frozenset[str]] = frozenset()
    """Settings that magnify or move what is shown: changed in both of two twins."""
    still_rounds: ClassVar[int] = 3
    """How often a picture for a file asks for other data before it is taken as it is."""
    veil: ClassVar[float] = 0.6
    """How much of what lies outside the time range is covered, in views over time; axes and bands are still seen."""

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        self.host = host
        self.range_name: str = getattr(host, "which", A)
        self.settings: Any = self.settings_type() if settings is None else settings
        self.scene = Scene(self.make_panels(), self.axes)
        self.scene.theme = theme
        self.panels, self.picture = self.scene.panels, self.scene.picture
        self.scale = CommonScale(self)
        self.request: ViewRequest | None = None
        self.block: Any = None
        self.time_window: tuple[float, float] | None = None
        self.marked: Marked | None = None
        self.shows_events = True
        self.auto_update = True
        self.hover = Hover(self, self.describe)
        self._status = self.complaint = ""
        self._canvas: ViewCanvas | None = None
        self._drawn_request = ViewRequest(generation=-1)

    # What a subclass says

    def make_panels(self) -> Panels:
        """Return the panels; called once."""
        return Panels(1)

    def make_canvas(self) -> ViewCanvas:
        """Return what the view is drawn on; called once. A view with a widget of its own is a `WidgetView`."""
        return self.hover.follow(Canvas(self, Gestures(self), title=self.title))

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether `prepare` takes less than about 2 ms now; it then runs before the next frame."""
        return False

    def prepare(self, request: ViewRequest) -> Any:
        """Turn a request into arrays, in any thread, without GL, Qt or the view's own state but `settings`."""
        raise NotImplementedError

    def upload(self, block: Any) -> None:
        """Take over arrays: fill `picture`, set `panels` home ranges and `status`."""
        raise NotImplementedError

    def rescale(self) -> None:
        """Draw the block again, since a range got by `self.scale.union` has changed."""
        self.upload(self.block)

    def scale_key(self) -> Hashable:
        """Return what a twin must have in common with this view, beside clusters and settings, to be compared."""
        return ()

    def arrange(self, box: Box) -> None:
        """Place the panels in the canvas; by default the first fills what the axes leave."""
        self.panels.set_rects([self.scene.inner(box)])

    def decorate(self) -> None:
        """Add axes and marks; by default the axes of the first panel."""
        self.scene.draw_axes(0)

    def time_panels(self) -> Sequence[int]:
        """Return the panels whose x axis is the time of the recording: time ranges are marked in them."""
        return ()

    def actions(self) -> tuple[ViewAction, ...]:
        """Return what the view can do."""
        return ()

    def on_click(self, click: Click) -> None:
        """React to a click that is no gesture of every view."""

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """React to the wheel turned with Control, Alt or Shift held."""

    def set_time_window(self, window: tuple[float, float] | None) -> None:
        """Mark the stretch of time that the trace views show; views over time draw `time_window` in `decorate`."""
        self.time_window = window
        self.redraw()

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster drawn at a physical pixel, or None."""
        return None

    def describe(self, x: float, y: float) -> Words | None:
        """Return what the pointer is told at a physical pixel, and the pixel it speaks of; called at every move."""
        return None

    # What it gets

    @property
    def canvas(self) -> ViewCanvas:
        """What it is drawn on, made when it is first asked for."""
        if self._canvas is None:
            self._canvas = self.make_canvas()
        return self._canvas

    @property
    def ratio(self) -> float:
        """Physical pixels by logical pixel."""
        return self.scene.ratio

    @property
    def colors(self) -> FloatArray:
        """(n_clusters, 4) colours of the clusters that are drawn, RGBA 0..1."""
        return self._drawn_request.colors

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """Clusters that are drawn, in colour order."""
        return self._drawn_request.cluster_ids

    @property
    def status(self) -> str:
        """At most 64 characters for the title bar of the dock."""
        return shortened(self._status, lambda text: len(text) <= STATUS_LENGTH)

    @status.setter
    def status(self, text: str) -> None:
        self._status = text

    @property
    def shown_request(self) -> ViewRequest:
        """What is drawn now; its time range is the one that the picture is of."""
        return self._drawn_request

    def limited(self, request: ViewRequest) -> ViewRequest:
        """Return the request with no more clusters than the view shows."""
        n = self.max_clusters
        if n is None or len(request.cluster_ids) <= n:
            return request
        kept = request.cluster_ids[:n]
        return dataclasses.replace(
            request,
            cluster_ids=kept,
            best_ids=tuple(c for c in request.best_ids if c in kept),
            similar_ids=tuple(c for c in request.similar_ids if c in kept),
            colors=request.colors[:n],
            spike_ids=request.spike_ids[:n],
        )

    def show_block(self, request: ViewRequest, block: Any) -> None:
        """Show prepared arrays in the next frame; `block` is a `Sentence` when there is nothing to draw."""
        self._drawn_request = request
        if self.time_window is None:
            self.time_window = request.time_window
        self.scene.waiting_since, self.complaint = None, ""
        self.hover.forget()
        if isinstance(block, Sentence):
            self.block, self.scene.message, self.status = None, block.text, ""
            self.scale.before_upload()
            self.scale.after_upload()
        else:
            self.block, self.scene.message = block, ""
            self._upload()
        self.scene.touch()

    def _upload(self) -> None:
        if self.block is not None:
            self.scale.before_upload()
            self.upload(self.block)
            self.scale.after_upload()

    def change(self, **values: Any) -> None:
        """Change settings, and show the view with them.

        Raises
        ------
        PhyMedError : unknown setting, or value out of range
        """
        self.settings = self.checked(**values)
        views, zoom = [self], {name: value for name, value in values.items() if name in self.zoom_settings}
        if zoom and self.scale.joined is not None:
            views.append(self.scale.joined)
            views[1].settings = changed(views[1].settings, **zoom)
        for view, names in zip(views, (values, zoom), strict=False):
            if set(names) <= self.drawn_settings:
                view._upload()
                view.redraw()
            else:
                view.host.request(view)

    def redraw(self) -> None:
        """Draw at the next tick, axes and marks included."""
        self.scene.touch()
        self.host.redraw(self)

    def set_theme(self, theme: Theme) -> None:
        """Use other colours."""
        self.scene.set_theme(theme)
        self._upload()
        self.redraw()

    def paint(self, gpu: Gpu, ratio: float) -> None:
        """Draw a frame; called by the canvas."""
        self.scene.paint(gpu, ratio, self.arrange, self.decorate_all)
        self.hover.paint(gpu, self.scene)

    def prerender(self) -> Callable[[], None] | None:
        """Return the part of the next frame that may be drawn in another thread, None if there is none."""
        if not isinstance(self._canvas, Canvas) or not self._canvas.ready:
            return None
        return self.scene.prerender(self._canvas.gpu, self._canvas.ratio, self.arrange, self.decorate_all)

    def decorate_all(self) -> None:
        """Add axes, marks, and where the x axis is time events and time ranges."""
        self.decorate()
        if self.block is not None:
            draw_events(self)
        draw_ranges(self)

    def close(self) -> None:
        """Give back the widget; a canvas left to the garbage collector would drop the GL context in mid-frame."""
        if self._canvas is not None:
            self._canvas.close()
            self._canvas = None

    def render(self) -> AnyArray:
        """Return the view as (h, w, 3) uint8, physical pixels; a GL canvas that has been shown."""
        pixels: AnyArray = self.canvas.render(alpha=False)
        return pixels


@dataclass(frozen=True, slots=True)
class Sentence:
    """Shown in the middle of a view instead of a picture."""

    text: str
