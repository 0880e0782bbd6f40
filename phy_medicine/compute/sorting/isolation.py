"""How far the spikes of a unit are from those of others, in the features of its largest channels."""

from __future__ import annotations

from math import nan

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.metrics.isolation import l_ratio_and_distance
from phy_medicine.compute.sorting.unit import Unit

N_CHANNELS, N_DIRECTIONS = 4, 8
_MOST_OWN, _MOST_OTHERS = 5000, 10_000


def isolation(units: list[Unit], shapes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the L-ratio and the isolation distance of each unit, (K,); NaN where they cannot be had.

    shapes : (P, D), of the features. Of each unit its four largest channels are looked at, and the spikes of units that
    have half of them. Far units are counted by no one
    """
    out = np.full((2, len(units)), nan)
    channels = [_main(unit, shapes) for unit in units]
    has = _has(units)
    for k, unit in enumerate(units):
        if len(unit) <= 2 * N_DIRECTIONS or not channels[k].size:
            continue
        near = 2 * has[:, channels[k]].sum(axis=1) >= channels[k].size
        near[k] = False
        others = [units[j] for j in np.flatnonzero(near)]
        step = max(1, sum(map(len, others)) // _MOST_OTHERS)
        rest = [other.kept(np.arange(0, len(other), step)).on(channels[k], shapes) for other in others]
        own = unit.kept(np.arange(0, len(unit), max(1, len(unit) // _MOST_OWN))).on(channels[k], shapes)
        pooled = np.concatenate(rest) if rest else own[:0]
        out[:, k] = l_ratio_and_distance(own, pooled, n_own=len(unit), step=step, n_directions=N_DIRECTIONS)
    return out[0], out[1]


def _has(units: list[Unit]) -> BoolArray:
    """Which units have spikes with features of which channels, (K, N)."""
    out = np.zeros((len(units), len(units[0].template) if units else 0), bool)
    for row, unit in zip(out, units, strict=True):
        if unit.channels is not None and len(unit) and not unit.rejected:
            row[unit.channels[unit.channels >= 0]] = True
    return out


def _main(unit: Unit, shapes: FloatArray) -> IntArray:
    """The largest of the channels that a unit has features of."""
    if not unit.has_features or unit.channels is None:
        return np.zeros(0, np.int64)
    real = unit.channels[unit.channels >= 0]
    heights = np.linalg.norm(unit.template[real] @ shapes.T, axis=1)
    return np.asarray(real[np.argsort(-heights, kind="stable")[:N_CHANNELS]])
