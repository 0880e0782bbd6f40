"""Finds clusters whose spikes are of two kinds, and which spike is of which when somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.compute.suggesting.splitting import (
    SpikeSample,
    SplitEvidence,
    TwoKinds,
    find_kinds,
    split_probability,
    split_reasons,
)
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.suggestions import Suggestion
from phy_medicine.session.cluster_values import ClusterValues
from phy_medicine.session.extensions import Registry
from phy_medicine.session.kinds_at_rest import same_kinds
from phy_medicine.session.merge_finder import Offer
from phy_medicine.session.polite_values import PoliteValues

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

Found = tuple[TwoKinds, SplitEvidence]
SOURCE = "default"
LEAST = 0.5
"""Probability from which a split is suggested."""
N_SPIKES, N_STRETCHES = 4000, 20
_NAME = "split"
_LEAST_PART = 0.05
"""A template with a smaller part of the spikes of a cluster does not say on which channels these have scores."""
_PIECE = 50_000
"""Spikes whose features are in memory at once: 10 MB for 3 components on 16 channels."""


@dataclass(frozen=True, slots=True)
class _Item:
    name: str
    function: Callable[[int], Found | None]


class _Kinds(PoliteValues[_Item, int, Found | None], ClusterValues[_Item, Found | None]):
    """The two kinds of spikes of each cluster that has two."""


class SplitFinder:
    """Suggests splits by a few thousand spikes of each cluster, in stretches, so that close pairs are among them."""

    def __init__(self, session: Session, offer: Offer) -> None:
        self._session, self._offer = session, offer
        registry: Registry[_Item] = Registry(lambda: "", lambda item: item.name)
        registry.add(_Item(_NAME, self._find))
        self._kinds = _Kinds(
            "two kinds", registry, session.extensions, plain=lambda value: value, facts=session.facts,
            pool=lambda: session.pool,
        )  # fmt: skip
        self._lock = threading.Lock()
        self._open: set[int] = set()
        self._kinds.arrived.connect(lambda _names: self._settle())
        session.selection.changed.connect(lambda _selection: self._kinds.give_way())
        session.manager.changed.connect(self._note)

    @property
    def busy(self) -> bool:
        """Whether some clusters were not looked at yet."""
        return bool(self._open)

    @property
    def n_left(self) -> int:
        """How many clusters were not looked at yet."""
        return len(self._open)

    def ask(self, cluster_ids: Sequence[int]) -> None:
        """Look at clusters in the background."""
        with self._lock:
            self._open |= set(cluster_ids)
        self._kinds.ask(_NAME, cluster_ids, first=False)
        if any(self._kinds.known(c, _NAME) for c in cluster_ids):
            self._settle()  # as of one that an undo brought back, of which nothing will arrive

    def compute(self, cluster_ids: Sequence[int], done: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Look at clusters here."""
        with self._lock:
            self._open |= set(cluster_ids)
        for i, cluster_id in enumerate(cluster_ids):
            self._kinds.compute(_NAME, [cluster_id])
            done(i + 1, len(cluster_ids))
        self._settle()

    def values(self, suggestion: Suggestion) -> dict[str, float]:
        """Return the numbers of a split, nothing for others."""
        found = self._kinds.peek(suggestion.cluster_ids[0], _NAME) if suggestion.kind == "split" else None
        if found is None:
            return {}
        evidence = found[1]
        names = ("share", "depth", "d_prime", "dip", "contamination", "worse_part", "together")
        return {name: value for name in names if isfinite(value := float(getattr(evidence, name)))}

    def parts(self, cluster_id: int) -> IntArray | None:
        """Return of which kind each spike of a cluster is, (n_spikes,) int32, spikes ascending; None where unknown."""
        found = self._kinds.peek(cluster_id, _NAME)
        if found is None or not self._session.facts.contains(cluster_id):
            return None
        kinds, spikes = found[0], self._session.facts.spikes(cluster_id)
        values = self._features if kinds.where == "features" else self._amplitudes
        places = [kinds.places(values(cluster_id, spikes[i : i + _PIECE])) for i in range(0, len(spikes), _PIECE)]
        # Stretches hold every spike, so what is a trend in them is one among all spikes.
        moved = self._moved(cluster_id, spikes)
        second = kinds.second(np.concatenate(places), moved)
        if moved is not None and kinds.where == "features":
            channels, positions = self._channels(cluster_id), self._session.model.channel_positions
            second = same_kinds(second, moved, lambda rows: self._scores(spikes[rows], channels), channels, positions)
        return frozen(second.astype(np.int32))

    def close(self) -> None:
        """Find nothing any more, and wait for the cluster that is looked at."""
        self._kinds.close()
        with self._lock:
            self._open.clear()

    # Inside

    def _note(self, delta: Delta) -> None:
        self._kinds.note(delta)
        with self._lock:
            self._open -= set(delta.removed)  # nothing arrives of those that went before they were looked at

    def _settle(self) -> None:
        found = []
        with self._lock:
            for cluster_id in list(self._open):
                if not self._kinds.known(cluster_id, _NAME):
                    if not self._session.facts.contains(cluster_id):
                        self._open.discard(cluster_id)
                    continue
                self._open.discard(cluster_id)
                suggestion = self._suggestion(cluster_id)
                if suggestion is not None:
                    found.append(suggestion)
        self._offer(found, ())

    def _suggestion(self, cluster_id: int) -> Suggestion | None:
        found = self._kinds.peek(cluster_id, _NAME)
        if found is None:
            return None
        evidence = found[1]
        likely = split_probability(evidence)
        if likely < LEAST:
            return None
        gain = likely * evidence.share * evidence.n_spikes
        return Suggestion("split", (cluster_id,), gain, likely, split_reasons(evidence), f"{SOURCE}, {evidence.where}")

    def _find(self, cluster_id: int) -> Found | None:
        model, every = self._session.model, self._session.facts.spikes(cluster_id)
        store = model.features
        if store is not None and not store.complete:
            every = every[store.has_row(every)]
        stretches = _stretches(len(every))
        spikes = np.concatenate([every[a:b] for a, b in stretches]) if stretches else every
        if not len(spikes):
            return None
        samples, length = _closed(np.asarray(model.spike_samples[every], np.int64), stretches)
        if len(stretches) == 1:
            length = max(round(model.duration_s * model.sample_rate), 1)
        features = self._features(cluster_id, spikes) if store is not None else None
        amplitudes = self._amplitudes(cluster_id, spikes)[:, 0] if self._comparable(cluster_id) else None
        moved = self._moved(cluster_id, spikes)
        return find_kinds(SpikeSample(samples, features, amplitudes, len(every), length, moved), model.sample_rate)

    def _comparable(self, cluster_id: int) -> bool:
        """Whether amplitudes are those of one template, since each template has a scale of its own."""
        counts = self._session.facts.template_counts(cluster_id)[1]
        return self._session.model.amplitudes is not None and bool(counts.max() >= (1 - _LEAST_PART) * counts.sum())

    def _moved(self, cluster_id: int, spikes: IntArray) -> FloatArray | None:
        """How far the tissue has moved at each spike, µm; None without a motion in use."""
        motion, model = self._session.motion.known, self._session.model
        if motion is None:
            return None
        depth = float(model.channel_positions[self._session.clusters.channels.of(cluster_id)[0], 1])
        return np.asarray(motion.at(model.spike_times[spikes], np.full(len(spikes), depth)))

    def _features(self, cluster_id: int, spikes: IntArray) -> FloatArray:
        """(n, D), NaN where a spike has none."""
        scores = self._scores(spikes, self._channels(cluster_id))
        return np.asarray(scores.reshape(len(scores), int(np.prod(scores.shape[1:]))))

    def _scores(self, spikes: IntArray, channels: IntArray) -> FloatArray:
        """(n, n_channels, n_components), NaN where a spike has none."""
        assert self._session.model.features is not None
        return np.asarray(self._session.model.features.get(spikes, channels))

    def _channels(self, cluster_id: int) -> IntArray:
        """The channels on which nearly all spikes of a cluster have features."""
        store, facts = self._session.model.features, self._session.facts
        assert store is not None
        if store.sparse.index is None:
            return np.asarray(self._session.clusters.channels.of(cluster_id))
        templates, counts = facts.template_counts(cluster_id)
        large = templates[counts >= _LEAST_PART * counts.sum()].tolist()
        shared = set.intersection(*(set(store.local_channels(t).tolist()) for t in large))
        main = store.local_channels(facts.main_template(cluster_id))
        return np.asarray(main[np.isin(main, list(shared))])

    def _amplitudes(self, _cluster_id: int, spikes: IntArray) -> FloatArray:
        assert self._session.model.amplitudes is not None
        return np.asarray(self._session.model.amplitudes[spikes], np.float64)[:, None]


def _stretches(n: int) -> list[tuple[int, int]]:
    """First spike and the one after the last of each stretch that is looked at."""
    if n <= N_SPIKES:
        return [(0, n)] if n else []
    size = N_SPIKES // N_STRETCHES
    starts = np.linspace(0, n - size, N_STRETCHES).astype(int)
    return [(int(a), int(a) + size) for a in starts]


def _closed(samples: IntArray, stretches: Sequence[tuple[int, int]]) -> tuple[IntArray, int]:
    """Times of the spikes of all stretches with the gaps closed, and the length of all."""
    parts, end = [], 0
    for first, stop in stretches:
        times = samples[first:stop]
        # A stretch begins half an interval before its first spike, so that none is next to that of another stretch.
        margin = int((times[-1] - times[0]) // max(2 * len(times), 1)) + 1
        parts.append(times - times[0] + end + margin)
        end = int(parts[-1][-1]) + margin
    return (np.concatenate(parts) if parts else samples), max(end, 1)
