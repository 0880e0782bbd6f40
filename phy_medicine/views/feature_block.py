"""What a feature view draws, gathered in any thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.discriminant import Discriminant, discriminant
from phy_medicine.session.blocks import DataMissing, Features
from phy_medicine.views.feature_grid import Dimension, FeatureGrid
from phy_medicine.views.feature_scores import Scores

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

N_BINS = 60
SECOND, OTHERS = "second", "all others"

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """Spikes of the whole recording, then those of the clusters in order of time.

    columns : (n_dimensions, n) float32, in the order of `grid.dimensions`; rows : (n,) uint8, 0 for the background,
    then 1 + the cluster's place in the selection; spans : what is shown of each dimension, not magnified
    limit : largest score of the clusters; histograms : by dimension, (n_clusters, N_BINS) float32 % of the cluster's
    spikes in each bin of its span; scores : where they come from, for the spikes that are not drawn
    axis : what separates the clusters, when it is shown
    """

    grid: FeatureGrid
    channel_ids: tuple[int, ...]
    columns: FloatArray
    rows: IntArray
    spans: tuple[Span, ...]
    n_drawn: int
    n_total: int
    limit: float
    histograms: dict[Dimension, FloatArray]
    scores: Scores
    axis: Discriminant | None = None

    def column(self, dimension: Dimension) -> FloatArray:
        """Return the coordinates of all spikes in one dimension, (n,) float32."""
        return self.columns[self.grid.dimensions.index(dimension)]

    def span(self, dimension: Dimension) -> Span:
        """Return what is shown of a dimension, not magnified."""
        if dimension.kind == "count":
            highest = max((float(bars.max(initial=0)) for bars in self.histograms.values()), default=0.0)
            return 0.0, 1.05 * highest or 1.0
        return self.spans[self.grid.dimensions.index(dimension)]


def build(
    data: DataService,
    pairs: FeatureGrid,
    cluster_ids: Sequence[int],
    channel_ids: tuple[int, ...],
    scores: Scores,
    *,
    background: bool,
    against: str = SECOND,
) -> FeatureBlock:
    """Return the coordinates of the spikes in every dimension of a grid.

    Raises
    ------
    DataMissing : something that the grid shows does not exist
    """
    clusters = [scores.drawn(c) for c in cluster_ids]
    many = [scores.many(c) for c in cluster_ids] if pairs.discriminates else []
    axis = separate(many, cluster_ids, against) if pairs.discriminates else None
    columns = [columns_of(data, pairs.dimensions, features, axis) for features in clusters]
    for column in columns:
        fill(pairs.dimensions, column)
    values = np.concatenate(columns, axis=1)
    rows = np.repeat(np.arange(1, len(clusters) + 1, dtype=np.uint8), [len(f.spike_ids) for f in clusters])
    spans, limit = _spans(pairs.dimensions, values, data.duration_s)
    along = [axis.along(features.data) for features in many] if axis is not None else []
    histograms = _histograms(pairs, spans, columns, along)
    if len(clusters) > 1:
        # In order of time, so that no cluster hides another.
        order = np.argsort(np.concatenate([f.spike_ids for f in clusters]), kind="stable")
        values, rows = values[:, order], rows[order]
    if background:
        behind = columns_of(data, pairs.dimensions, scores.behind(), axis)
        values = np.concatenate([behind, values], axis=1)
        rows = np.concatenate([np.zeros(behind.shape[1], np.uint8), rows])
    n_drawn, n_total = sum(len(f.spike_ids) for f in clusters), sum(f.n_total for f in clusters)
    return FeatureBlock(
        pairs, channel_ids, frozen(values), frozen(rows), spans, n_drawn, n_total, limit, histograms, scores, axis
    )


def separate(many: Sequence[Features], cluster_ids: Sequence[int], against: str) -> Discriminant:
    """Return the axis that separates the first cluster from the second, or from all others.

    Raises
    ------
    DataMissing : there are not two clusters with scores
    """
    if len(many) < 2:
        raise DataMissing("Select two clusters or more to see the axis that separates them; one is selected.")
    others = many[1:] if against == OTHERS else many[1:2]
    first, second = many[0].data, np.concatenate([features.data for features in others])
    for cluster_id, scores in ((cluster_ids[0], first), (cluster_ids[1], second)):
        if len(scores) == 0:
            raise DataMissing(f"No spike of cluster {cluster_id} has scores, so nothing separates it from another.")
    return discriminant(first, second)


def columns_of(
    data: DataService, dimensions: Sequence[Dimension], features: Features, axis: Discriminant | None
) -> FloatArray:
    """Return the coordinates of spikes in every dimension, (n_dimensions, n) float32, NaN without a score."""
    return np.stack([_column(data, dimension, features, axis) for dimension in dimensions])


def fill(dimensions: Sequence[Dimension], columns: FloatArray) -> None:
    """Put zeros where a spike has no score: it was too small on that channel to be kept."""
    for dimension, column in zip(dimensions, columns, strict=True):
        if dimension.kind == "score":
            np.nan_to_num(column, copy=False)


def _column(data: DataService, dimension: Dimension, features: Features, axis: Discriminant | None) -> FloatArray:
    if dimension.kind == "LDA":
        assert axis is not None
        return axis.along(features.data)
    if dimension.kind == "amplitude":
        return data.amplitudes_of(features.spike_ids).values.astype(np.float32)
    if dimension.kind == "depth":
        return data.depths.shown[features.spike_ids].astype(np.float32)
    if dimension.kind == "count":
        return np.zeros(len(features.spike_ids), dtype=np.float32)
    return dimension.values(features)


def _spans(dimensions: Sequence[Dimension], values: FloatArray, duration_s: float) -> tuple[tuple[Span, ...], float]:
    """What is shown of each dimension, and the largest score; scores share their range."""
    scores = [k for k, dimension in enumerate(dimensions) if dimension.kind == "score"]
    limit = float(np.abs(values[scores]).max(initial=0.0)) or 1.0
    spans = []
    for dimension, column in zip(dimensions, values, strict=True):
        if dimension.kind == "score":
            spans.append((-limit, limit))
        elif dimension.kind == "LDA":
            largest = float(np.abs(column).max(initial=0.0)) or 1.0
            spans.append((-largest, largest))
        elif dimension.kind in ("amplitude", "depth"):
            spans.append(_around(column, from_zero=dimension.kind == "amplitude"))
        else:
            spans.append((0.0, duration_s if dimension.kind == "time" else 1.0))
    return tuple(spans), limit


def _around(column: FloatArray, *, from_zero: bool) -> Span:
    known = column[np.isfinite(column)]
    if len(known) == 0:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    low = min(low, 0.0) if from_zero else low
    edge = 0.05 * (high - low) or 1.0
    return (low if from_zero and low == 0 else low - edge), high + edge


def _histograms(
    pairs: FeatureGrid, spans: Sequence[Span], columns: Sequence[FloatArray], along: Sequence[FloatArray]
) -> dict[Dimension, FloatArray]:
    """Percent of each cluster's spikes by bin, for the dimensions that stand beside a count."""
    found = {}
    for dimension in {y for x, y in pairs.panels if x.kind == "count"}:
        k = pairs.dimensions.index(dimension)
        values = along if dimension.kind == "LDA" else [column[k] for column in columns]
        counts = [np.histogram(v, bins=N_BINS, range=spans[k])[0] * (100 / max(len(v), 1)) for v in values]
        found[dimension] = frozen(np.array(counts, dtype=np.float32))
    return found
