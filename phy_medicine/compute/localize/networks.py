"""The networks that turn the waveforms of a spike into a position; import only where torch may be.

Input: (n, 10, 90), channels by row, then by column, each block divided by its largest absolute value.
Output: (n, 3), offset from the anchor in units of 50 µm; a fourth is the logarithm (base 10) of alpha over the scale.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from phy_medicine.compute.localize.network_settings import CNN, TRANSFORMER, WIDE_CNN

N_CHANNELS, N_SAMPLES, PEAK = 10, 90, 30
UNIT_UM = 50.0
N_ROWS, N_COLUMNS = 5, 2
_LAYOUTS = {CNN: ((16, 32, 64), 3, 512), WIDE_CNN: ((32, 64, 96), 5, 320)}


class SlnCnn(nn.Module):
    """Three blocks of filters along time and a head of three layers."""

    def __init__(self, widths: tuple[int, ...], kernel: int, hidden: int, n_outputs: int) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for a, b in zip((N_CHANNELS, *widths[:-1]), widths, strict=True):
            blocks += [nn.Conv1d(a, b, kernel, padding=kernel // 2), nn.BatchNorm1d(b), nn.GELU(), nn.MaxPool1d(2)]
        self.blocks = nn.Sequential(*blocks)
        n_flat = widths[-1] * (N_SAMPLES // 2 ** len(widths))
        self.head = nn.Sequential(
            nn.Linear(n_flat, hidden), nn.GELU(), nn.Linear(hidden, 64), nn.GELU(), nn.Linear(64, n_outputs)
        )

    def features(self, waveforms: Tensor) -> Tensor:
        """Return what the head is given, (n, 704)."""
        return cast(Tensor, self.blocks(waveforms)).flatten(1)

    def forward(self, waveforms: Tensor) -> Tensor:
        return cast(Tensor, self.head(self.features(waveforms)))


class SlnTransformer(nn.Module):
    """One token for each channel, told its row and column."""

    def __init__(self, n_outputs: int, d: int = 128) -> None:
        super().__init__()
        self.embed = nn.Linear(N_SAMPLES, d)
        self.row, self.column = nn.Embedding(N_ROWS, d), nn.Embedding(N_COLUMNS, d)
        layer = nn.TransformerEncoderLayer(
            d, 8, 2 * d, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Sequential(nn.Linear(d, 192), nn.GELU(), nn.Linear(192, 64), nn.GELU(), nn.Linear(64, n_outputs))
        slots = torch.arange(N_CHANNELS)
        self.register_buffer("rows", slots // N_COLUMNS, persistent=False)
        self.register_buffer("columns", slots % N_COLUMNS, persistent=False)

    def features(self, waveforms: Tensor) -> Tensor:
        """Return what the head is given, (n, 128)."""
        tokens = self.embed(waveforms) + self.row(self.rows) + self.column(self.columns)
        return cast(Tensor, self.norm(self.encoder(tokens))).mean(dim=1)

    def forward(self, waveforms: Tensor) -> Tensor:
        return cast(Tensor, self.head(self.features(waveforms)))


Network = SlnCnn | SlnTransformer


def make_network(name: str, *, n_outputs: int = 3, seed: int = 0) -> Network:
    """Return a network with random weights, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if name == TRANSFORMER:
            return SlnTransformer(n_outputs)
        return SlnCnn(*_LAYOUTS[name], n_outputs)


def n_parameters(network: nn.Module) -> int:
    """Return how many numbers the network learns."""
    return sum(p.numel() for p in network.parameters())


def scaled(waveforms: Tensor) -> tuple[Tensor, Tensor]:
    """Return blocks divided by their largest absolute value, float32, and that value, (n,); empty blocks stay."""
    waveforms = waveforms.float()
    scale = waveforms.abs().amax(dim=(1, 2))
    return waveforms / torch.where(scale > 0, scale, 1.0)[:, None, None], scale
