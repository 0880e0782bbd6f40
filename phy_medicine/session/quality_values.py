"""The quality metrics of one cluster, worked out from the dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.discriminant import discriminant
from phy_medicine.compute.metrics.amplitudes import amplitude_cutoff
from phy_medicine.compute.metrics.contamination import (
    contamination_by_many,
    contamination_by_one,
    isi_violations_ratio,
    refractory_pairs,
    short_intervals,
)
from phy_medicine.compute.metrics.drift import drift
from phy_medicine.compute.metrics.footprint import footprint
from phy_medicine.compute.metrics.isolation import l_ratio_and_distance
from phy_medicine.compute.metrics.neighbours import nearest_neighbours, silhouette
from phy_medicine.compute.metrics.presence import presence_ratio
from phy_medicine.compute.metrics.shape import half_width_ms, peak_to_trough_ms, signal_to_noise
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.depths import TEMPLATES
from phy_medicine.session.near_spikes import NearFeatures, NearSpikes
from phy_medicine.session.quality_columns import CENSORED_MS, DRIFT, ISOLATION, QUALITY, REFRACTORY_MS, SHAPE, TRAINS

if TYPE_CHECKING:
    from phy_medicine.io.model import Model
    from phy_medicine.session.best_channels import BestChannels
    from phy_medicine.session.data import DataService
    from phy_medicine.session.facts import SessionFacts

Values = tuple[float | None, ...]
"""In the order of the columns; None where a value cannot be had."""

N_WAVEFORMS = 100
_DISTANCES = 4_000_000
_ASKED = (100, 500)


class ClusterQuality:
    """Measures clusters; for one thread at a time."""

    def __init__(self, data: DataService, facts: SessionFacts, channels: BestChannels) -> None:
        self._data, self._facts, self._channels = data, facts, channels
        self._model: Model = data.model
        self._near = NearFeatures(data.model, facts, channels)
        self._noise: FloatArray | None = None
        self._functions: Mapping[str, Callable[[int], Mapping[str, float]]] = {
            TRAINS: self._train, SHAPE: self._shape, ISOLATION: self._isolation, DRIFT: self._drift,
        }  # fmt: skip

    def forget_signal(self) -> None:
        """Measure the noise again, since the signal is filtered otherwise."""
        self._noise = None

    def values(self, family: str, cluster_id: int) -> Values:
        """Return what is computed together, in the order of the columns; of a cluster that is gone nothing."""
        there = self._facts.contains(cluster_id) and len(self._facts.spikes(cluster_id))
        found = self._functions[family](cluster_id) if there else {}
        return tuple(plain(found.get(column.name)) for column in QUALITY[family])

    def _train(self, cluster_id: int) -> dict[str, float]:
        model, spikes = self._model, self._facts.spikes(cluster_id)
        samples, n = model.spike_samples[spikes], len(spikes)
        refractory, censored = (round(ms * model.sample_rate / 1000) for ms in (REFRACTORY_MS, CENSORED_MS))
        n_short, n_pairs = short_intervals(samples, refractory), refractory_pairs(samples, censored, refractory)
        window = (refractory - censored) / model.sample_rate, model.duration_s
        found = {
            "isi_violations_count": n_short,
            "isi_violations_ratio": isi_violations_ratio(n, n_short, refractory / model.sample_rate, model.duration_s),
            "amplitude_cutoff": self._cutoff(spikes),
        }
        if model.duration_s > 0:
            found |= {
                "presence_ratio": presence_ratio(model.spike_times[spikes], model.duration_s),
                "contamination": contamination_by_one(n, n_pairs, *window),
                "contamination_many": contamination_by_many(n, n_pairs, *window),
            }
        return found

    def _cutoff(self, spikes: IntArray) -> float:
        if self._model.amplitudes is None:
            return np.nan
        amplitudes = self._model.amplitudes[spikes]
        return amplitude_cutoff(amplitudes if np.median(amplitudes) > 0 else -amplitudes)

    def _shape(self, cluster_id: int) -> dict[str, float]:
        channels = self._channels.of(cluster_id)
        waveform, measured = self._mean_waveform(cluster_id, channels)
        if waveform is None or not np.isfinite(waveform).all():
            return {}
        peak = int(np.abs(waveform).max(axis=0).argmax())
        curve, rate = waveform[:, peak], self._model.sample_rate
        found = {
            "half_width": half_width_ms(curve, rate),
            "peak_to_trough": peak_to_trough_ms(curve, rate),
            "spread": footprint(waveform.T, self._model.channel_positions[channels]).spread_um,
        }
        noise = self._noise_levels() if measured else None
        return found if noise is None else {**found, "snr": signal_to_noise(curve, float(noise[channels[peak]]))}

    def _mean_waveform(self, cluster_id: int, channels: IntArray) -> tuple[FloatArray | None, bool]:
        """(n_samples, n_channels), and whether it is of the signal; else it is of the sorter's templates."""
        source, model = self._data.waveform_source, self._model
        try:
            spikes = source.some_spikes(cluster_id, N_WAVEFORMS)
            if len(spikes):
                return source.of_spikes(spikes, channels).mean(axis=0, dtype=np.float64), True
        except DataMissing:
            pass
        if not model.has_templates:
            return None, False
        templates, counts = self._facts.template_counts(cluster_id)
        shapes = [model.template(int(t), channels).data for t in templates]
        return np.average(shapes, axis=0, weights=counts), False

    def _noise_levels(self) -> FloatArray | None:
        if self._noise is None:
            self._noise = self._data.waveform_source.noise_levels()
        return self._noise

    def _isolation(self, cluster_id: int) -> dict[str, float]:
        near = self._near.around(cluster_id)
        if near is None or near.n_own <= 2 * near.own.shape[1]:
            return {}
        hits, misses = nearest_neighbours(near.even, near.others, asked=_asked(near))
        ratio, distance = l_ratio_and_distance(near.own, near.others, n_own=near.n_own, step=near.step)
        return {
            "isolation_distance": distance,
            "l_ratio": ratio,
            "d_prime": discriminant(near.own, near.others).d_prime if len(near.others) else np.nan,
            "nn_hit_rate": hits,
            "nn_miss_rate": misses,
            "silhouette": silhouette(near.own, near.others, near.labels),
        }

    def _drift(self, cluster_id: int) -> dict[str, float]:
        depths, model, motion = self._data.depths, self._model, self._data.motion.known
        spikes = self._facts.spikes(cluster_id)
        if depths.source == TEMPLATES:
            return {}
        times, raw = model.spike_times[spikes], depths.measured_of(spikes)
        observed = drift(times, raw, model.duration_s)
        still = (np.nan, np.nan)
        if motion is not None:
            still = drift(times, depths.moved(raw, spikes, motion), model.duration_s)
        names = [column.name for column in QUALITY[DRIFT]]
        return dict(zip(names, (*observed, *still), strict=True))


def _asked(near: NearSpikes) -> tuple[IntArray, IntArray]:
    """Rows whose neighbours are looked for: evenly, fewer where there are many points."""
    n = int(np.clip(_DISTANCES // max(len(near.even) + len(near.others), 1), *_ASKED))
    return tuple(np.arange(0, len(p), max(1, -(-len(p) // n))) for p in (near.even, near.others))  # type: ignore[return-value]


def plain(value: float | None) -> float | None:
    """Return a number as Python has it, None where it is none."""
    if value is None or not np.isfinite(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else float(value)
