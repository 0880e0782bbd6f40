"""The amplitudes that a spike can have: fitted by the sorter, a PC score, a projection, or measured on the signal."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.session.blocks import Amplitudes, DataMissing
from phy_medicine.session.raw_amplitude_source import PART
from phy_medicine.views.cluster_scatter import number
from phy_medicine.views.feature_grid import Dimension
from phy_medicine.views.feature_lasso import work_of
from phy_medicine.views.lasso import Lasso, points_in_polygon
from phy_medicine.views.lasso_work import LassoWork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from phy_medicine.session.data import DataService

KINDS = ("template", "feature", "template_feature", "raw")
# The feature view reads the same spikes, so that both share them.
N_FEATURES = 2500
_N_FEATURES_BEHIND = 2500
_N_BEHIND = 50_000
# Of the whole recording: a density of a million is drawn in some 10 ms.
_N_ALL_BEHIND = 1_000_000
_ALL = ("amplitudes of the recording",)
# Raw amplitudes drawn, and how long they are measured before those at hand are drawn.
N_RAW = 20_000
_RAW_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Shown:
    """The amplitudes of a selection that are shown.

    more : others can be shown once they are measured
    """

    clusters: tuple[Amplitudes, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class AmplitudeKind:
    """One kind of amplitude.

    channel_id : of features and raw amplitudes, the same for all clusters; component : of the feature, 0 is A
    cluster_id : whose templates the template features are projected on; unit_uv : µV of a raw unit, 0 if not known
    """

    name: str
    channel_id: int = 0
    component: int = 0
    cluster_id: int = 0
    unit_uv: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether amplitudes are measured while they are shown."""
        return self.name == "raw"

    def title(self, channel_labels: Sequence[str]) -> str:
        """Return the title of the axis."""
        if self.name == "template_feature":
            return f"Projection on cluster {self.cluster_id} (a.u.)"
        label = channel_labels[self.channel_id]
        if self.name == "feature":
            return f"Feature {Dimension(0, self.component).label([label])} (a.u.)"
        unit = "µV" if self.unit_uv else "raw"
        return f"Peak to peak, ch. {label} ({unit})" if self.name == "raw" else "Amplitude (a.u.)"

    def words(self, value: float, channel_labels: Sequence[str]) -> str:
        """Return what the pointer is told of an amplitude."""
        if self.name == "raw":
            return f"{number(value)}{' µV' if self.unit_uv else ''} peak to peak"
        if self.name == "feature":
            label = Dimension(0, self.component).label([channel_labels[self.channel_id]])
            return f"feature {label} {number(value)}"
        return f"{'projection' if self.name == 'template_feature' else 'amplitude'} {number(value)}"

    def show(self, data: DataService, cluster_ids: Sequence[int], *, all_of: bool = False) -> Shown:
        """Return the amplitudes that are shown of some clusters; `all_of`: measure as many as there are, by and by.

        Raises
        ------
        DataMissing : the dataset has none of this kind
        """
        if not self.measured:
            return Shown(tuple(self.read(data, c) for c in cluster_ids))
        source, most = data.raw_amplitudes, None if all_of else N_RAW
        measured = source.read(cluster_ids, self.channel_id, seconds=_RAW_SECONDS, most=most)
        n = sum(len(part.spike_ids) for part in measured)
        n_known = sum(len(source.known(c)) for c in cluster_ids)
        more = n < n_known and (most is None or n < most)
        return Shown(tuple(_seen(self._scaled(part)) for part in measured), more)

    def _scaled(self, part: Amplitudes) -> Amplitudes:
        return dataclasses.replace(part, values=part.values * np.float32(self.unit_uv)) if self.unit_uv else part

    def read(self, data: DataService, cluster_id: int) -> Amplitudes:
        """Return the amplitudes of the spikes of a cluster that are shown; of all of them but for features.

        Raises
        ------
        DataMissing : the dataset has none of this kind
        """
        if self.name == "feature":
            features = data.features(cluster_id, (self.channel_id,), n=N_FEATURES)
            scores = np.nan_to_num(Dimension(0, self.component).values(features))
            return Amplitudes(features.spike_ids, features.times_s, frozen(scores))
        if self.name == "template_feature":
            return _seen(self._projected(data, cluster_id))
        return data.amplitudes(cluster_id)

    def _projected(self, data: DataService, cluster_id: int) -> Amplitudes:
        """Return the template features of all spikes, NaN where there are none."""

        def project() -> Amplitudes:
            return self._project(data, data.spikes(cluster_id))

        return data.kept(("template feature", cluster_id, self.cluster_id), project)

    def _project(self, data: DataService, spike_ids: IntArray) -> Amplitudes:
        values = data.template_features.project(spike_ids, (self.cluster_id, self.cluster_id))[:, 0]
        return Amplitudes(spike_ids, frozen(data.shown_times[spike_ids]), frozen(np.ascontiguousarray(values)))

    def ready(self, data: DataService, cluster_ids: Sequence[int], behind: Sequence[int] | None) -> bool:
        """Tell whether all amplitudes of these clusters, and of those behind them, are in memory."""
        if self.name != "template" or (behind is None and not data.is_kept(_ALL)):
            return False
        return data.amplitudes_ready(cluster_ids, behind or ())

    def typical(self, data: DataService, cluster_ids: Sequence[int], values: FloatArray) -> FloatArray:
        """Return the values that tell the range; of raw ones those measured first, so that it stays meanwhile."""
        if not self.measured:
            return values
        first = data.raw_amplitudes.first(cluster_ids, self.channel_id) * np.float32(self.unit_uv or 1)
        return first[np.isfinite(first)]

    def behind(self, data: DataService, cluster_ids: Sequence[int] | None) -> Amplitudes:
        """Return amplitudes of clusters in the background, None: of the whole recording.

        None of raw ones, which take too long to read.
        """
        if self.name == "raw" or (cluster_ids is not None and not cluster_ids):
            return Amplitudes(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.float32))
        if self.name == "template":
            return _all_amplitudes(data) if cluster_ids is None else data.background_amplitudes(cluster_ids)
        if self.name == "template_feature":
            return _seen(self._project(data, some_spikes(data, cluster_ids, _N_BEHIND)))
        if cluster_ids is None:
            features = data.background_features((self.channel_id,), n=_N_FEATURES_BEHIND)
        else:
            features = data.features_of(data.some_spikes(cluster_ids, _N_FEATURES_BEHIND), (self.channel_id,))
        return _seen(Amplitudes(features.spike_ids, features.times_s, Dimension(0, self.component).values(features)))

    def work(
        self, data: DataService, clusters: Sequence[tuple[int, IntArray]], polygon: FloatArray
    ) -> LassoWork | None:
        """Return how to find all spikes of the clusters inside a polygon where they must be read, None: see `inside`.

        clusters : each with all of its spikes
        """
        if self.name == "feature":
            dimensions = Dimension(), Dimension(0, self.component)
            return work_of(data, [ids for _, ids in clusters], polygon, dimensions, (self.channel_id,))
        return self._measuring(data, clusters, polygon) if self.measured else None

    def inside(
        self,
        data: DataService,
        clusters: Sequence[tuple[int, IntArray]],
        lasso: Lasso,
        shown: tuple[IntArray, FloatArray, FloatArray],
    ) -> IntArray:
        """Return all spikes of the clusters inside a lasso, shown or not; a value that is not a number is outside.

        clusters : each with all of its spikes; shown : spike ids, times and values that are drawn

        Raises
        ------
        ActionError : it is not known where some of the spikes belong
        """
        if self.name == "template":
            return _within(lasso, [Amplitudes(*shown)])
        projected = [self._projected(data, c) for c, _ in clusters]
        n_total = sum(len(part.values) for part in projected)
        n_known = sum(int(np.isfinite(part.values).sum()) for part in projected)
        if n_known < n_total:
            raise ActionError(
                f"Only {n_known:,} of {n_total:,} spikes of these clusters have template features, so a split here "
                "would leave the others behind; press A for another type of amplitude."
            )
        return _within(lasso, projected)

    def _measuring(self, data: DataService, clusters: Sequence[tuple[int, IntArray]], polygon: FloatArray) -> LassoWork:
        source, times_s, unit = data.raw_amplitudes, data.shown_times, np.float32(self.unit_uv or 1)
        parts = [part for c, _ in clusters for part in source.parts(c, self.channel_id)]
        n_known = sum(len(ids) for ids, _ in parts)
        n_measured = sum(source.n_measured(c, self.channel_id) for c, _ in clusters)

        def check() -> None:
            n_total = sum(len(spikes) for _, spikes in clusters)
            if n_known < n_total:
                raise ActionError(
                    f"Raw amplitudes of only {n_known:,} of {n_total:,} spikes are stored, so a split here would leave "
                    "the others behind; press A for another type of amplitude, or split in the feature view."
                )

        def inside(values: Callable[[], FloatArray], ids: IntArray) -> BoolArray:
            # As they are drawn: in single precision.
            return points_in_polygon(times_s[ids].astype(np.float32), values() * unit, polygon)

        work = tuple((ids, partial(inside, values)) for ids, values in parts)
        return LassoWork(work, PART, check, quick=n_known - n_measured <= PART)


