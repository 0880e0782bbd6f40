"""From a selection to curves on boxes: single waveforms, their means, or the templates of each cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import DataMissing, Waveforms
from phy_medicine.views.waveform_layout import strip_places

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

KINDS = ("waveforms", "mean_waveforms", "templates")
WAVEFORM_OPACITY = 0.75
# A cluster of more templates than this is a heap of merges whose small parts cannot be told apart.
MAX_TEMPLATES = 24
# Fainter curves are not seen at all.
_FAINTEST = 0.1
# Share of the spikes of a channel that must fit its box; single artefacts may leave it.
_FITTING = 0.95


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves of all clusters, in the order in which they are drawn.

    values : (n, n_samples) float32, raw units; boxes : (n,) uint16, place of the channel in `channel_ids`;
    shades : (n,) uint8, rows of the next two; clusters : (n_shades,) uint8, place of the cluster in the selection;
    opacities : (n_shades,) float32
    """

    values: FloatArray
    boxes: IntArray
    shades: IntArray
    clusters: IntArray
    opacities: FloatArray


@dataclass(frozen=True, slots=True)
class WaveformBlock:
    """What the waveform view draws.

    kind : what is drawn, which is not what was asked for when there is a `note`; `means` go over the waveforms
    channel_ids : one box each; boxes : for each cluster the places of its channels in `channel_ids`, peak first
    strips : place of each cluster beside the others in a box, of `n_strips`
    y_range : raw units that a box should hold, 0 among them; n_drawn, n_total : spikes, or templates
    """

    kind: str
    channel_ids: tuple[int, ...]
    boxes: tuple[IntArray, ...]
    strips: tuple[int, ...]
    n_strips: int
    curves: Curves
    means: Curves | None
    y_range: tuple[float, float]
    n_drawn: int
    n_total: int
    note: str = ""


def shown_channels(data: DataService, cluster_ids: Sequence[int], n_channels: int) -> list[tuple[int, ...]]:
    """Return the channels on which each cluster is drawn, peak first."""
    return [tuple(int(ch) for ch in data.best_channels(c)[:n_channels]) for c in cluster_ids]


def make_block(
    data: DataService, cluster_ids: Sequence[int], *, kind: str, n_waveforms: int, n_channels: int
) -> WaveformBlock:
    """Return the curves of some clusters; templates, with a note, when there are neither raw data nor waveforms.

    Raises
    ------
    DataMissing : there is nothing to draw
    """
    if not cluster_ids:
        raise DataMissing("Select a cluster")
    channels = shown_channels(data, cluster_ids, n_channels)
    if kind == "templates":
        return _templates(data, cluster_ids, channels)
    try:
        waveforms = [data.waveforms(c, ch, n=n_waveforms) for c, ch in zip(cluster_ids, channels, strict=True)]
    except DataMissing as missing:
        try:
            return _templates(data, cluster_ids, channels, f"{str(missing).rstrip('.')}; templates shown")
        except DataMissing:
            raise missing from None
    return _waveforms(waveforms, channels, kind)


def _boxes_of(channels: list[tuple[int, ...]]) -> tuple[tuple[int, ...], tuple[IntArray, ...]]:
    """Return all channels once, and the places of each cluster's channels among them."""
    union = tuple(sorted({ch for own in channels for ch in own}))
    at = {ch: i for i, ch in enumerate(union)}
    return union, tuple(np.array([at[ch] for ch in own], dtype=np.int64) for own in channels)


def _waveforms(waveforms: list[Waveforms], channels: list[tuple[int, ...]], kind: str) -> WaveformBlock:
    union, boxes = _boxes_of(channels)
    strips, n_strips = strip_places(boxes, len(union))
    single = [np.ascontiguousarray(w.data.transpose(0, 2, 1)) for w in waveforms]
    means = [data.mean(axis=0) if len(data) else np.zeros(data.shape[1:], np.float32) for data in single]
    mean_curves = _means(means, boxes)
    if kind == "waveforms":
        curves, over = _interleaved(single, boxes), mean_curves
        y_range = _range((0.0, 0.0), *(_fitting(data) for data in single))
    else:
        curves, over = mean_curves, None
        y_range = _extent(mean_curves.values)
    return WaveformBlock(
        kind=kind, channel_ids=union, boxes=boxes, strips=strips, n_strips=n_strips, curves=curves, means=over,
        y_range=y_range, n_drawn=sum(len(w.spike_ids) for w in waveforms), n_total=sum(w.n_total for w in waveforms),
    )  # fmt: skip


