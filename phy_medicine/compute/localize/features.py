"""What the head of a network is given, while the layers before it stay as they are; import only where torch may be."""

from __future__ import annotations

import torch
from torch import Tensor

from phy_medicine.compute.localize.train import Trainer

MOST_BYTES = 1 << 30
"""Kept where all take no more: 380,000 spikes of the small network, 2 M of the transformer."""
PIECE = 1024


class Features:
    """Features of spikes, (n, n_features) float32 on the trainer's device.

    Those of all spikes are computed once, or, where they would fill the memory, each time anew.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._kept: Tensor | None = None
        first = trainer.network.head[0]
        assert isinstance(first, torch.nn.Linear)
        self._width = first.in_features
        if 4 * self._width * trainer.examples.n_spikes <= MOST_BYTES:
            self._kept = self._computed(torch.arange(trainer.examples.n_spikes))

    def __call__(self, spikes: Tensor) -> Tensor:
        """Return the features of some spikes."""
        return self._computed(spikes) if self._kept is None else self._kept[spikes.to(self._kept.device)]

    @torch.no_grad()
    def _computed(self, spikes: Tensor) -> Tensor:
        t = self._trainer
        t.network.eval()
        found = torch.empty((len(spikes), self._width), device=t.device)
        for part, into in zip(spikes.split(PIECE), found.split(PIECE), strict=True):
            into.copy_(t.network.features(t.waveforms(part)))
        return found
