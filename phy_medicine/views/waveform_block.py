"""From a selection to curves on boxes: waveforms, their means or counts, or the templates of each cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.waveform_source import Window
from phy_medicine.views.waveform_cluster import Counts, Moments, counts_of, moments_of, moved, peak_sample, placed
from phy_medicine.views.waveform_layout import strip_places
from phy_medicine.views.waveform_settings import WaveformSettings

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

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


_EMPTY = np.zeros(0, dtype=np.float32)
_NO_CURVES = Curves(
    _EMPTY.reshape(0, 2), _EMPTY.astype(np.uint16), _EMPTY.astype(np.uint8), _EMPTY.astype(np.uint8), _EMPTY
)


@dataclass(frozen=True, slots=True)
class WaveformBlock:
    """What the waveform view draws.

    kind : what is drawn, which is not what was asked for when there is a `note`
    channel_ids : one box each; boxes : for each cluster the places of its channels in `channel_ids`, peak first
    strips : place of each cluster beside the others in a box, of `n_strips`
    window : samples of every curve around the spike; shifts : samples by which each cluster is moved to be aligned
    curves : single waveforms or templates; means : one curve for each cluster and channel; deviations : of `means`
    counts : of each cluster, for the density
    y_range : raw units that a box should hold, 0 among them; n_drawn, n_total : spikes, or templates
    """

    kind: str
    channel_ids: tuple[int, ...]
    boxes: tuple[IntArray, ...]
    strips: tuple[int, ...]
    n_strips: int
    window: Window
    shifts: tuple[int, ...]
    curves: Curves
    means: Curves
    deviations: FloatArray
    counts: tuple[Counts, ...]
    y_range: tuple[float, float]
    n_drawn: int
    n_total: int
    note: str = ""

    @property
    def n_samples(self) -> int:
        """Samples of every curve."""
        return sum(self.window)


def shown_channels(data: DataService, cluster_ids: Sequence[int], n_channels: int) -> list[tuple[int, ...]]:
    """Return the channels on which each cluster is drawn, peak first."""
    return [tuple(int(ch) for ch in data.best_channels(c)[:n_channels]) for c in cluster_ids]


def make_block(data: DataService, cluster_ids: Sequence[int], settings: WaveformSettings) -> WaveformBlock:
    """Return the curves of some clusters; templates, with a note, when there are neither raw data nor waveforms.

    Raises
    ------
    DataMissing : there is nothing to draw
    """
    if not cluster_ids:
        raise DataMissing("Select a cluster")
    channels = shown_channels(data, cluster_ids, settings.n_channels)
    if settings.kind == "templates":
        return _templates(data, cluster_ids, channels, settings)
    try:
        return _waveforms(data, cluster_ids, channels, settings)
    except DataMissing as missing:
        try:
            return _templates(data, cluster_ids, channels, settings, f"{str(missing).rstrip('.')}; templates shown")
        except DataMissing:
            raise missing from None


def _boxes_of(channels: list[tuple[int, ...]]) -> tuple[tuple[int, ...], tuple[IntArray, ...]]:
    """Return all channels once, and the places of each cluster's channels among them."""
    union = tuple(sorted({ch for own in channels for ch in own}))
    at = {ch: i for i, ch in enumerate(union)}
    return union, tuple(np.array([at[ch] for ch in own], dtype=np.int64) for own in channels)


