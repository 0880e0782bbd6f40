"""From a selection to coloured contacts: which clusters are on which channel, and what part of the probe that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.contacts import Contacts
from phy_medicine.session.blocks import DataMissing
from phy_medicine.views.probe_shape import Break, Shank, shanks_of, side_by_side, spacing
from phy_medicine.views.probe_spikes import NO_SPIKES, ProbeSpikes
from phy_medicine.views.probe_units import NO_UNITS, Units

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

# What is shown around the selected channels, in distances of contacts; at least so many along the probe.
_AROUND, _LEAST = 2.0, 8.0


@dataclass(frozen=True, slots=True)
class Probe:
    """The probe as it is drawn, which never changes.

    positions : (n_channels, 2) float64, µm, moved to the left by `moved`, (n_channels,), where gaps are shortened
    near : distance of neighbouring contacts, µm; row : least distance of two contacts side by side, µm
    extent : (4,) x0, x1, y0, y1 of all shanks, µm; contacts : their shapes, None where these are not known
    """

    positions: FloatArray
    moved: FloatArray
    shanks: tuple[Shank, ...]
    breaks: tuple[Break, ...]
    near: float
    row: float
    extent: FloatArray
    contacts: Contacts | None = None


@dataclass(frozen=True, slots=True)
class ProbeBlock:
    """Coloured discs on the contacts.

    channels : (n,) int, of each disc; clusters : (n,) uint8, place in the selection; places : (n,) int, place of the
    disc beside the others on its contact; beside : (n,) int, how many these are; peaks : (n,) bool
    shares : (n,) float64, amplitude of the cluster's template there by that at its peak, 0..1
    region : (4,) x0, x1, y0, y1, µm, of the selected clusters, or the extent of the probe without any
    """

    probe: Probe
    channels: IntArray
    clusters: IntArray
    places: IntArray
    beside: IntArray
    peaks: BoolArray
    shares: FloatArray
    region: FloatArray
    units: Units
    spikes: ProbeSpikes = NO_SPIKES


def make_probe(
    positions: FloatArray, shank_ids: IntArray, *, shorten: bool = False, contacts: Contacts | None = None
) -> Probe:
    """Return the geometry of a probe; positions : (n_channels, 2), µm; shank_ids : (n_channels,).

    shorten : long gaps between shanks are not drawn in full
    """
    points = np.asarray(positions, dtype=np.float64)
    near = spacing(points)
    shanks = shanks_of(points, np.asarray(shank_ids))
    moved, breaks = np.zeros(len(points)), ()
    row = _row_distance(points, near)
    if shorten:
        moves, breaks = side_by_side(shanks, near)
        for shank, move in zip(shanks, moves, strict=True):
            moved[shank.channels] = move
        left = [np.array([move, 0.0]) for move in moves]
        shanks = tuple(Shank(s.channels, frozen(s.outline - by)) for s, by in zip(shanks, left, strict=True))
        points = points - np.stack([moved, np.zeros(len(moved))], axis=1)
    corners = np.concatenate([shank.outline for shank in shanks])
    extent = np.stack([corners.min(axis=0), corners.max(axis=0)], axis=1).ravel()
    return Probe(frozen(points), frozen(moved), shanks, breaks, near, row, frozen(extent), contacts)


def _row_distance(points: FloatArray, near: float) -> float:
    """Return the least distance in x of contacts of one row; where each row has one, that of three contacts."""
    order = np.lexsort((points[:, 0], np.round(points[:, 1] / (near / 2))))
    steps = np.diff(points[order], axis=0)
    side = steps[(np.abs(steps[:, 1]) < near / 2) & (steps[:, 0] > near / 4), 0]
    return float(side.min()) if len(side) else 3 * near


def make_block(
    data: DataService,
    probe: Probe,
    cluster_ids: Sequence[int],
    units: Units = NO_UNITS,
    spikes: ProbeSpikes = NO_SPIKES,
) -> ProbeBlock:
    """Return the discs of some clusters, with what else is shown."""
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
        frozen(_shares(data, cluster_ids, channels, clusters)), frozen(_region(probe, channels)), units, spikes,
    )  # fmt: skip


def _shares(data: DataService, cluster_ids: Sequence[int], channels: IntArray, clusters: IntArray) -> FloatArray:
    """Return the amplitude of each disc by the largest of its cluster; 1 where there are no templates."""
    whole = np.ones(len(channels))
    if not len(channels):
        return whole
    try:
        amplitudes = np.nan_to_num(data.template_shapes.amplitudes(cluster_ids)[clusters, channels]).astype(np.float64)
    except DataMissing:
        return whole
    largest = np.zeros(len(cluster_ids))
    np.maximum.at(largest, clusters, amplitudes)
    return np.divide(amplitudes, largest[clusters], out=whole, where=largest[clusters] > 0)


def _region(probe: Probe, channels: IntArray) -> FloatArray:
    if not len(channels):
        return probe.extent.copy()
    points = probe.positions[channels]
    low, high = points.min(axis=0) - _AROUND * probe.near, points.max(axis=0) + _AROUND * probe.near
    short = max(_LEAST * probe.near - (high[1] - low[1]), 0.0) / 2
    return np.array([low[0], high[0], low[1] - short, high[1] + short])
