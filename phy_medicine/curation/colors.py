"""Colours of selected clusters by position, and of all clusters by a scheme."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray, LabelValue, frozen
from phy_medicine.curation.groups import Groups
from phy_medicine.data.color_tables import CATEGORICAL, INFERNO, LINEAR, VIRIDIS

RGBA = tuple[float, float, float, float]

GREY = (0.75, 0.75, 0.75)
"""Clusters without a value in a scheme."""
BACKGROUND_SPIKES: RGBA = (0.5, 0.5, 0.5, 0.5)
"""Spikes behind those of the selected clusters."""
TIME_WINDOW: RGBA = (1.0, 1.0, 0.0, 0.25)
"""Stretch of time that the trace views show."""
FIRST_CHANNEL, LAST_CHANNEL = (0.353, 0.161, 0.443), (0.133, 0.404, 0.396)


def _table(digits: str) -> FloatArray:
    """(256, 3) float32 from RRGGBB repeated."""
    values = np.frombuffer(bytes.fromhex(digits), dtype=np.uint8).reshape(-1, 3)
    return (values / np.float32(255)).astype(np.float32)


def _selection_table() -> FloatArray:
    """The categorical table with its first six permuted and the first two replaced, as in phy."""
    table = _table(CATEGORICAL)
    table[[0, 1, 2, 3, 4, 5]] = table[[3, 0, 4, 5, 2, 1]]
    table[:2] = _table("0892fcff0202")
    return table


# Okabe & Ito's seven without black, which is the ground of a dark window, ordered so that the first ones differ most
# for every kind of colour vision and the palest comes last; then six of Tol's that stay apart from these as well.
_OKABE_ITO = "0072B2 D55E00 56B4E9 CC79A7 E69F00 009E73 F0E442"
_TOL = "AA3377 117733 999933 EE6677 EE8866 44BB99"

CATEGORICAL_COLORS: FloatArray = frozen(_table(CATEGORICAL))
LINEAR_COLORS: FloatArray = frozen(_table(LINEAR))
"""(256, 3) float32 RGB 0..1, read-only: colours that differ from each other, and from white to red."""
INFERNO_COLORS: FloatArray = frozen(_table(INFERNO))
VIRIDIS_COLORS: FloatArray = frozen(_table(VIRIDIS))
"""(256, 3) float32 RGB 0..1, read-only: even steps from dark to bright, for strengths and for distances."""
SELECTION_COLORS: FloatArray = frozen(_selection_table())
"""(256, 3) float32 RGB 0..1, read-only; the colour of the i-th selected cluster, then repeated."""
PALETTES: Mapping[str, FloatArray] = {
    "phy": SELECTION_COLORS,
    "okabe-ito": frozen(_table((_OKABE_ITO + _TOL).replace(" ", ""))),
}
"""(n, 3) float32 RGB 0..1, read-only: the colours of selected clusters in order, then repeated; the first one is phy's.

