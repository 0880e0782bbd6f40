"""What a feature view says: its title, and what is under the pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from phy_medicine.compute.discriminant import Discriminant
from phy_medicine.views.axes import format_number
from phy_medicine.views.feature_block import OTHERS, FeatureBlock
from phy_medicine.views.feature_cells import value_in_words
from phy_medicine.views.feature_grid import Dimension
from phy_medicine.views.hover import Words
from phy_medicine.views.layout import Panels

_D_PRIME = "d\N{PRIME}"


def separation(axis: Discriminant) -> str:
    """Return how far two clusters are apart, as `d' 4.20, overlap 2.1 %`."""
    known = np.isfinite(axis.d_prime)
    distance = f"{_D_PRIME} {format_number(axis.d_prime, 2)}" if known else f"too few spikes for {_D_PRIME}"
    overlap = 100 * axis.overlap
    return f"{distance}, overlap {'< 0.1' if 0 < overlap < 0.05 else format_number(overlap, 1)} %"


def separated(cluster_ids: Sequence[int], against: str) -> str:
    """Return which clusters are apart."""
    first, *others = cluster_ids
    if against == OTHERS and len(others) > 1:
        return f"cluster {first} from {len(others)} others"
    return f"clusters {first} and {others[0]}"


def count_in_words(block: FeatureBlock) -> str:
    """Return how many spikes are drawn, of how many."""
    if block.n_drawn == block.n_total:
        return f"{block.n_total:,} spikes"
    return f"{block.n_drawn:,} of {block.n_total:,}"


def nearest(panels: Panels, block: FeatureBlock, place: tuple[float, float], within: float) -> int | None:
    """Return the column of the nearest point within some pixels, those of the clusters first."""
    panel = panels.at(*place)
    if panel is None or block.grid.panels[panel][0].kind == "count":
        return None
    x, y = (block.column(d) for d in block.grid.panels[panel])
    px, py = panels.to_pixels(panel, x, y)
    distances = (px - place[0]) ** 2 + (py - place[1]) ** 2
    # Points of the background have no score on a channel where they were not seen.
    near = np.flatnonzero(distances <= within**2)
    if len(near) == 0:
        return None
    mine = near[block.rows[near] > 0]
    near = mine if len(mine) else near
    return int(near[np.argmin(distances[near])])


def words_at(
    panels: Panels,
    block: FeatureBlock,
    names: Mapping[Dimension, str],
    cluster_ids: Sequence[int],
    *,
    place: tuple[float, float],
    within: float,
) -> Words | None:
    """Return the values and the cluster of the point at a pixel, else the values that the pixel stands for."""
    panel = panels.at(*place)
    if panel is None:
        return None
    pair = block.grid.panels[panel]
    found = nearest(panels, block, place, within)
    if found is None:
        values, whose = [float(v) for v in panels.to_data(panel, *place)], []
    else:
        values = [float(block.column(d)[found]) for d in pair]
        place = (float(panels.to_pixels(panel, *values)[0]), float(panels.to_pixels(panel, *values)[1]))
        row = int(block.rows[found])
        whose = [f"cluster {cluster_ids[row - 1]}" if row else "not selected"]
    lines = [value_in_words(names[d], value, block.span(d)) for d, value in zip(pair, values, strict=True)]
    return "\n".join([*lines, *whose]), float(place[0]), float(place[1])
