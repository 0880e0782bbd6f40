"""How steady the picture of localized spikes is: every stretch of the recording against every other one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.params import setting
from phy_medicine.base.types import FloatArray
from phy_medicine.compute.localize.likeness import WINDOW_S, Likeness, likeness
from phy_medicine.compute.localize.located import Located
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.localization import NONE_IN_USE, Positions
from phy_medicine.session.view_host import ViewHost, ViewRequest
from phy_medicine.views.axes import Axes, format_number
from phy_medicine.views.base import View
from phy_medicine.views.color_scale import ColorScale, draw_scale, header_height, palette_of, scale_of
from phy_medicine.views.drift_image import HeatPicture
from phy_medicine.views.drift_marks import draw_band
from phy_medicine.views.hover import Words
from phy_medicine.views.interact import LEFT, Click
from phy_medicine.views.layout import Box, Panels
from phy_medicine.views.matrix_image import to_pixels
from phy_medicine.views.theme import DARK, Theme

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion

# Of as many spikes on 384 channels both comparisons take 3 s. Of a part of the spikes correlations are smaller.
MOST_SPIKES = 200_000
MATRIX, TRACE = 0, 1
# Of the height, and between the panels in logical px.
_MATRIX_PART, _GAP = 0.72, 14


@dataclass(frozen=True, slots=True)
class SteadinessSettings:
    """What the steadiness view shows."""

    bin_s: float = setting(
        1.0, "Length of a stretch, longer where that would be more than 300", unit="s", minimum=0.1, maximum=600.0
    )


@dataclass(frozen=True, slots=True, eq=False)
class SteadinessBlock:
    """Stretches of the recording compared.

    shown : with the motion taken out or not, as the session shows depths; other : the other way, None without a motion
    n, n_all : spikes that were used, and those that have a position
    """

    shown: Likeness
    other: Likeness | None
    corrected: bool
    scale: ColorScale
    n: int
    n_all: int


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What was compared last; still : with the motion taken out, None without one; n, n_all : as of a block."""

    positions: Positions
    motion: Motion | None
    bin_s: float
    observed: Likeness
    still: Likeness | None
    scale: ColorScale
    n: int
    n_all: int

    def is_of(self, positions: Positions | None, motion: Motion | None, bin_s: float) -> bool:
        """Tell whether these were compared."""
        return self.positions is positions and self.motion is motion and self.bin_s == bin_s

    def block(self, *, corrected: bool) -> SteadinessBlock:
        """Return what is shown; both ways have one scale of colours."""
        if corrected and self.still is not None:
            return SteadinessBlock(self.still, self.observed, True, self.scale, self.n, self.n_all)
        return SteadinessBlock(self.observed, self.still, False, self.scale, self.n, self.n_all)


