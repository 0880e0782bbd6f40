"""Localized spikes one by one: where each is seen from its anchor and on the probe, its waveforms, and its frame."""

from __future__ import annotations

from typing import Any

import numpy as np

from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views import explorer_frame, explorer_panels, explorer_waves
from phy_medicine.views.base import ViewAction
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.drift_marks import amplitude_palette
from phy_medicine.views.explorer_block import ExplorerBlock, ExplorerBlocks
from phy_medicine.views.explorer_layout import (
    FRAME,
    FRAME_PANEL,
    HIDDEN,
    LOCAL,
    MAP,
    N_LOCAL,
    N_PAIRS,
    PARTS,
    WAVES,
    WAVES_PANEL,
    ExplorerPanels,
    place_parts,
)
from phy_medicine.views.explorer_pick import SpikePicking
from phy_medicine.views.explorer_settings import ExplorerSettings, actions_of
from phy_medicine.views.interact import WHEEL_FACTOR
from phy_medicine.views.layout import Box
from phy_medicine.views.theme import DARK, RGBA, Theme

_MARGIN = 6
_FAINTEST = 0.5


class ExplorerView(SpikePicking):
    """Localized spikes: six pairs of offset, distance and strength, the probe, and all that is known of one spike."""

    name, title = "ExplorerView", "Explorer"
    needs_selection = False
    settings_type = ExplorerSettings
    drawn_settings = frozenset({"local", "map", "waves", "frame", "marker_size"})

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = self.heat = HeatPicture()
        self._blocks = ExplorerBlocks(host.data)
        self._boxes: dict[str, Box] = {}

    def make_panels(self) -> ExplorerPanels:
        """Return the nine panels of spikes, that of the waveforms, and that of the frame."""
        return ExplorerPanels()

    # Arrays

    def prepare(self, request: ViewRequest) -> ExplorerBlock:
        """Count all spikes, gather those of the selected clusters, and read the waveforms of one."""
        return self._blocks.block(request, self.picked, whole_probe=self.settings.whole_probe)

    def upload(self, block: ExplorerBlock) -> None:
        """Draw the selected spikes, and the waveforms."""
        if self.picked == block.asked:  # else another one was picked meanwhile, and its waveforms come next
            self.picked = None if block.picked is None else block.picked.spike_id
        for panel in range(N_PAIRS):
            x, y = block.home(panel)
            self.panels.set_home(panel, x=x, y=y)
        contacts = self.host.data.channel_positions
        if block.picked is not None:
            x, y = explorer_waves.home(block.picked, contacts)
            self.panels.set_home(WAVES_PANEL, x=x, y=y)
        self.picture.clear()
        self._add_spikes(block)
        explorer_waves.add_lines(self.scene, block.picked, contacts)
        self.status = self._describe(block)
        self.scene.progress = None if block.learnt >= 1 else block.learnt
        if block.learnt < 1:
            self.host.request(self)

    def _add_spikes(self, block: ExplorerBlock) -> None:
        shade = self.colors * np.array([1, 1, 1, 0.85], dtype=np.float32)
        if block.layers is not None:
            layers = block.layers
            images = {"index": layers.rows, "panel": layers.panels, "faintest": _FAINTEST}
            self.picture.cells(layers.sums, layers.boxes, color=shade, **images)
            # As opaque as a lone spike of an image.
            lone = shade * np.array([1, 1, 1, _FAINTEST], dtype=np.float32)
            outer = {"index": layers.point_rows, "panel": layers.point_panels, "size": 1.5}
            self.picture.points(layers.x, layers.y, color=lone, **outer)
        elif len(block.spike_ids):
            size = self.settings.marker_size * float(np.clip((1500 / len(block.spike_ids)) ** 0.5, 0.5, 1.0))
            for panel in range(N_PAIRS):
                x, y = block.everything.of(block.spike_ids, panel)
                self.picture.points(x, y, color=shade, index=block.rows, panel=panel, size=size)

    def _describe(self, block: ExplorerBlock) -> str:
        n, n_all = len(block.spike_ids), block.everything.n_spikes
        if not self.cluster_ids:
            parts = [f"density of {n_all:,} spikes"]
        else:
            parts = [f"{n:,} spikes" if n == block.n_selected else f"{n:,} of {block.n_selected:,} spikes"]
            parts += ["density"] if block.layers is not None else []
        return " · ".join([*parts, *self.facts])

    @property
    def facts(self) -> tuple[str, ...]:
        """What is said of the picked spike: index, time, channel, amplitude, cluster."""
        block = self.block
        if block is None or block.picked is None:
            return ()
        spike, data = block.picked, self.host.data
        channel = data.channel_labels[spike.channel_id] if spike.channel_id >= 0 else "unknown"
        cluster_id = int(data.labels_of(np.array([spike.spike_id]))[0])
        time_s = float(data.spike_times[spike.spike_id])
        return explorer_panels.facts_of(spike.spike_id, time_s, channel, spike.amplitude, cluster_id)

    def localization_changed(self, what: str) -> None:
        """Show other positions."""
        if what == "run":
            self.host.request(self)

    def motion_changed(self, what: str) -> None:
        """Show depths on the probe with the motion taken out, or as observed."""
        if what == "corrected" or self.host.data.motion.corrected:
            self.host.request(self)

    # Surroundings

    @property
    def _unit(self) -> float:
        return self.scene.theme.font_px * self.ratio / 12

    def arrange(self, box: Box) -> None:
        """Place as many parts as can be read."""
        unit, scene = self._unit, self.scene
        edge = _MARGIN * self.ratio
        inner = (box[0] + edge, box[1] + edge, box[2] - edge, box[3] - edge)
        wanted = [part for part in PARTS if getattr(self.settings, part)] or [LOCAL]
        self._boxes = place_parts(wanted, inner, unit)
        rects: list[Box | None] = [None] * (FRAME_PANEL + 1)
        if LOCAL in self._boxes:
            rects[:N_LOCAL] = explorer_panels.local_rects(scene, self._boxes[LOCAL], unit)
        if MAP in self._boxes:
            rects[N_LOCAL:N_PAIRS] = explorer_panels.map_rects(scene, self._boxes[MAP], unit)
        if WAVES in self._boxes:
            spike = None if self.block is None else self.block.picked
            rects[WAVES_PANEL] = explorer_waves.place(scene, spike, self._boxes[WAVES])
        if FRAME in self._boxes:
            rects[FRAME_PANEL] = self._boxes[FRAME]
        self.panels.set_rects(np.array([HIDDEN if rect is None else rect for rect in rects]))

    @property
    def shown_panels(self) -> list[int]:
        """Those of the nine panels that there is room for."""
        return [k for k in range(N_PAIRS) if self.panels.rects[k][2] > 0]

    def decorate(self) -> None:
        """Add images of all spikes, axes, contacts, rings around the picked spike, and what is known of it."""
        block = self.block
        if block is None:
            return
        scene, shown, everything = self.scene, self.shown_panels, block.everything
        explorer_panels.draw_images(scene, self.heat, everything, shown, back=bool(len(block.spike_ids)))
        if shown:
            explorer_panels.draw_axes(scene, shown, corrected=everything.removed is not None)
        if 6 in shown:
            explorer_panels.draw_contacts(scene, self.host.data.channel_positions)
        if self.picked is not None:
            explorer_panels.draw_rings(scene, everything, self.picked, shown)
        if 5 in shown:
            explorer_panels.draw_words(scene, self.facts, everything.columns.strength)
        if WAVES in self._boxes:
            explorer_waves.decorate(scene, block.picked, self._boxes[WAVES])
        if FRAME in self._boxes and block.picked is not None:
            space = explorer_frame.space_of(block.picked, self.host.data.channel_positions)
            explorer_frame.decorate(scene, self.panels, space, self._strength(block))

    def _strength(self, block: ExplorerBlock) -> RGBA:
        """Return the colour of the strength of the picked spike."""
        low, high = block.everything.columns.strength
        value = float(block.everything.columns.log_alpha[self.block.picked.spike_id])
        rank = int(np.clip(np.nan_to_num((value - low) / (high - low)) * 255, 0, 255))
        red, green, blue = amplitude_palette(self.scene.theme)[rank].tolist()
        return red, green, blue, 1.0

    # Gestures and actions

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt+wheel changes the size of the points."""
        if modifiers == {"alt"}:
            self.change(marker_size=float(np.clip(self.settings.marker_size * WHEEL_FACTOR**notches, 1.0, 20.0)))

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return actions_of(self)
