"""From a selection to coloured contacts: which clusters are on which channel, and what part of the probe that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.views.probe_shape import Shank, shanks_of, spacing

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# What is shown around the selected channels, in distances of contacts; at least so many along the probe.
_AROUND, _LEAST = 2.0, 8.0


@dataclass(frozen=True, slots=True)
class Probe:
    """The probe, which never changes.

    positions : (n_channels, 2) float64, µm; near : distance of neighbouring contacts, µm; row : least distance of two
    contacts side by side, µm; extent : (4,) x0, x1, y0, y1 of all shanks, µm
    """

    positions: FloatArray
    shanks: tuple[Shank, ...]
    near: float
    row: float
    extent: FloatArray


@dataclass(frozen=True, slots=True)
class ProbeBlock:
    """Coloured discs on the contacts.

    channels : (n,) int, of each disc; clusters : (n,) uint8, place in the selection; places : (n,) int, place of the
    disc beside the others on its contact; beside : (n,) int, how many these are; peaks : (n,) bool
    region : (4,) x0, x1, y0, y1, µm, of the selected clusters, or the extent of the probe without any
    """

    probe: Probe
    channels: IntArray
    clusters: IntArray
    places: IntArray
    beside: IntArray
    peaks: BoolArray
    region: FloatArray


def make_probe(positions: FloatArray, shank_ids: IntArray) -> Probe:
    """Return the geometry of a probe; positions : (n_channels, 2), µm; shank_ids : (n_channels,)."""
    points = np.asarray(positions, dtype=np.float64)
    near = spacing(points)
    shanks = shanks_of(points, np.asarray(shank_ids))
    corners = np.concatenate([shank.outline for shank in shanks])
    extent = np.stack([corners.min(axis=0), corners.max(axis=0)], axis=1).ravel()
    return Probe(points, shanks, near, _row_distance(points, near), frozen(extent))


def _row_distance(points: FloatArray, near: float) -> float:
    """Return the least distance in x of contacts of one row; where each row has one, that of three contacts."""
    order = np.lexsort((points[:, 0], np.round(points[:, 1] / (near / 2))))
    steps = np.diff(points[order], axis=0)
    side = steps[(np.abs(steps[:, 1]) < near / 2) & (steps[:, 0] > near / 4), 0]
    return float(side.min()) if len(side) else 3 * near


def make_block(data: DataService, probe: Probe, cluster_ids: Sequence[int]) -> ProbeBlock:
    """Return the discs of some clusters."""
    best = [np.asarray(data.best_channels(c), dtype=np.int64) for c in cluster_ids]
    empty = np.zeros(0, dtype=np.int64)
    channels = np.concatenate([empty, *best])
    clusters = np.repeat(np.arange(len(best)), [len(own) for own in best])
    peaks = np.concatenate([empty.astype(bool), *(np.arange(len(own)) == 0 for own in best)])
    # The clusters of a contact stand beside each other in the order of the selection.
    order = np.lexsort((clusters, channels))
    starts = np.searchsorted(channels[order], channels[order])
    places = np.empty(len(channels), dtype=np.int64)
    places[order] = np.arange(len(channels)) - starts
    beside = np.bincount(channels, minlength=len(probe.positions))[channels]
    return ProbeBlock(
        probe, frozen(channels), frozen(clusters.astype(np.uint8)), frozen(places), frozen(beside), frozen(peaks),
        frozen(_region(probe, channels)),
    )  # fmt: skip


def _region(probe: Probe, channels: IntArray) -> FloatArray:
    if not len(channels):
        return probe.extent.copy()
    points = probe.positions[channels]
    low, high = points.min(axis=0) - _AROUND * probe.near, points.max(axis=0) + _AROUND * probe.near
    short = max(_LEAST * probe.near - (high[1] - low[1]), 0.0) / 2
    return np.array([low[0], high[0], low[1] - short, high[1] + short])
