"""Two clusters by their template features: is there a gap between them?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.view_host import ViewRequest
from phy_medicine.views.scatter import ScatterView

# Spikes of each cluster that are drawn, even in time; a lasso covers all.
N_SPIKES = 5000


class TemplateFeatureView(ScatterView):
    """Template features of each spike, weighted by the templates of the first cluster (x) and of the second (y)."""

    name, title = "TemplateFeatureView", "Template features"
    max_clusters = None
    needs_selection = False

    def _pair(self, request: ViewRequest) -> tuple[int, int]:
        ids = request.cluster_ids
        if len(ids) != 2:
            n = {0: "none is", 1: "one is"}.get(len(ids), f"{len(ids)} are")
            raise DataMissing(f"Select two clusters to see their template features; {n} selected.")
        return ids[0], ids[1]

    def places(self, request: ViewRequest, spike_ids: IntArray) -> FloatArray:
        """Return the projections of spikes on the two clusters."""
        return self.host.data.template_features.project(spike_ids, self._pair(request))

    def titles(self, request: ViewRequest) -> tuple[str, str]:
        """Return which axis is which cluster."""
        first, second = self._pair(request)
        return f"Projection on cluster {first} (a.u.)", f"Projection on cluster {second} (a.u.)"

    def drawn(self, request: ViewRequest) -> Sequence[IntArray]:
        """Return at most 5,000 spikes of each cluster, even in time."""
        self._pair(request)
        return [_even(ids, N_SPIKES) for ids in request.spike_ids]

    def check_lasso(self, request: ViewRequest) -> None:
        """Refuse a split that would leave spikes behind because nothing is known of them."""
        source = self.host.data.template_features
        if source.complete:
            return
        ids = np.concatenate(request.spike_ids)
        n_known = int(np.isfinite(source.project(ids, self._pair(request))).all(axis=1).sum())
        if n_known < len(ids):
            raise ActionError(
                f"Only {n_known:,} of {len(ids):,} spikes of these clusters have template features, so a split here "
                "would leave the others behind; split in the amplitude view."
            )

    def decorate(self) -> None:
        """Add the axes, and the line where both projections are equal."""
        super().decorate()
        if self.block is None:
            return
        x0, x1, y0, y1 = (float(edge) for edge in self.panels.ranges()[0])
        low, high = max(x0, y0), min(x1, y1)
        if high > low:
            xs, ys = self.panels.to_pixels(0, np.array([low, high]), np.array([low, high]))
            self.scene.under.segments([(xs[0], ys[0], xs[1], ys[1])], self.scene.theme.rgba("line"), width=self.ratio)


def _even(spike_ids: IntArray, n: int) -> IntArray:
    """Return at most n of the spikes, spread evenly."""
    if len(spike_ids) <= n:
        return spike_ids
    chosen: IntArray = spike_ids[np.linspace(0, len(spike_ids) - 1, n).astype(np.int64)]
    return chosen
