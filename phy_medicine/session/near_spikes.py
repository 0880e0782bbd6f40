"""The spikes of a cluster and those around it, in the features of its largest channels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.curation.assignment import Assignment
from phy_medicine.curation.selector import spread, spread_in_turn
from phy_medicine.io.features import FeatureRows

if TYPE_CHECKING:
    from phy_medicine.io.model import Model
    from phy_medicine.session.best_channels import BestChannels
    from phy_medicine.session.facts import SessionFacts

N_CHANNELS = 4
N_OWN, N_OTHERS, MOST_OTHERS = 2000, 6000, 50_000
"""Spikes of a cluster; of those around it, usually and at most."""
_PER_TEMPLATE = 4000
_LEAST_EVEN = 50
_KEPT_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class NearSpikes:
    """Points in feature space; D scores each, 0 where a spike has none.

    own : (n, D) float32, spikes of the cluster, of `n_own` that have features
    even, others : (k, D), (m, D) float32, of the cluster and of those around it in the proportion in which spikes are
        there: each stands for `step`; labels : (m,) int, template of each of the others
    """

    own: FloatArray
    n_own: int
    even: FloatArray
    others: FloatArray
    labels: IntArray
    step: float


class NearFeatures:
    """Chooses and reads spikes; the same ones each time, whatever became of the other clusters.

    What lies around a cluster are the spikes of the sorter's templates that have features on at least half of the four
    largest channels of the cluster, without the cluster's own. So what is measured with them depends on nothing but the
    spikes of the cluster, and holds as long as its id. Spikes are taken evenly in time, which needs no random numbers.

    For one thread at a time.
    """

    def __init__(self, model: Model, facts: SessionFacts, channels: BestChannels) -> None:
        self._model, self._facts, self._channels = model, facts, channels
        self._picks: dict[int, tuple[int, IntArray]] | None = None
        self._rows: OrderedDict[int, FeatureRows] = OrderedDict()
        self._n_bytes = 0
        self._seen_on: BoolArray | None = None

    def around(self, cluster_id: int) -> NearSpikes | None:
        """Return the spikes of a cluster and around it; None where there are no features."""
        store, channels = self._model.features, self._largest(cluster_id)
        if store is None or not len(channels):
            return None
        own = self._facts.spikes(cluster_id)
        own = own if store.complete else own[store.has_row(own)]
        if not len(own):
            return None
        others, step = self._others(self._rest(cluster_id, channels), own)
        even = own[spread(len(own), max(1, round(len(own) / step)))]
        some = own[spread(len(own), N_OWN)]
        return NearSpikes(
            _flat(store.read(some), channels),
            len(own),
            _flat(store.read(even), channels),
            _flat(others, channels),
            np.asarray(self._model.spike_templates[others.spike_ids]),
            step,
        )

    def _largest(self, cluster_id: int) -> IntArray:
        """The largest channels of a cluster that its spikes have features on."""
        if self._model.features is None:
            return np.zeros(0, np.int64)
        best = self._channels.of(cluster_id)
        there = self._seen[min(self._facts.main_template(cluster_id), len(self._seen) - 1)]
        return np.asarray(best[there[best]][:N_CHANNELS], np.int64)

    def _rest(self, cluster_id: int, channels: IntArray) -> dict[int, int]:
        """Templates around a cluster, and how many spikes each has besides."""
        near = np.flatnonzero(2 * self._seen[:, channels].sum(axis=1) >= len(channels))
        own = dict(zip(*(a.tolist() for a in self._facts.template_counts(cluster_id)), strict=True))
        picks = self._all_picks()
        rest = {t: picks[t][0] - own.get(t, 0) for t in near.tolist() if t in picks}
        return {t: n for t, n in rest.items() if n > 0}

    def _others(self, rest: Mapping[int, int], own: IntArray) -> tuple[FeatureRows, float]:
        """Spikes of templates that are not of the cluster, and how many each stands for; rest : template -> spikes."""
        store = self._model.features
        assert store is not None
        step = _step(len(own), list(rest.values()))
        found = self._read(rest, step) or [store.read(own[:0])]
        ids = np.concatenate([rows.spike_ids for rows in found])
        data = np.concatenate([rows.data for rows in found])
        foreign = own[np.minimum(np.searchsorted(own, ids), len(own) - 1)] != ids
        return FeatureRows(ids[foreign], data[foreign], np.ones(int(foreign.sum()), bool), found[0].sparse), step

    def _read(self, templates: Iterable[int], step: float) -> list[FeatureRows]:
        """Scores of some spikes of each template; what is not known yet is read at once."""
        picks = self._all_picks()
        wanted = {t: np.sort(picks[t][1][: max(1, round(picks[t][0] / step))]) for t in templates}
        lacking = {
            t: ids for t, ids in wanted.items() if t not in self._rows or len(self._rows[t].spike_ids) < len(ids)
        }
        if lacking and self._model.features is not None:
            every = np.sort(np.concatenate(list(lacking.values())))
            read = self._model.features.read(every)
            for template, ids in lacking.items():
                self._keep(template, _some_of(read, ids))
        found = [_some_of(self._rows[t], ids) for t, ids in wanted.items()]
        for template in wanted:
            self._rows.move_to_end(template)
        while self._n_bytes > _KEPT_BYTES and len(self._rows) > 1:
            self._n_bytes -= self._rows.popitem(last=False)[1].data.nbytes
        return found

    def _keep(self, template: int, rows: FeatureRows) -> None:
        before = self._rows.pop(template, None)
        self._n_bytes += rows.data.nbytes - (0 if before is None else before.data.nbytes)
        self._rows[template] = rows

    def _all_picks(self) -> dict[int, tuple[int, IntArray]]:
        """Of each template how many spikes have features, and some of them in turn, as `spread_in_turn` has it."""
        if self._picks is None:
            store, by_template = self._model.features, Assignment(self._model.spike_templates)
            self._picks = {}
            for template in by_template.cluster_ids:
                ids = by_template.spikes(template)
                if store is not None and not store.complete:
                    ids = ids[store.has_row(ids)]
                if len(ids):
                    self._picks[template] = len(ids), frozen(ids[spread_in_turn(len(ids), _PER_TEMPLATE)])
        return self._picks

    @property
    def _seen(self) -> BoolArray:
        """(n_templates, n_channels) bool, where the spikes of each template have features."""
        if self._seen_on is None:
            self._seen_on = _seen(self._model)
        return self._seen_on


def _seen(model: Model) -> BoolArray:
    store = model.features
    assert store is not None
    n = max(model.n_templates, int(model.spike_templates.max(initial=0)) + 1)
    seen = np.zeros((n, model.n_channels), bool)
    for template in range(n):
        # Where every spike has features on all channels, those of its template say where it is.
        everywhere = store.sparse.index is None
        seen[template, model.template_channels(template) if everywhere else store.local_channels(template)] = True
    return seen


def _step(n_own: int, counts: list[int]) -> float:
    """How many spikes each that is looked at stands for."""
    total, largest = sum(counts), max(counts, default=0)
    least = max(1.0, total / MOST_OTHERS, largest / _PER_TEMPLATE)
    # Of a small cluster among large ones enough spikes are to be left.
    return max(least, min(total / N_OTHERS, n_own / _LEAST_EVEN))


def _some_of(rows: FeatureRows, spike_ids: IntArray) -> FeatureRows:
    """Some of the rows, all of which are there; ascending, as those are."""
    place = np.searchsorted(rows.spike_ids, spike_ids)
    return FeatureRows(spike_ids, rows.data[place], rows.has_row[place], rows.sparse)


def _flat(rows: FeatureRows, channels: IntArray) -> FloatArray:
    """(n, n_channels * n_pcs) float32, 0 where a spike has no score."""
    scores = rows.on(channels)
    return np.nan_to_num(scores.reshape(len(scores), int(np.prod(scores.shape[1:]))), nan=0.0, posinf=0.0, neginf=0.0)
