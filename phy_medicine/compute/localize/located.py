"""What pictures of positions are made of: the spikes of one method that have a position, and the motion beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.motion.motion import Motion


@dataclass(frozen=True, slots=True)
class Located:
    """Spikes by one method, each with a position.

    name : of the method, for titles
    spike_ids : (n,) int64, row of each in the dataset
    times_s : (n,) float64; um : (n, 3) float64, x, depth and z as observed
    log_alpha : (n,) float64, logarithm (base 10) of the strength
    anchors_um : (n, 2) float64, mean of the contacts around each
    contacts_um : (n_channels, 2) float64
    motion : taken out where a picture says so
    """

    name: str
    spike_ids: IntArray
    times_s: FloatArray
    um: FloatArray
    log_alpha: FloatArray
    anchors_um: FloatArray
    contacts_um: FloatArray
    motion: Motion | None = None

    @classmethod
    def of(
        cls,
        name: str,
        times_s: AnyArray,
        columns: Mapping[str, AnyArray],
        channel_anchors_um: AnyArray,
        contacts_um: AnyArray,
        *,
        motion: Motion | None = None,
    ) -> Self:
        """Take the spikes with a position out of the columns of a run.

        Parameters
        ----------
        columns : x_um, depth_um, z_um, alpha and peak_channels, one value for each spike
        channel_anchors_um : (n_channels, 2)
        """
        um = np.stack([np.asarray(columns[key], np.float64) for key in ("x_um", "depth_um", "z_um")], axis=1)
        alpha = np.asarray(columns["alpha"], np.float64)
        ids = np.flatnonzero(np.isfinite(um).all(axis=1) & (alpha > 0))
        anchors = np.asarray(channel_anchors_um, np.float64)[np.asarray(columns["peak_channels"])[ids]]
        contacts = np.asarray(contacts_um, np.float64)
        times = np.asarray(times_s, np.float64)[ids]
        return cls(name, ids, times, um[ids], np.log10(alpha[ids]), anchors, contacts, motion)

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return len(self.times_s)

    @property
    def steady_um(self) -> FloatArray:
        """(n, 3) positions with the motion taken out."""
        if self.motion is None:
            return self.um
        steady = self.um.copy()
        steady[:, 1] = self.motion.corrected(self.times_s, self.um[:, 1])
        return steady

    @property
    def local_um(self) -> FloatArray:
        """(n, 3) offsets from the anchors."""
        local = self.um.copy()
        local[:, :2] -= self.anchors_um
        return local

    def part(self, rows: IntArray | slice) -> Self:
        """Return some of the spikes."""
        names = ("spike_ids", "times_s", "um", "log_alpha", "anchors_um")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})


def both(a: Located, b: Located) -> tuple[Located, Located]:
    """Return the spikes that two methods have in common, in the same order."""
    _, rows_a, rows_b = np.intersect1d(a.spike_ids, b.spike_ids, assume_unique=True, return_indices=True)
    return a.part(rows_a), b.part(rows_b)
