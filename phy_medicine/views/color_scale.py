"""Numbers as colours: which range a scale covers, its colours on either ground, and its legend above a panel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.curation.colors import INFERNO_COLORS, VIRIDIS_COLORS
from phy_medicine.session.localization import ALPHA, DEPTH, Positions, X, Z
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.scene import Scene
from phy_medicine.views.theme import Theme

# Of the values of all spikes; a few outliers would make all others alike.
_TAIL = 0.02
_SOME_SPIKES = 200_000
_STEPS = 32
# Parts of a table that cannot be told from the ground are left out.
_DARKEST, _BRIGHTEST = 40, 216
TITLES = {X: "x (µm)", DEPTH: "Depth (µm)", Z: "z (µm)", ALPHA: "log10 α"}
"""What is known of a spike, as titles of axes and legends."""


@dataclass(frozen=True, slots=True)
class ColorScale:
    """The range of a number; values beyond it have the colours of its ends.

    table : "inferno" or "viridis"
    """

    title: str
    low: float
    high: float
    table: str = "inferno"

    def levels(self, values: FloatArray) -> IntArray:
        """Return the place of each value on the scale, (n,) uint8; NaN is at the low end."""
        share = (np.nan_to_num(values, nan=self.low) - self.low) / (self.high - self.low)
        levels: IntArray = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
        return levels

    @property
    def ends(self) -> tuple[str, str]:
        """What stands at the low end, after the title, and at the high end."""
        return f"{self.title} {number(self.low)}", number(self.high)


def scale_of(title: str, values: FloatArray, table: str = "inferno", *, from_zero: bool = False) -> ColorScale:
    """Return the scale of some values: all but the outermost 2 % at either end; NaN is left out."""
    some = values[:: max(1, len(values) // _SOME_SPIKES)]
    some = some[np.isfinite(some)]
    low, high = (float(q) for q in np.quantile(some, (_TAIL, 1 - _TAIL))) if len(some) else (0.0, 1.0)
    low = 0.0 if from_zero else low
    return ColorScale(title, low, high if high > low else low + 1.0, table)


class PositionScales:
    """The scales of z and of the strength of the positions in use, over all spikes, kept while they are in use."""

    def __init__(self) -> None:
        self._known: tuple[Positions | None, dict[str, ColorScale]] = (None, {})

    def of(self, positions: Positions, quantity: str) -> ColorScale:
        """Return the scale of a quantity."""
        if self._known[0] is not positions:
            self._known = (positions, {})
        scales = self._known[1]
        if quantity not in scales:
            every = positions.values(quantity, slice(None, None, max(1, len(positions.x_um) // _SOME_SPIKES)))
            scales[quantity] = scale_of(TITLES[quantity], every, "inferno" if quantity == ALPHA else "viridis")
        return scales[quantity]


def lacking_numbers(positions: Positions | None) -> set[str]:
    """Return the quantities that spikes could be coloured by but for that the positions do not have them."""
    return {quantity for quantity in (Z, ALPHA) if positions is None or not positions.has(quantity)}


def next_possible(choices: Sequence[str], now: str, lacking: Collection[str], by: int = 1) -> str:
    """Return the next choice in a circle, or the one before it, that is not lacking; the same where all others are."""
    i = choices.index(now)
    order = [choices[(i + by * k) % len(choices)] for k in range(1, len(choices))]
    return next((choice for choice in order if choice not in lacking), now)


@lru_cache(maxsize=8)
def palette_of(table: str, theme: Theme) -> FloatArray:
    """Return the colours of a scale, (256, 3) RGB 0..1, low first; on a light ground high is dark."""
    colors = INFERNO_COLORS if table == "inferno" else VIRIDIS_COLORS
    rows = np.linspace(_DARKEST, 255, 256) if theme.name == "dark" else np.linspace(_BRIGHTEST, 0, 256)
    return frozen(np.stack([np.interp(rows, np.arange(256), colors[:, i]) for i in range(3)], axis=1))


def header_height(scene: Scene) -> float:
    """Return the height of the line above the panel, px."""
    return scene.over.cap_height + 10 * scene.ratio


def header_middle(scene: Scene) -> float:
    """Return the y of the line above the panel, px."""
    return float(scene.panels.rects[0][1]) - header_height(scene) / 2


def draw_scale(scene: Scene, palette: FloatArray, ends: tuple[str, str], right: float) -> float:
    """Draw which colour is what above the panel, ending at `right`; return where it begins.

    palette : (256, 3); ends : words at the low and at the high end
    """
    ratio, y = scene.ratio, header_middle(scene)
    dim, gap = scene.theme.rgba("dim"), 6 * ratio
    low, high = ends
    bar_right = right - scene.over.text_width(high) - gap
    bar_left = bar_right - 72 * ratio
    left = bar_left - gap - scene.over.text_width(low)
    if left < scene.panels.rects[0][0]:
        return right
    scene.over.text(high, right, y, anchor="rm", color=dim)
    scene.over.text(low, bar_left - gap, y, anchor="rm", color=dim)
    edges = np.linspace(bar_left, bar_right, _STEPS + 1)
    half = scene.over.cap_height / 2
    boxes = np.stack([edges[:-1], np.full(_STEPS, y - half), edges[1:], np.full(_STEPS, y + half)], axis=1)
    colors = palette[np.linspace(0, 255, _STEPS).astype(int)]
    scene.over.rects(boxes, np.c_[colors, np.ones(_STEPS)])
    return left - 2 * gap
