"""All spikes of some clusters inside a lasso over features, drawn or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import IntArray
from phy_medicine.views.feature_grid import Dimension
from phy_medicine.views.lasso import Lasso

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# Spikes read at once: some 12 MB of scores.
_CHUNK = 1 << 16


def spikes_inside(
    data: DataService,
    spike_ids: Sequence[IntArray],
    lasso: Lasso,
    dimensions: tuple[Dimension, Dimension],
    channel_ids: Sequence[int],
) -> IntArray:
    """Return the spikes inside, ascending; a spike without a score on a channel counts as 0 there, as it is drawn.

    spike_ids : of each cluster

    Raises
    ------
    ActionError : some of the spikes have no features at all, so it is unknown where they belong
    """
    spikes = np.concatenate([np.zeros(0, dtype=np.int64), *spike_ids])
    n_without = data.n_without_features(spikes)
    if n_without:
        raise ActionError(
            f"Only {len(spikes) - n_without:,} of {len(spikes):,} spikes of these clusters have PC features, so a "
            "split here would leave the others behind; split in the amplitude view, or export features of all spikes."
        )
    inside = np.zeros(len(spikes), dtype=bool)
    for start in range(0, len(spikes), _CHUNK):
        features = data.features_of(spikes[start : start + _CHUNK], channel_ids)
        x, y = (np.nan_to_num(dimension.values(features)) for dimension in dimensions)
        inside[start : start + _CHUNK] = lasso.contains(x, y)
    found: IntArray = np.sort(spikes[inside])
    return found
