"""Units whose spikes are of two kinds: taken apart where that makes both parts purer, else only named."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.types import BoolArray, FloatArray, IntArray
from phy_medicine.compute.discriminant import discriminant
from phy_medicine.compute.metrics.contamination import contamination_by_one, refractory_pairs
from phy_medicine.compute.pairs.bimodality import FEWEST, bimodality
from phy_medicine.compute.pairs.pair_counts import pair_counts, shared_presence
from phy_medicine.compute.pairs.template_pairs import SIMILARITY_LAG_S, best_lags
from phy_medicine.compute.sorting.merge_evidence import COMPLEMENTARY
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.unit import Unit, parted

CHANCE = 0.05
"""Probability that a part of the pairs too close falls between two parts by chance, below which it does not."""
_DIRECTIONS, _MEANS = 5, 3
_ROUNDS = 3
_TREND_SPIKES = 51
_MOST_PARTS = 4


@dataclass(frozen=True, slots=True)
class Split:
    """Two kinds of spikes of a unit.

    second : (n,) bool; depth : of the valley between the two, 0 to 1
    purer : whether both parts are less contaminated than the whole, and not by chance
    no_worse : whether neither part is more contaminated, and the two may fire within the refractory time of each other
    """

    second: BoolArray
    depth: float
    purer: bool
    no_worse: bool


def split_unit(
    unit: Unit, shapes: FloatArray, sample_rate: float, n_samples: int, settings: PostSettings
) -> list[Unit]:
    """Take a unit apart as often as that makes purer parts, up to four; the largest part comes first.

    shapes : (P, D), of the features
    """
    done: list[Unit] = []
    max_lag = round(SIMILARITY_LAG_S * sample_rate)
    todo = [unit]
    while todo:
        whole = todo.pop()
        found = find_split(whole, sample_rate, n_samples, settings)
        parts = () if found is None else parted(whole, found.second, shapes)
        if found is None or len(done) + len(todo) + 2 > _MOST_PARTS or not _decisive(found, parts, max_lag, settings):
            done.append(replace(whole, bimodality=0.0 if found is None else found.depth))
            continue
        words = f"taken apart from {len(whole)} spikes of two kinds: bimodality {found.depth:.2f}"
        todo += [replace(part.told(words), bimodality=float("nan")) for part in parts]
    return sorted(done, key=lambda part: -len(part))


def _decisive(found: Split, parts: tuple[Unit, ...], max_lag: int, settings: PostSettings) -> bool:
    """Whether to take a unit apart: both parts are purer, or so far apart that they would not be joined either."""
    if found.purer:
        return True
    cosine = float(best_lags(parts[0].template, parts[1].template[None], max_lag)[0][0])
    return found.no_worse and found.depth >= settings.split_sure and cosine < settings.merge_sure_cosine


def find_split(unit: Unit, sample_rate: float, n_samples: int, settings: PostSettings) -> Split | None:
    """Return the two kinds of spikes that a unit has, None if it has only one.

    Looked for along the leading directions of the features, and in amplitude against time. Spikes that are of one kind
    first and of another later are of a unit that moves, and of one kind here.
    """
    if len(unit) < 2 * FEWEST:
        return None
    tables = [_amplitude_without_trend(unit.amplitudes)]
    if unit.has_features:
        tables.append(_leading(unit.features))
    found = [kinds for table in tables if (kinds := two_kinds(table)) is not None]
    found = [(second, depth) for second, depth in found if depth >= settings.bimodality]
    found = [
        kinds
        for kinds in found
        if shared_presence(unit.times[kinds[0]], unit.times[~kinds[0]], n_samples) >= COMPLEMENTARY
    ]
    if not found:
        return None
    second, depth = max(found, key=lambda kinds: kinds[1])
    censored, refractory = (round(ms * sample_rate / 1000) for ms in (settings.min_isi_ms, settings.refractory_ms))
    counts = pair_counts(
        unit.times[~second],
        unit.times[second],
        round(settings.duplicate_ms * sample_rate / 1000),
        refractory,
        sample_rate,
    )
    whole, worse, by_chance = _contaminations(unit.times, second, censored, refractory, n_samples)
    one_neuron = counts.dip()[1] < settings.merge_dip
    return Split(second, depth, worse < whole and by_chance < CHANCE, worse <= whole and not one_neuron)


def two_kinds(table: FloatArray) -> tuple[BoolArray, float] | None:
    """Return which rows are of the second kind and how deep the valley is between the kinds, None without a valley.

    table : (n, n_values), the value that varies most first
    """
    best: tuple[BoolArray, float] | None = None
    for start in _starts(table):
        second = start
        for _ in range(_ROUNDS):
            if min(second.sum(), (~second).sum()) < FEWEST:
                break
            places = discriminant(table[second], table[~second]).along(table)
            valley = bimodality(places)
            if not valley.depth > 0:
                break
            second = places > valley.cut
            if best is None or valley.depth > best[1]:
                best = second, valley.depth
    return best


def _starts(table: FloatArray) -> list[BoolArray]:
    """First guesses at two kinds: on either side of a valley in each direction, or nearest to two means."""
    starts = []
    for column in range(table.shape[1]):
        values = table[:, column] - table[:, column].mean()
        valley = bimodality(values)
        if valley.depth > 0:
            starts.append(values > valley.cut)
        if column < _MEANS:
            starts.append(two_means(table, values > 0))
    return starts


def two_means(table: FloatArray, second: BoolArray) -> BoolArray:
    """Kinds that are nearer to their own mean than to the other's."""
    for _ in range(20):
        if second.all() or not second.any():
            break
        means = table[second].mean(axis=0), table[~second].mean(axis=0)
        apart = means[0] - means[1]
        nearer = table @ apart > (means[0] + means[1]) @ apart / 2
        if (nearer == second).all():
            break
        second = nearer
    return second


def _leading(features: FloatArray) -> FloatArray:
    """Scores of features in the directions in which they vary most, (n, n_directions)."""
    rows = np.asarray(features, np.float64).reshape(len(features), -1)
    rows -= rows.mean(axis=0)
    _, vectors = np.linalg.eigh(rows.T @ rows)
    return np.asarray(rows @ vectors[:, : -_DIRECTIONS - 1 : -1])


def _amplitude_without_trend(amplitudes: FloatArray) -> FloatArray:
    """Amplitudes less their mean over the spikes around each, (n, 1)."""
    reach = min(_TREND_SPIKES, len(amplitudes)) // 2
    total = np.concatenate([[0.0], np.cumsum(amplitudes, dtype=np.float64)])
    rows = np.arange(len(amplitudes))
    first, last = np.maximum(rows - reach, 0), np.minimum(rows + reach + 1, len(amplitudes))
    return np.asarray(amplitudes - (total[last] - total[first]) / (last - first))[:, None]


def _contaminations(
    times: IntArray, second: BoolArray, censored: int, refractory: int, n_samples: int
) -> tuple[float, float, float]:
    """Contamination of the whole and of the worse part, and how probable so few pairs within parts are by chance."""
    from scipy.special import bdtr

    trains = times, times[~second], times[second]
    pairs = [refractory_pairs(train, censored, refractory) for train in trains]
    window = max(refractory - censored, 0)
    whole, *parts = (contamination_by_one(len(t), n, window, n_samples) for t, n in zip(trains, pairs, strict=True))
    share = second.mean()
    # Of spikes dealt out to two parts by chance, pairs fall into one part with this probability.
    by_chance = bdtr(pairs[1] + pairs[2], pairs[0], share**2 + (1 - share) ** 2) if pairs[0] else 1.0
    return whole, max(parts), float(by_chance)
