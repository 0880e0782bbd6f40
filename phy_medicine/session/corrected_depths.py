"""Depth of each cluster with the motion of the probe taken out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from psygnal import Signal

from phy_medicine.base.types import FloatArray
from phy_medicine.session.depths import SpikeDepths
from phy_medicine.session.facts import SessionFacts
from phy_medicine.session.motion import MotionState


class CorrectedDepths:
    """Median corrected depth of the spikes of a cluster; computed ahead in a worker, or when asked."""

    ready_now = Signal()
    """The depths of all clusters are at hand; emitted in the thread that computed them."""

    def __init__(self, facts: SessionFacts, depths: SpikeDepths, motion: MotionState) -> None:
        self._facts = facts
        self._depths = depths
        self._motion = motion
        # The motion and the localization they were computed with, and the values by cluster; replaced together.
        self._values: tuple[object, object, dict[int, float | None]] = (None, None, {})

    @property
    def exist(self) -> bool:
        """Whether a motion is in use, as far as that was read."""
        return self._motion.known is not None

    @property
    def ready(self) -> bool:
        """Whether asking for a cluster needs no reading."""
        return self.exist and self._is_of(self._values[:2])

    def _is_of(self, made_with: tuple[object, object]) -> bool:
        return made_with[0] is self._motion.known and made_with[1] is self._depths.localized

    @property
    def shown(self) -> bool:
        """Whether tables are to show them in place of the observed depth."""
        return self.ready and self._motion.corrected

    def get(self, cluster_id: int) -> float | None:
        """Return the depth of a living cluster, µm; None without a motion or without a spike whose depth is known."""
        motion = self._motion.known
        if motion is None:
            return None
        *made_with, values = self._values
        if not self._is_of((made_with[0], made_with[1])):
            return _median(self._depths.of(self._facts.spikes(cluster_id), motion))
        if cluster_id not in values:
            values[cluster_id] = _median(self._depths.of(self._facts.spikes(cluster_id), motion))
        return values[cluster_id]

    def compute(self, cluster_ids: Sequence[int]) -> None:
        """Compute the depths of clusters ahead; for a worker."""
        motion = self._motion.current
        if motion is None:
            return
        depths = self._depths.without(motion)
        localized = self._depths.localized
        self._values = (motion, localized, {c: _median(depths[self._facts.spikes(c)]) for c in cluster_ids})
        self.ready_now.emit()


def _median(depths_um: FloatArray) -> float | None:
    known = depths_um[np.isfinite(depths_um)]
    return float(np.median(known)) if len(known) else None
