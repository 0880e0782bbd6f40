"""Feature vectors of the spikes of a dataset: of its own features, or of waveforms from its recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.filtering import highpass
from phy_medicine.compute.mixture.features import MOST_DIMENSIONS, rotation
from phy_medicine.compute.mixture.projection import pca
from phy_medicine.compute.waveforms import extract
from phy_medicine.io.model import Model

_LOOK = 2000
_LEARN = 3000
_BEFORE, _AFTER = 15, 16
_PART = 5000
_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class DatasetFeatures:
    """Features of spikes.

    x : (n, d) float64; spike_ids : (n,) int64; channel_ids : (n_channels,) they are of
    source : in words
    """

    x: FloatArray
    spike_ids: IntArray
    channel_ids: IntArray
    source: str


def dataset_features(
    model: Model,
    spike_ids: IntArray,
    n_channels: int,
    *,
    seed: int = 0,
    progress: Callable[[float, str], object] = lambda _fraction, _message: None,
) -> DatasetFeatures:
    """Return features of chosen spikes of a dataset on their best channels.

    Those of the file where there are any, 0 on channels that they were not stored for; spikes without any are left
    out. Else three principal components of the waveforms on each channel. Above 40 numbers they are rotated to 40.

    Raises
    ------
    PhyMedError : no spikes, or neither features nor a recording
    """
    if not len(spike_ids):
        raise PhyMedError("There are no spikes to be clustered.")
    rng = np.random.default_rng(seed)
    channels = best_channels(model, spike_ids, n_channels, rng)
    if model.features is not None:
        scores = model.features.get(spike_ids, channels).astype(np.float64)
        known = np.isfinite(scores).all(axis=2).any(axis=1)
        spike_ids, source = spike_ids[known], "features of the dataset"
        flat = np.nan_to_num(scores[known]).reshape(int(known.sum()), -1)
        if not len(flat):
            raise PhyMedError(f"None of these spikes has features in {model.name}; choose others.")
    elif model.traces is not None:
        flat, source = _of_waveforms(model, spike_ids, channels, rng, progress), "waveforms of the recording"
    else:
        raise PhyMedError(f"{model.name} has neither features nor raw data, so there is nothing to cluster by.")
    if flat.shape[1] > MOST_DIMENSIONS:
        flat = rotation(flat).apply(flat)
    return DatasetFeatures(np.ascontiguousarray(flat), np.asarray(spike_ids, np.int64), channels, source)


def best_channels(model: Model, spike_ids: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return at most n channels on which the templates of spikes are seen, those of most spikes first."""
    some = spike_ids if len(spike_ids) <= _LOOK else rng.choice(spike_ids, _LOOK, replace=False)
    templates, counts = np.unique(model.spike_templates[some], return_counts=True)
    votes: dict[int, float] = {}
    for template, count in zip(templates.tolist(), counts.tolist(), strict=True):
        if count < _SHARE * counts.max():
            continue  # stray spikes of merged neighbours
        for place, channel in enumerate(model.template_channels(template).tolist()):
            votes[channel] = votes.get(channel, 0.0) + count / (1 + place)
    return np.array(sorted(votes, key=lambda channel: (-votes[channel], channel))[:n], dtype=np.int64)


def _of_waveforms(
    model: Model,
    spike_ids: IntArray,
    channels: IntArray,
    rng: np.random.Generator,
    progress: Callable[[float, str], object],
) -> FloatArray:
    """(n, n_channels * 3), three components of the waveforms on each channel."""
    traces = model.traces
    assert traces is not None
    read = traces.read_many

    def waveforms(ids: IntArray) -> FloatArray:
        return extract(
            read, model.spike_samples[ids], channels, before=_BEFORE, after=_AFTER, sample_rate=model.sample_rate,
            filter=None if model.params.hp_filtered else highpass, margin=_AFTER, n_recorded=traces.n_samples,
        )  # fmt: skip

    some = spike_ids if len(spike_ids) <= _LEARN else np.sort(rng.choice(spike_ids, _LEARN, replace=False))
    learned = waveforms(some).transpose(0, 2, 1).reshape(-1, _BEFORE + _AFTER)
    projection = pca(learned, sample_rate=model.sample_rate)
    parts = []
    for start in range(0, len(spike_ids), _PART):
        progress(start / len(spike_ids), f"Reading waveforms, {start:,} of {len(spike_ids):,}")
        parts.append(projection.reduce(waveforms(spike_ids[start : start + _PART]), flatten=True))
    return np.concatenate(parts)
