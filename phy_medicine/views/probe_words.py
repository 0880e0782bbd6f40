"""What the pointer is told over the probe: of a cluster, a contact, or a gap that was shortened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.views.axes import format_number
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.probe_block import Probe, ProbeBlock
from phy_medicine.views.probe_shape import Break
from phy_medicine.views.probe_units import Units

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService

_CLUSTERS_TOLD = 8


def words_of_status(data: DataService, block: ProbeBlock) -> str:
    """Return what the title says: channels of the selection, clusters and spikes that are shown."""
    n_channels = len(block.probe.positions)
    parts = [f"{n_channels:,} channels"]
    if len(block.channels):
        peaks = ", ".join(dict.fromkeys(data.channel_labels[ch] for ch in block.channels[block.peaks]))
        parts = [f"peak {peaks}", f"{len(np.unique(block.channels))} of {n_channels:,} channels"]
    units, spikes = block.units, block.spikes
    if units.n_total:
        n = len(units.cluster_ids)
        parts.append(f"{n:,} clusters" if n == units.n_total else f"{n:,} of {units.n_total:,} clusters")
    if spikes.n_total:
        parts.append(f"{len(spikes.x):,} of {spikes.n_total:,} spikes")
    if block.probe.breaks:
        parts.append("gaps shortened")
    return " · ".join(parts)


def words_of_cluster(data: DataService, probe: Probe, units: Units, row: int) -> str:
    """Return id, group, rate and place of a cluster."""
    cluster_id = int(units.cluster_ids[row])
    x = float(units.x[row] + probe.moved[data.peak_channel(cluster_id)])
    rate = number(float(data.table.numbers("fr", [cluster_id])[0]))
    depth = "corrected depth" if units.corrected else "depth"
    place = f"x {_um(x)}, {depth} {_um(float(units.y[row]))} µm"
    return f"cluster {cluster_id} · {data.table.group(cluster_id)} · {rate} Hz\n{place}"


def words_of_contact(data: DataService, channel: int) -> str:
    """Return label and place of a contact, and the clusters whose peak it is."""
    x, y = data.channel_positions[channel]
    there = data.clusters_at(channel)
    told = ", ".join(map(str, there[:_CLUSTERS_TOLD]))
    more = f" and {len(there) - _CLUSTERS_TOLD} more" if len(there) > _CLUSTERS_TOLD else ""
    peaks = f"peak of cluster{'s' * (len(there) > 1)} {told}{more}" if there else "no cluster has its peak here"
    return f"channel {data.channel_labels[channel]} · x {_um(x)}, depth {_um(y)} µm\n{peaks}"


def words_of_gap(gap: Break) -> str:
    """Return the true width of a gap."""
    return f"{_um(gap.gap_um)} µm between the shanks, drawn shorter"


def _um(value: float) -> str:
    return format_number(value, 0 if abs(value - round(value)) < 0.05 else 1)
