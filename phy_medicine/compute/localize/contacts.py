"""Which contacts of a probe belong to a spike, in tables with one row for each channel on which a spike can peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen

N_NEAREST = 10
_TIE_UM = 1e-6
"""Distances that differ by less are equal: positions are often sums of pitches."""
_PARENT_SHELLS = 3


@dataclass(frozen=True, slots=True)
class Contacts:
    """Where the channels of a recording lie.

    positions_um : (n_channels, 2) float64, x and depth
    shanks : (n_channels,) int; channels of different numbers never belong to one spike
    """

    positions_um: FloatArray
    shanks: IntArray

    @classmethod
    def of(cls, positions_um: AnyArray, shanks: Sequence[int] | IntArray | None = None) -> Contacts:
        """Make contacts of arrays; without shanks all are on one.

        Raises
        ------
        ValueError : positions of another shape, or not finite
        """
        positions = np.array(positions_um, dtype=np.float64)
        if positions.ndim != 2 or positions.shape[1] != 2 or not np.isfinite(positions).all():
            raise ValueError(f"Contacts are finite positions (n_channels, 2), not of shape {positions.shape}.")
        numbers = np.zeros(len(positions), np.int64) if shanks is None else np.array(shanks, np.int64)
        if numbers.shape != positions.shape[:1]:
            raise ValueError(f"{len(positions)} contacts need as many shanks, not {numbers.shape}.")
        return cls(frozen(positions), frozen(numbers))

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.positions_um)

    def distances(self, channel_id: int) -> FloatArray:
        """Return the distance of every channel from one, (n_channels,) µm, infinite on another shank."""
        away = np.hypot(*(self.positions_um - self.positions_um[channel_id]).T)
        return np.where(self.shanks == self.shanks[channel_id], away, np.inf)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The contacts of a spike, by the channel where it peaks.

    channel_ids : (n_channels, n_slots) int32, by depth, then by x; -1 fills rows that have fewer
    """

    contacts: Contacts
    channel_ids: IntArray

    @property
    def n_slots(self) -> int:
        """Contacts of a spike at most."""
        return int(self.channel_ids.shape[1])

    @property
    def positions_um(self) -> FloatArray:
        """(n_channels, n_slots, 2) float64, NaN where there is no contact."""
        positions = self.contacts.positions_um[self.channel_ids]
        positions[self.channel_ids < 0] = np.nan
        return positions

    @property
    def anchors_um(self) -> FloatArray:
        """(n_channels, 2) float64, x and depth of the mean of a row's contacts."""
        anchors: FloatArray = np.nanmean(self.positions_um, axis=1)
        return anchors


def nearest(contacts: Contacts, n: int = N_NEAREST) -> Neighbours:
    """Return the n contacts nearest to each one, itself among them; of equally near ones the first channels.

    At the end of a probe they lie to one side; a shank of fewer contacts gives fewer.
    """
    rows = []
    for channel_id in range(contacts.n_channels):
        away = contacts.distances(channel_id)
        order = np.argsort(_steps(away), kind="stable")[:n]
        rows.append(order[np.isfinite(away[order])])
    return _table(contacts, rows)


def within(contacts: Contacts, radius_um: float) -> Neighbours:
    """Return the contacts that are at most this far from each one, itself among them."""
    limit = radius_um + _TIE_UM
    return _table(contacts, [np.flatnonzero(contacts.distances(c) <= limit) for c in range(contacts.n_channels)])


def _steps(away: FloatArray) -> FloatArray:
    """Distances in which equal ones are equal to the bit."""
    return np.round(away / _TIE_UM)


def _table(contacts: Contacts, rows: Sequence[IntArray]) -> Neighbours:
    table = np.full((len(rows), max(map(len, rows), default=0)), -1, dtype=np.int32)
    x, depth = contacts.positions_um.T
    for row, channels in zip(table, rows, strict=True):
        row[: len(channels)] = channels[np.lexsort((channels, x[channels], depth[channels]))]
    return Neighbours(contacts, frozen(table))


@dataclass(frozen=True, slots=True)
class Decrease:
    """In which order amplitudes are made to fall off outwards, and below what each has to stay.

    order : (n_channels, n_slots) int32, slots of a row from the inside out, -1 after the last
    starts : (n_channels, n_slots + 1) int32, where the parents of each place in `order` begin
    parents : (n,) int32, slots

    The nearest contacts have no parents; those of another are the contacts nearer to the peak that lie within its own
    three shortest distances to contacts of the probe.

    Source: the radial order of parents in SpikeInterface's monopolar triangulation, by C. Windolf.
    """

    order: IntArray
    starts: IntArray
    parents: IntArray


def decrease(neighbours: Neighbours) -> Decrease:
    """Return the order of decrease for each row of a table of contacts."""
    contacts, table = neighbours.contacts, neighbours.channel_ids
    reach = np.array([_reach(contacts.distances(c)) for c in range(contacts.n_channels)])
    order = np.full(table.shape, -1, dtype=np.int32)
    starts = np.zeros((table.shape[0], table.shape[1] + 1), dtype=np.int32)
    parents: list[IntArray] = []
    n_parents = 0
    for row, channels in enumerate(table):
        channels = channels[channels >= 0]
        away = _steps(contacts.distances(row)[channels])
        inner = np.unique(away)[:2]  # the peak itself and the contacts around it
        slots = np.argsort(away, kind="stable")
        of = channels[slots]
        x, depth = (contacts.positions_um[of, k, np.newaxis] - contacts.positions_um[channels, k] for k in (0, 1))
        near = np.hypot(x, depth) <= reach[of, np.newaxis]
        found = near & (away < away[slots, np.newaxis]) & (away[slots] > inner[-1])[:, np.newaxis]
        order[row, : len(slots)] = slots
        starts[row, 0] = n_parents
        starts[row, 1 : len(slots) + 1] = n_parents + np.cumsum(found.sum(axis=1))
        n_parents += int(found.sum())
        starts[row, len(slots) + 1 :] = n_parents
        parents.append(np.nonzero(found)[1])
    joined = np.concatenate(parents) if parents else np.zeros(0)
    return Decrease(frozen(order), frozen(starts), frozen(joined.astype(np.int32)))


def _reach(away: FloatArray) -> float:
    """The third of the distances to other contacts, or the last where there are fewer."""
    steps = np.unique(_steps(away[np.isfinite(away)]))[1 : _PARENT_SHELLS + 1]
    return float(steps[-1] + 0.5) * _TIE_UM if len(steps) else 0.0
