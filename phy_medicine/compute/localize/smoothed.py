"""Amplitudes with less noise: of waveforms made of the few courses in time that all spikes of a recording share.

The largest less the smallest value of noise alone is four times its standard deviation; it is added, in a way, to every
amplitude, most to the small ones. Three components hold a spike and its delays, and a tenth of the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.compute.localize.contacts import Neighbours
from phy_medicine.compute.localize.localizers import Window
from phy_medicine.compute.localize.spikes import Spikes

N_COMPONENTS = 3
_LARGEST = 6


@dataclass(frozen=True, slots=True)
class Courses:
    """What the waveforms of a recording have in common in time.

    components : (3, n_samples) float32, orthonormal
    """

    components: FloatArray

    @classmethod
    def learn(cls, snippets: FloatArray) -> Self:
        """Return the principal components of the six largest waveforms of each spike, (n, n_slots, n_samples)."""
        order = np.argsort(-np.ptp(snippets, axis=2), axis=1)[:, :_LARGEST, np.newaxis]
        waveforms = np.take_along_axis(snippets, order, axis=1).reshape(-1, snippets.shape[2])
        return cls(frozen(principal(waveforms, N_COMPONENTS)))

    def amplitudes(self, snippets: FloatArray) -> FloatArray:
        """Return the largest less the smallest value of each waveform as the components make it, (..., n_samples)."""
        rebuilt = (snippets @ self.components.T) @ self.components
        found: FloatArray = np.ptp(rebuilt, axis=-1)
        return found

    def measure(self, spikes: Spikes, neighbours: Neighbours, window: Window) -> FloatArray:
        """Return amplitudes of spikes, (n, n_slots) float32, NaN where there is no contact or no signal."""
        snippets = spikes.snippets(neighbours, window.before, window.after)
        amplitudes = self.amplitudes(snippets)
        amplitudes[(neighbours.channel_ids[spikes.channel_ids] < 0) | ~snippets.any(axis=2)] = np.nan
        return amplitudes


def principal(waveforms: FloatArray, n: int) -> FloatArray:
    """Return the first n directions, (n, n_samples) float32, of waveforms about zero, (m, n_samples)."""
    values = waveforms.astype(np.float64)
    _, vectors = np.linalg.eigh(values.T @ values)
    return np.ascontiguousarray(vectors[:, ::-1][:, :n].T, dtype=np.float32)
