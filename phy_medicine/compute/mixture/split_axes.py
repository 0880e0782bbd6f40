"""Parts of a cluster seen from the side that separates them best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.mixture.split import ModelSplit

_MOST = 4000


@dataclass(frozen=True, slots=True)
class SplitAxes:
    """Where spikes lie along the lines that separate parts best.

    places : (n, 1) float64 with two parts, (n, 2) with more, in standard deviations inside of the parts
    parts : (n,) int32, the part of each of these spikes
    """

    places: FloatArray
    parts: IntArray


def axes_of(split: ModelSplit, most: int = _MOST) -> SplitAxes:
    """Return where at most so many of the fitted spikes lie, evenly chosen; the split must have two parts or more."""
    from phy_medicine.compute.mixture.planes import lda_plane

    parts = split.labels[split.fitted]
    some = np.arange(len(parts))[:: -(-len(parts) // most)]
    there, own = np.unique(parts, return_inverse=True)
    places = lda_plane(split.points, parts).places[:, : min(len(there) - 1, 2)]
    means = np.stack([places[own == k].mean(axis=0) for k in range(len(there))])
    within = np.sqrt(((places - means[own]) ** 2).mean(axis=0))
    places = places / np.where(within > 0, within, 1.0)
    places[:, 0] *= -1 if means[0, 0] > means[1, 0] else 1  # the largest part left of the next
    return SplitAxes(frozen(np.ascontiguousarray(places[some])), frozen(parts[some]))
