"""Positions of spikes by a trained network; import only where torch may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.compute.localize.contacts import Neighbours
from phy_medicine.compute.localize.examples import BEFORE, network_waveforms
from phy_medicine.compute.localize.localizers import Positions, Window, strengths
from phy_medicine.compute.localize.networks import UNIT_UM, scaled
from phy_medicine.compute.localize.spikes import Spikes

CPU_BATCH, CARD_BATCH = 1024, 1 << 15
"""1,024 spikes stay in the processor's cache: 25,600 a second and thread, of 4,096 at once 22,800."""


def predict(network: nn.Module, waveforms: AnyArray, *, device: str = "cpu") -> FloatArray:
    """Return what a network gives for waveforms (n, 10, 90): (n, n_outputs) float32, offsets in µm.

    A fourth column is the logarithm (base 10) of the strength.
    """
    network.eval()
    batch = CPU_BATCH if device == "cpu" else CARD_BATCH
    pieces = []
    with torch.inference_mode():
        for start in range(0, len(waveforms), batch):
            blocks, scale = scaled(torch.from_numpy(np.array(waveforms[start : start + batch])).to(device))
            out = network(blocks)
            out[:, :3] *= UNIT_UM
            out[:, 2].clamp_min_(0.0)
            if out.shape[1] > 3:
                out[:, 3] += torch.log10(scale.clamp_min(1e-12))
            pieces.append(out.cpu().numpy())
    return np.concatenate(pieces) if pieces else np.zeros((0, 3), np.float32)


@dataclass(frozen=True, slots=True)
class NetworkLocalizer:
    """A trained network in the form of `Localizer`.

    neighbours : see `examples.network_neighbours`
    window : in which amplitudes are taken for the strength, where the network does not give it
    """

    network: nn.Module
    neighbours: Neighbours
    window: Window
    device: str = "cpu"

    @property
    def batch(self) -> int:
        """See `Localizer`."""
        return 1 if self.device == "cpu" else CARD_BATCH

    def measure(self, spikes: Spikes) -> FloatArray:
        """Return the waveforms."""
        return network_waveforms(spikes, self.neighbours)

    def solve(self, features: FloatArray, channel_ids: IntArray) -> Positions:
        """Return positions; spikes without any signal have none."""
        out = predict(self.network, features, device=self.device).astype(np.float64)
        um = out[:, :3].copy()
        um[:, :2] += self.neighbours.anchors_um[channel_ids]
        part = features[:, :, max(0, BEFORE - self.window.before) : BEFORE + self.window.after]
        heights = np.ptp(part, axis=2)
        known = heights.max(axis=1) > 0
        um[~known] = np.nan
        alpha = 10 ** out[:, 3] if out.shape[1] > 3 else strengths(heights, channel_ids, self.neighbours, um)
        return Positions(um, np.where(known, alpha, np.nan), known)
