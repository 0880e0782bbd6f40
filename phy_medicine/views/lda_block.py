"""What the view of discriminants draws, worked out in any thread: clusters, their plane, errors and templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.mixture.planes import Plane, plane
from phy_medicine.compute.pairs.overlap import lda_error
from phy_medicine.session.blocks import DataMissing, Features
from phy_medicine.session.nearest_templates import distance, nearest_templates
from phy_medicine.session.shared_channels import shared_channels
from phy_medicine.views.feature_grid import share_channels
from phy_medicine.views.feature_scores import FileScores, Scores, SelectedScores, nearest_source

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

N_CHANNELS, N_OF_PAIR = 6, 1000
"""Channels of the plane where the clusters share some; spikes of each that an error is learnt of."""
_LEAST_SHARED, _APART = 3, 12
MOST_PAIRS = 30
N_BOXES = 12
"""Channels on which templates are drawn at most."""
_OF_ONE = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """Clusters in colour order: those that are selected, and of a single one the nearest.

    distances : of each template from that of the first cluster, in parts of its size; NaN where one has none
    """

    cluster_ids: tuple[int, ...]
    n_selected: int
    distances: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PairError:
    """How well two of the clusters are told apart; rows : their places; error : 0 to 0.5, see `lda_error`."""

    rows: tuple[int, int]
    error: float


@dataclass(frozen=True, slots=True)
class Overlay:
    """Templates one over the other.

    channel_ids : (n_channels,); data : (n_clusters, n_samples, n_channels) float32, raw units, NaN where one has none
    """

    channel_ids: tuple[int, ...]
    data: FloatArray

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value, 0 among them, with some room."""
        low, high = float(np.nanmin(self.data, initial=0.0)), float(np.nanmax(self.data, initial=0.0))
        edge = 0.06 * (high - low) or 1.0
        return low - edge, high + edge


@dataclass(frozen=True, slots=True)
class LdaBlock:
    """Spikes in their plane, in order of time, so that no cluster hides another.

    spike_ids : (n,) int64; x, y : (n,) float32; rows : (n,) uint8, the cluster's place in `shown`
    plane : where any spike lies; scores : its features; both None without spikes, and `missing` says why
    shared : all clusters have scores on the channels; errors : of pairs, the largest first
    templates : None where the dataset has none
    """

    shown: Shown
    channel_ids: tuple[int, ...]
    shared: bool
    spike_ids: IntArray
    x: FloatArray
    y: FloatArray
    rows: IntArray
    n_total: int
    plane: Plane | None
    scores: Scores | None
    errors: tuple[PairError, ...]
    templates: Overlay | None
    missing: str = ""


def shown_clusters(data: DataService, cluster_ids: Sequence[int], k: int) -> Shown:
    """Return the clusters to show, with one selected the k whose templates are nearest.

    Raises
    ------
    DataMissing : one cluster is selected, and which are near is not known
    """
    ids, first = tuple(cluster_ids), cluster_ids[0]
    if len(ids) > 1:
        return Shown(ids, len(ids), tuple(_distance(data, first, c) for c in ids))
    # A supposed cluster lies where the ones are that it is made of.
    found = nearest_templates(data, first, k, without=getattr(first, "parts", ()))
    if not found:
        raise DataMissing(f"There is nothing to compare cluster {first} with; select two clusters.")
    return Shown((first, *(n.cluster_id for n in found)), 1, (0.0, *(n.distance for n in found)))


def _distance(data: DataService, first: int, other: int) -> float:
    try:
        known = data.template_shapes.amplitudes([first, other]).max(axis=1).min() > 0
    except DataMissing:
        return nan
    return distance(data, first, other) if known else nan


def build(data: DataService, shown: Shown, *, mode: str, source: str, n_spikes: int) -> LdaBlock:
    """Work out what is drawn of some clusters, once; without features there are their templates alone.

    Parameters
    ----------
    mode : of the plane, "lda" or "pca"; source : of the features, "file" or "selected"
    n_spikes : of each cluster that are drawn, even in time

    Raises
    ------
    DataMissing : there are neither templates, nor two clusters with features
    """

    def work_out() -> LdaBlock:
        templates = overlay(data, shown)
        try:
            return _with_spikes(data, shown, templates, mode=mode, source=source, n_spikes=n_spikes)
        except DataMissing as error:
            if templates is None:
                raise
            places, none = np.zeros(0, np.float32), np.zeros(0, np.int64)
            rows = none.astype(np.uint8)
            return LdaBlock(shown, (), True, none, places, places, rows, 0, None, None, (), templates, str(error))

    return data.kept(kept_key(shown, mode, source, n_spikes), work_out)


def kept_key(shown: Shown, mode: str, source: str, n_spikes: int) -> tuple[Any, ...]:
    """Return what the block of some clusters is kept under: an id never changes its spikes."""
    return ("lda", shown.cluster_ids, shown.n_selected, mode, source, n_spikes)


