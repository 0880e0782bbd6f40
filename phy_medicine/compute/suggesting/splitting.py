"""Whether the spikes of a cluster are of two kinds, and of which kind each is.

Looked for along the leading directions of the features and in amplitude. What changes slowly, as with drift, is taken
out first: the mean of the spikes around each in time, so that a neuron that moves is of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import log, nan
from typing import Literal

import numpy as np

from phy_medicine.base.reasons import Reason
from phy_medicine.base.types import BoolArray, FloatArray, IntArray, frozen
from phy_medicine.compute.discriminant import Discriminant, discriminant
from phy_medicine.compute.metrics.contamination import contamination_by_one, refractory_pairs
from phy_medicine.compute.pairs.bimodality import FEWEST, Bimodality, bimodality
from phy_medicine.compute.pairs.pair_counts import pair_counts, shared_presence
from phy_medicine.compute.sorting.splits import two_means
from phy_medicine.compute.suggesting.probability import MOST, of_two_neurons, probability

Where = Literal["features", "amplitude"]
DIRECTIONS = 5
TREND_SPIKES = 51
"""Spikes around each whose mean is taken out."""
REFRACTORY_MS, CENSORED_MS = 1.5, 0.3
_ROUNDS, _MEANS = 4, 3
_LEAST_DEPTH = 0.05
_ENDS = (0.12, 0.88)
_SPIKES_PER_FEATURE = 5
SPLIT_PRIOR, DEPTH_WEIGHT, DEPTH_EVEN = -1.0, 8.0, 0.3
"""Log-odds of a split, and what a valley adds by how much deeper it is than this one; set by hand."""
APART_WEIGHT, APART_EVEN = 2.0, 4.0
"""What two kinds add by how many standard deviations more they are apart than these; set by hand."""
TOGETHER = 0.4
"""Overlap in time from which two kinds are not one that changed."""
_TOLD, _PURER = 1.0, 0.03
_SORTER_PAIRS = 0.1
"""Part of the pairs too close to each other that are within the parts of two neurons, since parts are not perfect."""


@dataclass(frozen=True, slots=True)
class SpikeSample:
    """Spikes of one cluster in stretches that follow each other.

    samples : (n,) int64, ascending; with gaps between stretches closed, so that they count as one train
    moved_um : (n,) float, of the tissue at each spike, None without a motion in use
    features : (n, D) float32, of the cluster's own channels, None without; NaN where a spike has none
    amplitudes : (n,) float32, None without
    n_total : spikes that the cluster has; n_samples : length of all stretches
    """

    samples: IntArray
    features: FloatArray | None
    amplitudes: FloatArray | None
    n_total: int
    n_samples: int
    moved_um: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class TwoKinds:
    """How to tell two kinds of spikes apart.

    where : in what they differ; depth : of the valley between them, by the lower peak, 0 to 1
    d_prime : how far they are apart, in standard deviations
    mean, axis : (D,) of the features along which they differ; of amplitudes (1,); cut : where on it the valley is
    by_motion : whether what changes as the tissue moves is taken out before what changes in time
    """

    where: Where
    depth: float
    d_prime: float
    mean: FloatArray
    axis: FloatArray
    cut: float
    by_motion: bool = False

    def places(self, values: FloatArray) -> FloatArray:
        """Return where spikes are on the axis, (n,); values : (n, D) features, or amplitudes (n, 1)."""
        return np.asarray(filled(np.asarray(values, np.float64), self.mean) @ self.axis)

    def second(self, places: FloatArray, moved_um: FloatArray | None = None) -> BoolArray:
        """Return which spikes are of the second kind, (n,).

        What changes slowly is taken out of each kind by itself, so that a stretch with more spikes of one kind does not
        look like a change, and the border is where both kinds are as probable.

        places : (n,) of consecutive spikes; moved_um : as of `SpikeSample`
        """
        moved_um = moved_um if self.by_motion else None
        second = without_trend(places[:, None], moved_um)[:, 0] > self.cut
        for _ in range(_ROUNDS):
            n = int(second.sum())
            if min(n, len(second) - n) < 2:
                break
            left = places - np.where(second, places[second].mean(), places[~second].mean())
            still = places - (left - without_trend(left[:, None], moved_um)[:, 0])
            low, high = still[~second].mean(), still[second].mean()
            variance = (still[second].var() * n + still[~second].var() * (len(second) - n)) / len(second)
            second = still > (low + high) / 2 + variance * np.log((len(second) - n) / n) / max(high - low, 1e-12)
        return np.asarray(second)


@dataclass(frozen=True, slots=True)
class SplitEvidence:
    """What speaks for a cluster being two neurons.

    n_spikes : of the cluster; share : of the smaller kind, 0 to 0.5
    where, depth, d_prime : as of `TwoKinds`
    pairs, expected : of spikes of the one and the other within the refractory time, and how many there would be of two
        that know nothing of each other
    within : pairs that are too close to each other although both are of one kind
    contamination, worse_part : of the cluster, and of the more contaminated of the parts, 0 to 1
    together : overlap of the two in time, 0 to 1; kinds that are there one after the other are of a neuron that changed
    """

    n_spikes: int
    share: float
    where: Where
    depth: float
    d_prime: float
    pairs: int
    expected: float
    within: int
    contamination: float
    worse_part: float
    together: float

    @property
    def dip(self) -> float:
        """Pairs by those expected: 1 for two neurons, 0 for one; NaN without any expected."""
        return self.pairs / self.expected if self.expected > 0 else nan


def find_kinds(sample: SpikeSample, sample_rate: float) -> tuple[TwoKinds, SplitEvidence] | None:
    """Return the two kinds of spikes that a cluster has, and what speaks for their being two neurons.

    None if they are all of one kind, or too few.
    """
    if len(sample.samples) < 2 * FEWEST:
        return None
    found: list[tuple[TwoKinds, SplitEvidence]] = []
    for values, kinds in _looked_for(sample):
        second = kinds.second(kinds.places(values), sample.moved_um)
        if min(second.sum(), (~second).sum()) >= FEWEST:
            found.append((kinds, weigh_split(sample, kinds, second, sample_rate)))
    return max(found, key=lambda pair: _log_odds(pair[1]), default=None)


def split_probability(evidence: SplitEvidence) -> float:
    """Return how probably the two kinds of spikes of a cluster are two neurons, 0 to 1."""
    return probability(_log_odds(evidence))


def _log_odds(evidence: SplitEvidence) -> float:
    depth = DEPTH_WEIGHT * (evidence.depth - DEPTH_EVEN)
    apart = min(max(APART_WEIGHT * (evidence.d_prime - APART_EVEN), -MOST), MOST)
    changed = -2 * MOST if evidence.together < TOGETHER else 0.0
    trains = of_two_neurons(evidence.pairs, evidence.expected) + purer(evidence.pairs, evidence.within, evidence.share)
    return SPLIT_PRIOR + depth + apart + changed + trains


def purer(across: int, within: int, share: float) -> float:
    """Return the log-odds of two neurons from where the pairs are that are too close to each other, -`MOST` to `MOST`.

    Of two neurons they are across the two; of spikes that are dealt out by chance as many are as pairs of any spikes.

    across, within : pairs of both kinds and of one; share : of the smaller kind
    """
    by_chance = min(max(2 * share * (1 - share), 1e-3), 1 - 1e-3)
    value = across * log((1 - _SORTER_PAIRS) / by_chance) + within * log(_SORTER_PAIRS / (1 - by_chance))
    return min(max(value, -MOST), MOST)


def split_reasons(evidence: SplitEvidence) -> tuple[Reason, ...]:
    """Return what speaks for two neurons and what against, in words."""
    found = [
        Reason(
            f"two kinds of spikes by {evidence.where}, {evidence.d_prime:.1f} standard deviations apart with a valley "
            f"{evidence.depth:.0%} deep; {evidence.share:.0%} are of the smaller kind",
            "depth", evidence.depth, "for",
        )
    ]  # fmt: skip
    says = of_two_neurons(evidence.pairs, evidence.expected)
    if abs(says) >= _TOLD:
        words = "no refractory time between the two" if says > 0 else "the two wait for each other as one neuron does"
        text = f"{words}, {evidence.pairs} pairs within {REFRACTORY_MS:g} ms of {evidence.expected:.1f} expected"
        found.append(Reason(text, "dip", evidence.dip, "for" if says > 0 else "against"))
    if evidence.together < TOGETHER:
        text = f"the two are there at different times, overlap {evidence.together:.2f}: it may be one that changed"
        found.append(Reason(text, "together", evidence.together, "against"))
    if evidence.contamination - evidence.worse_part > _PURER:
        text = f"both parts are purer, contamination {evidence.contamination:.2f} to {evidence.worse_part:.2f}"
        found.append(Reason(text, "contamination", evidence.contamination, "for"))
    elif evidence.worse_part - evidence.contamination > _PURER:
        text = f"a part is less pure, contamination {evidence.contamination:.2f} to {evidence.worse_part:.2f}"
        found.append(Reason(text, "contamination", evidence.worse_part, "against"))
    return tuple(sorted(found, key=lambda r: r.speaks == "against"))


def filled(features: FloatArray, mean: FloatArray) -> FloatArray:
    """Return features less their mean, 0 where there are none; (n, D)."""
    return np.nan_to_num(features - mean, nan=0.0, posinf=0.0, neginf=0.0)


def without_trend(scores: FloatArray, moved_um: FloatArray | None = None, reach: int = TREND_SPIKES // 2) -> FloatArray:
    """Return scores less their mean over the spikes around each: by how far the tissue has moved, then in time.

    scores : (n, m), of spikes in the order of time; moved_um : (n,), or None; reach : spikes on either side
    """
    if moved_um is not None:
        order = np.argsort(moved_um, kind="stable")
        still = np.empty_like(scores)
        still[order] = _less_running_mean(scores[order], reach)
        scores = still
    return _less_running_mean(scores, reach)


def _less_running_mean(scores: FloatArray, reach: int) -> FloatArray:
    n = len(scores)
    reach = max(1, min(reach, n // 2))
    total = np.concatenate([np.zeros((1, scores.shape[1])), np.cumsum(scores, axis=0, dtype=np.float64)])
    rows = np.arange(n)
    first, last = np.maximum(rows - reach, 0), np.minimum(rows + reach + 1, n)
    return np.asarray(scores - (total[last] - total[first]) / (last - first)[:, None])


def weigh_split(sample: SpikeSample, kinds: TwoKinds, second: BoolArray, sample_rate: float) -> SplitEvidence:
    """Return what speaks for two kinds of spikes being two neurons; second : (n,) bool of the sample."""
    censored, refractory = (round(ms * sample_rate / 1000) for ms in (CENSORED_MS, REFRACTORY_MS))
    parts = sample.samples[~second], sample.samples[second]
    counts = pair_counts(*parts, censored, refractory, sample_rate)
    trains = (sample.samples, *parts)
    close = [refractory_pairs(train, censored, refractory) for train in trains]
    whole, *worse = (
        contamination_by_one(len(train), n, refractory - censored, sample.n_samples)
        for train, n in zip(trains, close, strict=True)
    )
    share = float(second.mean())
    return SplitEvidence(
        sample.n_total, min(share, 1 - share), kinds.where, kinds.depth, kinds.d_prime, counts.refractory,
        counts.expected, close[1] + close[2], whole, max(worse), shared_presence(*parts, sample.n_samples),
    )  # fmt: skip


def _looked_for(sample: SpikeSample) -> Iterator[tuple[FloatArray, TwoKinds]]:
    """Values and the two kinds in them, where there are two, with and without the motion."""
    tables: list[tuple[FloatArray, Callable[[FloatArray, FloatArray | None], TwoKinds | None]]] = []
    if sample.features is not None:
        tables.append((np.asarray(sample.features, np.float64), _in_features))
    if sample.amplitudes is not None:
        tables.append((np.asarray(sample.amplitudes, np.float64)[:, None], _in_amplitude))
    for values, look in tables:
        for moved_um in (None,) if sample.moved_um is None else (None, sample.moved_um):
            kinds = look(values, moved_um)
            if kinds is not None:
                yield values, replace(kinds, by_motion=moved_um is not None)


def _in_features(features: FloatArray, moved_um: FloatArray | None) -> TwoKinds | None:
    """The two kinds along the leading directions, told apart by all features where that does it better."""
    mean = np.nan_to_num(np.nanmean(features, axis=0)) if np.isfinite(features).any() else np.zeros(features.shape[1])
    centered = filled(features, mean)
    vectors = np.linalg.eigh(centered.T @ centered)[1][:, : -DIRECTIONS - 1 : -1]
    best = _kinds(without_trend(centered @ vectors, moved_um))
    if best is None:
        return None
    line, valley, second = best
    axis = vectors @ line.weights
    if min(second.sum(), (~second).sum()) >= _SPIKES_PER_FEATURE * features.shape[1]:
        table = without_trend(centered, moved_um)
        finer = discriminant(table[second], table[~second])
        again = bimodality(finer.along(table))
        if again.depth >= valley.depth:
            line, axis, valley = finer, finer.weights, again
    return TwoKinds("features", valley.depth, line.d_prime, frozen(mean), frozen(axis), valley.cut + line.offset)


def _in_amplitude(amplitudes: FloatArray, moved_um: FloatArray | None) -> TwoKinds | None:
    best = _kinds(without_trend(amplitudes, moved_um))
    if best is None:
        return None
    line, valley, _ = best
    return TwoKinds("amplitude", valley.depth, line.d_prime, np.zeros(1), line.weights, valley.cut + line.offset)


def _kinds(table: FloatArray) -> tuple[Discriminant, Bimodality, BoolArray] | None:
    """The line with the deepest valley on it, if there is one, and what is beyond the valley."""
    best: tuple[Discriminant, Bimodality, BoolArray] | None = None
    for second in _starts(table):
        for _ in range(_ROUNDS):
            if min(second.sum(), (~second).sum()) < FEWEST:
                break
            line = discriminant(table[second], table[~second])
            places = line.along(table)
            valley = bimodality(places)
            if not valley.depth > _LEAST_DEPTH:
                break
            second = places > valley.cut
            if best is None or valley.depth > best[1].depth:
                best = line, valley, second
    return best


def _starts(table: FloatArray) -> list[BoolArray]:
    """First guesses: on either side of a valley in each direction, or nearer to one of two means."""
    starts = []
    for column in range(table.shape[1]):
        values = table[:, column] - table[:, column].mean()
        spread = float(values.std()) or 1.0
        valley = bimodality(values / spread)
        if valley.depth > 0:
            starts.append(values / spread > valley.cut)
        if column < _MEANS:
            starts.append(two_means(table, values > 0))
            # A small kind lies at one end of a direction.
            starts += [values < np.quantile(values, _ENDS[0]), values > np.quantile(values, _ENDS[1])]
    return starts