class SteadinessView(View):
    """Correlation of the pictures over x and depth of every pair of stretches, and the entropy of each below."""

    name, title = "SteadinessView", "Steadiness"
    max_clusters = None
    needs_selection = False
    axes = Axes(x="Time (s)", y="Time (s)")
    settings_type = SteadinessSettings

    def __init__(self, host: ViewHost, *, theme: Theme = DARK, settings: Any = None) -> None:
        super().__init__(host, theme=theme, settings=settings)
        self.picture = self.scene.picture = self.heat = HeatPicture()
        self._kept: Compared | None = None

    def make_panels(self) -> Panels:
        """Return the matrix, and the trace below, which has the same time."""
        return Panels(2, x_links=[0, 0], y_links=[0, 1])

    # Arrays

    def cached(self, request: ViewRequest) -> bool:
        """Tell whether these positions were compared: a selection changes nothing."""
        data, kept = self.host.data, self._kept
        return kept is not None and kept.is_of(data.localization.known, data.motion.known, self.settings.bin_s)

    def prepare(self, request: ViewRequest) -> SteadinessBlock:
        """Compare the stretches, as observed and with the motion taken out."""
        data, bin_s = self.host.data, self.settings.bin_s
        positions, motion = data.localization.current, data.motion.current
        if positions is None:
            raise DataMissing(NONE_IN_USE)
        kept = self._kept
        if kept is None or not kept.is_of(positions, motion, bin_s):
            spikes, n_all = located(positions, data.spike_times, data.channel_positions)
            if len(np.unique(np.floor(spikes.times_s / bin_s))) < 2:
                raise DataMissing("Too few spikes have a position to compare stretches of the recording.")
            observed = likeness(spikes, bin_s=bin_s)
            still = None if motion is None else likeness(replace(spikes, motion=motion), bin_s=bin_s)
            scale = pairs_scale([like for like in (observed, still) if like is not None])
            kept = self._kept = Compared(positions, motion, bin_s, observed, still, scale, spikes.n_spikes, n_all)
        return kept.block(corrected=data.motion.corrected)

    # Drawing

    def upload(self, block: SteadinessBlock) -> None:
        """Draw the matrix as an image and the entropies as lines, the one that is not shown dimmed."""
        edges = block.shown.edges_s
        span = float(edges[0]), float(edges[-1])
        self.panels.set_home(MATRIX, x=span, y=span)
        traces = [like for like in (block.other, block.shown) if like is not None]
        known = np.concatenate([like.entropy[np.isfinite(like.entropy)] for like in traces])
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
        edge = 0.08 * (high - low) or 0.5
        self.panels.set_home(TRACE, x=span, y=(low - edge, high + edge))
        self.heat.set_heat(self._image(block), (*span, *span))
        self.picture.clear()
        for like in traces:
            color = self.scene.theme.rgba("accent") if like is block.shown else self.scene.theme.rgba("dim", 0.7)
            width = 1.5 if like is block.shown else 1.0
            self.picture.lines(like.times_s[None], like.entropy[None], color=color, panel=TRACE, width=width)
        self.status = self._summary(block)

    def _image(self, block: SteadinessBlock) -> Any:
        values = block.shown.matrix
        rgba = np.ones((*values.shape, 4))
        rgba[..., :3] = palette_of(block.scale.table, self.scene.theme)[block.scale.levels(values)]
        rgba[~np.isfinite(values)] = 0
        return to_pixels(rgba)

    def _summary(self, block: SteadinessBlock) -> str:
        """Return the mean correlation within 30 s, the other way too, and of how many spikes."""
        words = f"{'corrected' if block.corrected else 'observed'} {block.shown.rho():.3f}"
        if block.other is not None:
            words += f" · {'observed' if block.corrected else 'corrected'} {block.other.rho():.3f}"
        part = "" if block.n == block.n_all else f" · {block.n:,} of {block.n_all:,} spikes"
        return f"{words} within {max(WINDOW_S, block.shown.bin_s):.3g} s{part}"

    def arrange(self, box: Box) -> None:
        """Place the matrix above the trace, under the scale."""
        left, top, right, bottom = self.scene.inner(box, self.panels.ranges()[:, 2:])
        top += header_height(self.scene)
        split = top + _MATRIX_PART * (bottom - top)
        gap = _GAP * self.ratio
        # The two numbers of the low trace may be longer than the five of a high one.
        m = self.scene.axes.margins(self.scene.over, self.panels.ranges()[TRACE:, 2:], 0.0, self.ratio)
        left = max(left, round(box[0]) + m[0])
        rects = [(left, top, right, max(split, top + 1)), (left, split + gap, right, max(bottom, split + gap + 1))]
        self.panels.set_rects(np.array(rects))

    def decorate(self) -> None:
        """Add the axes, the scale, and where the trace views are."""
        block: SteadinessBlock | None = self.block
        if block is None:
            return
        self.scene.draw_axes(MATRIX, Axes(x=None, y="Time (s)"))
        _, top, _, bottom = self.panels.rects[TRACE]
        # Two numbers of a lower panel would lie one over the other.
        numbers = bottom - top >= 3.5 * self.scene.over.cap_height
        self.scene.draw_axes(TRACE, Axes(x="Time (s)", y="Entropy" if numbers else None))
        palette = palette_of(block.scale.table, self.scene.theme)
        draw_scale(self.scene, palette, block.scale.ends, float(self.panels.rects[MATRIX][2]))
        for panel in self.time_panels() if self.time_window is not None else ():
            draw_band(self.scene, self.time_window, panel)

    def time_panels(self) -> tuple[int, ...]:
        """Return both."""
        return MATRIX, TRACE

    # What is where

    def _stretch_at(self, time_s: float) -> int | None:
        """Return the number of the stretch that a moment is in."""
        edges = self.block.shown.edges_s
        inside = edges[0] <= time_s < edges[-1]
        return int(np.searchsorted(edges, time_s, side="right")) - 1 if inside else None

    def describe(self, x: float, y: float) -> Words | None:
        panel = None if self.block is None else self.panels.at(x, y)
        if panel is None:
            return None
        shown: Likeness = self.block.shown
        time_s, height = (float(v) for v in self.panels.to_data(panel, x, y))
        column = self._stretch_at(time_s)
        if column is None:
            return None
        if panel == TRACE:
            return f"{_seconds(shown.times_s[column])}\nentropy {_number(shown.entropy[column])}", x, y
        row = self._stretch_at(height)
        if row is None:
            return None
        moments = f"{_seconds(shown.times_s[column])} and {_seconds(shown.times_s[row])}"
        return f"{moments}\ncorrelation {_number(shown.matrix[row, column])}", x, y

    def on_click(self, click: Click) -> None:
        """Click shows the moment of the column in the trace views, with Shift that of the row."""
        if self.block is None or click.panel is None or click.button != LEFT:
            return
        if not click.modifiers:
            self._go(click.data_x)
        elif click.modifiers == {"shift"} and click.panel == MATRIX:
            self._go(click.data_y)

    def _go(self, time_s: float) -> None:
        self.host.go_to_time(float(np.clip(time_s, 0.0, self.host.data.duration_s)))

    # News

    def localization_changed(self, what: str) -> None:
        """Compare other positions."""
        if what == "run":
            self.host.request(self)

    def motion_changed(self, what: str) -> None:
        """Show the pictures with the motion taken out or not, or with another one."""
        if what in ("run", "corrected"):
            self.host.request(self)


def located(positions: Positions, times_s: FloatArray, contacts_um: FloatArray) -> tuple[Located, int]:
    """Return the spikes that have a position, at most `MOST_SPIKES` of them, even in time, and how many there are."""
    known = np.flatnonzero(np.isfinite(positions.x_um) & np.isfinite(positions.depth_um))
    ids = known[:: max(1, -(-len(known) // MOST_SPIKES))]
    um = np.zeros((len(ids), 3))
    um[:, :2] = positions.of(ids)
    zeros = np.zeros(len(ids))
    contacts = np.asarray(contacts_um, dtype=np.float64)
    return Located("", ids, times_s[ids], um, zeros, um[:, :2], contacts), len(known)


def pairs_scale(compared: Sequence[Likeness]) -> ColorScale:
    """Return the scale of the correlations of different stretches."""
    off = (like.matrix[~np.eye(len(like.matrix), dtype=bool)] for like in compared)
    return scale_of("Correlation", np.concatenate(list(off)))


def _seconds(time_s: float) -> str:
    return f"{format_number(float(time_s), 1)} s"


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "not known: too few spikes"
