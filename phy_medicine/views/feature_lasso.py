"""All spikes of some clusters inside a lasso over features, drawn or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.discriminant import Discriminant
from phy_medicine.views.feature_block import columns_of, fill
from phy_medicine.views.feature_grid import Dimension
from phy_medicine.views.feature_scores import FileScores, Scores
from phy_medicine.views.lasso import points_in_polygon
from phy_medicine.views.lasso_work import LassoWork

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# Spikes read at once: 60 ms for components of the selected clusters, 6 ms for scores of the file, in memory.
_CHUNK = 1 << 11


def work_of(
    data: DataService,
    spike_ids: Sequence[IntArray],
    polygon: FloatArray,
    dimensions: tuple[Dimension, Dimension],
    channel_ids: Sequence[int],
    *,
    scores: Scores | None = None,
    axis: Discriminant | None = None,
) -> LassoWork:
    """Return how to find the spikes inside; a spike without a score on a channel counts as 0 there, as it is drawn;
    one without an amplitude or a depth is outside.

    It raises `ActionError` where some of the spikes have no scores at all, so that it is unknown where they belong.

    spike_ids : of each cluster; polygon : (k, 2) corners; scores : those of the file by default; axis : of the
    dimension LDA
    """
    source = FileScores(data, channel_ids) if scores is None else scores
    # Other times or depths may be shown while spikes are read.
    now = [_now(data, dimension) for dimension in dimensions]

    def check() -> None:
        source.check_all(np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *spike_ids])))

    def inside(chunk: IntArray) -> BoolArray:
        columns = columns_of(data, dimensions, source.of(chunk), axis)
        for column, values in zip(columns, now, strict=True):
            if values is not None:
                column[:] = values[chunk]
        fill(dimensions, columns)
        return points_in_polygon(*columns, polygon)

    n_spikes = sum(map(len, spike_ids))
    return LassoWork(tuple((ids, inside) for ids in spike_ids), _CHUNK, check, n_spikes <= source.n_quick)


def _now(data: DataService, dimension: Dimension) -> FloatArray | None:
    """Return the coordinate of every spike as it is shown now, None where no switch changes it."""
    if dimension.kind == "time":
        return data.shown_times
    return data.depths.shown if dimension.kind == "depth" else None
