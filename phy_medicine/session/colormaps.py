"""Colour maps by name: those of phy, matplotlib's inferno and viridis, and all of colorcet."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, frozen
from phy_medicine.curation.colors import (
    CATEGORICAL_COLORS,
    GREY,
    INFERNO_COLORS,
    LINEAR_COLORS,
    SELECTION_COLORS,
    VIRIDIS_COLORS,
)
from phy_medicine.curation.filter_tokens import nearest
from phy_medicine.curation.groups import DEFAULT_GROUPS

# phy's names for maps of colorcet; https://colorcet.holoviz.org
_COLORCET = {"rainbow": "rainbow_bgyr_35_85_c73", "diverging": "diverging_linear_bjy_30_90_c45"}
PHY_COLORMAPS = ("blank", "default", "cluster_group", "categorical", "rainbow", "linear", "diverging")
"""Names of phy's colour maps."""


def colormap(chosen: str | AnyArray) -> FloatArray:
    """Return a colour map as rows, (n, 3) float32 RGB 0..1, read-only.

    Parameters
    ----------
    chosen : a name of phy's or of colorcet's, or (n, 3) or (n, 4) RGB(A), 0..1 or integers up to 255

    Raises
    ------
    ValueError : no map of this name, or an array of another shape
    """
    if isinstance(chosen, str):
        return _named(chosen)
    rows = np.asarray(chosen)
    if rows.ndim != 2 or rows.shape[1] not in (3, 4) or not len(rows):
        raise ValueError(f"A colour map has the shape (n, 3), not {rows.shape}.")
    scale = 255.0 if np.issubdtype(rows.dtype, np.integer) and rows.max() > 1 else 1.0
    return frozen((rows[:, :3] / scale).astype(np.float32))


@lru_cache(maxsize=32)
def _named(name: str) -> FloatArray:
    own = {
        "blank": np.array([GREY]),
        "default": SELECTION_COLORS,
        "cluster_group": np.array([group.map_color for group in DEFAULT_GROUPS]),
        "categorical": CATEGORICAL_COLORS,
        "linear": LINEAR_COLORS,
        "inferno": INFERNO_COLORS,
        "viridis": VIRIDIS_COLORS,
    }
    if name in own:
        return frozen(own[name].astype(np.float32))
    import colorcet  # 0.3 s, so only when it is needed

    rows = colorcet.palette.get(_COLORCET.get(name, name))
    if rows is None:
        hint = nearest(name, [*PHY_COLORMAPS, "inferno", "viridis", *colorcet.palette])
        raise ValueError(f"There is no colour map {name!r}" + (f"; did you mean {hint}?" if hint else "."))
    rgb = [[int(row[i : i + 2], 16) / 255 for i in (1, 3, 5)] if isinstance(row, str) else row for row in rows]
    return frozen(np.array(rgb, dtype=np.float32))
