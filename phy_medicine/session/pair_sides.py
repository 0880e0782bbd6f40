"""What pairs of clusters are compared by: trains, mean templates and waveforms, scores, places."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.metrics.contamination import refractory_pairs
from phy_medicine.compute.pairs.footprints import Footprint, mixed
from phy_medicine.compute.pairs.weigh import COINCIDENT_MS, REFRACTORY_MS, PairSide, Recorded
from phy_medicine.curation.selector import spread
from phy_medicine.io.features import FeatureRows
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.shared_channels import shared_channels

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.session.session import Session

N_SCORES, N_WAVEFORMS, N_CHANNELS = 1000, 100, 6
"""Spikes of a cluster whose scores are compared, and whose waveforms are averaged; channels of the scores at most."""
_KEPT_BYTES = 64 << 20
_N_TIMES = 1000


class PairSides:
    """Reads what is needed of each cluster once, and keeps it within 64 MB; an id never changes its spikes.

    Safe in any thread, but for what is asked of the same cluster at once being read twice.
    """

    def __init__(self, session: Session) -> None:
        self._model, self._facts, self._data = session.model, session.facts, session.data
        self._channels, self._places = session.clusters.channels, session.positions
        self._cache = ArrayCache(_KEPT_BYTES)
        rate = self._model.sample_rate
        self.recorded = Recorded(rate, max(round(self._model.duration_s * rate), 1))

    def forget(self) -> None:
        """Read everything again: the signal is filtered otherwise from now on."""
        self._cache.clear()

    def pair(self, first: int, second: int) -> tuple[PairSide, PairSide]:
        """Return both clusters of a pair, their scores on the channels that they share."""
        sides, channels = [self.of(first), self.of(second)], self.shared_channels((first, second))
        if len(channels):
            sides = [self._with_scores(s, c, channels) for s, c in zip(sides, (first, second), strict=True)]
        return sides[0], sides[1]

    def of(self, cluster_id: int) -> PairSide:
        """Return what a cluster is compared by, without scores."""
        return self._cache.get(("side", cluster_id), lambda: self._read(cluster_id))

    def shared_channels(self, cluster_ids: Sequence[int]) -> IntArray:
        """Return the channels on which the spikes of all clusters have scores, those on which all are large first.

        Six at most; none without features.
        """
        if self._model.features is None:
            return np.zeros(0, np.int64)
        best = [self._channels.of(c) for c in cluster_ids]
        return shared_channels(best, [self._data.channels_with_features(c) for c in cluster_ids], N_CHANNELS)

    def place_um(self, cluster_id: int, motion: Motion | None) -> tuple[FloatArray, float]:
        """Return where a cluster is, (2,) x and y, motion taken out, and how far the tissue had moved then; µm.

        By the localization in use, else the centre of mass of the mean template, moved back by the mean motion over the
        spikes; without a motion that is NaN.
        """
        observed = self._center_um(cluster_id)
        moved = nan
        if motion is not None:
            times = self._model.spike_times[self._facts.pick(cluster_id, _N_TIMES)]
            moved = float(motion.at(times, np.full(len(times), observed[1])).mean()) if len(times) else nan
        localized = self._places.get(cluster_id)
        if localized is not None:
            return np.array([localized.x_um, localized.still_um]), moved
        return observed - (0.0, 0.0 if moved != moved else moved), moved

    def _read(self, cluster_id: int) -> PairSide:
        spikes = self._facts.spikes(cluster_id)
        samples = np.asarray(self._model.spike_samples[spikes], np.int64)
        amplitudes = None if self._model.amplitudes is None else frozen(self._model.amplitudes[spikes])
        limits = self.recorded.samples(COINCIDENT_MS), self.recorded.samples(REFRACTORY_MS)
        template, waveform = self._template(cluster_id), self._waveform(cluster_id)
        return PairSide(frozen(samples), amplitudes, refractory_pairs(samples, *limits), template, waveform)

    def _template(self, cluster_id: int) -> Footprint | None:
        """The mean of the templates that the spikes were found with."""
        if not self._model.has_templates:
            return None
        ids, counts = self._facts.template_counts(cluster_id)
        there = ids < self._model.n_templates
        parts = [self._model.template(int(t)) for t in ids[there]]
        if not parts:
            return None
        return mixed([Footprint(p.channel_ids, p.data) for p in parts], counts[there] / counts[there].sum())

    def _waveform(self, cluster_id: int) -> Footprint | None:
        """The mean of some waveforms of the recording."""
        source, channels = self._data.waveform_source, self._channels.of(cluster_id)
        try:
            spikes = source.some_spikes(cluster_id, N_WAVEFORMS)
            mean = source.of_spikes(spikes, channels).mean(axis=0) if len(spikes) else None
        except DataMissing:
            return None
        return None if mean is None or not np.isfinite(mean).all() else Footprint(channels, mean)

    def _center_um(self, cluster_id: int) -> FloatArray:
        side, positions = self.of(cluster_id), self._model.channel_positions
        footprint = side.template if side.template is not None else side.waveform
        if footprint is None or not footprint.norm > 0:
            return np.asarray(positions[self._channels.of(cluster_id)[0]], np.float64)
        return footprint.center_um(positions)

    # Scores

    def _with_scores(self, side: PairSide, cluster_id: int, channels: IntArray) -> PairSide:
        rows = self._cache.get(("scores", cluster_id), lambda: self._rows(cluster_id))
        return PairSide(
            side.samples, side.amplitudes, side.n_refractory, side.template, side.waveform, rows.on(channels)
        )

    def _rows(self, cluster_id: int) -> FeatureRows:
        store, spikes = self._model.features, self._facts.spikes(cluster_id)
        assert store is not None
        spikes = spikes if store.complete else spikes[store.has_row(spikes)]
        return store.read(spikes[spread(len(spikes), N_SCORES)])