def _fitting(data: FloatArray) -> tuple[float, float]:
    """Return the range that holds most waveforms of each channel; data : (n, n_channels, n_samples)."""
    if not data.size:
        return 0.0, 0.0
    lows, highs = data.min(axis=2), data.max(axis=2)
    # Spikes in a stretch of zeros, as in a cut recording, say nothing of the others.
    alive = (highs > lows).any(axis=1)
    lows, highs = np.sort(lows[alive], axis=0), np.sort(highs[alive], axis=0)
    if not len(lows):
        return 0.0, 0.0
    last = int(_FITTING * (len(lows) - 1))
    return float(lows[len(lows) - 1 - last].min()), float(highs[last].max())


def _extent(values: FloatArray) -> tuple[float, float]:
    return float(values.min(initial=0.0)), float(values.max(initial=0.0))


def _range(*parts: tuple[float, float]) -> tuple[float, float]:
    """Return the range that holds all ranges."""
    return min(low for low, _ in parts), max(high for _, high in parts)


def _means(means: list[FloatArray], boxes: tuple[IntArray, ...]) -> Curves:
    """Curves of one row for each channel; means : (n_channels, n_samples) for each cluster."""
    lengths = [len(mean) for mean in means]
    return Curves(
        values=frozen(np.concatenate(means).astype(np.float32)),
        boxes=frozen(np.concatenate(boxes).astype(np.uint16)),
        shades=frozen(np.repeat(np.arange(len(means), dtype=np.uint8), lengths)),
        clusters=frozen(np.arange(len(means), dtype=np.uint8)),
        opacities=frozen(np.ones(len(means), dtype=np.float32)),
    )


def _interleaved(single: list[FloatArray], boxes: tuple[IntArray, ...]) -> Curves:
    """Curves of all spikes; those of the clusters take turns, so that where they overlap none hides another."""
    lengths = [data.shape[0] * data.shape[1] for data in single]
    values = np.concatenate([data.reshape(-1, data.shape[2]) for data in single])
    box = np.concatenate([np.tile(b, len(data)) for b, data in zip(boxes, single, strict=True)]).astype(np.uint16)
    clusters = np.repeat(np.arange(len(single), dtype=np.uint8), lengths)
    if len(single) > 1:
        turn = np.concatenate([(np.arange(n) // max(d.shape[1], 1)) for n, d in zip(lengths, single, strict=True)])
        order = np.argsort(turn.astype(np.uint16), kind="stable")
        values, box, clusters = values[order], box[order], clusters[order]
    opacities = np.full(len(single), WAVEFORM_OPACITY, dtype=np.float32)
    rows = np.arange(len(single), dtype=np.uint8)
    return Curves(frozen(values), frozen(box), frozen(clusters), frozen(rows), frozen(opacities))


def _templates(
    data: DataService, cluster_ids: Sequence[int], channels: list[tuple[int, ...]], note: str = ""
) -> WaveformBlock:
    union, boxes = _boxes_of(channels)
    strips, n_strips = strip_places(boxes, len(union))
    at = {ch: i for i, ch in enumerate(union)}
    parts: list[tuple[FloatArray, list[int], int, float]] = []
    n_total = 0
    for row, (cluster_id, own) in enumerate(zip(cluster_ids, channels, strict=True)):
        shapes = data.templates(cluster_id)
        n_total += len(shapes)
        largest = max((shape.count for shape in shapes), default=1)
        # The largest is drawn last, over the others.
        for shape in reversed(shapes[:MAX_TEMPLATES]):
            kept = [k for k, ch in enumerate(shape.channel_ids) if int(ch) in own]
            curves = np.ascontiguousarray(shape.data[:, kept].T)
            places = [at[int(shape.channel_ids[k])] for k in kept]
            parts.append((curves, places, row, max(shape.count / max(largest, 1), _FAINTEST)))
    curves = _joined(parts)
    return WaveformBlock(
        kind="templates", channel_ids=union, boxes=boxes, strips=strips, n_strips=n_strips, curves=curves, means=None,
        y_range=_extent(curves.values), n_drawn=len(parts), n_total=n_total, note=note,
    )  # fmt: skip


def _joined(parts: list[tuple[FloatArray, list[int], int, float]]) -> Curves:
    if not parts:
        empty = np.zeros(0, dtype=np.float32)
        return Curves(empty.reshape(0, 1), empty.astype(np.uint16), *(2 * [empty.astype(np.uint8)]), empty)
    lengths = [len(places) for _, places, _, _ in parts]
    return Curves(
        values=frozen(np.concatenate([curves for curves, _, _, _ in parts]).astype(np.float32)),
        boxes=frozen(np.concatenate([places for _, places, _, _ in parts]).astype(np.uint16)),
        shades=frozen(np.repeat(np.arange(len(parts), dtype=np.uint8), lengths)),
        clusters=frozen(np.array([row for _, _, row, _ in parts], dtype=np.uint8)),
        opacities=frozen(np.array([opacity for _, _, _, opacity in parts], dtype=np.float32)),
    )
