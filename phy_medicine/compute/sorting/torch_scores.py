"""Scores of all templates at every sample on a device of torch, by products of matrices alone; needs torch.

Channels are added up by each footprint, one product. Then each profile is laid out as the matrix that takes a span of
samples and what follows it to the scores of that span: as many operations again as needed, but of the kind at which a
graphics card is twenty times as fast as at short convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.sorting.scores import components
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates
from phy_medicine.compute.sorting.torch_rows import median
from phy_medicine.compute.sorting.whitening import levels_of

SPAN = 64
"""Samples that one matrix gives; the profile's length is worked in vain beside them."""
_MOST_VALUES = 1 << 25
"""In memory at once between the two products, 128 MB."""


@dataclass(frozen=True, slots=True)
class _Rank:
    """Templates of one rank R. units : (n,); rows : (n, R), their components; taps : (n, R (SPAN + D - 1), SPAN)."""

    units: Tensor
    rows: Tensor
    taps: Tensor


class TorchScorer:
    """Scores of templates, as `Scorer` gives them, on a device."""

    def __init__(self, templates: SparseTemplates, device: str) -> None:
        self.n_units, self.width = templates.n_units, templates.width
        footprints, profiles, units = components(templates)
        self._footprints = torch.as_tensor(footprints, device=device)
        taps = torch.as_tensor(_taps(profiles), device=device)
        counts = np.bincount(units, minlength=self.n_units)
        firsts = np.cumsum(counts) - counts
        self._ranks = []
        for rank in np.unique(counts).tolist():
            of_rank = np.flatnonzero(counts == rank)
            rows = torch.as_tensor(firsts[of_rank, None] + np.arange(rank), device=device)
            flat = taps[rows].flatten(1, 2)
            self._ranks.append(_Rank(torch.as_tensor(of_rank, device=device), rows, flat))

    def __call__(self, data: Tensor) -> Tensor:
        """Return the scores (K, T - D + 1) float32 of data (N, T) float32 wherever the whole template fits."""
        n = max(0, data.shape[1] - self.width + 1)
        n_spans = -(-n // SPAN)
        out = torch.empty((self.n_units, n_spans * SPAN), dtype=torch.float32, device=data.device)
        if n:
            missing = n_spans * SPAN + self.width - 1 - data.shape[1]
            sums = self._footprints @ torch.nn.functional.pad(data, (0, missing))
            for rank in self._ranks:
                self._correlate(sums, rank, out)
        return out[:, :n]

    def _correlate(self, sums: Tensor, rank: _Rank, out: Tensor) -> None:
        per_unit = rank.taps.shape[1] * (out.shape[1] // SPAN)
        at_once = max(1, _MOST_VALUES // max(1, per_unit))
        for first in range(0, len(rank.units), at_once):
            some = slice(first, first + at_once)
            spans = sums[rank.rows[some]].unfold(2, SPAN + self.width - 1, SPAN)
            spans = spans.permute(0, 2, 1, 3).flatten(2)
            out[rank.units[some]] = torch.bmm(spans, rank.taps[some]).flatten(1)

    def noise(self, data: Tensor) -> FloatArray:
        """Return the standard deviation of the scores in noise, (K,) float64, by the median of data (N, T)."""
        return levels_of(median(self(data).abs()).double().cpu().numpy())


def _taps(profiles: FloatArray) -> FloatArray:
    """Profiles (n, D) as matrices (n, SPAN + D - 1, SPAN) of what each sample adds to the scores of a span."""
    n, width = profiles.shape
    out = np.zeros((n, SPAN + width - 1, SPAN), np.float32)
    for t in range(SPAN):
        out[:, t : t + width, t] = profiles
    return out
