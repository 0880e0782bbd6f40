"""The last pass over all of a recording: spikes with what the window shows of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting.learning import (
    Bank,
    Model,
    Pass,
    Setting,
    Sorted,
    nearest_channels,
    run_pass,
    templates_at_rest,
)
from phy_medicine.compute.sorting.stages import Stages
from phy_medicine.compute.sorting.stretch_data import Data, windows
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings

N_FEATURE_CHANNELS = 12


@dataclass(frozen=True, slots=True)
class Described:
    """Spikes of a stretch: features (n, P, C) float32 and residuals (n,) float32."""

    features: FloatArray
    residuals: FloatArray


@dataclass(frozen=True, slots=True)
class Describe:
    """Takes features of spikes: of each without the other units and where the tissue would be at rest, and residuals.

    shapes : (P, D); channels : (K, C), -1 for none
    own : (K, C, P), features of the templates, which the data are without
    at_rest : gives data (N, T) of a stretch as they would be if the tissue had not moved
    """

    shapes: FloatArray
    channels: IntArray
    own: FloatArray
    at_rest: Callable[[Data, Stretch], Data]

    @classmethod
    def of(cls, model: Model, setting: Setting, shapes: FloatArray) -> Describe:
        """Describe the spikes of a model."""
        channels = nearest_channels(model.mains, setting.contacts, N_FEATURE_CHANNELS)
        there = templates_at_rest(model)[np.arange(model.n_units)[:, None], channels] * (channels >= 0)[:, :, None]
        return cls(shapes, channels, there @ shapes.T, setting.at_rest)

    def __call__(self, s: Sorted) -> Described:
        """Describe the spikes of a stretch."""
        times, units, amplitudes = s.found.times[s.core], s.found.units[s.core], s.found.amplitudes[s.core]
        left = windows(self.at_rest(s.data, s.stretch), times, units, self.channels, self.shapes.shape[1])
        at_rest = (amplitudes / s.scales[units]).astype(np.float32)
        features = left @ self.shapes.T + at_rest[:, None, None] * self.own[units]
        n_values = np.maximum((self.channels >= 0).sum(axis=1) * self.shapes.shape[1], 1)[units]
        residuals = np.einsum("ncd,ncd->n", left, left) / n_values
        return Described(np.ascontiguousarray(features.transpose(0, 2, 1)), residuals.astype(np.float32))


def final_pass(
    source: Surroundings, every: Sequence[Stretch], bank: Bank, setting: Setting, shapes: FloatArray, stages: Stages,
    *, n_threads: int = 1, progress: Callable[[float], object] = lambda fraction: None,
) -> tuple[Pass, AnyArray, AnyArray, IntArray]:  # fmt: skip
    """Find all spikes; their features go to a file as they come.

    Returns
    -------
    found : spikes
    features : (n, P, C) float32, mapped; residuals : (n,) float32; channels : (K, C) int32, of the features
    """
    describe = Describe.of(bank.model, setting, shapes)
    channels = describe.channels.astype(np.int32)
    features = stages.rows("features", (len(shapes), channels.shape[1]), np.float32)
    residuals: list[FloatArray] = [np.zeros(0, np.float32)]

    def take(described: Described) -> None:
        features.append(described.features)
        residuals.append(described.residuals)

    with features:
        found = run_pass(
            source, every, bank, setting, look=describe, take=take, n_threads=n_threads,
            progress=progress,
        )  # fmt: skip
    return found, features.array(), np.concatenate(residuals), channels


def by_depth(model: Model, contacts: Contacts) -> Model:
    """Return the units in the order of depth, then of their channel."""
    waveforms = model.shapes.at(np.zeros(model.n_units))
    energies = np.einsum("knd,knd->kn", waveforms, waveforms, dtype=np.float64)
    depths = energies @ contacts.positions_um[:, 1] / np.maximum(energies.sum(axis=1), 1e-12)
    return model.of(np.lexsort((model.mains, depths)))
