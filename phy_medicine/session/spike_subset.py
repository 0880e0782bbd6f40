"""Chosen spikes as if they were all there are: what a lasso in one view shows of them in another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import IntArray, frozen
from phy_medicine.session.time_ranges import TimeRange


@dataclass(frozen=True, slots=True)
class SpikeSubset(TimeRange):
    """A time range that holds chosen spikes only; `DataService.within` gives the data of these.

    spike_ids : ascending, int64; digest : of them, by which two subsets are told apart
    """

    spike_ids: IntArray = field(compare=False, repr=False, default_factory=lambda: np.zeros(0, dtype=np.int64))
    digest: bytes = b""

    @classmethod
    def of(cls, spike_ids: IntArray, within: TimeRange) -> SpikeSubset:
        """Return a subset of a range; spikes outside of it are left out."""
        inside = frozen(within.cut(np.unique(np.asarray(spike_ids, dtype=np.int64))))
        digest = hashlib.blake2b(inside.tobytes(), digest_size=16).digest()
        return cls(within.start_s, within.stop_s, within.first, within.stop, inside, digest)

    @property
    def text(self) -> str:
        """The subset in words."""
        return f"{len(self.spike_ids):,} chosen spikes"

    def cut(self, spike_ids: IntArray) -> IntArray:
        """Return which of some spikes, ascending, are among the chosen ones."""
        among: IntArray = spike_ids[np.isin(spike_ids, self.spike_ids, assume_unique=True)]
        return among
