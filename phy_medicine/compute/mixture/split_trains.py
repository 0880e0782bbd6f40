"""Parts of a cluster whose trains say that they are one neuron: it moved, burst or changed, and has two shapes.

Two neurons fire within a refractory time of each other as often as chance has it. Parts of one neuron do not; and one
part may be there only while the other is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.discriminant import discriminant
from phy_medicine.compute.mixture.parts_evidence import (
    DEPTH_EVEN,
    DEPTH_WEIGHT,
    LEAST,
    PRIOR,
    REFRACTORY_MS,
    TOGETHER,
    PartTrains,
    part_trains,
)
from phy_medicine.compute.mixture.split import ModelSplit, valley
from phy_medicine.compute.suggesting.probability import probability


@dataclass(frozen=True, slots=True)
class Joined:
    """Two parts that were taken for one neuron; sizes : of both; depth : of the valley between them."""

    sizes: tuple[int, int]
    depth: float
    trains: PartTrains

    @property
    def words(self) -> str:
        """Why, in a clause."""
        both = f"parts of {self.sizes[0]:,} and {self.sizes[1]:,} spikes"
        if self.trains.together < TOGETHER:
            return f"{both} take turns, as of one neuron"
        pairs = f"{self.trains.pairs:,} pairs within {REFRACTORY_MS:g} ms of {self.trains.expected:,.0f} expected"
        return f"{both} wait for each other as one neuron does ({pairs})"


def join_by_trains(
    split: ModelSplit, samples: IntArray, sample_rate: float, duration: int
) -> tuple[ModelSplit, tuple[Joined, ...]]:
    """Return the split with parts joined whose trains speak louder for one neuron than the valley does for two.

    Parameters
    ----------
    samples : (n,) int64, ascending, when the spikes of the split are, of a recording of `duration` samples
    """
    joined: list[Joined] = []
    while split.supported:
        pairs = {pair: _between(split, pair, samples, sample_rate, duration) for pair in _pairs(split)}
        one = [pair for pair, found in pairs.items() if _probability(found) < LEAST]
        if not one:
            break
        # Before and after a jump, a part takes turns with both parts of every other neuron as well.
        nearest = _clearest({pair: _distance(split, pair) for pair in one})
        joined.append(pairs[nearest])
        split = _as_one(split, *nearest)
    if not joined or not split.supported:
        return split, tuple(joined)
    depths = [_valley(split, pair) for pair in _pairs(split)]
    return replace(split, depth=min(depths)), tuple(joined)


def _pairs(split: ModelSplit) -> list[tuple[int, int]]:
    return list(combinations(range(len(split.sizes)), 2))


def _between(split: ModelSplit, pair: tuple[int, int], samples: IntArray, sample_rate: float, duration: int) -> Joined:
    rows = np.flatnonzero(np.isin(split.labels, pair))
    labels = (split.labels[rows] == pair[1]).astype(np.int32)
    trains = part_trains(samples[rows], labels, 2, sample_rate, duration)
    return Joined((split.sizes[pair[0]], split.sizes[pair[1]]), _valley(split, pair), trains)


def _valley(split: ModelSplit, pair: tuple[int, int]) -> float:
    labels = split.labels[split.fitted]
    return valley(*(split.points[labels == part] for part in pair))


def _clearest(distances: dict[tuple[int, int], float]) -> tuple[int, int]:
    """The pair of the part whose nearest one is nearest by far, of all that it may be one with."""
    best: tuple[float, float, tuple[int, int]] | None = None
    for part in {part for pair in distances for part in pair}:
        ways = sorted((distance, pair) for pair, distance in distances.items() if part in pair)
        loss = ways[1][0] - ways[0][0] if len(ways) > 1 else 0.0
        if best is None or (loss, -ways[0][0]) > best[:2]:
            best = loss, -ways[0][0], ways[0][1]
    assert best is not None
    return best[2]


def _distance(split: ModelSplit, pair: tuple[int, int]) -> float:
    """How far apart two parts are for their width, along the line that separates them best."""
    labels = split.labels[split.fitted]
    return discriminant(*(split.points[labels == part] for part in pair)).d_prime


def _probability(found: Joined) -> float:
    return probability(PRIOR + DEPTH_WEIGHT * (found.depth - DEPTH_EVEN) + found.trains.log_odds)


def _as_one(split: ModelSplit, a: int, b: int) -> ModelSplit:
    """The split with two parts as one."""
    shares = np.delete(split.shares, b, axis=1)
    shares[:, a] += split.shares[:, b]
    labels = np.where(split.labels == b, a, split.labels)
    labels = labels - (labels > b)
    order = np.argsort(-np.bincount(labels, minlength=shares.shape[1]), kind="stable")
    place = np.argsort(order)
    labels, shares = place[labels].astype(np.int32), shares[:, order]
    sizes = tuple(np.bincount(labels, minlength=shares.shape[1]).tolist())
    certainty = shares[np.arange(len(labels)), labels]
    depth = split.depth if len(sizes) > 1 else 0.0
    return replace(split, labels=labels, shares=shares, sizes=sizes, certainty=certainty, depth=depth)
