"""Scores of all templates at every sample: sums of channels by each footprint, then correlations with its profile.

Of a template with C channels, D samples and rank R that takes 2 R (C + D) operations a sample. The other way, products
of all N channels with P shared shapes first, takes 2 N P D and 2 C P for each template: more, unless there are many
more templates than channels (N = 64, D = 81, R = 3, P = 6: some 130).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.sorting.sparse_templates import SparseTemplates
from phy_medicine.compute.sorting.whitening import noise_levels

_CHUNK = 2048
"""Samples at once, so that what is between the two steps stays in the processor's cache."""
_TILE = 12
"""Components at once at least; those of one tile have neighbouring channels."""
_LEAST = 1e-6
"""Singular value of a template, of norm 1, that still counts."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """Components of which all channels lie in one range.

    units : (n,) int64, of each component; first, stop : range of channels
    footprints : (n, stop - first) float32; taps : the profiles as the kernel takes them
    """

    units: IntArray
    first: int
    stop: int
    footprints: FloatArray
    taps: FloatArray


class Scorer:
    """Scores of templates, the quicker the nearer in number the channels of each are."""

    def __init__(self, templates: SparseTemplates) -> None:
        self.templates = templates
        self._tiles = _tiles(templates)

    def __call__(self, data: FloatArray) -> FloatArray:
        """Return the scores (K, T - D + 1) float32 of data (N, T) float32 wherever the whole template fits."""
        n = self._n_scores(data)
        out = np.empty((self.templates.n_units, n), np.float32)
        for start in range(0, n, _CHUNK):
            for tile in self._tiles:
                self._add(data, tile, tile.units, start, out)
        return out

    def noise(self, data: FloatArray) -> FloatArray:
        """Return the standard deviation of the scores in noise, (K,), by the median of data (N, T): spikes are rare.

        It is that of the data only where these are white in time; a band-pass makes it up to twice as large.
        """
        n, levels = self._n_scores(data), np.empty(self.templates.n_units)
        for tile in self._tiles:  # the scores of all units would be as large as the data, or larger
            units, rows = np.unique(tile.units, return_inverse=True)
            out = np.empty((units.size, n), np.float32)
            for start in range(0, n, _CHUNK):
                self._add(data, tile, rows, start, out)
            levels[units] = noise_levels(out)
        return levels

    def _n_scores(self, data: FloatArray) -> int:
        return max(0, data.shape[1] - self.templates.width + 1)

    def _add(self, data: FloatArray, tile: _Tile, rows_of: IntArray, start: int, out: FloatArray) -> None:
        """Write the scores of a chunk of data to out; rows_of : (n,), the row of each component there."""
        from phy_medicine.compute.sorting import _kernels_scores as kernels

        stop = min(out.shape[1], start + _CHUNK)
        rows = tile.footprints @ data[tile.first : tile.stop, start : stop + self.templates.width - 1]
        kernels.correlate(rows, tile.taps, rows_of, start, stop, out)


def sum_of_squares(data: FloatArray) -> float:
    """Return the sum of squares of data (N, T) float32, each row contiguous; not finite where a value is not."""
    from phy_medicine.compute.sorting import _kernels_scores as kernels

    return float(sum(kernels.energy(row) for row in data))


def _tiles(templates: SparseTemplates) -> list[_Tile]:
    """Components in the order of their channels, as many at once as pays; those of a unit stay together."""
    from phy_medicine.compute.sorting import _kernels_scores as kernels

    footprints, profiles, units = components(templates)
    has = (templates.full_weights() != 0).any(axis=2)
    first = has.argmax(axis=1)
    last = has.shape[1] - has[:, ::-1].argmax(axis=1)
    order = np.argsort(first + last, kind="stable")
    tiles = []
    for of_tile in np.array_split(order, max(1, units.size // _TILE)):
        low, high = int(first[of_tile].min()), int(last[of_tile].max())
        rows = np.concatenate([np.flatnonzero(units == k) for k in of_tile])
        tiles.append(
            _Tile(
                units[rows],
                low,
                high,
                np.ascontiguousarray(footprints[rows, low:high]),
                kernels.taps_of(profiles[rows]),
            )
        )
    return tiles


def components(templates: SparseTemplates) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return footprints (n, N), profiles (n, D) and units (n,) whose products add up to the templates."""
    left, values, right = np.linalg.svd(templates.full_weights().astype(np.float64), full_matrices=False)
    units, ranks = np.nonzero(values > _LEAST)
    footprints = left[units, :, ranks] * (templates.full_weights()[units] != 0).any(axis=2)
    profiles = values[units, ranks, None] * (right[units, ranks] @ templates.basis)
    return footprints.astype(np.float32), profiles.astype(np.float32), units.astype(np.int64)
