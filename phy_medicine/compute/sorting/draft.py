"""A sorting before it is known which units are good: what is handed to post-processing, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.result import SortedChannels, SortedSpikes
from phy_medicine.compute.sorting.unit import Unit, features_into, spikes_of, units_of
from phy_medicine.compute.sorting.whitening import Whitening


def in_memory(shape: tuple[int, ...]) -> FloatArray:
    """Return an array of a shape, float32."""
    return np.empty(shape, np.float32)


@dataclass(frozen=True, slots=True)
class Draft:
    """Spikes and templates of a whole recording; fields as of `Sorting`."""

    spikes: SortedSpikes
    templates: FloatArray
    trough: int
    feature_channels: IntArray
    feature_shapes: FloatArray
    channels: SortedChannels
    whitening: Whitening
    sample_rate: float
    n_samples: int

    @property
    def duration_s(self) -> float:
        """Length of the recording, s."""
        return self.n_samples / self.sample_rate

    def units(self) -> list[Unit]:
        """Return each unit with its spikes."""
        s = self.spikes
        return units_of(
            self.templates, s.times, s.units, s.amplitudes, gains=s.gains, residuals=s.residuals, features=s.features,
            channels=self.feature_channels,
        )  # fmt: skip

    def with_units(self, units: list[Unit], empty: Callable[[tuple[int, ...]], FloatArray] = in_memory) -> Draft:
        """Return the draft with other units, at least one, in their order, and with the spikes they have.

        empty : makes an array of a shape, float32, for their features
        """
        features = empty((sum(map(len, units)), *self.spikes.features.shape[1:]))
        features_into(units, features)
        spikes = SortedSpikes(
            spikes_of(units, "times"), spikes_of(units, "units"), spikes_of(units, "amplitudes"),
            spikes_of(units, "gains"), spikes_of(units, "residuals"), features,
        )  # fmt: skip
        channels = np.stack([u.channels for u in units if u.channels is not None]).astype(np.int32)
        return replace(self, spikes=spikes, templates=np.stack([u.template for u in units]), feature_channels=channels)
