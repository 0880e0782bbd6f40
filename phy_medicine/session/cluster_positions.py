"""Where the spikes of each cluster come from, by the localization in use: columns, a similarity and colours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.curation.position_similarity import position_similarity
from phy_medicine.session.extensions import ClusterColors, Metric, Registry, Similarity
from phy_medicine.session.localization import LocalizationState, Positions
from phy_medicine.session.motion import MotionState

if TYPE_CHECKING:
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.session.facts import SessionFacts
    from phy_medicine.session.session import Session

X, DEPTH, SPREAD = "loc_x", "loc_depth", "loc_spread"
SIMILARITY = "position"


@dataclass(frozen=True, slots=True)
class ClusterPosition:
    """µm: medians over the spikes that have a position.

    depth_um : as observed; still_um : with the motion in use taken out; spread_um : half of the spikes are as near as
    this to (x_um, still_um)
    """

    x_um: float
    depth_um: float
    still_um: float
    spread_um: float


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
    return ClusterPosition(at_x, float(np.median(depth)), at_still, spread)


class PositionItems:
    """Adds to a session what positions give while some are in use, and takes it away with them."""

    def __init__(self, session: Session) -> None:
        self._extensions = session.extensions
        self._places = session.positions
        self._lock = threading.RLock()
        self._there = False
        session.localization.changed.connect(self._changed)
        session.motion.changed.connect(self._changed)

    def _changed(self, what: str) -> None:
        if what != "run":
            return
        with self._lock:
            before, self._there = self._there, self._places.exist
            for registry, item in self._items() if before or self._there else ():
                if before and self._there:
                    registry.renew(item.name)
                elif before:
                    registry.remove(item.name)
                else:
                    registry.add(item)

    def _items(self) -> Sequence[tuple[Registry[Any], Metric | Similarity | ClusterColors]]:
        extensions = self._extensions
        metrics = (
            Metric(DEPTH, self._one("depth_um"), "Loc. depth", "µm",
                   "Median localized depth of the spikes, as observed"),
            Metric(X, self._one("x_um"), "Loc. x", "µm",
                   "Median localized place of the spikes across the probe"),
            Metric(SPREAD, self._one("spread_um"), "Spread", "µm",
                   "Half of the spikes are as near as this to the median; the motion in use is taken out"),
        )  # fmt: skip
        similarity = Similarity(
            SIMILARITY, self._places.similar, "position similarity",
            "How near the spikes of two clusters come from, against how far they spread.",
        )  # fmt: skip
        colors = ClusterColors(DEPTH, self._one("depth_um"), "rainbow", help="Median localized depth of the spikes.")
        columns = ((extensions.metrics, metric) for metric in metrics)
        return *columns, (extensions.similarities, similarity), (extensions.color_schemes, colors)

    def _one(self, name: str) -> Callable[[int], float | None]:
        """Return what gives one number of the position of a cluster."""
        return lambda cluster_id: getattr(self._places.get(cluster_id), name, None)
