"""Views of a session in a Jupyter notebook: pictures made by the program's own kernels, sent by jupyter_rfb.

    session = pm.open("params.py")
    a = session.view("waveform", clusters=[3, 7])
    b = session.view("feature", clusters=[3, 7])
    traitlets.link((a, "clusters"), (b, "clusters"))

Neither Qt nor OpenGL nor a display is needed; decision 0009 tells why these are not canvases of vispy.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jupyter_rfb import RemoteFrameBuffer
from PIL import Image

from phy_medicine.app.notebook_events import Events, kind_of
from phy_medicine.app.notebook_host import NotebookHost
from phy_medicine.app.notebook_values import SpikeIds, Still
from phy_medicine.base.errors import ActionError, PhyMedError
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.gui.view_kinds import ViewKinds, short_name
from phy_medicine.views.svg import SvgPage
from phy_medicine.views.theme import LIGHT, THEMES
from phy_medicine.views.vector import shapes
from phy_medicine.views.widget_view import WidgetView

if TYPE_CHECKING:
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.session import Session
    from phy_medicine.session.view_host import ViewRequest
    from phy_medicine.views.base import View

_SIZE = (620, 400)


class NotebookView(RemoteFrameBuffer):  # type: ignore[misc]
    """A view as a widget; the mouse does in it what it does in the window.

    clusters : ids shown, in the order of their colours; set it to show others
    spikes : the spikes inside of the lasso; empty without one. Set it, or link it to that of another view, to see only
        these spikes of the clusters; empty: all

    Parameters
    ----------
    kind : "waveform", "feature", ..., as `kinds_of` lists them, or the name of the class
    clusters : by default the view follows the session's selection, and the selection follows the view
    link_session : say otherwise
    size : width and height in px of the page; theme : "light" or "dark"
    settings : of the view, as its dialog in the window has them: `bin_ms=0.5`

    Raises
    ------
    PhyMedError : no such view or setting, or a value out of range
    traitlets.TraitError : no such cluster
    """

    _event_compatibility = 2

    clusters = traitlets.List(traitlets.Int(), help="Ids of the clusters that are shown.")
    spikes = SpikeIds(help="Ids of the chosen spikes; empty: none chosen, all shown.")

    def __init__(
        self,
        session: Session,
        kind: str = "waveform",
        *,
        clusters: Iterable[int] | None = None,
        link_session: bool | None = None,
        size: tuple[int, int] = _SIZE,
        theme: str = LIGHT.name,
        **settings: Any,
    ) -> None:
        self._session, self._linked = session, clusters is None if link_session is None else link_session
        self._host: NotebookHost | None = None
        self._lassoing = False
        self.message = ""
        made = self._maker(kind, theme)
        # Outside of a notebook the base would print where its errors are to be shown.
        with contextlib.redirect_stdout(io.StringIO()) if _in_plain_python() else contextlib.nullcontext():
            super().__init__(css_width=f"{size[0]}px", css_height=f"{size[1]}px")
        self._thread, self._loop = threading.current_thread(), _running_loop()
        self._host = NotebookHost(
            session, made, request=self._request, asked=self._ask_draw, chosen=self._choose, lassoed=self._take_lasso,
            say=self._say,
        )  # fmt: skip
        self._events = Events(self.view)
        self.clusters = list(session.selection.cluster_ids if clusters is None else clusters)
        if settings:
            self.view.change(**settings)
        self._listen(session)

    def _maker(self, kind: str, theme: str) -> Callable[[Any], View]:
        if theme not in THEMES:
            raise PhyMedError(f"There is no theme {theme}; there are {', '.join(THEMES)}.")
        found = _class_of(self._session, kind)
        if isinstance(found, type) and issubclass(found, WidgetView):
            raise PhyMedError(f"{found.name} is made of a widget of the window, and cannot be shown in a notebook.")
        return lambda host: found(host, theme=THEMES[theme])

    def _listen(self, session: Session) -> None:
        session.selection.changed.connect(self._selected)
        session.clusters.changed.connect(self._changed)
        session.time_window_changed.connect(self._time_window_changed)
        for signal in (session.time_range_changed, session.colors.changed, session.motion.changed):
            signal.connect(self._renew)
        for signal in (session.cluster_table.changed, session.similar.changed):
            signal.connect(self._table_changed)

    # What a person uses

    @property
    def view(self) -> View:
        """The view itself: its settings, status, actions."""
        assert self._host is not None
        return self._host.view

    @property
    def kind(self) -> str:
        """Its short name."""
        return short_name(self.view.name)

    @property
    def status(self) -> str:
        """What the title bar says in the window; of the picture that was drawn last."""
        return self.view.status

    @property
    def spike_ids(self) -> IntArray:
        """The chosen spikes, else all of the clusters, ascending; (n,) int64."""
        if self.spikes:
            return np.array(self.spikes, dtype=np.int64)
        per_cluster = self._request().spike_ids
        return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *per_cluster]))

    def change(self, **settings: Any) -> None:
        """Change settings of the view.

        Raises
        ------
        PhyMedError : unknown setting, or value out of range
        """
        self.view.change(**settings)

    def split(self) -> Delta:
        """Split the chosen spikes off their clusters.

        Raises
        ------
        ActionError : none is chosen
        """
        if not self.spikes:
            raise ActionError("No spikes are chosen: draw a lasso with Ctrl+click, or set `spikes`.")
        return self._session.split(self.spikes)

    def clear_lasso(self) -> None:
        """Forget the lasso, and show all spikes."""
        self.view.clear_lasso()
        self.spikes = ()

    def snapshot(self, pixel_ratio: float | None = None) -> Still:
        """Return a still picture of the view as it is now, which a notebook shows."""
        return Still(self._draw(pixel_ratio), self._page_size())

    def save(self, path: str | Path, *, scale: float = 2.0) -> None:
        """Write a picture as PNG or SVG; scale : of a PNG, px by px of the page.

        Raises
        ------
        PhyMedError : another ending, or the file cannot be written
        """
        path = Path(path)
        if path.suffix.lower() not in (".png", ".svg"):
            raise PhyMedError(
                f"A view of a notebook is saved as .png or .svg, not as {path.suffix or 'a file without'}."
            )
        try:
            if path.suffix.lower() == ".png":
                Image.fromarray(self._draw(scale)).save(path)
            else:
                path.write_bytes(self._svg())
        except OSError as error:
            raise PhyMedError(f"Could not write {path}: {error.strerror}.") from None

    def _svg(self) -> bytes:
        size = self._page_size()
        self._draw(1.0)
        page = SvgPage(size, size, title=self.view.title)
        page.add(shapes(self.view.scene))
        return page.bytes()

    def close(self, *args: Any, **options: Any) -> None:
        """Close the widget, and follow the session no more."""
        if self._host is not None:
            self._host.close()
            self._forget(self._session)
        if hasattr(self, "_output_context"):  # else it could not be made
            super().close(*args, **options)

    def _forget(self, session: Session) -> None:
        for signal, slot in (
            (session.selection.changed, self._selected),
            (session.clusters.changed, self._changed),
            (session.time_window_changed, self._time_window_changed),
            (session.time_range_changed, self._renew),
            (session.colors.changed, self._renew),
            (session.motion.changed, self._renew),
            (session.cluster_table.changed, self._table_changed),
            (session.similar.changed, self._table_changed),
        ):
            signal.disconnect(slot, missing_ok=True)

    # jupyter_rfb

    def handle_event(self, event: dict[str, Any]) -> None:
        """Take over what the mouse and the keyboard do."""
        if self._host is None or kind_of(event) in ("resize", "close"):
            return
        try:
            self._events.handle(event)
        except PhyMedError as error:
            self._say(str(error))

    def get_frame(self) -> AnyArray:
        """Return the picture at the size and the resolution of the page."""
        return self._draw(None)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Show the widget, and where there is none, as in a saved page, the picture."""
        bundle = super()._repr_mimebundle_(**options)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if isinstance(data, dict):
            data["image/png"] = self.snapshot().png
        return bundle

    def _page_size(self) -> tuple[int, int]:
        """Logical px."""
        event = self._rfb_last_resize_event
        if event:
            return max(int(event["width"]), 1), max(int(event["height"]), 1)
        sizes = (text.removesuffix("px") for text in (self.css_width, self.css_height))
        width, height = (
            int(float(s)) if s.replace(".", "").isdigit() else n for s, n in zip(sizes, _SIZE, strict=True)
        )
        return width, height

    def _draw(self, ratio: float | None) -> AnyArray:
        assert self._host is not None
        event = self._rfb_last_resize_event or {}
        ratio = float(ratio or event.get("ratio") or event.get("pixel_ratio") or 1.0)
        width, height = self._page_size()
        return self._host.draw((max(round(width * ratio), 1), max(round(height * ratio), 1)), ratio)

    def _ask_draw(self) -> None:
        """Draw again when the page can take it; from any thread."""
        if threading.current_thread() is self._thread:
            self.request_draw()
        elif self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.request_draw)

    # The session, and traits

    def _request(self) -> ViewRequest:
        # While it is drawn here, a lasso is seen among all spikes.
        only = None if self._lassoing or not self.spikes else np.array(self.spikes, dtype=np.int64)
        return self._session.request_for(self.clusters, only)

    @traitlets.validate("clusters")
    def _check_clusters(self, proposal: Any) -> list[int]:
        wanted = list(dict.fromkeys(int(c) for c in proposal["value"]))
        unknown = [c for c in wanted if not self._session.manager.assignment.contains(c)]
        if unknown:
            raise traitlets.TraitError(f"There is no cluster {unknown[0]}.")
        return wanted

    @traitlets.observe("clusters")
    def _show_clusters(self, _change: Any) -> None:
        if self._host is None:
            return
        self.view.clear_lasso()
        self._renew()
        if self._linked and tuple(self.clusters) != self._session.selection.cluster_ids:
            self._session.select(self.clusters)

    @traitlets.observe("spikes")
    def _show_spikes(self, _change: Any) -> None:
        if self._host is not None and not self._lassoing:
            self.view.clear_lasso()
            self._renew()

    def _take_lasso(self) -> None:
        """Let the spikes inside of the lasso be the chosen ones; without a lasso none is."""
        view = self.view
        drawn = len(view.scene.lasso) > 0
        if not drawn and not self._lassoing:
            return
        closed = view.scene.lasso.closed or (drawn and view.lasso_work() is not None)
        self._lassoing = True
        self.spikes = view.lasso_spike_ids() if closed else ()
        self._lassoing = drawn

    def _choose(self, cluster_ids: Sequence[int]) -> None:
        self.clusters = list(cluster_ids)

    def _say(self, text: str) -> None:
        self.message = text

    def _selected(self, selection: Any) -> None:
        if self._linked:
            self.clusters = list(selection.cluster_ids)

    def _changed(self, delta: Delta) -> None:
        """Show what came of the clusters that are gone."""
        alive = self._session.manager.assignment.contains
        if not all(map(alive, self.clusters)):
            heirs: dict[int, list[int]] = {}
            for old, new in delta.descendants:
                heirs.setdefault(old, []).append(new)
            now = [n for c in self.clusters for n in ([c] if alive(c) else heirs.get(c, [])) if alive(n)]
            self.clusters = list(dict.fromkeys(now))
        else:
            self._renew()

    def _renew(self, *_news: object) -> None:
        if self._host is not None:
            self._host.request(self.view)

    def _time_window_changed(self, window: tuple[float, float] | None) -> None:
        self.view.set_time_window(window)

    def _table_changed(self, *_news: object) -> None:
        if hasattr(self.view, "table_changed"):
            self.view.table_changed()


def kinds_of(session: Session) -> dict[str, str]:
    """Return the short name of every view that a session can be shown in -> its class."""
    return {short_name(kind): kind for kind in ViewKinds(session).names}


def _class_of(session: Session, kind: str) -> type[View]:
    kinds = ViewKinds(session)
    wanted = kind.lower().replace("_", "").removesuffix("view")
    name = next((k for k in kinds.names if k.lower().replace("_", "").removesuffix("view") == wanted), None)
    found = kinds.find(name) if name is not None else None
    if found is None:
        raise PhyMedError(f"There is no view {kind!r}; there are {', '.join(map(short_name, kinds.names))}.")
    return found


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _in_plain_python() -> bool:
    from IPython import get_ipython

    return get_ipython() is None
