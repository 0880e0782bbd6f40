"""Contacts of the probe in their true geometry: where the selected clusters are seen, and where all clusters are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, Click
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.probe_block import Probe, ProbeBlock, make_block, make_probe
from phy_medicine.views.probe_marks import (
    Labels,
    draw_breaks,
    draw_contacts,
    draw_footer,
    draw_shanks,
    footer_height,
    mark_region,
)
from phy_medicine.views.probe_spikes import NO_SPIKES, draw_spikes, make_spikes
from phy_medicine.views.probe_units import NO_UNITS, Units, chosen_boxes, draw_units, make_units, ring_at
from phy_medicine.views.probe_words import words_of_cluster, words_of_contact, words_of_gap, words_of_status
from phy_medicine.views.selecting_lasso import SelectingLasso

MAIN, OVERVIEW = 0, 1
# Where the whole probe could be drawn nearly as large it is shown without overview; none in a narrow view (logical px).
_OVERVIEW_FROM, _OVERVIEW_LEAST_WIDTH = 1.3, 170
# A region is kept while it holds the next selection and is not larger than this many times what that needs.
_STILL_NEAR = 1.8
# Discs are drawn by size and opacity, so amplitudes are told apart in so many steps.
_STEPS = 8
_BESIDE_LABELS = 15.0  # px
_DIM = 0.35


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """What the probe view shows."""

    labels: bool = setting(False, "Show the labels of all channels, not of the peak channels alone")
    footprint: bool = setting(True, "Discs are as wide as the cluster's template is large on the channel")
    units: bool = setting(True, "Show every cluster of the table as a ring where it is")
    spikes: bool = setting(True, "Show the spikes of the selected clusters where they were localized")
    shorten_gaps: bool = setting(True, "Draw long gaps between shanks shorter than they are")
    contact_size: float = setting(10.0, "Largest diameter of a contact", unit="px", minimum=2.0, maximum=40.0)
    selected_size: float = setting(
        20.0, "Largest diameter of a disc, smaller beside labels", unit="px", minimum=3.0, maximum=60.0
    )


class ProbeView(SelectingLasso):
    """Where the selected clusters are on the probe; the strip at the side shows where that is."""

    name, title = "ProbeView", "Probe"
    max_clusters = 20
    needs_selection = False
    shows_parts = True
    axes = Axes(x=None, y="Depth (µm)")
    settings_type = ProbeSettings
    drawn_settings = frozenset({"labels", "footprint", "contact_size", "selected_size"})

    # The setting that the probe was made with, and the probe; the key of the clusters, and these.
    _probe: tuple[bool, Probe] | None = None
    _units: tuple[Any, Units] | None = None
    # What is shown of the selection, and what the main panel shows: all of a probe that is not much larger.
    _region: FloatArray | None = None
    _home: FloatArray | None = None
    _stay = False
    _has_overview = False

    def make_panels(self) -> Panels:
        """Return the panel of the region and that of the whole probe, which does not zoom."""
        return Panels(2, x_links=[0, -1], y_links=[0, -1], equal=True)

    def cached(self, request: ViewRequest) -> bool:
        """Tell that only tables are looked up."""
        probe, units = self._probe, self._units
        if probe is None or probe[0] != self.settings.shorten_gaps:
            return False
        return not self.settings.units or (units is not None and units[0] == self._units_key())

    def prepare(self, request: ViewRequest) -> ProbeBlock:
        """Gather the channels of the clusters, and the places of all clusters."""
        data, made = self.host.data, self._probe
        shorten = bool(self.settings.shorten_gaps)
        if made is None or made[0] != shorten:
            # Two threads may both make it; they make the same.
            positions, shanks = data.channel_positions, data.channel_shanks
            made = self._probe = shorten, make_probe(positions, shanks, shorten=shorten, contacts=data.contacts)
        units = self._make_units(made[1]) if self.settings.units else NO_UNITS
        spikes = make_spikes(data, request, made[1].moved) if self.settings.spikes else NO_SPIKES
        return make_block(data, made[1], request.cluster_ids, units, spikes)

    def _units_key(self) -> tuple[Any, ...]:
        return self.host.data.table.version, self.settings.shorten_gaps

    def _make_units(self, probe: Probe) -> Units:
        kept, key = self._units, self._units_key()
        if kept is None or kept[0] != key:
            kept = self._units = key, make_units(self.host.data, probe.moved)
        return kept[1]

    def table_changed(self) -> None:
        """Show the clusters where they are now."""
        if self.settings.units and (self._units is None or self._units[0] != self._units_key()):
            self.host.request(self)

    def localization_changed(self, what: str) -> None:
        """Show clusters and spikes where they are now."""
        if what == "run":
            self._units = None
            self.host.request(self)

    def motion_changed(self, what: str) -> None:
        """Move the spikes with the depths; the clusters follow the table."""
        if self.settings.spikes and len(self.block.spikes.x if self.block is not None else ()):
            self.host.request(self)

    def upload(self, block: ProbeBlock) -> None:
        """Choose the region; discs depend on the zoom and are added with the marks."""
        x0, x1, y0, y1 = block.probe.extent
        self.panels.set_home(OVERVIEW, x=(x0, x1), y=(y0, y1))
        self._show(self._choose_region(block))
        self.status = words_of_status(self.host.data, block)

    def _choose_region(self, block: ProbeBlock) -> FloatArray:
        """Return the region of the selection, or the one before while that shows it as well."""
        wanted, kept = block.region, self._region
        # Who clicks has found the place, and draws on in it.
        stay, self._stay = self._stay or bool(len(self.scene.lasso)), False
        if kept is not None and stay:
            return kept
        if kept is not None and len(block.channels):
            slack = block.probe.near
            holds = (kept[[0, 2]] <= wanted[[0, 2]] + slack).all() and (kept[[1, 3]] >= wanted[[1, 3]] - slack).all()
            if holds and kept[3] - kept[2] <= _STILL_NEAR * (wanted[3] - wanted[2]):
                return kept
        self._region = wanted
        return wanted

    def arrange(self, box: Box) -> None:
        """Put the overview at the right, as wide as the probe needs, and the scale bar below."""
        left, top, right, bottom = self.scene.inner(box)
        bottom = max(bottom - footer_height(self.scene), top + 1)
        away = (box[2] + 1, top, box[2] + 2, bottom)
        self.panels.set_rects(np.array([(left, top, right, bottom), away]))
        if self.block is None:
            return
        x0, x1, y0, y1 = self.block.probe.extent
        needed = (bottom - top) * (x1 - x0) / (y1 - y0) + 8 * self.ratio
        split = right - float(np.clip(needed, 22 * self.ratio, 0.3 * (right - left)))
        main = (left, top, split - 10 * self.ratio, bottom)
        larger = self._gain((left, top, right, bottom), main) > _OVERVIEW_FROM
        around = self.block.probe.extent + 0.5 * self.block.probe.near * np.array([-1.0, 1.0, -1.0, 1.0])
        self._show(self._region if larger and self._region is not None else around)
        least = _OVERVIEW_LEAST_WIDTH * self.ratio
        self._has_overview = larger and right - left > least / 2 and box[2] - box[0] >= least
        if self._has_overview:
            self.panels.set_rects(np.array([main, (split, top, right, bottom)]))

    def _show(self, region: FloatArray) -> None:
        """Let the main panel show a region when it is not zoomed."""
        if not np.array_equal(region, self._home):
            self._home = region
            self.panels.set_home(MAIN, x=(region[0], region[1]), y=(region[2], region[3]))

    def _gain(self, whole: Box, main: Box) -> float:
        """Return how much larger the region is in one box than the probe in another."""
        x0, x1, y0, y1 = self.block.probe.extent
        a0, a1, b0, b1 = self.block.region if self._region is None else self._region
        of_probe = min((whole[2] - whole[0]) / (x1 - x0), (whole[3] - whole[1]) / (y1 - y0))
        return float(min((main[2] - main[0]) / (a1 - a0), (main[3] - main[1]) / (b1 - b0)) / of_probe)

    def decorate(self) -> None:
        """Draw shanks, contacts, clusters, labels, the axis, and the region in the overview."""
        block = self.block
        if block is None:
            return
        self.scene.draw_axes(MAIN)
        self.picture.clear()
        for panel in (MAIN, OVERVIEW) if self._has_overview else (MAIN,):
            draw_shanks(self.scene, panel, block.probe.shanks)
            self._draw_contacts(panel)
        draw_spikes(self.scene, block.spikes, self.colors)
        draw_units(self.scene, block.units, self.cluster_ids, self.colors, block.probe.near)
        draw_breaks(self.scene, block.probe.breaks, block.probe.extent[2:])
        self._draw_labels()
        draw_footer(self.scene, "gaps shortened" if block.probe.breaks else "")
        if self._has_overview:
            mark_region(self.scene, OVERVIEW)

    def _sizes(self, panel: int) -> tuple[float, FloatArray]:
        """Return the diameter of grey contacts and the room of each disc, logical px, as the zoom allows."""
        probe, block = self.block.probe, self.block
        scale = self.panels.transforms()[panel, 0] / self.ratio
        disc = min(self.settings.selected_size, _BESIDE_LABELS if self.settings.labels else np.inf)
        largest = (self.settings.contact_size, disc) if panel == MAIN else (4.0, 6.0)
        grey = float(np.clip(0.62 * probe.near * scale, 1.5, largest[0]))
        discs = np.minimum(0.9 * probe.near * scale, 0.9 * probe.row * scale / block.beside)
        # The colour of a peak is seen also where the probe is small.
        least = np.where(block.peaks, 6.0, 2.5) if panel == MAIN else 4.0
        return grey, np.clip(discs, least, max(largest[1], 6.0))

    def _steps(self) -> IntArray:
        """Return the amplitude of each disc in steps, 1 to `_STEPS` at the peak."""
        shares = self.block.shares if self.settings.footprint else np.ones(len(self.block.shares))
        steps: IntArray = np.clip(np.ceil(shares * _STEPS), 1, _STEPS).astype(np.int64)
        return steps

    def _discs(self, panel: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return x, y (µm) and diameter (logical px) of the discs; the diameter is the amplitude."""
        block = self.block
        _, rooms = self._sizes(panel)
        scale = self.panels.transforms()[panel, 0] / self.ratio
        at = block.probe.positions[block.channels]
        shift = (block.places - (block.beside - 1) / 2) * rooms / scale if panel == MAIN else 0.0
        sizes = np.maximum(rooms * self._steps() / _STEPS, 3.0) if panel == MAIN else rooms
        return at[:, 0] + shift, at[:, 1], sizes

    def _draw_contacts(self, panel: int) -> None:
        block, theme = self.block, self.scene.theme
        if panel == OVERVIEW or not draw_contacts(self.scene, block.probe):
            alone = np.bincount(block.channels, minlength=len(block.probe.positions)) < 2
            x, y = block.probe.positions[alone].T
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
        # Spikes are to be seen on the disc of their own cluster.
        dim = _DIM if len(self.block.spikes.x) and panel == MAIN else 1.0
        palette = self.colors * np.array([1, 1, 1, dim]) if color is None else color
        for size in np.unique(sizes[chosen]):
            some = chosen & (sizes == size)
            self.picture.points(x[some], y[some], color=palette, index=rows[some], size=size + wider, panel=panel)

    def _draw_labels(self) -> None:
        """Write the labels beside the contacts, those of the peaks first."""
        block, ratio, names = self.block, self.ratio, self.host.data.channel_labels
        x, y = self.panels.to_pixels(MAIN, *block.probe.positions.T)
        half = np.full(len(x), self._sizes(MAIN)[0] * ratio / 2)
        tall = half.copy()
        at, _, sizes = self._discs(MAIN)
        aside = np.abs(self.panels.to_pixels(MAIN, at, 0.0)[0] - x[block.channels])
        np.maximum.at(half, block.channels, aside + sizes * ratio / 2)
        np.maximum.at(tall, block.channels, sizes * ratio / 2)
        left, top, right, bottom = self.panels.rects[MAIN]
        seen = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        taken = np.stack([x - half, y - tall, x + half, y + tall], 1)[seen]
        labels = Labels(self.scene, np.vstack([taken, chosen_boxes(self.scene, block.units, self.cluster_ids)]))
        peaks = [ch for ch in dict.fromkeys(block.channels[block.peaks].tolist()) if seen[ch]]
        for ch in peaks:
            edges = self.panels.to_pixels(MAIN, self._shank_edges(ch), 0.0)[0]
            sides = float(x[ch] - half[ch]), float(x[ch] + half[ch])
            labels.write_peak(names[ch], sides, float(y[ch]), (float(edges[0]), float(edges[1])))
        for ch in np.flatnonzero(seen).tolist() if self.settings.labels else ():
            if ch not in peaks:
                labels.write(names[ch], float(x[ch] + half[ch] + 4 * ratio), float(y[ch]))

    def _shank_edges(self, channel: int) -> FloatArray:
        """Return the left and the right edge of the shank of a channel, µm."""
        shank = next(s for s in self.block.probe.shanks if channel in s.channels)
        return np.array([shank.outline[:, 0].min(), shank.outline[:, 0].max()])

    # What is where

    def cluster_places(self) -> tuple[IntArray, FloatArray, FloatArray] | None:
        """Return where the lasso finds clusters, drawn or not."""
        if self.block is None:
            return None
        units = self.block.units
        if not self.settings.units:
            units = self._make_units(self.block.probe)
        return units.cluster_ids, units.x, units.y

    def pick(self, x: float, y: float) -> int | None:
        """Return the cluster of the ring at a physical pixel."""
        row = self._ring_at(x, y)
        return None if row is None else int(self.block.units.cluster_ids[row])

    def _ring_at(self, x: float, y: float) -> int | None:
        block: ProbeBlock | None = self.block
        inside = block is not None and self.panels.at(x, y) == MAIN
        return ring_at(self.scene, block.units, block.probe.near, (x, y)) if block is not None and inside else None

    def channel_at(self, x: float, y: float) -> int | None:
        """Return the channel of the contact under a physical pixel, or None."""
        if self.block is None:
            return None
        px, py = self.panels.to_pixels(MAIN, *self.block.probe.positions.T)
        distances = np.hypot(px - x, py - y)
        nearest = int(np.argmin(distances))
        near = 0.6 * self.block.probe.near * self.panels.transforms()[MAIN, 0]
        return nearest if distances[nearest] <= max(min(near, 20 * self.ratio), 6 * self.ratio) else None

    def describe(self, x: float, y: float) -> Words | None:
        block: ProbeBlock | None = self.block
        if block is None or self.panels.at(x, y) != MAIN:
            return None
        row, channel = self._ring_at(x, y), self.channel_at(x, y)
        if row is not None:
            words = words_of_cluster(self.host.data, block.probe, block.units, row)
            px, py = self.panels.to_pixels(MAIN, block.units.x[row], block.units.y[row])
        elif channel is not None:
            words = words_of_contact(self.host.data, channel)
            px, py = self.panels.to_pixels(MAIN, *block.probe.positions[channel])
        else:
            at = float(self.panels.to_data(MAIN, x, y)[0])
            gap = next((b for b in block.probe.breaks if b.left < at < b.right), None)
            if gap is None:
                return None
            words, px, py = words_of_gap(gap), self.panels.to_pixels(MAIN, gap.middle, 0.0)[0], y
        return words, float(px), float(py)

    # Gestures and actions

    def on_click(self, click: Click) -> None:
        """Select clusters, draw a lasso around them, take a channel for the feature views, or go to a place."""
        if click.panel == OVERVIEW:
            if not click.modifiers:
                self._go_to(click)
        elif click.panel == MAIN and click.digit is None and click.modifiers == {"alt"}:
            if click.button == LEFT:
                self.add_lasso_corner(click)
            else:
                self.clear_lasso()
        elif click.panel == MAIN:
            self._click_in_main(click)

    def _go_to(self, click: Click) -> None:
        """Show a place of the overview."""
        x, y = self.panels.to_pixels(MAIN, click.data_x, click.data_y)
        left, top, right, bottom = self.panels.rects[MAIN]
        self.panels.pan(MAIN, ((left + right) / 2 - float(x), (top + bottom) / 2 - float(y)))
        self.redraw()

    def _click_in_main(self, click: Click) -> None:
        plain = click.button == LEFT and click.modifiers <= {"shift"} and click.digit is None
        cluster_id = self.pick(click.x, click.y) if plain else None
        channel = self.channel_at(click.x, click.y) if cluster_id is None else None
        if cluster_id is not None:
            self._select((cluster_id,), more=bool(click.modifiers))
        elif channel is None:
            return
        elif click.digit is not None:
            self.host.set_channels(channel, click.digit)
        elif click.modifiers == {"control"}:
            self.host.set_channels(channel, 0 if click.button == LEFT else 1)
        elif plain:
            clusters = self.host.data.clusters_at(channel)
            if clusters:
                self._select(clusters, more=bool(click.modifiers))
            else:
                label = self.host.data.channel_labels[channel]
                self.host.message(f"No cluster has its peak on channel {label}.")

    def _select(self, cluster_ids: tuple[int, ...], *, more: bool) -> None:
        self._stay = True
        if more:
            self.host.select_more(cluster_ids)
        else:
            self.host.select(cluster_ids)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""

        def switch(action: str, text: str, name: str, help: str) -> ViewAction:
            return ViewAction(action, text, partial(self._toggle, name), help=help,
                              checked=lambda: bool(getattr(self.settings, name)))  # fmt: skip

        return (
            switch("toggle_show_labels", "Channel labels", "labels", "Show the labels of all channels."),
            switch("toggle_footprint", "Footprint", "footprint",
                   "Discs grow with the amplitude of the cluster's template on the channel."),
            switch("toggle_units", "All clusters", "units", "Show every cluster of the table as a ring where it is."),
            switch("toggle_probe_spikes", "Spikes", "spikes",
                   "Show the spikes of the selected clusters where they were localized."),
            switch("toggle_shorten_gaps", "Shorten gaps between shanks", "shorten_gaps",
                   "Draw long gaps between shanks shorter than they are, or to scale."),
        )  # fmt: skip

    def _toggle(self, name: str) -> None:
        self._region = None if name == "shorten_gaps" else self._region
        self.change(**{name: not getattr(self.settings, name)})
