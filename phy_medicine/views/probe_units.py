"""Clusters as rings at their places on the probe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.clusters import CORRECTED
from phy_medicine.views.contrast import legible
from phy_medicine.views.scene import Scene

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# Radius of a ring, and how far beside it a click still counts, logical px.
_RADIUS, _REACH = 4.0, 3.0
# The ring of a selected cluster: diameters of discs over each other, and their colours by role, "" the cluster's own.
_CHOSEN = ((15.0, "view"), (13.0, "text"), (10.5, ""), (4.5, "view"))
_LEAST_PART = 0.7
_ROUND = np.linspace(0, 2 * np.pi, 17)
_RING = np.stack([np.cos(_ROUND), np.sin(_ROUND)], axis=1)


@dataclass(frozen=True, slots=True)
class Units:
    """The clusters of the table that have a place, in its order.

    cluster_ids : (n,) int; x, y : (n,) float64, µm, x as it is drawn; colors : (n, 4) float32, of their groups
    n_total : clusters of the table; corrected : whether the motion is taken out of y
    """

    cluster_ids: IntArray
    x: FloatArray
    y: FloatArray
    colors: FloatArray
    n_total: int
    corrected: bool = False


NO_UNITS = Units(
    frozen(np.zeros(0, dtype=np.int64)), frozen(np.zeros(0)), frozen(np.zeros(0)), frozen(np.zeros((0, 4))), 0
)


def make_units(data: DataService, moved: FloatArray) -> Units:
    """Return the clusters of the table; moved : (n_channels,), how far left contacts are drawn, µm."""
    ids = data.table.ids()
    if not ids:
        return NO_UNITS
    column = data.table.column("depth")
    y = data.table.numbers("depth", ids)
    shifts = moved[[data.peak_channel(c) for c in ids]]
    x = data.unit_positions.x_um(ids) - shifts
    corrected = column is not None and column.name == CORRECTED
    if data.localization.known is not None:
        corrected = data.motion.corrected
        localized = data.unit_positions.localized_depths_um(ids, corrected=corrected)
        y = np.where(np.isfinite(localized), localized, y)
    known = np.isfinite(x) & np.isfinite(y)
    colors = data.table.colors("cluster_group", ids, alpha=1.0)
    return Units(
        frozen(np.array(ids, dtype=np.int64)[known]), frozen(x[known]), frozen(y[known]), frozen(colors[known]),
        len(ids), corrected,
    )  # fmt: skip


def rings(x: FloatArray, y: FloatArray, radius: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return circles as lines, x and y, (n, 17); radius : in x and y, data units."""
    return x[:, None] + radius[0] * _RING[:, 0], y[:, None] + radius[1] * _RING[:, 1]


def _places_of(units: Units, cluster_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Return (row in `units`, place in the selection) of those of some clusters that have a place."""
    rows = {c: row for row, c in enumerate(units.cluster_ids.tolist())}
    return [(rows[c], place) for place, c in enumerate(cluster_ids) if c in rows]


def draw_units(scene: Scene, units: Units, cluster_ids: Sequence[int], colors: FloatArray, near_um: float) -> None:
    """Draw a ring for each cluster in the first panel, those of selected ones on top and in their colours.

    cluster_ids : selected; colors : (n, 4) theirs; near_um : distance of contacts
    """
    if not len(units.cluster_ids):
        return
    picture, theme, chosen = scene.picture, scene.theme, _places_of(units, cluster_ids)
    others = np.ones(len(units.cluster_ids), dtype=bool)
    others[[row for row, _ in chosen]] = False
    x0, x1, y0, y1 = scene.panels.ranges()[0]
    edge = 2 * near_um
    others &= (units.x > x0 - edge) & (units.x < x1 + edge) & (units.y > y0 - edge) & (units.y < y1 + edge)
    # Few groups, so few colours to make legible.
    own, index = np.unique(units.colors[others], axis=0, return_inverse=True)
    own = legible(own, theme.rgba("panel"))
    own[:, 3] = 0.75
    a, b = np.abs(scene.panels.transforms()[0, :2])
    size = _radius(scene, near_um)
    x, y = rings(units.x[others], units.y[others], (size / a, size / b))
    if len(x):
        picture.lines(x, y, color=theme.rgba("view", 0.7), width=3.0)
        picture.lines(x, y, color=own, index=index.ravel(), width=1.3)
    part = max(size / (_RADIUS * scene.ratio), _LEAST_PART)
    for row, place in reversed(chosen):
        for width, role in _CHOSEN:
            color = theme.rgba(role) if role else colors[place]
            picture.points(units.x[[row]], units.y[[row]], color=color, size=width * part)


def chosen_boxes(scene: Scene, units: Units, cluster_ids: Sequence[int]) -> FloatArray:
    """Return where the rings of selected clusters are in the first panel, (n, 4) px."""
    rows = [row for row, _ in _places_of(units, cluster_ids)]
    x, y = scene.panels.to_pixels(0, units.x[rows], units.y[rows])
    half = _CHOSEN[0][0] / 2 * scene.ratio
    return np.stack([x - half, y - half, x + half, y + half], axis=1)


def ring_at(scene: Scene, units: Units, near_um: float, place: tuple[float, float]) -> int | None:
    """Return the row of the cluster whose ring is at a physical pixel of the first panel."""
    if not len(units.cluster_ids):
        return None
    x, y = scene.panels.to_pixels(0, units.x, units.y)
    distances = np.hypot(x - place[0], y - place[1])
    nearest = int(np.argmin(distances))
    return nearest if distances[nearest] <= _radius(scene, near_um) + _REACH * scene.ratio else None


def _radius(scene: Scene, near_um: float) -> float:
    """Return the radius of a ring, px: smaller where the probe is small."""
    near = near_um * abs(float(scene.panels.transforms()[0, 0]))
    return float(np.clip(0.3 * near, 2.0 * scene.ratio, _RADIUS * scene.ratio))
