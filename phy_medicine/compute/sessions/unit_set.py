"""The units of one session, as they are compared with those of another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen


@dataclass(frozen=True)
class UnitSet:
    """Mean waveforms of the units of a session, on a few contacts each.

    cluster_ids : (n,) int64, ascending
    halves : (n, 2, n_samples, n_local) float32, means over spikes of the first and of the second half of each unit's;
        the same twice where single spikes have no waveforms
    channel_ids : (n, n_local) int64, contact of each column, -1 where unused
    positions_um : (n_channels, 2) float64, x and depth of the contacts, the same for all sessions
    displacement_um : (n,) float64, where the tissue was, on average, when the unit fired; 0 where no motion is known
    """

    cluster_ids: IntArray
    halves: FloatArray
    channel_ids: IntArray
    positions_um: FloatArray
    displacement_um: FloatArray

    @property
    def n(self) -> int:
        """How many units."""
        return len(self.cluster_ids)

    @cached_property
    def mean(self) -> FloatArray:
        """(n, n_samples, n_local) float32, mean of both halves."""
        return np.asarray(self.halves.mean(axis=1), np.float32)

    @cached_property
    def sizes(self) -> FloatArray:
        """(n, n_local) float64, peak-to-peak amplitudes; 0 on unused columns."""
        return np.where(self.channel_ids >= 0, np.ptp(self.mean, axis=1), 0.0).astype(np.float64)

    @cached_property
    def amplitudes(self) -> FloatArray:
        """(n,) float64, peak-to-peak amplitude on the largest contact."""
        return frozen(self.sizes.max(axis=1, initial=0.0))

    @cached_property
    def peak_waves(self) -> FloatArray:
        """(n, n_samples) float64, waveform of the largest contact."""
        columns = self.sizes.argmax(axis=1) if self.n else np.zeros(0, np.int64)
        return np.take_along_axis(self.mean, columns[:, None, None], axis=2)[:, :, 0].astype(np.float64)

    @cached_property
    def centers_um(self) -> FloatArray:
        """(n, 2) float64, x and depth: centre of mass of the squared amplitudes, with the motion taken out."""
        return self.centers_of(self.mean)

    def centers_of(self, waves: FloatArray) -> FloatArray:
        """Return the centres of other waveforms (n, n_samples, n_local) on the same contacts, (n, 2) float64, µm."""
        weights = np.where(self.channel_ids >= 0, np.ptp(waves, axis=1).astype(np.float64) ** 2, 0.0)
        # Far contacts hold noise, which would draw every centre to the middle of the contacts.
        weights = np.where(weights > 0.05 * weights.max(axis=1, keepdims=True), weights, 0.0)
        total = np.maximum(weights.sum(axis=1), np.finfo(np.float64).tiny)
        places = np.einsum("nl,nld->nd", weights, self.positions_um[self.channel_ids]) / total[:, None]
        places[:, 1] -= self.displacement_um
        return places
