"""Scores of all templates at every sample, as products of matrices that stay in the processor's cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates

_BLOCK = 64
"""Samples at once: fewer repeat more of the data, more multiply more zeros."""
_TILE = 24
"""Units at once at least; those of one tile have neighbouring channels."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """Units of which all channels lie in one range.

    units : (n,) rows; first, stop : range of channels; weights : (n, (stop - first) P) float32
    """

    units: IntArray
    first: int
    stop: int
    weights: FloatArray


class Scorer:
    """Scores of templates: first the products of every channel with the shared shapes, then their sums.

    Parameters
    ----------
    templates : fewer operations are needed where the channels of each are neighbours in number
    """

    def __init__(self, templates: SparseTemplates) -> None:
        self.templates = templates
        self._shapes = _shifted_shapes(templates.basis, _BLOCK)
        self._tiles = _tiles(templates)

    def __call__(self, data: FloatArray) -> FloatArray:
        """Return the scores (K, T - D + 1) float32 of data (N, T) float32 wherever the whole template fits."""
        width, n_channels = self.templates.width, self.templates.n_channels
        n = data.shape[1] - width + 1
        reach = _BLOCK + width - 1
        out = np.empty((self.templates.n_units, max(0, n)), np.float32)
        piece = np.zeros((n_channels, reach), np.float32)
        for start in range(0, n, _BLOCK):
            part = data[:, start : start + reach]
            piece[:, : part.shape[1]] = part
            piece[:, part.shape[1] :] = 0
            features = (piece @ self._shapes).reshape(-1, _BLOCK)
            n_shapes, stop = len(self.templates.basis), min(n, start + _BLOCK)
            for tile in self._tiles:
                scores = tile.weights @ features[tile.first * n_shapes : tile.stop * n_shapes]
                out[tile.units, start:stop] = scores[:, : stop - start]
        return out


def _shifted_shapes(basis: FloatArray, block: int) -> FloatArray:
    """A matrix (block + D - 1, P block) that correlates a stretch with every shape at `block` samples."""
    n, width = basis.shape
    out = np.zeros((block + width - 1, n, block), np.float32)
    for i in range(block):
        out[i : i + width, :, i] = basis.T
    return out.reshape(block + width - 1, n * block)


def _tiles(templates: SparseTemplates) -> list[_Tile]:
    """Units in the order of their channels, as many at once as pays."""
    first = templates.channels[:, 0]
    last = templates.channels.max(axis=1)
    order = np.argsort(first + last, kind="stable")
    weights = templates.full_weights()
    tiles = []
    for rows in np.array_split(order, max(1, -(-order.size // _TILE))):
        low, high = int(first[rows].min()), int(last[rows].max()) + 1
        tiles.append(_Tile(rows, low, high, np.ascontiguousarray(weights[rows, low:high].reshape(rows.size, -1))))
    return tiles
