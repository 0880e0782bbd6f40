"""Waveforms of single spikes: cut out of the recording and filtered, or those stored beside the dataset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.bandpass import bandpass
from phy_medicine.compute.detection import noise_levels
from phy_medicine.compute.filtering import highpass
from phy_medicine.compute.signal_filters import HIGH_PASS, SIGNAL_FILTERS
from phy_medicine.compute.waveforms import Filter, extract
from phy_medicine.io.model import Model, StoredWaveforms, WaveformRule
from phy_medicine.io.traces import Traces
from phy_medicine.session.blocks import DataMissing, Waveforms
from phy_medicine.session.cluster_facts import ClusterFacts
from phy_medicine.session.signal_filters import SignalFilters

# Enough of the signal on both sides for a 150 Hz high-pass to settle: a third of its period at 30 kHz.
_MARGIN_S = 0.002
_N_LOOKS = 100


class Window(NamedTuple):
    """Samples before a spike, and from the spike on."""

    before: int
    after: int


class WaveformSource:
    """Reads waveforms for `DataService`; safe to call from any thread."""

    def __init__(self, model: Model, facts: ClusterFacts, filters: SignalFilters | None = None) -> None:
        self._model = model
        self._filters = filters or SignalFilters()
        self._facts = facts

    @property
    def n_before(self) -> int:
        """Samples of a waveform before its spike."""
        subset = self._model.waveform_subset
        if self._model.traces is None and subset is not None:
            return subset.n_samples // 2
        return self._model.waveform_rule.before

    def window(self, before_ms: float = 0.0, after_ms: float = 0.0) -> Window:
        """Return the samples around a spike that can be had; 0 ms stands for what is usual in the dataset."""
        rule, subset, per_ms = self._model.waveform_rule, self._model.waveform_subset, self._model.sample_rate / 1e3
        usual = Window(rule.before, rule.after)
        before, after = round(before_ms * per_ms), round(after_ms * per_ms)
        if self._model.traces is None and subset is not None:
            usual = Window(self.n_before, subset.n_samples - self.n_before)
            before, after = min(before, usual.before), min(after, usual.after)
        before, after = before if before_ms else usual.before, after if after_ms else usual.after
        # A curve has two points.
        return Window(before, max(after, 1, 2 - before))

    def of_cluster(
        self, cluster_id: int, channel_ids: Sequence[int], n: int, window: Window | None = None
    ) -> Waveforms:
        """Return the waveforms of at most n spikes of a cluster, even in time.

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        """
        spike_ids, size = self.some_spikes(cluster_id, n), window or self.window()
        data = self.of_spikes(spike_ids, channel_ids, size)
        n_total = len(self._facts.spikes(cluster_id))
        return Waveforms(spike_ids, frozen(data), np.asarray(channel_ids), size.before, n_total)

    def some_spikes(self, cluster_id: int, n: int) -> IntArray:
        """Return at most n spikes of a cluster that have a waveform, even in time where all have one."""
        subset = self._model.waveform_subset
        if self._model.traces is None and subset is not None:
            stored: IntArray = np.intersect1d(self._facts.spikes(cluster_id), subset.spike_ids)[:n]
            return stored
        return self._facts.pick(cluster_id, n)

    def known(self, spike_ids: IntArray) -> IntArray:
        """Return those of the spikes whose waveforms exist.

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        """
        if self._model.traces is not None:
            return spike_ids
        subset = self._model.waveform_subset
        if subset is None:
            raise DataMissing(self._model.traces_missing)
        stored: IntArray = spike_ids[np.isin(spike_ids, subset.spike_ids)]
        return stored

    def of_spikes(
        self, spike_ids: IntArray, channel_ids: Sequence[int] | IntArray, window: Window | None = None
    ) -> FloatArray:
        """Return the waveforms of exactly these spikes, (n, n_samples, n_channels) float32, raw units.

        Raises
        ------
        DataMissing : neither raw data nor stored waveforms exist
        DatasetError : without raw data, the waveform of one of the spikes is not stored
        """
        traces, subset = self._model.traces, self._model.waveform_subset
        channels, size = np.asarray(channel_ids, dtype=np.int64), window or self.window()
        if traces is None:
            if subset is None:
                raise DataMissing(self._model.traces_missing)
            first = self.n_before - size.before
            return self._stored(subset, spike_ids, channels)[:, first : first + sum(size)]
        return self._cut(traces, self._model.spike_samples[spike_ids], channels, size)

    def noise_levels(self) -> FloatArray | None:
        """Return the noise of each channel in raw units, as waveforms see it; None without raw data.

        (n_channels,) float32: the s.d. of which spikes, being rare, are no part, of a hundred looks spread evenly over
        the recording, each as long as a waveform. Looks without any signal, as in a part that was not recorded, are
        left out.
        """
        traces, size = self._model.traces, self.window()
        if traces is None:
            return None
        samples = np.linspace(size.before, max(traces.n_samples - size.after, size.before), _N_LOOKS).astype(np.int64)
        looks = self._cut(traces, np.unique(samples), np.arange(self._model.n_channels), size)
        looks = looks[looks.any(axis=(1, 2))]
        return noise_levels(looks.reshape(-1, looks.shape[2])) if len(looks) else None

    def _stored(self, subset: StoredWaveforms, spike_ids: IntArray, channels: IntArray) -> FloatArray:
        """Stored waveforms in full length, filtered where the file holds the raw signal; (n, n_samples, n_channels)."""
        rule = self._model.waveform_rule
        if not (subset.is_raw and rule.filtered):
            return subset.get(spike_ids, channels)
        return extract(
            lambda _starts, _n, known: subset.get(spike_ids, known),
            self._model.spike_samples[spike_ids],
            channels,
            before=self.n_before,
            after=subset.n_samples - self.n_before,
            sample_rate=self._model.sample_rate,
            filter=self._filter_of(rule),
        )

    def _cut(self, traces: Traces, samples: IntArray, channels: IntArray, size: Window) -> FloatArray:
        rule = self._model.waveform_rule
        data = extract(
            traces.read_many,
            samples,
            channels,
            before=size.before,
            after=size.after,
            sample_rate=self._model.sample_rate,
            filter=self._filter_of(rule),
            margin=rule.margin if rule.band_hz else self._margin(),
            n_recorded=traces.n_samples,
        )
        if rule.offset or rule.scale != 1:
            data = (data - np.float32(rule.offset)) * np.float32(rule.scale)
        return data

    def _filter_of(self, rule: WaveformRule) -> Filter | None:
        """The dataset's own filter, a plugin's high-pass, or the program's."""
        if not rule.filtered:
            return None
        if rule.band_hz is None:
            plugin = self._filters.plugin(HIGH_PASS)
            if plugin is not None:
                return plugin.apply
            # Of a signal that is sampled too slowly nothing would be left.
            return None if SIGNAL_FILTERS[HIGH_PASS].sections(self._model.sample_rate) is None else highpass
        low_hz, high_hz = rule.band_hz
        return partial(bandpass, low_hz=low_hz, high_hz=high_hz, order=rule.order)

    def _margin(self) -> int:
        plugin, rate = self._filters.plugin(HIGH_PASS), self._model.sample_rate
        return int(_MARGIN_S * rate) if plugin is None else max(plugin.margin(rate), int(_MARGIN_S * rate))
