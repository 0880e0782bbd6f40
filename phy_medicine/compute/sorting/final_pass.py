"""The last pass over all of a recording: spikes with what the window shows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting.bank import Bank
from phy_medicine.compute.sorting.model import Model, Setting, nearest_channels, templates_at_rest
from phy_medicine.compute.sorting.pursuit import log_likelihood
from phy_medicine.compute.sorting.result import SortedSpikes
from phy_medicine.compute.sorting.stages import Stages
from phy_medicine.compute.sorting.stretch_data import Data, windows
from phy_medicine.compute.sorting.stretch_spikes import Sorted, sort_stretches
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings

N_FEATURE_CHANNELS = 12
_COLUMNS = {
    "times": np.int64, "units": np.int32, "amplitudes": np.float32, "gains": np.float32, "residuals": np.float32,
    "explained": np.float64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Described:
    """Spikes of a stretch, by column `SortedSpikes` and by how much they lessen the sum of squares of the data.

    spikes : times are of the begin of their templates
    explained : (n,) float64; energy, n_points : of the stretch, as of `Sorted`
    """

    spikes: SortedSpikes
    explained: FloatArray
    energy: float
    n_points: int


@dataclass(frozen=True, slots=True)
class Describe:
    """Describes spikes: features of each without the other units and where the tissue would be at rest, residuals.

    shapes : (P, D); channels : (K, C), -1 for none
    own : gives for a window the features (K, C, P) of the templates there, which the data are without
    at_rest : gives data (N, T) of a stretch as they would be if the tissue had not moved
    """

    shapes: FloatArray
    channels: IntArray
    own: Callable[[int], FloatArray]
    at_rest: Callable[[Data, Stretch], Data]

    @classmethod
    def of(cls, bank: Bank, setting: Setting, shapes: FloatArray) -> Describe:
        """Describe the spikes of the units of a bank."""
        channels = nearest_channels(bank.model.mains, setting.contacts, N_FEATURE_CHANNELS)

        @lru_cache(maxsize=4)
        def own(window: int) -> FloatArray:
            there = templates_at_rest(bank.model_in(window))[np.arange(bank.model.n_units)[:, None], channels]
            return np.asarray((there * (channels >= 0)[:, :, None]) @ shapes.T)

        return cls(shapes, channels, own, setting.at_rest)

    def __call__(self, s: Sorted) -> Described:
        """Describe the spikes of a stretch."""
        own = s.own()
        left = windows(self.at_rest(s.data, s.stretch), own.times, own.units, self.channels, self.shapes.shape[1])
        amplitudes = own.amplitudes.astype(np.float32)
        features = left @ self.shapes.T + amplitudes[:, None, None] * self.own(s.where.window)[own.units]
        n_values = np.maximum((self.channels >= 0).sum(axis=1) * self.shapes.shape[1], 1)[own.units]
        residuals = np.einsum("ncd,ncd->n", left, left) / n_values
        spikes = SortedSpikes(
            own.times + s.begin, own.units.astype(np.int32), amplitudes, own.gains.astype(np.float32),
            residuals.astype(np.float32), np.ascontiguousarray(features.transpose(0, 2, 1)),
        )  # fmt: skip
        return Described(spikes, own.explained, s.energy, s.n_points)


@dataclass(frozen=True, slots=True)
class AllSpikes:
    """What the last pass found.

    spikes : times are of the troughs; features are mapped
    channels : (K, C) int32, of the features; log_likelihood : per data point, of noise of 1
    """

    spikes: SortedSpikes
    channels: IntArray
    log_likelihood: float


def final_pass(
    source: Surroundings, every: Sequence[Stretch], bank: Bank, setting: Setting, shapes: FloatArray, stages: Stages,
    *, n_threads: int = 1, progress: Callable[[float], object] = lambda fraction: None,
) -> AllSpikes:  # fmt: skip
    """Find all spikes; of each there are 32 bytes in memory, and their features go to a file as they come."""
    describe = Describe.of(bank, setting, shapes)
    channels = describe.channels.astype(np.int32)
    features = stages.rows("features", (len(shapes), channels.shape[1]), np.float32)
    columns: list[list[AnyArray]] = [[np.zeros(0, dtype)] for dtype in _COLUMNS.values()]
    energy, n_points = 0.0, 0
    with features:
        for n, described in enumerate(sort_stretches(source, every, bank, describe, n_threads=n_threads)):
            spikes = described.spikes
            features.append(spikes.features)
            for column, name in zip(columns, _COLUMNS, strict=True):
                column.append(described.explained if name == "explained" else getattr(spikes, name))
            energy, n_points = energy + described.energy, n_points + described.n_points
            progress((n + 1) / len(every))
    *found, explained = (np.concatenate(column) for column in columns)
    found[0] += setting.trough
    likelihood = log_likelihood(energy, explained, n_points)
    return AllSpikes(SortedSpikes(*found, features.array()), channels, likelihood)


def by_depth(model: Model, contacts: Contacts) -> Model:
    """Return the units in the order of depth, then of their channel."""
    waveforms = model.shapes.at(np.zeros(model.n_units))
    energies = np.einsum("knd,knd->kn", waveforms, waveforms, dtype=np.float64)
    depths = energies @ contacts.positions_um[:, 1] / np.maximum(energies.sum(axis=1), 1e-12)
    return model.of(np.lexsort((model.mains, depths)))
