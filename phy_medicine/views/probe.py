"""Contacts of the probe in their true geometry, with those of the selected clusters in colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import BoolArray, FloatArray
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import View, ViewAction
from phy_medicine.views.interact import LEFT, Click
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.probe_block import Probe, ProbeBlock, make_block, make_probe
from phy_medicine.views.probe_shape import clipped
from phy_medicine.views.waveform_marks import overlaps

MAIN, OVERVIEW = 0, 1
# The overview is left out where the view shows most of the probe anyway, and in a narrow view (logical px).
_OVERVIEW_FROM, _OVERVIEW_LEAST_WIDTH = 1.3, 170
# A region is kept while it holds the next selection and is not larger than this many times what that needs.
_STILL_NEAR = 1.8


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """What the probe view shows."""

    labels: bool = setting(False, "Show the labels of all channels, not of the peak channels alone")
    contact_size: float = setting(10.0, "Largest diameter of a contact", unit="px", minimum=2.0, maximum=40.0)
    selected_size: float = setting(15.0, "Largest diameter of a coloured contact", unit="px", minimum=3.0, maximum=60.0)


class ProbeView(View):
    """Where the selected clusters are on the probe; the strip at the side shows where that is."""

    name, title = "ProbeView", "Probe"
    max_clusters = 20
    needs_selection = False
    axes = Axes(x=None, y="Depth (µm)")
    settings_type = ProbeSettings
    drawn_settings = frozenset({"labels", "contact_size", "selected_size"})

    _probe: Probe | None = None
    _region: FloatArray | None = None
    _has_overview = False

    def make_panels(self) -> Panels:
        """Return the panel of the region and that of the whole probe, which does not zoom."""
        return Panels(2, x_links=[0, -1], y_links=[0, -1], equal=True)

    def cached(self, request: ViewRequest) -> bool:
        """Tell that only tables are looked up."""
        return self._probe is not None

    def prepare(self, request: ViewRequest) -> ProbeBlock:
        """Gather the channels of the clusters."""
        probe = self._probe
        if probe is None:
            # Two threads may both make it; they make the same.
            probe = self._probe = make_probe(self.host.data.channel_positions, self.host.data.channel_shanks)
        return make_block(self.host.data, probe, request.cluster_ids)

    def upload(self, block: ProbeBlock) -> None:
        """Choose the region; discs depend on the zoom and are added with the marks."""
        region = self._choose_region(block)
        extent = block.probe.extent
        for panel, (x0, x1, y0, y1) in ((MAIN, region), (OVERVIEW, extent)):
            self.panels.set_home(panel, x=(x0, x1), y=(y0, y1))
        self.status = self._describe(block)

    def _choose_region(self, block: ProbeBlock) -> FloatArray:
        """Return the region of the selection, or the one before while that shows it as well."""
        wanted, kept = block.region, self._region
        if kept is not None and len(block.channels):
            slack = block.probe.near
            holds = (kept[[0, 2]] <= wanted[[0, 2]] + slack).all() and (kept[[1, 3]] >= wanted[[1, 3]] - slack).all()
            if holds and kept[3] - kept[2] <= _STILL_NEAR * (wanted[3] - wanted[2]):
                return kept
        self._region = wanted
        return wanted

    def _describe(self, block: ProbeBlock) -> str:
        n_channels = len(block.probe.positions)
        if not len(block.channels):
            return f"{n_channels:,} channels"
        labels = self.host.data.channel_labels
        peaks = ", ".join(dict.fromkeys(labels[ch] for ch in block.channels[block.peaks]))
        return f"peak {peaks} · {len(np.unique(block.channels))} of {n_channels:,} channels"

    def arrange(self, box: Box) -> None:
        """Put the overview at the right, as wide as the probe needs."""
        left, top, right, bottom = self.scene.inner(box)
        away = (box[2] + 1, top, box[2] + 2, bottom)
        self.panels.set_rects(np.array([(left, top, right, bottom), away]))
        if self.block is None:
            return
        x0, x1, y0, y1 = self.block.probe.extent
        home = self.panels.home()[MAIN]
        self._has_overview = (
            y1 - y0 > _OVERVIEW_FROM * (home[3] - home[2]) and right - left > _OVERVIEW_LEAST_WIDTH * self.ratio / 2
        ) and box[2] - box[0] >= _OVERVIEW_LEAST_WIDTH * self.ratio
        if self._has_overview:
            needed = (bottom - top) * (x1 - x0) / (y1 - y0) + 8 * self.ratio
            width = float(np.clip(needed, 22 * self.ratio, 0.3 * (right - left)))
            split = right - width
            main = (left, top, split - 10 * self.ratio, bottom)
            self.panels.set_rects(np.array([main, (split, top, right, bottom)]))

    def decorate(self) -> None:
        """Draw shanks, contacts, labels, the axis, and the region in the overview."""
        block = self.block
        if block is None:
            return
        self.scene.draw_axes(MAIN)
        self.picture.clear()
        for panel in (MAIN, OVERVIEW) if self._has_overview else (MAIN,):
            self._draw_shanks(panel)
            self._draw_contacts(panel)
        self._draw_labels()
        if self._has_overview:
            self._mark_region()

    def _draw_shanks(self, panel: int) -> None:
        theme = self.scene.theme
        rect = self.panels.rects[panel].astype(np.float64)
        for shank in self.block.probe.shanks:
            x, y = self.panels.to_pixels(panel, shank.outline[:, 0], shank.outline[:, 1])
            inside = clipped(np.stack([x, y], 1), rect)
            if len(inside) >= 3:
                self.scene.under.polygon(inside, theme.rgba("panel"))
            ring = np.vstack([shank.outline, shank.outline[:1]])
            self.picture.lines(ring[None, :, 0], ring[None, :, 1], color=theme.rgba("dim", 0.7), panel=panel)

    def _sizes(self, panel: int) -> tuple[float, FloatArray]:
        """Return the diameter of grey contacts and of each disc, logical px, as the zoom allows."""
        probe, block = self.block.probe, self.block
        scale = self.panels.transforms()[panel, 0] / self.ratio
        largest = (self.settings.contact_size, self.settings.selected_size) if panel == MAIN else (4.0, 6.0)
        grey = float(np.clip(0.62 * probe.near * scale, 1.5, largest[0]))
        discs = np.minimum(0.9 * probe.near * scale, 0.9 * probe.row * scale / block.beside)
        # The colour of a peak is seen also where the probe is small.
        least = np.where(block.peaks, 6.0, 2.5) if panel == MAIN else 4.0
        return grey, np.clip(discs, least, max(largest[1], 6.0))

    def _discs(self, panel: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return x, y (µm) and diameter (logical px) of the discs."""
        block = self.block
        _, sizes = self._sizes(panel)
        scale = self.panels.transforms()[panel, 0] / self.ratio
        at = block.probe.positions[block.channels]
        shift = (block.places - (block.beside - 1) / 2) * sizes / scale if panel == MAIN else 0.0
        return at[:, 0] + shift, at[:, 1], sizes

    def _draw_contacts(self, panel: int) -> None:
        block, theme = self.block, self.scene.theme
        free = np.ones(len(block.probe.positions), dtype=bool)
        free[block.channels] = False
        x, y = block.probe.positions[free].T
        color = theme.rgba("background_spikes", 1.0 if panel == MAIN else 0.7)
        self.picture.points(x, y, color=color, size=self._sizes(panel)[0], panel=panel)
        self._draw_discs(panel, ~block.peaks)
        if panel == MAIN:
            for wider, role in ((6.0, "text"), (3.0, "view")):
                self._draw_discs(panel, block.peaks, wider, np.array(theme.rgba(role)))
        self._draw_discs(panel, block.peaks)

    def _draw_discs(self, panel: int, chosen: BoolArray, wider: float = 0.0, color: FloatArray | None = None) -> None:
        """Draw some discs in the colours of their clusters, or all in one colour."""
        x, y, sizes = self._discs(panel)
        rows = self.block.clusters if color is None else np.zeros(len(x), dtype=np.uint8)
        palette = self.colors if color is None else color
        for size in np.unique(sizes[chosen]):
            some = chosen & (sizes == size)
            self.picture.points(x[some], y[some], color=palette, index=rows[some], size=size + wider, panel=panel)

    def _draw_labels(self) -> None:
        """Write the labels at the right of the contacts, those of the peaks first, none over another or a contact."""
        block, ratio = self.block, self.ratio
        grey, sizes = self._sizes(MAIN)
        x, y = self.panels.to_pixels(MAIN, *block.probe.positions.T)
        half = np.full(len(x), grey * ratio / 2)
        half[block.channels] = np.maximum(half[block.channels], block.beside * sizes * ratio / 2)
        tall = np.minimum(half, self.settings.selected_size * ratio / 2)
        left, top, right, bottom = self.panels.rects[MAIN]
        seen = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        taken = np.stack([x - half, y - tall, x + half, y + tall], 1)[seen]
        peaks = [ch for ch in dict.fromkeys(block.channels[block.peaks].tolist()) if seen[ch]]
        for ch in peaks:
            edge = self.panels.to_pixels(MAIN, self._shank_edge(ch), 0.0)[0] + 4 * ratio
            taken = self._label(ch, float(x[ch] + half[ch] + 6 * ratio), float(y[ch]), taken, float(edge))
        for ch in np.flatnonzero(seen) if self.settings.labels else ():
            if ch not in peaks:
                taken = self._label(int(ch), float(x[ch] + half[ch] + 4 * ratio), float(y[ch]), taken)

    def _label(self, channel: int, x: float, y: float, taken: FloatArray, edge: float | None = None) -> FloatArray:
        """Write a label where there is room, else at the edge of the shank with a line to it; return what is taken."""
        scene, text = self.scene, self.host.data.channel_labels[channel]
        color = scene.theme.rgba("dim" if edge is None else "text")
        half = scene.over.cap_height / 2 + 2 * self.ratio
        for start in (x,) if edge is None else (x, edge):
            place = np.array([start - 1, y - half, start + scene.over.text_width(text) + 1, y + half])
            if place[2] <= self.panels.rects[MAIN][2] and not overlaps(place, taken):
                scene.over.text(text, start, y, anchor="lm", color=color)
                if start != x:
                    line = (x - 3 * self.ratio, y, start - 3 * self.ratio, y)
                    scene.over.segments([line], scene.theme.rgba("text", 0.7), width=max(1.0, round(self.ratio)))
                return np.vstack([taken, place])
        return taken

    def _shank_edge(self, channel: int) -> float:
        """Return the right edge of the shank of a channel, µm."""
        shank = next(s for s in self.block.probe.shanks if channel in s.channels)
        return float(shank.outline[:, 0].max())

    def _mark_region(self) -> None:
        """Frame what the main panel shows."""
        x0, x1, y0, y1 = self.panels.ranges()[MAIN]
        x, y = self.panels.to_pixels(OVERVIEW, np.array([x0, x1]), np.array([y1, y0]))
        left, top, right, bottom = self.panels.rects[OVERVIEW]
        x, y = np.clip(x, left, right), np.clip(y, top, bottom)
        least = 4 * self.ratio
        if y[1] - y[0] < least:
            y = np.clip((y.mean() - least / 2, y.mean() + least / 2), top, bottom)
        theme = self.scene.theme
        self.scene.under.rects([(x[0], y[0], x[1], y[1])], theme.rgba("accent", 0.18))
        self.scene.over.frames([(x[0], y[0], x[1], y[1])], theme.rgba("accent"), width=max(1.0, round(self.ratio)))

    def on_click(self, click: Click) -> None:
        """Select the clusters of a contact, take it for the feature views, or go to a place of the overview."""
        if click.panel == OVERVIEW:
            x, y = self.panels.to_pixels(MAIN, click.data_x, click.data_y)
            left, top, right, bottom = self.panels.rects[MAIN]
            self.panels.pan(MAIN, ((left + right) / 2 - float(x), (top + bottom) / 2 - float(y)))
            self.redraw()
            return
        channel = self.channel_at(click.x, click.y) if click.panel == MAIN else None
        if channel is None:
            return
        if click.digit is not None:
            self.host.set_channels(channel, click.digit)
        elif click.modifiers == {"control"}:
            self.host.set_channels(channel, 0 if click.button == LEFT else 1)
        elif click.button == LEFT and click.modifiers <= {"shift"}:
            self._select_at(channel, more=bool(click.modifiers))

    def _select_at(self, channel: int, *, more: bool) -> None:
        clusters = self.host.data.clusters_at(channel)
        if not clusters:
            label = self.host.data.channel_labels[channel]
            self.host.message(f"No cluster has its peak on channel {label}.")
        elif more:
            self.host.select_more(clusters)
        else:
            self.host.select(clusters)

    def channel_at(self, x: float, y: float) -> int | None:
        """Return the channel of the contact under a physical pixel, or None."""
        if self.block is None:
            return None
        px, py = self.panels.to_pixels(MAIN, *self.block.probe.positions.T)
        distances = np.hypot(px - x, py - y)
        nearest = int(np.argmin(distances))
        near = 0.6 * self.block.probe.near * self.panels.transforms()[MAIN, 0]
        return nearest if distances[nearest] <= max(min(near, 20 * self.ratio), 6 * self.ratio) else None

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        toggle = partial(self._toggle, "labels")
        return (
            ViewAction(
                "toggle_show_labels", "Channel labels", toggle, help="Show the labels of all channels.",
                checked=lambda: self.settings.labels,
            ),
        )  # fmt: skip

    def _toggle(self, name: str) -> None:
        self.change(**{name: not getattr(self.settings, name)})
