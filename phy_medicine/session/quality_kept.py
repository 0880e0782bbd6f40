"""The quality metrics that are on the disk, by which spikes a cluster has, so that opening again computes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from phy_medicine.base.paths import OwnFiles
from phy_medicine.compute.signal_filters import HIGH_PASS
from phy_medicine.io.metric_cache import MetricCache, inputs_digest, raw_marks, spikes_key
from phy_medicine.session.columns import Column
from phy_medicine.session.quality_columns import CENSORED_MS, ISOLATION, QUALITY, REFRACTORY_MS, SHAPE, TRAINS
from phy_medicine.session.quality_values import N_WAVEFORMS, Values

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

_VERSION = 1
# Of all files of the dataset the labels alone do not matter: rows are kept by the spikes themselves.
_LABELS = re.compile(r"spike_clusters\.npy|spikes\.clusters.*\.npy")


class KeptMetrics:
    """Values of the families that depend on nothing but spikes and signal: those on the disk, else computed and kept.

    compute : (family, cluster) -> values
    """

    def __init__(self, session: Session, compute: Callable[[str, int], Values]) -> None:
        self._session = session
        self._compute = compute

    def values(self, family: str, cluster_id: int, spoiled: Callable[[], bool]) -> Values:
        """Return the values of a cluster; spoiled : tells whether they are of no use by now, and are not kept."""
        facts = self._session.facts
        if not facts.contains(cluster_id) or (family == SHAPE and self._own_filter):
            return self._compute(family, cluster_id)
        key = spikes_key(facts.spikes(cluster_id))
        kept = self._cache.get(family, key)
        if kept is not None:
            return tuple(map(_as_shown, kept, QUALITY[family]))
        found = self._compute(family, cluster_id)
        # An action is done, and told, under this lock: of a cluster that went meanwhile nothing is kept.
        with facts.lock:
            if not spoiled() and facts.contains(cluster_id):
                self._cache.put(family, key, found)
        return found

    def write(self) -> None:
        """Write what is new to the disk, for the next time."""
        if "_cache" in self.__dict__ and not self._session.read_only:
            self._cache.write()

    @property
    def _own_filter(self) -> bool:
        """Whether a plugin filters the signal, so that what is measured on it holds only with that plugin."""
        return self._session.data.filters.plugin(HIGH_PASS) is not None

    @cached_property
    def _cache(self) -> MetricCache:
        model = self._session.model
        facts = (
            _VERSION, model.store_name, model.sample_rate, model.duration_s, model.n_spikes, REFRACTORY_MS,
            CENSORED_MS, N_WAVEFORMS, model.waveform_rule, model.channel_positions.tolist(),
            model.channel_map.tolist(), raw_marks(model.params.dat_paths),
        )  # fmt: skip
        arrays = sorted(path for path in model.dir_path.glob("*.npy") if not _LABELS.fullmatch(path.name))
        digest = inputs_digest([*arrays, model.path.with_suffix(".kwx")], facts)
        widths = {family: len(QUALITY[family]) for family in (TRAINS, SHAPE, ISOLATION)}
        return MetricCache(OwnFiles(model.dir_path).cache, digest, widths)


def _as_shown(value: float | None, column: Column) -> float | None:
    """A number of the file, where all are floats."""
    return int(value) if value is not None and column.kind == "int" else value