def _with_spikes(
    data: DataService, shown: Shown, templates: Overlay | None, *, mode: str, source: str, n_spikes: int
) -> LdaBlock:
    spikes = in_plane(data, shown, mode=mode, source=source, n_spikes=n_spikes)
    parts, rows, made = spikes.parts, spikes.rows, spikes.plane
    order = np.argsort(spikes.ids, kind="stable")
    x, y = made.places[order].astype(np.float32).T
    of_file = nearest_source(data, source) == "file"
    errors = pair_errors(data, shown.cluster_ids, None if of_file else parts, _apart(made, rows))
    return LdaBlock(
        shown, spikes.channel_ids, spikes.shared, frozen(spikes.ids[order]), frozen(x), frozen(y), frozen(rows[order]),
        sum(f.n_total for f in parts), made, spikes.scores, errors, templates,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class InPlane:
    """Spikes of clusters, one cluster after the other; ids : (n,) int64; rows : (n,) uint8, the cluster of each."""

    channel_ids: tuple[int, ...]
    shared: bool
    scores: Scores
    parts: list[Features]
    ids: IntArray
    rows: IntArray
    plane: Plane


def in_plane(data: DataService, shown: Shown, *, mode: str, source: str, n_spikes: int) -> InPlane:
    """Read the scores of clusters, and fit the plane to exactly these spikes; arguments and errors as of `build`."""
    of_file = nearest_source(data, source) == "file"
    channels, shared = plane_channels(data, shown.cluster_ids, of_file=of_file)
    scores: Scores = (
        FileScores(data, channels, n=n_spikes) if of_file else SelectedScores(data, shown.cluster_ids, channels)
    )
    parts = [scores.drawn(c) for c in shown.cluster_ids]
    rows = np.repeat(np.arange(len(parts), dtype=np.uint8), [len(f.spike_ids) for f in parts])
    ids = np.concatenate([f.spike_ids for f in parts]).astype(np.int64)
    try:
        made = plane(np.concatenate([table_of(f) for f in parts]), rows, mode)
    except PhyMedError as error:
        raise DataMissing(_too_few(shown, parts)) from error
    return InPlane(channels, shared, scores, parts, ids, rows, made)


def plane_channels(
    data: DataService, cluster_ids: Sequence[int], *, of_file: bool
) -> tuple[tuple[int, ...], bool]:  # fmt: skip
    """Return the channels of the plane, and whether all clusters have scores there.

    Six that all clusters share; where they share fewer than three, twelve that are each cluster's best in turn.
    """
    best = [data.best_channels(c) for c in cluster_ids]
    seen = [data.channels_with_features(c) if of_file else set(range(data.n_channels)) for c in cluster_ids]
    shared = shared_channels(best, seen, N_CHANNELS)
    least = min(_LEAST_SHARED, *(len(channels) for channels in best))
    if len(shared) >= least:
        return tuple(shared.tolist()), True
    return tuple(dict.fromkeys(share_channels([b.tolist() for b in best], _APART))), not of_file


def table_of(features: Features) -> FloatArray:
    """Return scores as rows (n, n_channels * n_components) float64; one that is missing is 0."""
    scores = np.nan_to_num(features.data.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return scores.reshape(len(scores), int(np.prod(scores.shape[1:])))


def _too_few(shown: Shown, parts: Sequence[Features]) -> str:
    without = [c for c, f in zip(shown.cluster_ids, parts, strict=True) if not len(f.spike_ids)]
    if without:
        return f"No spike of cluster {without[0]} has features, so it cannot be told from others."
    return "There are too few spikes to tell these clusters apart; choose larger ones."


def _apart(made: Plane, rows: IntArray) -> list[tuple[int, int]]:
    """The pairs of clusters that lie nearest to each other in the plane."""
    there = np.unique(rows).tolist()
    means = {k: made.places[rows == k].mean(axis=0) for k in there}
    pairs = [(a, b) for a in there for b in there if a < b]
    return sorted(pairs, key=lambda pair: float(np.linalg.norm(means[pair[0]] - means[pair[1]])))[:MOST_PAIRS]


def pair_errors(
    data: DataService, cluster_ids: Sequence[int], parts: Sequence[Features] | None, pairs: Sequence[tuple[int, int]]
) -> tuple[PairError, ...]:
    """Return the cross-validated error of pairs, the largest first; those of which none is known are left out.

    Of scores of the file those are taken that the similarity table compares: on the channels that the two share.

    parts : scores of all clusters where they are not of the file
    """
    found = []
    for a, b in pairs:
        if parts is not None:
            error = lda_error(parts[a].data, parts[b].data)
        else:
            error = _error_of_file(data, cluster_ids[a], cluster_ids[b])
        if isfinite(error):
            found.append(PairError((a, b), error))
    return tuple(sorted(found, key=lambda pair: -pair.error))


def _error_of_file(data: DataService, first: int, second: int) -> float:
    pair = first, second
    best, seen = [data.best_channels(c) for c in pair], [data.channels_with_features(c) for c in pair]
    channels = shared_channels(best, seen, N_CHANNELS)
    if not len(channels):
        return nan
    a, b = (data.features(c, channels, n=N_OF_PAIR) for c in pair)
    return lda_error(a.data, b.data)


def overlay(data: DataService, shown: Shown) -> Overlay | None:
    """Return the templates of the clusters on the channels where the selected ones are large."""
    ids = shown.cluster_ids
    try:
        known = data.template_shapes.amplitudes(ids).max(axis=1, initial=0.0) > 0
    except DataMissing:
        return None
    shapes = {row: data.template_shapes.shape(c) for row, c in enumerate(ids) if known[row]}
    if not shapes:
        return None
    best = [data.best_channels(c).tolist() for c in ids[: shown.n_selected]]
    channels = tuple(dict.fromkeys(share_channels(best, _OF_ONE if len(best) == 1 else N_BOXES)))
    found = np.full((len(ids), next(iter(shapes.values())).data.shape[0], len(channels)), np.nan, dtype=np.float32)
    for row, shape in shapes.items():
        _, here, there = np.intersect1d(channels, shape.channel_ids, assume_unique=True, return_indices=True)
        found[row][:, here] = shape.data[:, there]
    return Overlay(channels, frozen(found))
