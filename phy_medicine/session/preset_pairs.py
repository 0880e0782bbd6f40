"""Which pairs of clusters a preset takes for one neuron."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.reasons import Reason
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.suggesting.auto_merge import (
    MAX_DISTANCE_UM,
    N_NEIGHBOURS,
    PRESETS,
    UnitFacts,
    judged,
    may_merge,
    periods_of,
)
from phy_medicine.compute.suggesting.neighbours import SpikeCloud
from phy_medicine.compute.suggesting.train_criteria import contamination_of

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

Pair = tuple[int, int]
MOST_NEIGHBOURED = 500_000
"""Spikes whose nearest ones are looked for; of more as many, evenly."""


class PresetPairs:
    """Judges pairs by one of `PRESETS`; what is known of a cluster is kept, since an id never changes its spikes.

    Safe in any thread; two that ask of the same cluster at once may both read it.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self._session, self._sides = session, session.pairs.sides
        recorded = self._sides.recorded
        self._rate, self._periods = recorded.sample_rate, periods_of(recorded.sample_rate, recorded.n_samples)
        self._facts: dict[int, UnitFacts] = {}
        self._places: dict[int, tuple[float, float]] = {}
        self._reasons: dict[Pair, tuple[Reason, ...] | None] = {}
        self._cloud: SpikeCloud | None = None
        self._nearest: dict[int, IntArray] = {}

    def fresh(self) -> PresetPairs:
        """Return one that knows nothing, for what clusters are judged by has changed."""
        return PresetPairs(self._session, self.name)

    def probability(self, _pair: Pair) -> float | None:
        """Return None: a preset says yes or no, the evidence how probably."""
        return None

    def partners(self, cluster_id: int) -> list[int]:
        """Return the clusters that the preset would merge with one, ascending; in this thread."""
        facts = self._session.facts
        if not facts.contains(cluster_id) or not may_merge(self.name, self._of(cluster_id)):
            return []
        return [c for c in self._near(cluster_id) if facts.contains(c) and self.reasons((cluster_id, c)) is not None]

    def reasons(self, pair: Pair) -> tuple[Reason, ...] | None:
        """Return why the preset would merge two living clusters, None if it would not."""
        a, b = min(pair), max(pair)
        if (a, b) not in self._reasons:
            first, second = self._of(a), self._of(b)
            able = may_merge(self.name, first) and may_merge(self.name, second)
            if able and "knn" in PRESETS[self.name]:
                first = replace(first, neighbours=self._neighbours(a))
            found = judged(self.name, first, second, self._periods, self._rate) if able else None
            if not all(map(self._session.facts.contains, pair)):  # read while it went: not to be believed
                return None
            self._reasons[a, b] = found
        return self._reasons[a, b]

    def _near(self, cluster_id: int) -> list[int]:
        """Other clusters that are not too far for the preset, or share a channel where it asks for no distance."""
        others = [c for c in self._session.facts.cluster_ids() if c != cluster_id]
        if "unit_locations" in PRESETS[self.name]:
            places = np.array([self._place(c) for c in others]).reshape(-1, 2)
            away = np.hypot(*(places - self._place(cluster_id)).T)
            return [c for c, um in zip(others, away, strict=True) if um <= MAX_DISTANCE_UM]
        own = self._of(cluster_id).footprint
        channels = set() if own is None else set(own.channel_ids.tolist())
        prints = ((c, self._of(c).footprint) for c in others)
        return [c for c, p in prints if p is not None and channels & set(p.channel_ids.tolist())]

    def _place(self, cluster_id: int) -> tuple[float, float]:
        if cluster_id not in self._places:
            x, y = self._sides.place_um(cluster_id, self._session.motion.known)[0]
            self._places[cluster_id] = float(x), float(y)
        return self._places[cluster_id]

    def _of(self, cluster_id: int) -> UnitFacts:
        if cluster_id in self._facts:
            return self._facts[cluster_id]
        found = self._read(cluster_id)
        if self._session.facts.contains(cluster_id):  # else it was read while it went
            self._facts[cluster_id] = found
        return found

    def _read(self, cluster_id: int) -> UnitFacts:
        steps, side = PRESETS[self.name], self._sides.of(cluster_id)
        return UnitFacts(
            cluster_id,
            side.samples,
            side.waveform if side.template is None else side.template,
            self._place(cluster_id),
            contamination_of(side.samples, self._periods),
            self._snr(cluster_id) if "snr" in steps else float("nan"),
        )

    def _snr(self, cluster_id: int) -> float:
        quality = self._session.quality
        quality.compute((cluster_id,), ("snr",))
        value = quality.peek(cluster_id, "snr")
        return float("nan") if value is None else float(value)

    def _neighbours(self, cluster_id: int) -> frozenset[int]:
        """The clusters that the spikes nearest to those of one are in by now."""
        if self._cloud is None:
            self._cloud = self._read_cloud()
        if cluster_id not in self._nearest:
            self._nearest[cluster_id] = self._cloud.nearest(self._session.facts.spikes(cluster_id))
        return frozenset(np.unique(self._session.facts.labels_of(self._nearest[cluster_id])).tolist()) - {cluster_id}

    def _read_cloud(self) -> SpikeCloud:
        """Amplitudes, and places by the localization in use, else depths alone."""
        model, localized = self._session.model, self._session.localization.current
        columns: list[FloatArray] = [] if model.amplitudes is None else [np.asarray(model.amplitudes)]
        columns += [self._session.depths.raw] if localized is None else [localized.x_um, localized.depth_um]
        return SpikeCloud(columns, N_NEIGHBOURS, MOST_NEIGHBOURED)