Source: Okabe & Ito 2008, Color Universal Design, jfly.uni-koeln.de/color; Tol 2021, Colour schemes, technical note
SRON/EPS/TN/09-002, schemes "bright", "muted" and "light".
"""


def selection_color(position: int, alpha: float = 1.0) -> RGBA:
    """Return the colour of the cluster at a position of the selection, RGBA 0..1."""
    red, green, blue = SELECTION_COLORS[position % len(SELECTION_COLORS)].tolist()
    return (red, green, blue, alpha)


def selection_colors(n: int, alpha: float = 1.0) -> FloatArray:
    """Return the colours of the first n selected clusters, (n, 4) float32."""
    return _with_alpha(SELECTION_COLORS[np.arange(n) % len(SELECTION_COLORS)], alpha)


def palette_colors(positions: IntArray, palette: str, alpha: float = 1.0) -> FloatArray:
    """Return the colours at positions of a palette, (n, 4) float32."""
    table = PALETTES[palette]
    return _with_alpha(table[positions % len(table)], alpha)


def further_colors(colors: FloatArray, n: int) -> FloatArray:
    """Return the next n colours of the palette of some selected clusters, none of which they have; (n, 4) float32.

    colors : (m, 4) of the selected clusters
    """
    own = np.asarray(colors, dtype=np.float32)[:, :3]

    def used_in(table: FloatArray) -> BoolArray:
        same: BoolArray = (np.abs(table[:, None] - own[None]) < 1e-3).all(axis=2)
        return same

    table = next((t for t in PALETTES.values() if used_in(t).any(axis=0).all()), SELECTION_COLORS)
    free = table[~used_in(table).any(axis=1)]
    return _with_alpha((free if len(free) else table)[np.arange(n) % (len(free) or len(table))], 1.0)


def kept_positions(before: Mapping[int, int], cluster_ids: Iterable[int]) -> dict[int, int]:
    """Return cluster -> colour position such that a cluster keeps its colour while it stays selected.

    Parameters
    ----------
    before : positions of the selection before
    """
    ids = list(cluster_ids)
    kept = {c: before[c] for c in ids if c in before}
    used = set(kept.values())
    free = (p for p in range(len(ids) + len(used)) if p not in used)
    return {c: kept[c] if c in kept else next(free) for c in ids}


def pale(color: Sequence[float]) -> RGBA:
    """Return the colour of cross-correlograms: the same hue, saturation 0.1, value 1."""
    hue = colorsys.rgb_to_hsv(*color[:3])[0]
    return (*colorsys.hsv_to_rgb(hue, 0.1, 1.0), 1.0)


def channel_colors(n_channels: int) -> FloatArray:
    """Return the gradient of the traces from first to last channel, (n_channels, 4) float32."""
    part = np.linspace(0, 1, n_channels)[:, None]
    return _with_alpha((1 - part) * FIRST_CHANNEL + part * LAST_CHANNEL, 1.0)


@dataclass(frozen=True, slots=True)
class ColorScheme:
    """How clusters are coloured in the views of all clusters.

    column : of the cluster table, whose cells decide
    kind : "blank" all grey; "categorical" by the number itself; "group" by name; "linear" and "log" from the
        smallest to the largest value
    """

    name: str
    column: str
    kind: Literal["blank", "categorical", "group", "linear", "log"]

    def colors(self, cells: Sequence[LabelValue | None], groups: Groups, alpha: float = 1.0) -> FloatArray:
        """Return a colour for each cell of the column, (n, 4) float32 RGBA 0..1."""
        if self.kind == "group":
            rgb = [groups.get(None if cell is None else str(cell)).map_color for cell in cells]
            return _with_alpha(np.array(rgb, dtype=np.float32).reshape(-1, 3), alpha)
        if self.kind == "blank":
            return _with_alpha(np.tile(np.array(GREY, dtype=np.float32), (len(cells), 1)), alpha)
        categorical = self.kind == "categorical"
        table = CATEGORICAL_COLORS if categorical else LINEAR_COLORS
        return mapped_colors(cells, table, categorical=categorical, logarithmic=self.kind == "log", alpha=alpha)


COLOR_SCHEMES = (
    ColorScheme("blank", "", "blank"),
    ColorScheme("random", "id", "categorical"),
    ColorScheme("cluster_group", "group", "group"),
    ColorScheme("depth", "depth", "linear"),
    ColorScheme("firing_rate", "fr", "log"),
)
"""phy's schemes, in the order in which Shift+wheel goes through them."""


def mapped_colors(
    cells: Sequence[LabelValue | None], table: FloatArray, *, categorical: bool, logarithmic: bool, alpha: float = 1.0
) -> FloatArray:
    """Return a colour for each cell, (n, 4) float32 RGBA 0..1, grey for a cell that is empty or no number.

    table : (n, 3) RGB 0..1; categorical : the number is a row of it, repeated, and text that is no number counts in
    the order of the alphabet; otherwise from the smallest to the largest number, with `logarithmic` of its logarithm
    """
    values = np.array([_number(cell) for cell in cells], dtype=np.float64)
    if categorical:
        texts = sorted({cell for cell in cells if isinstance(cell, str) and math.isnan(_number(cell))})
        place: dict[LabelValue | None, float] = {text: float(i) for i, text in enumerate(texts)}
        values = np.array([place.get(c, v) for c, v in zip(cells, values, strict=True)], dtype=np.float64)
    rows = _rows(values, len(table), categorical=categorical, logarithmic=logarithmic)
    rgb = np.where((rows >= 0)[:, None], table[rows % len(table)], np.array(GREY, dtype=np.float32))
    return _with_alpha(rgb.reshape(-1, 3), alpha)


def _rows(values: FloatArray, n: int, *, categorical: bool, logarithmic: bool) -> np.ndarray:
    """Row of a colour table of n for each value, -1 without a value."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(values), -1)
    if categorical:
        return np.where(known, np.where(known, values, 0).astype(np.int64) % n, -1)
    if logarithmic:  # a rate of 0 has no logarithm; it takes the first colour
        positive = values[known & (values > 0)]
        values = np.log(np.maximum(values, positive.min() if len(positive) else 1.0))
    low, high = values[known].min(), values[known].max()
    share = np.where(known, values - low, 0) / (high - low or 1.0)
    return np.where(known, np.rint(share * (n - 1)).astype(np.int64), -1)


def _number(cell: LabelValue | None) -> float:
    """A cell as a number, NaN if it is none."""
    try:
        return float("nan") if cell is None else float(cell)
    except ValueError:
        return float("nan")


def _with_alpha(rgb: FloatArray, alpha: float) -> FloatArray:
    """(n, 4) float32."""
    return np.concatenate([rgb, np.full((len(rgb), 1), alpha)], axis=1).astype(np.float32)
