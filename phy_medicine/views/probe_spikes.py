"""Spikes of the selected clusters on the probe, each where it was localized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen

if TYPE_CHECKING:
    from phy_medicine.session.data import DataService
    from phy_medicine.session.view_host import ViewRequest
    from phy_medicine.views.scene import Scene

# Of each cluster; more points only cover each other on so small a panel.
_MOST = 2000
_SIZE, _STRENGTH = 2.0, 0.8


@dataclass(frozen=True, slots=True)
class ProbeSpikes:
    """At most 2,000 spikes of each cluster, even in time, that have a position.

    x, y : (n,) float32, µm, x as it is drawn; rows : (n,) uint8, the cluster's place in the selection
    n_total : spikes of the clusters
    """

    x: FloatArray
    y: FloatArray
    rows: IntArray
    n_total: int = 0


NO_SPIKES = ProbeSpikes(
    frozen(np.zeros(0, dtype=np.float32)), frozen(np.zeros(0, dtype=np.float32)), frozen(np.zeros(0, dtype=np.uint8))
)


def make_spikes(data: DataService, request: ViewRequest, moved: FloatArray) -> ProbeSpikes:
    """Return the spikes of the clusters, none without a localization in use; moved : as in `Probe`.

    Depths are without the motion while the session shows them so.
    """
    positions = data.localization.known
    if positions is None or not request.cluster_ids:
        return NO_SPIKES
    some = [ids[:: max(1, -(-len(ids) // _MOST))] for ids in request.spike_ids]
    counts = [len(ids) for ids in some]
    ids = np.concatenate(some)
    xy = positions.of(ids)
    motion = data.motion.shown if data.motion.corrected else None
    y = xy[:, 1] if motion is None else data.depths.moved(xy[:, 1], ids, motion)
    x = xy[:, 0] - np.repeat([moved[data.peak_channel(c)] for c in request.cluster_ids], counts)
    rows = np.repeat(np.arange(len(some), dtype=np.uint8), counts)
    known = np.isfinite(x) & np.isfinite(y)
    n_total = sum(len(ids) for ids in request.spike_ids)
    return ProbeSpikes(frozen(x[known].astype(np.float32)), frozen(y[known]), frozen(rows[known]), n_total)


def draw_spikes(scene: Scene, spikes: ProbeSpikes, colors: AnyArray) -> None:
    """Draw the spikes in the first panel, in order of time within each cluster."""
    if len(spikes.x):
        shade = colors * np.array([1, 1, 1, _STRENGTH], dtype=np.float32)
        scene.picture.points(spikes.x, spikes.y, color=shade, index=spikes.rows, size=_SIZE)
