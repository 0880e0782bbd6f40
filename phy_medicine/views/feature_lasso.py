"""All spikes of some clusters inside a lasso over features, drawn or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.discriminant import Discriminant
from phy_medicine.views.feature_block import columns_of, fill
from phy_medicine.views.feature_grid import Dimension
from phy_medicine.views.feature_scores import FileScores, Scores
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
    *,
    scores: Scores | None = None,
    axis: Discriminant | None = None,
) -> IntArray:
    """Return the spikes inside, ascending; a spike without a score on a channel counts as 0 there, as it is drawn;
    one without an amplitude or a depth is outside.

    spike_ids : of each cluster; scores : those of the file by default; axis : of the dimension LDA

    Raises
    ------
    ActionError : some of the spikes have no scores at all, so it is unknown where they belong
    """
    source = FileScores(data, channel_ids) if scores is None else scores
    spikes = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *spike_ids]))
    source.check_all(spikes)
    inside = np.zeros(len(spikes), dtype=bool)
    for start in range(0, len(spikes), _CHUNK):
        columns = columns_of(data, dimensions, source.of(spikes[start : start + _CHUNK]), axis)
        fill(dimensions, columns)
        inside[start : start + _CHUNK] = lasso.contains(*columns)
    found: IntArray = spikes[inside]
    return found