def _seen(part: Amplitudes) -> Amplitudes:
    """Return the spikes whose amplitude is a number."""
    seen = np.isfinite(part.values)
    if seen.all():
        return part
    return Amplitudes(part.spike_ids[seen], frozen(part.times_s[seen]), frozen(part.values[seen]))


def _within(lasso: Lasso, parts: Sequence[Amplitudes]) -> IntArray:
    """Return the spikes inside, as they are drawn: in single precision."""
    found = [p.spike_ids[lasso.contains(p.times_s.astype(np.float32), p.values.astype(np.float32))] for p in parts]
    inside: IntArray = np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *found]))
    return inside


def some_spikes(data: DataService, cluster_ids: Sequence[int] | None, n: int) -> IntArray:
    """Return some n spikes of several clusters, None: of the whole recording, at a regular stride."""
    if cluster_ids is None:
        first, stop = data.id_range
        return np.arange(first, stop, max(1, -(-(stop - first) // n)))
    return data.some_spikes(cluster_ids, n)


def _all_amplitudes(data: DataService) -> Amplitudes:
    def read() -> Amplitudes:
        return data.amplitudes_of(some_spikes(data, None, _N_ALL_BEHIND))

    return data.kept(_ALL, read)


def available(data: DataService) -> tuple[str, ...]:
    """Return the kinds of amplitude that the dataset has."""
    has = {
        "template": data.has_amplitudes,
        "feature": data.has_features,
        "template_feature": data.template_features.exist,
        "raw": data.has_waveforms,
    }
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