def _waveforms(
    data: DataService, cluster_ids: Sequence[int], channels: list[tuple[int, ...]], settings: WaveformSettings
) -> WaveformBlock:
    union, boxes = _boxes_of(channels)
    strips, n_strips = strip_places(boxes, len(union))
    window = data.waveform_source.window(settings.before_ms, settings.after_ms)
    pairs = list(zip(cluster_ids, channels, strict=True))
    counts: tuple[Counts, ...] = ()
    if settings.kind == "density":
        counts = tuple(counts_of(data, c, own, n=settings.n_density, window=window) for c, own in pairs)
        moments = [own.moments for own in counts]
    else:
        moments = [moments_of(data, c, own, n=settings.n_waveforms, window=window) for c, own in pairs]
    shifts = tuple(_shift(own, window, settings, data.sample_rate) for own in moments)
    curves = _NO_CURVES
    y_range = _extent(moments, with_deviation=settings.shows_band)
    if settings.kind != "mean_waveforms":
        read = [data.waveforms(c, own, n=min(settings.n_waveforms, 100) if counts else settings.n_waveforms,
                               window=window).data for c, own in pairs]  # fmt: skip
        single = [np.ascontiguousarray(waveforms.transpose(0, 2, 1)) for waveforms in read]
        y_range = _range((0.0, 0.0), *(_fitting(waveforms) for waveforms in single))
        if not counts:
            curves = _interleaved([moved(w, by) for w, by in zip(single, shifts, strict=True)], boxes)
    return WaveformBlock(
        kind=settings.kind, channel_ids=union, boxes=boxes, strips=strips, n_strips=n_strips, window=window,
        shifts=shifts, curves=curves, y_range=y_range, counts=counts,
        means=_means([moved(own.mean, by) for own, by in zip(moments, shifts, strict=True)], boxes),
        deviations=frozen(np.concatenate([moved(m.deviation, by) for m, by in zip(moments, shifts, strict=True)])),
        n_drawn=sum(own.n for own in moments), n_total=sum(len(data.spikes(c)) for c in cluster_ids),
    )  # fmt: skip


def _shift(moments: Moments, window: Window, settings: WaveformSettings, sample_rate: float) -> int:
    """Return by how many samples a cluster is moved, so that the peak of its best channel is where the spike is."""
    if settings.align == "none" or not len(moments.mean):
        return 0
    return window.before - peak_sample(moments.mean[0], around=window.before, sample_rate=sample_rate)


def _extent(moments: Sequence[Moments], *, with_deviation: bool) -> tuple[float, float]:
    """Return the range that holds all means, and their bands."""
    spread = 1.0 if with_deviation else 0.0
    lows = [float((own.mean - spread * own.deviation).min(initial=0.0)) for own in moments]
    highs = [float((own.mean + spread * own.deviation).max(initial=0.0)) for own in moments]
    return min(lows), max(highs)


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
    data: DataService,
    cluster_ids: Sequence[int],
    channels: list[tuple[int, ...]],
    settings: WaveformSettings,
    note: str = "",
) -> WaveformBlock:
    union, boxes = _boxes_of(channels)
    strips, n_strips = strip_places(boxes, len(union))
    window = data.waveform_source.window(settings.before_ms, settings.after_ms)
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
            curves = placed(shape.data[:, kept].T, _zero(shape.data, settings), window)
            places = [at[int(shape.channel_ids[k])] for k in kept]
            parts.append((curves, places, row, max(shape.count / max(largest, 1), _FAINTEST)))
    curves = _joined(parts)
    seen = curves.values[np.isfinite(curves.values)]
    return WaveformBlock(
        kind="templates", channel_ids=union, boxes=boxes, strips=strips, n_strips=n_strips, window=window,
        shifts=(0,) * len(channels), curves=curves, means=_NO_CURVES, deviations=_NO_CURVES.values, counts=(),
        y_range=(float(seen.min(initial=0.0)), float(seen.max(initial=0.0))),
        n_drawn=len(parts), n_total=n_total, note=note,
    )  # fmt: skip


def _zero(template: FloatArray, settings: WaveformSettings) -> int:
    """Return the sample of a template, (n_samples, n_channels), that is drawn where the spike is."""
    if settings.align == "none" or not template.size:
        return len(template) // 2
    return peak_sample(np.abs(template).max(axis=1))


def _joined(parts: list[tuple[FloatArray, list[int], int, float]]) -> Curves:
    if not parts:
        return _NO_CURVES
    lengths = [len(places) for _, places, _, _ in parts]
    return Curves(
        values=frozen(np.concatenate([curves for curves, _, _, _ in parts]).astype(np.float32)),
        boxes=frozen(np.concatenate([places for _, places, _, _ in parts]).astype(np.uint16)),
        shades=frozen(np.repeat(np.arange(len(parts), dtype=np.uint8), lengths)),
        clusters=frozen(np.array([row for _, _, row, _ in parts], dtype=np.uint8)),
        opacities=frozen(np.array([opacity for _, _, _, opacity in parts], dtype=np.float32)),
    )
