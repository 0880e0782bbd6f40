"""Where the spikes of each cluster come from, by the localization in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.position_similarity import position_similarity
from phy_medicine.session.localization import LocalizationState, Positions
from phy_medicine.session.motion import MotionState

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.session.facts import SessionFacts


@dataclass(frozen=True, slots=True)
class ClusterPosition:
    """µm: medians over the spikes that have a position.

    depth_um : as observed; still_um : with the motion in use taken out; spread_um : half of the spikes are as near as
    this to (x_um, still_um); z_um : away from the probe; alpha : strength, unit of the recording times µm; the last two
    are None where no spike has any
    """

    x_um: float
    depth_um: float
    still_um: float
    spread_um: float
    z_um: float | None = None
    alpha: float | None = None


class ClusterPositions:
    """Positions of clusters, each worked out once; None for a cluster none of whose spikes has one. Any thread.

    Without a localization in use, as far as it was read, no cluster has one.
    """

    def __init__(
        self, spike_times: FloatArray, facts: SessionFacts, localization: LocalizationState, motion: MotionState
    ) -> None:
        self._times = spike_times
        self._facts = facts
        self._localization = localization
        self._motion = motion
        # What they were computed with, and the values by cluster; replaced together.
        self._values: tuple[object, object, dict[int, ClusterPosition | None]] = (None, None, {})

    @property
    def exist(self) -> bool:
        """Whether positions are in use."""
        return self._localization.known is not None

    def get(self, cluster_id: int) -> ClusterPosition | None:
        """Return the position of a living cluster."""
        positions, motion = self._localization.known, self._motion.known
        if positions is None:
            return None
        if self._values[0] is not positions or self._values[1] is not motion:
            self._values = (positions, motion, {})
        values = self._values[2]
        if cluster_id not in values:
            spikes = self._facts.spikes(cluster_id)
            if not len(spikes):  # it is gone, and may be back after an undo
                return None
            values[cluster_id] = position_of(positions, spikes, self._times, motion)
        return values[cluster_id]

    def similar(self, cluster_id: int) -> list[tuple[int, float]]:
        """Return every other cluster that has a position and how near it is, nearest first."""
        own = self.get(cluster_id)
        others = [(c, p) for c in self._facts.cluster_ids() if c != cluster_id and (p := self.get(c)) is not None]
        if own is None or not others:
            return []
        places = np.array([(p.x_um, p.still_um) for _, p in others])
        spreads = np.array([p.spread_um for _, p in others])
        values = position_similarity((own.x_um, own.still_um), own.spread_um, places, spreads)
        order = np.argsort(-values, kind="stable")
        return [(others[i][0], float(values[i])) for i in order]


def position_of(
    positions: Positions, spike_ids: IntArray, spike_times: FloatArray, motion: Motion | None
) -> ClusterPosition | None:
    """Return the position of some spikes, None if none of them has one; spike_times : of all spikes, s."""
    xy = positions.of(spike_ids).astype(np.float64)
    known = np.isfinite(xy).all(axis=1)
    if not known.any():
        return None
    x, depth = xy[known].T
    still = depth if motion is None else depth - motion.at(spike_times[spike_ids][known], depth)
    at_x, at_still = float(np.median(x)), float(np.median(still))
    spread = float(np.median(np.hypot(x - at_x, still - at_still)))
    z, alpha = (_median(column, spike_ids[known]) for column in (positions.z_um, positions.alpha))
    return ClusterPosition(at_x, float(np.median(depth)), at_still, spread, z, alpha)


def _median(column: FloatArray | None, spike_ids: IntArray) -> float | None:
    values = np.zeros(0) if column is None else column[spike_ids]
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else None
