"""Where each cluster is across the probe; along it the depth of the cluster table says so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.types import FloatArray, frozen
from phy_medicine.io.model import Model
from phy_medicine.session.best_channels import BestChannels
from phy_medicine.session.cluster_facts import ClusterFacts
from phy_medicine.session.cluster_positions import ClusterPositions

# The median of 1,000 spikes spread by 10 µm is known to 0.4 µm; 800 clusters of 10 M spikes then take 0.1 s.
_N_SPIKES = 1000


class UnitPositions:
    """x of clusters; a cluster id never changes its spikes, so each is worked out once. Safe in any thread.

    That of the localization in use; without one the median of the spikes' own positions where the sorter gives them,
    else the centre of mass of the squared peak-to-peak amplitude of the main template on its best channels, else the x
    of the peak channel.
    """

    def __init__(self, model: Model, facts: ClusterFacts, channels: BestChannels) -> None:
        self._model = model
        self._facts = facts
        self._channels = channels
        self._known: dict[int, float] = {}
        self.localized: ClusterPositions | None = None
        """Positions that come before those of the sorter; set once, by the session."""

    @property
    def source(self) -> str:
        """What x is, in words."""
        if self._model.spikes.x_um is not None or (self.localized is not None and self.localized.exist):
            return "median of the spikes' positions"
        return "centre of mass of the template" if self._model.templates is not None else "peak channel"

    def x_um(self, cluster_ids: Sequence[int]) -> FloatArray:
        """Return the x of some clusters, (n,) float64, µm."""
        return frozen(np.array([self._x_um(c) for c in cluster_ids], dtype=np.float64))

    def localized_depths_um(self, cluster_ids: Sequence[int], *, corrected: bool) -> FloatArray:
        """Return the depth of some clusters by the localization in use, (n,) float64, µm.

        corrected : with the motion in use taken out; NaN without a localization, or where no spike has a position
        """
        places = [None if self.localized is None else self.localized.get(c) for c in cluster_ids]
        return np.array([np.nan if p is None else p.still_um if corrected else p.depth_um for p in places])

    def _x_um(self, cluster_id: int) -> float:
        place = None if self.localized is None else self.localized.get(cluster_id)
        if place is not None:
            return place.x_um
        if cluster_id not in self._known:
            self._known[cluster_id] = self._compute(cluster_id)
        return self._known[cluster_id]

    def _compute(self, cluster_id: int) -> float:
        measured = self._model.spikes.x_um
        if measured is not None:
            some = measured[self._facts.pick(cluster_id, _N_SPIKES)]
            some = some[np.isfinite(some)]
            if len(some):
                return float(np.median(some))
        channels = self._channels.of(cluster_id)
        x = self._model.channel_positions[channels, 0]
        templates, template_id = self._model.templates, self._facts.main_template(cluster_id)
        if templates is None or not self._model.has_templates or template_id >= self._model.n_templates:
            return float(x[0])
        every = templates.channel_amplitudes()
        weights = np.square(every[template_id, channels], dtype=np.float64) if template_id < len(every) else np.zeros(1)
        total = weights.sum()
        return float(weights @ x / total) if np.isfinite(total) and total > 0 else float(x[0])
