"""Which units are one neuron: joined where everything says so, suggested where a part does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.pairs.template_pairs import SIMILARITY_LAG_S, TemplateBank
from phy_medicine.compute.sorting.merge_evidence import Evidence, weigh
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.unit import Unit, joined, spikes_of, units_of

Suggestion = tuple[int, int, float, str]
"""Two units, how much speaks for one neuron, 0 to 1, and what."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Units after those that are one were joined, in the order of the first that went into each.

    templates : (K', N, D), norm 1
    times, units, amplitudes : (n,), of all spikes, in the order of time, then of unit
    rows : (n,) int64, which spike each was before
    group : (K,) int, the unit that each unit went into
    suggested : pairs of new units that may be one
    """

    templates: FloatArray
    times: IntArray
    units: IntArray
    amplitudes: FloatArray
    rows: IntArray
    group: IntArray
    suggested: tuple[Suggestion, ...]


def merge_units(
    templates: FloatArray,
    times: IntArray,
    units: IntArray,
    amplitudes: FloatArray,
    *,
    sample_rate: float,
    n_samples: int,
    settings: PostSettings | None = None,
    features: FloatArray | None = None,
    feature_channels: IntArray | None = None,
    feature_shapes: FloatArray | None = None,
) -> Merged:
    """Join the units that are one neuron; no spike is lost.

    Parameters
    ----------
    templates : (K, N, D), norm 1; times, units, amplitudes : (n,), in the order of time, samples
    n_samples : of the recording
    features, feature_channels, feature_shapes : as of `Sorting`; without, amplitudes alone say whether the spikes of
        two units are of one kind
    """
    given = features is not None and feature_channels is not None and feature_shapes is not None
    more = {"features": features, "channels": feature_channels} if given else {}
    before = units_of(templates, times, units, amplitudes, **more)
    pool = MergePool(before, sample_rate, n_samples, settings or PostSettings(), feature_shapes if given else None)
    pool.merge()
    left = pool.left()
    group = np.array([pool.row_of(k) for k in range(len(before))], np.int64)
    return Merged(
        np.array([u.template for u in left]), spikes_of(left, "times"), spikes_of(left, "units"),
        spikes_of(left, "amplitudes"), spikes_of(left, "rows"), group, pool.suggested(),
    )  # fmt: skip


@dataclass(slots=True)
class MergePool:
    """Units of which the best pair is joined until none is left that should be.

    shapes : (P, D), of the features; None: they have none
    """

    units: list[Unit]
    sample_rate: float
    n_samples: int
    settings: PostSettings
    shapes: FloatArray | None = None
    evidence: dict[tuple[int, int], Evidence] = field(default_factory=dict)
    _bank: TemplateBank | None = None
    _into: dict[int, int] = field(default_factory=dict)

    def merge(self) -> None:
        """Join the best pair until none passes."""
        self.units = list(self.units)
        if not self.units:
            return
        templates = np.array([u.template for u in self.units])
        self._bank = TemplateBank.of(templates, round(SIMILARITY_LAG_S * self.sample_rate))
        for i, j, cosine, lag in self._bank.pairs(self.settings.merge_cosine):
            self._weigh(i, j, cosine, lag)
        while passing := [(-e.score, pair) for pair, e in self.evidence.items() if e.passes]:
            self._join(*min(passing)[1])

    def left(self) -> list[Unit]:
        """Return the units that are left, in their order."""
        return [u for k, u in enumerate(self.units) if k not in self._into]

    def row_of(self, k: int) -> int:
        """Return which of the units that are left a unit went into."""
        while k in self._into:
            k = self._into[k]
        return k - sum(other < k for other in self._into)

    def suggested(self) -> tuple[Suggestion, ...]:
        """Return the pairs of which only a part speaks for one neuron, the best first, as rows of `left`."""
        found = [
            (self.row_of(i), self.row_of(j), round(e.score, 4), e.words)
            for (i, j), e in self.evidence.items()
            if e.suggests and not e.passes
        ]
        return tuple(sorted(found, key=lambda pair: (-pair[2], pair[:2])))

    def _weigh(self, i: int, j: int, cosine: float, lag: int) -> None:
        first, second = self.units[i], self.units[j]
        if len(first) and len(second) and not (first.rejected or second.rejected):
            self.evidence[i, j] = weigh(
                first, second, cosine, lag, sample_rate=self.sample_rate, n_samples=self.n_samples,
                settings=self.settings, shapes=self.shapes,
            )  # fmt: skip

    def _join(self, i: int, j: int) -> None:
        assert self._bank is not None
        found = self.evidence[i, j]
        union = joined(self.units[i], self.units[j], found.lag, self.shapes)
        self.units[i] = union.told(f"joined of {len(self.units[i])} and {len(self.units[j])} spikes: {found.words}")
        self._into[j] = i
        self.evidence = {pair: e for pair, e in self.evidence.items() if not {i, j} & set(pair)}
        self._bank.replace(j, np.zeros_like(union.template))
        self._bank.replace(i, union.template)
        for other, cosine, lag in self._bank.similar(i, self.settings.merge_cosine):
            self._weigh(min(i, other), max(i, other), cosine, lag if i < other else -lag)
