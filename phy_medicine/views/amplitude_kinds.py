"""The amplitudes that a spike can have: fitted by the sorter, a PC score, or measured on the raw signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.session.blocks import Amplitudes, DataMissing
from phy_medicine.views.feature_grid import Dimension
from phy_medicine.views.feature_lasso import spikes_inside
from phy_medicine.views.lasso import Lasso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from phy_medicine.session.data import DataService

KINDS = ("template", "feature", "raw")
# The feature view reads the same spikes, so that both share them.
N_FEATURES = 2500
# A raw spike costs one seek in the recording: 500 take 20 to 30 ms in memory (384 channels).
N_RAW = 500
_N_FEATURES_BEHIND = 2500


@dataclass(frozen=True, slots=True)
class AmplitudeKind:
    """One kind of amplitude; for a feature or raw amplitudes on one channel, the same for all clusters.

    component : of the feature, 0 is A
    """

    name: str
    channel_id: int = 0
    component: int = 0

    def title(self, channel_labels: Sequence[str]) -> str:
        """Return the title of the axis."""
        label = channel_labels[self.channel_id]
        if self.name == "feature":
            return f"Feature {Dimension(0, self.component).label([label])} (a.u.)"
        return f"Peak to peak, ch. {label} (raw)" if self.name == "raw" else "Amplitude (a.u.)"

    def read(self, data: DataService, cluster_id: int) -> Amplitudes:
        """Return the amplitudes of the spikes of a cluster that are shown.

        Raises
        ------
        DataMissing : the dataset has none of this kind
        """
        if self.name == "feature":
            features = data.features(cluster_id, (self.channel_id,), n=N_FEATURES)
            scores = np.nan_to_num(Dimension(0, self.component).values(features))
            return Amplitudes(features.spike_ids, features.times_s, frozen(scores))
        if self.name == "raw":
            waveforms = data.waveforms(cluster_id, (self.channel_id,), n=N_RAW)
            heights = np.ptp(waveforms.data[:, :, 0], axis=1).astype(np.float32)
            # A flat waveform lies outside of the recording: it says nothing of the spike.
            recorded = heights > 0
            spike_ids = waveforms.spike_ids[recorded]
            return Amplitudes(spike_ids, data.spike_times[spike_ids], frozen(heights[recorded]))
        return data.amplitudes(cluster_id)

    def behind(self, data: DataService, cluster_ids: Sequence[int]) -> Amplitudes:
        """Return amplitudes of clusters in the background; none of raw ones, which take too long to read."""
        if self.name == "template":
            return data.background_amplitudes(cluster_ids)
        if self.name == "raw" or not cluster_ids:
            return Amplitudes(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.float32))
        features = data.features_of(data.some_spikes(cluster_ids, _N_FEATURES_BEHIND), (self.channel_id,))
        scores = Dimension(0, self.component).values(features)
        seen = np.isfinite(scores)
        return Amplitudes(features.spike_ids[seen], features.times_s[seen], scores[seen])

    def inside(
        self,
        data: DataService,
        spike_ids: Sequence[IntArray],
        lasso: Lasso,
        shown: tuple[IntArray, FloatArray, FloatArray],
    ) -> IntArray:
        """Return all spikes of the clusters inside a lasso, shown or not; shown : spike ids, times and values.

        Raises
        ------
        ActionError : the amplitudes of the spikes that are not shown are not known
        """
        if self.name == "feature":
            dimensions = Dimension(), Dimension(0, self.component)
            return spikes_inside(data, spike_ids, lasso, dimensions, (self.channel_id,))
        ids, times_s, values = shown
        n_total = sum(map(len, spike_ids))
        if len(ids) < n_total:
            raise ActionError(
                f"Raw amplitudes of only {len(ids):,} of {n_total:,} spikes were read, so a split here would leave the "
                "others behind; press A for another type of amplitude, or split in the feature view."
            )
        found: IntArray = np.sort(ids[lasso.contains(times_s, values)])
        return found


def available(data: DataService) -> tuple[str, ...]:
    """Return the kinds of amplitude that the dataset has."""
    has = {"template": data.has_amplitudes, "feature": data.has_features, "raw": data.has_waveforms}
    return tuple(name for name in KINDS if has[name])


def nearest_kind(data: DataService, name: str) -> str:
    """Return the kind itself, or the first one that the dataset has.

    Raises
    ------
    DataMissing : the dataset has none
    """
    names = available(data)
    if not names:
        raise DataMissing("No amplitudes: neither fitted amplitudes, nor features, nor raw data were found.")
    return name if name in names else names[0]
