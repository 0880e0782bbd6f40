"""Where the spikes of the selected clusters come from, in a plane of position and strength of their sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.localization import DEPTH, NONE_IN_USE, QUANTITIES, Positions
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.axes import Axes
from phy_medicine.views.base import ViewAction
from phy_medicine.views.color_scale import (
    TITLES,
    ColorScale,
    PositionScales,
    draw_scale,
    header_height,
    lacking_numbers,
    next_possible,
    palette_of,
)
from phy_medicine.views.hover import Words
from phy_medicine.views.layout import Box
from phy_medicine.views.position_block import CLUSTER, COLORS, PLANES, SHIFT, PositionCloud, PositionSettings
from phy_medicine.views.position_shifts import Shifts, ShiftSource, draw_shifts
from phy_medicine.views.position_words import position_words
from phy_medicine.views.scatter import Cloud, ScatterView, span_of
from phy_medicine.views.spike_attributes import spikes_nearby
from phy_medicine.views.theme import DARK, Theme

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion


class PositionView(ScatterView):
    """Two of x, depth, z and strength of every spike; depths are without the motion while the session shows them so."""

    name, title = "PositionView", "Position"
    axes = Axes(x="x (µm)", y="Depth (µm)")
    settings_type = PositionSettings

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self._scales = PositionScales()
        self._shifts = ShiftSource()

    # Arrays

    def places(self, request: ViewRequest, spike_ids: IntArray) -> FloatArray:
        """Return where spikes are in the plane."""
        positions = self._positions()
        across, up = PLANES[self.settings.plane]
        for quantity in (across, up):
            if not positions.has(quantity):
                raise DataMissing(f"The positions in use have no {quantity}: choose another plane with :pp x-depth.")
        return self._place(positions, spike_ids)

    def _place(self, positions: Positions, spike_ids: IntArray) -> FloatArray:
        return np.stack([self._values(positions, q, spike_ids) for q in PLANES[self.settings.plane]], axis=1)

    def _positions(self) -> Positions:
        positions = self.host.data.localization.current
        if positions is None:
            raise DataMissing(NONE_IN_USE)
        return positions

    def _values(self, positions: Positions, quantity: str, spike_ids: IntArray) -> FloatArray:
        """Return a quantity as it is shown, (n,) float32."""
        values, motion = positions.values(quantity, spike_ids), self._removed
        return values if motion is None or quantity != DEPTH else self.host.data.depths.moved(values, spike_ids, motion)

    @property
    def _removed(self) -> Motion | None:
        motion = self.host.data.motion
        return motion.shown if motion.corrected else None

    def titles(self, request: ViewRequest) -> tuple[str, str]:
        """Return what the axes are."""
        titles = {**TITLES, DEPTH: "Corrected depth (µm)"} if self.host.data.motion.corrected else TITLES
        across, up = PLANES[self.settings.plane]
        return titles[across], titles[up]

    def behind(self, request: ViewRequest) -> IntArray:
        """Return spikes of clusters on the same channels."""
        return spikes_nearby(self.host.data, request) if self.settings.background else super().behind(request)

    def prepare(self, request: ViewRequest) -> PositionCloud:
        """Find the place of each spike, its colour, and where another run puts it."""
        cloud = super().prepare(request)
        positions, ids = self._positions(), cloud.spike_ids
        shifts = self._shifts_of(positions, ids)
        scale, values = self._numbers(positions, ids, shifts)
        lacking = ""
        if shifts is None and (self.settings.shifts or self.settings.color == SHIFT):
            lacking = "no other run to compare with"
        elif scale is None and self.settings.color != CLUSTER:
            lacking = f"no {self.settings.color} in use"
        levels = None
        if scale is not None:
            known = np.isfinite(values)
            cloud, levels = cloud.part(known), frozen(scale.levels(values[known]))
            shifts = None if shifts is None else shifts.part(known)
        return PositionCloud(**cloud.columns, scale=scale, levels=levels, shifts=shifts, lacking=lacking)

    def _shifts_of(self, positions: Positions, spike_ids: IntArray) -> Shifts | None:
        """Return where another run puts the spikes, None where that is not shown or there is none."""
        settings, localization = self.settings, self.host.data.localization
        if not (settings.shifts or settings.color == SHIFT) or not localization.others():
            return None
        return self._shifts.of(localization, positions, settings.baseline, spike_ids, self._place)

    def _numbers(
        self, positions: Positions, spike_ids: IntArray, shifts: Shifts | None
    ) -> tuple[ColorScale | None, FloatArray]:
        """Return what decides the colours, no scale where that is the cluster."""
        color = self.settings.color
        if color == SHIFT and shifts is not None:
            return shifts.scale, shifts.um
        if color in QUANTITIES and positions.has(color):
            return self._scales.of(positions, color), positions.values(color, spike_ids)
        return None, np.zeros(0, dtype=np.float32)

    # Drawing

    def upload(self, block: PositionCloud) -> None:
        """Draw the spikes, and lines from where another run puts them."""
        super().upload(block)
        shifts = block.shifts
        if shifts is not None and self.settings.shifts:
            x0, y0 = shifts.starts[np.isfinite(shifts.starts).all(axis=1)].T
            self.panels.set_home(x=span_of(np.concatenate([block.x, x0])), y=span_of(np.concatenate([block.y, y0])))

    def add_spikes(self, block: Cloud, size: float | None) -> None:
        """Draw points over their lines, in the colours of their clusters or of a scale; or densities under them."""
        assert isinstance(block, PositionCloud)
        colors, rows = self._shades(block)
        lines = block.shifts if self.settings.shifts else None
        if lines is not None and size is not None:
            draw_shifts(self.picture, lines, block, colors, rows)
        if block.levels is None:
            super().add_spikes(block, size)
        elif size is None:
            self.picture.shades(block.x, block.y, color=colors, index=rows, cell=self.cell(block), faintest=0.5)
        else:
            self.picture.points(block.x, block.y, color=colors, index=rows, size=size)
        if lines is not None and size is None:
            draw_shifts(self.picture, lines, block, colors, rows)

    def _shades(self, block: PositionCloud) -> tuple[AnyArray, IntArray]:
        """Return a palette, (k, 4), and the row of each spike in it."""
        if block.levels is None or block.scale is None:
            return self.colors, block.rows
        return np.c_[palette_of(block.scale.table, self.scene.theme), np.ones(256)], block.levels

    def _summary(self, block: Cloud) -> str:
        assert isinstance(block, PositionCloud)
        parts = [super()._summary(block), block.lacking, block.shifts.words if block.shifts is not None else ""]
        return " · ".join(part for part in parts if part)

    def arrange(self, box: Box) -> None:
        """Leave room for the scale above."""
        left, top, right, bottom = self.scene.inner(box)
        top += header_height(self.scene) * (self.settings.color != CLUSTER)
        self.panels.set_rects(np.array([(left, top, right, max(bottom, top + 1))]))

    def decorate(self) -> None:
        """Add the axes, and what the colours mean."""
        block: PositionCloud | None = self.block
        if block is None:
            return
        self.scene.draw_axes(0)
        if block.scale is not None:
            palette = palette_of(block.scale.table, self.scene.theme)
            draw_scale(self.scene, palette, block.scale.ends, float(self.panels.rects[0][2]))

    def describe(self, x: float, y: float) -> Words | None:
        nearest, block, positions = self._nearest(x, y), self.block, self.host.data.localization.known
        if nearest is None or positions is None:
            return None
        spike_id = block.spike_ids[nearest : nearest + 1]
        names = {DEPTH: "depth" if self._removed is None else "corrected depth"}
        values = {names.get(q, q): float(self._values(positions, q, spike_id)[0]) for q in QUANTITIES}
        away = None if block.shifts is None else float(block.shifts.um[nearest])
        time_s = float(self.host.data.spike_times[spike_id[0]])
        px, py = self.panels.to_pixels(0, block.x[nearest], block.y[nearest])
        words = position_words(self.cluster_ids[block.rows[nearest]], time_s, values, away)
        return words, float(px), float(py)

    # Gestures and actions

    def on_wheel(self, modifiers: frozenset[str], notches: float) -> None:
        """Alt+wheel changes the size of the points, Shift+wheel the colours."""
        if modifiers == {"shift"}:
            self._next_color(1 if notches > 0 else -1)
        else:
            super().on_wheel(modifiers, notches)

    def change(self, **values: Any) -> None:
        """Change settings; the lasso and the zoom belong to the plane that was shown."""
        if values.get("plane", self.settings.plane) != self.settings.plane:
            self.checked(**values)
            self.clear_lasso()
            self.panels.reset()
        super().change(**values)

    def actions(self) -> tuple[ViewAction, ...]:
        """Return the actions of the view."""
        return (
            ViewAction("next_position_plane", "Next plane", self._next_plane, "p",
                       help="Turn through pairs of x, depth, z and log10 α."),
            ViewAction("set_position_plane", "Plane...", self._set_plane, "", "pp",
                       "What is across and what is up: x-depth, x-z, z-depth, x-alpha, alpha-depth, z-alpha", (str,)),
            ViewAction("next_position_colors", "Next colours", self._next_color, "shift+p",
                       help="Colour the spikes by cluster, log10 α, z, or how far away another run puts them."),
            ViewAction("toggle_position_shifts", "Lines from another run", self._toggle_shifts, "shift+alt+p",
                       help="Draw lines from where another run puts the spikes.",
                       checked=lambda: self.settings.shifts),
            ViewAction("set_position_baseline", "Compare with...", self._set_baseline, "", "pb",
                       "Compare with the positions of a run by its name, without a name the newest monopolar one: "
                       ":pb 'localization 1'", (str,)),
        )  # fmt: skip

    def _next_plane(self) -> None:
        self.change(plane=self.next_choice("plane"))

    def _set_plane(self, plane: str) -> None:
        self.change(plane=plane)

    def _next_color(self, by: int = 1) -> None:
        """Go on to the next colours that the positions in use have."""
        localization = self.host.data.localization
        lacking = set() if localization.others() else {SHIFT}
        if localization.known is not None:
            lacking |= lacking_numbers(localization.known)
        self.change(color=next_possible(COLORS, self.settings.color, lacking, by))

    def _toggle_shifts(self) -> None:
        localization = self.host.data.localization
        if not self.settings.shifts:
            localization.usual_baseline()
        self.change(shifts=not self.settings.shifts)

    def _set_baseline(self, name: str = "") -> None:
        localization = self.host.data.localization
        localization.named(name or localization.usual_baseline())
        self.change(baseline=name, shifts=True)

    def localization_changed(self, what: str) -> None:
        """Show other positions; the lasso was on the old ones."""
        if what == "run":
            self.clear_lasso()
            self.host.request(self)

    def motion_changed(self, what: str) -> None:
        """Show depths with the motion taken out, or as observed."""
        if what == "corrected" or self.host.data.motion.corrected:
            self.clear_lasso()
            self.host.request(self)
