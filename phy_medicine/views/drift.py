"""Depth against time of all spikes, with the motion of the probe over it or taken out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.spike_map import Window
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.axes import Axes, format_number
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.color_scale import draw_scale, header_height, lacking_numbers, next_possible
from phy_medicine.views.drift_block import POINT_BUDGET, DriftBlock, DriftSource, Wish
from phy_medicine.views.drift_image import HeatPicture, mixed, shaded, tinted
from phy_medicine.views.drift_levels import CLUSTER, COLORS
from phy_medicine.views.drift_marks import draw_band, draw_hint
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, WHEEL_FACTOR, Click
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.nearest import REACH, words_of_spike
from phy_medicine.views.theme import DARK, Theme

_FIRST_SIZE = (256, 512)
_LARGE_POINTS = 3_000
# Nearer to each other than so many logical px, curves hide the spikes.
_N_CURVES, _BETWEEN_CURVES = 15, 24


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """What the drift view shows."""

    color: str = setting(
        CLUSTER, "Colour of the spikes: of the selected clusters, by amplitude, or by log10 alpha or z where they are "
        "localized", choices=COLORS,
    )  # fmt: skip
    curves: bool = setting(True, "Show the motion as curves")
    whole_probe: bool = setting(False, "Show all depths, not those around the selected clusters")
    marker_size: float = setting(
        2.5, "Diameter of a spike, smaller when there are many", unit="px", minimum=1.0, maximum=20.0
    )


class DriftView(View):
    """All spikes over time and depth: a density while they are many, single spikes when few are in sight.

    The switch between observed and corrected depths belongs to the session, and holds for all views.
    """

    name, title = "DriftView", "Drift"
    max_clusters = 20
    needs_selection = False
    has_lasso = True
    axes = Axes(x="Time (s)", y="Depth (µm)")
    settings_type = DriftSettings
    drawn_settings = frozenset({"marker_size"})

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = self.heat = HeatPicture()
        self._source = DriftSource(host.data)
        self._region: tuple[float, float] | None = None
        self._hints: tuple[str, ...] = ()

    def make_panels(self) -> Panels:
        """Return a panel for axes and image, and one for points and curves, whose time starts with the window."""
        return Panels(2, x_links=[0, 0], y_links=[0, 0], common="y")

    # Arrays

    def prepare(self, request: ViewRequest) -> DriftBlock:
        """Count or gather the spikes of what is in sight."""
        motion = self.host.data.motion
        wish = Wish(
            shown=np.array(self.panels.state(), dtype=np.float64)[:, 0],
            size=self._size(),
            color=self.settings.color,
            whole_probe=self.settings.whole_probe,
            corrected=motion.corrected,
            motion=motion.shown,
            n_curves=self._n_curves() if self.settings.curves else 0,
            region=self._region,
            beside=self._beside(request),
        )
        return self._source.block(request, wish)

    def _beside(self, request: ViewRequest) -> tuple[float, float] | None:
        """Return the depths that a twin shows of the same clusters."""
        twin = self.scale.joined
        same = isinstance(twin, DriftView) and request.cluster_ids == self.cluster_ids
        return twin._region if same else None

    def _size(self) -> tuple[int, int]:
        """Return rows and columns of logical pixels of the panel; before the first frame any.

        A spike in a cell of one physical pixel would be faint where these are small.
        """
        left, top, right, bottom = (round(int(edge) / self.ratio) for edge in self.panels.rects[0])
        return (bottom - top, right - left) if right - left > 1 and bottom - top > 1 else _FIRST_SIZE

    def _n_curves(self) -> int:
        return max(3, min(_N_CURVES, self._size()[0] // _BETWEEN_CURVES))

    def upload(self, block: DriftBlock) -> None:
        """Draw the counts as an image, single spikes as points, and the motion over them."""
        motion = self.host.data.motion
        self._region = block.home_um
        self._hints = motion.hints if motion.known is not None and motion.preview is None else ()
        title = "Depth (µm)" if block.removed is None else "Corrected depth (µm)"
        self.scene.axes = Axes(x="Time (s)", y=title)
        start, stop = self._source.whole_s
        self.panels.set_home(0, x=(start, stop))
        self.panels.set_home(1, x=(start - block.window.start_s, stop - block.window.start_s))
        self.panels.set_home(y=block.home_um)
        window = block.window
        self.heat.set_heat(self._image(block), (window.start_s, window.stop_s, window.low_um, window.high_um))
        self.picture.clear()
        self._add_points(block)
        self._add_curves(block)
        self.status = self._describe(block)
        self._asked = ()
        self._follow()

    def _image(self, block: DriftBlock) -> AnyArray | None:
        """Return the pixels of what is drawn as counts."""
        theme, has_layers = self.scene.theme, bool(block.layers)
        if block.sums is not None and block.counts is not None and block.levels is not None:
            return shaded(block.counts, block.sums, block.levels.palette(theme), 0.7)
        if block.counts is None and not has_layers:
            return None
        # Behind selected clusters the others stay back.
        strength = 0.75 if len(self.colors) else 1.0
        counts = np.zeros(block.size, dtype=np.uint32) if block.counts is None else block.counts
        image = tinted(counts, theme.rgba("dim", strength), 0.5)
        return mixed(image, list(block.layers), self.colors, 0.6) if has_layers else image

    def _add_points(self, block: DriftBlock) -> None:
        if block.others is not None:
            palette: AnyArray = np.array([self.scene.theme.rgba("dim", 0.8)])
            if block.levels is not None:
                palette = np.c_[block.levels.palette(self.scene.theme), np.ones(256)]
            self._add(block.others, palette)
        if block.selected is not None:
            self._add(block.selected, self.colors)

    def _add(self, points: Any, palette: AnyArray) -> None:
        n = max(len(points.times_s), 1)
        size = self.settings.marker_size * float(np.clip((_LARGE_POINTS / n) ** 0.5, 0.5, 1.0))
        self.picture.points(points.times_s, points.depths_um, color=palette, index=points.rows, panel=1, size=size)

    def _add_curves(self, block: DriftBlock) -> None:
        if block.curves is None:
            return
        theme, curves = self.scene.theme, block.curves
        # A dark seam keeps the curves apart from spikes of any colour.
        strength = 1.0 if block.removed is None else 0.5
        for color, width in ((theme.rgba("view", 0.6 * strength), 2.5), (theme.rgba("text", 0.6 * strength), 1.0)):
            self.picture.lines(curves.times_s, curves.depths_um, color=color, panel=1, width=width)

    def _describe(self, block: DriftBlock) -> str:
        motion = self.host.data.motion
        parts = ["observed" if block.removed is None else "corrected"]
        if self.host.data.localization.known_for_depths is not None:
            parts.append("localized")
        if motion.preview is not None:
            parts.append("estimating")
        elif motion.known_run is not None:
            parts.append(motion.known_run.name)
        else:
            parts.append("no motion yet")
        if self.settings.color != CLUSTER and block.levels is None:
            parts.append(f"no {self.settings.color} in use")
        many = block.n_inside > POINT_BUDGET
        parts.append(f"density of {block.n_inside:,}" if many else f"{block.n_inside:,} spikes")
        if self._hints:
            parts.append(f"{len(self._hints)} hint{'s' if len(self._hints) > 1 else ''}")
        return " · ".join(parts)

    # What is in sight

    def arrange(self, box: Box) -> None:
        """Place both panels one on the other, under the legend if there is one."""
        left, top, right, bottom = self.scene.inner(box)
        top += header_height(self.scene) * (bool(self._hints) or self.settings.color != CLUSTER)
        rect = (left, top, right, max(bottom, top + 1))
        self.panels.set_rects(np.array([rect, rect]))
        self._follow()

    def redraw(self) -> None:
        """Draw at the next tick what is there, and count anew if something else is in sight."""
        super().redraw()
        self._follow()

    def _follow(self) -> None:
        block: DriftBlock | None = self.block
        if block is None:
            return
        x0, x1, y0, y1 = (float(edge) for edge in self.panels.ranges()[0])
        window = block.window
        moved = max(abs(x0 - window.start_s), abs(x1 - window.stop_s)) > 1e-9 * max(x1 - x0, 1e-9) + 1e-9 or max(
            abs(y0 - window.low_um), abs(y1 - window.high_um)
        ) > 1e-6 * (y1 - y0)
        wanted = (*self.panels.ranges()[0].tolist(), *self._size())
        if (moved or self._size() != block.size) and wanted != self._asked:
            self._asked = wanted
            self.host.request(self)

    _asked: tuple[float, ...] = ()

    def motion_changed(self, what: str) -> None:
        """Show another motion, a preview, or depths with the motion taken out or not; the lasso was on the old ones."""
        corrected = self.host.data.motion.corrected
        if what == "corrected" or corrected:
            self.clear_lasso()
        self.host.request(self)

    def localization_changed(self, what: str) -> None:
        """Show other depths; the lasso was on the old ones."""
        self.clear_lasso()
        self.host.request(self)

    def decorate(self) -> None:
        """Add the axes, the scale of colours, hints on the motion, and a band where the trace views are."""
        if self.block is None:
            return
        self.scene.draw_axes(0)
        left, right = (float(self.panels.rects[0][i]) for i in (0, 2))
        levels = self.block.levels
        if levels is not None:
            right = draw_scale(self.scene, levels.palette(self.scene.theme), levels.ends, right)
        if self._hints:
            draw_hint(self.scene, self._hints[0], left, right)
        if self.time_window is not None:
            draw_band(self.scene, self.time_window)

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Click selects the cluster of a spike, with Shift adds it; Alt+click shows that moment in the trace views."""
        if click.panel is None or click.button != LEFT:
            return
        if click.modifiers == {"alt"}:
            self.host.go_to_time(click.data_x, self.pick(click.x, click.y))
        elif click.modifiers <= {"shift"}:
            cluster_id = self.pick(click.x, click.y)
            if cluster_id is None:
                self.host.message("No spike here.")
            elif click.modifiers:
                self.host.select_more([cluster_id])
            else:
                self.host.select([cluster_id])

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the nearest spike within 8 px."""
        spike_id = self._spike_at(x, y)
        return None if spike_id is None else int(self.host.data.labels_of(np.array([spike_id]))[0])

    def _spike_at(self, x: float, y: float) -> int | None:
        block: DriftBlock | None = self.block
        if block is None or self.panels.at(x, y) is None:
            return None
        reach = REACH * self.ratio
        (t0, t1), (high, low) = self.panels.to_data(
            0, np.array([x - reach, x + reach]), np.array([y - reach, y + reach])
        )
        ids = self._source.inside(Window(float(t0), float(t1), float(low), float(high)), block.removed)
        if not len(ids):
            return None
        distances = np.hypot(*(a - b for a, b in zip(self._pixels(ids), (x, y), strict=True)))
        nearest = int(np.argmin(distances))
        return int(ids[nearest]) if distances[nearest] <= reach else None

    def describe(self, x: float, y: float) -> Words | None:
        spike_id = self._spike_at(x, y)
        if spike_id is None:
            return None
        one = np.array([spike_id])
        removed = self.block.removed
        times_s, depths_um = self._source.place(one, removed)
        depth = "depth" if removed is None else "corrected depth"
        (px,), (py,) = self._pixels(one)
        cluster_id = int(self.host.data.labels_of(one)[0])
        words = words_of_spike(cluster_id, float(times_s[0]), f"{depth} {format_number(float(depths_um[0]), 1)} µm")
        return words, float(px), float(py)

    def time_panels(self) -> tuple[int, ...]:
        """Return the panel with the axes."""
        return (0,)

    def _pixels(self, spike_ids: IntArray) -> tuple[FloatArray, FloatArray]:
        return self.panels.to_pixels(0, *self._source.place(spike_ids, self.block.removed))

    def lasso_spike_ids(self) -> IntArray:
        """Return all spikes inside the lasso, drawn or not: of the selected clusters, of all when none is selected."""
        lasso, block = self.scene.lasso, self.block
        if block is None or not lasso.closed:
            return super().lasso_spike_ids()
        if self._drawn_request.spike_ids:
            ids = np.sort(np.concatenate(self._drawn_request.spike_ids))
        else:
            (x0, y0), (x1, y1) = lasso.corners.min(axis=0), lasso.corners.max(axis=0)
            ids = self._source.inside(Window(float(x0), float(x1), float(y0), float(y1)), block.removed)
        found: IntArray = ids[lasso.contains(*self._source.place(ids, block.removed))]
        return found

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt: size of the points; Control: zoom in depth alone; Shift: what decides the colour."""
        if modifiers == {"alt"}:
            self.change(marker_size=float(np.clip(self.settings.marker_size * WHEEL_FACTOR**notches, 1.0, 20.0)))
        elif modifiers == {"control"}:
            left, top, right, bottom = (float(edge) for edge in self.panels.rects[0])
            self.panels.zoom(0, ((left + right) / 2, (top + bottom) / 2), (1.0, math.pow(1.2, notches)))
            self.redraw()
        elif modifiers == {"shift"}:
            self._next_color(1 if notches > 0 else -1)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("next_drift_colors", "Next colours", self._next_color, "shift+d",
                       help="Colour all spikes by the rank of their amplitude, by log10 α or z of the localization, or "
                       "those of the selected clusters."),
            ViewAction("toggle_whole_probe", "Whole probe", self._toggle_whole_probe, "shift+alt+d",
                       help="Show all depths, or those around the selected clusters.",
                       checked=lambda: self.settings.whole_probe),
            ViewAction("toggle_motion_curves", "Motion curves", self._toggle_curves,
                       help="Show the motion as curves at 15 depths.", checked=lambda: self.settings.curves),
        )  # fmt: skip

    def _next_color(self, by: int = 1) -> None:
        """Go on to the next colours that there are numbers for."""
        lacking = lacking_numbers(self.host.data.localization.known)
        self.change(color=next_possible(COLORS, self.settings.color, lacking, by))

    def _toggle_whole_probe(self) -> None:
        self.change(whole_probe=not self.settings.whole_probe)

    def _toggle_curves(self) -> None:
        self.change(curves=not self.settings.curves)
