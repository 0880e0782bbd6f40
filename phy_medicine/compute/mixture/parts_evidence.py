"""Whether the parts that a model found in a cluster are neurons: their shapes, and what their trains say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan

from phy_medicine.base.reasons import Reason
from phy_medicine.base.types import IntArray
from phy_medicine.compute.suggesting.probability import MOST, of_two_neurons, probability

LEAST = 0.5
"""Probability from which a split is proposed."""
PRIOR, DEPTH_WEIGHT, DEPTH_EVEN = 1.0, 6.0, 0.1
"""Log-odds of two neurons at the shallowest valley that counts, and what a deeper one adds; set by hand. The valley is
found on one half of the spikes and seen on the other, so that one alone speaks for more than it would otherwise."""
REFRACTORY_MS, CENSORED_MS = 1.5, 0.3
TOGETHER = 0.4
"""Overlap in time under which two parts may be one neuron that changed."""
_TOLD = 1.0
_MANY_UNCERTAIN = 0.05


@dataclass(frozen=True, slots=True)
class PartTrains:
    """What the trains of the two parts say that look most like one neuron.

    pair : numbers of the parts, 0 the largest, (-1, -1) without two
    pairs, expected : of spikes within the refractory time, and how many there would be of two neurons that know nothing
        of each other
    together : overlap in time, 0 to 1
    """

    pair: tuple[int, int] = (-1, -1)
    pairs: int = 0
    expected: float = 0.0
    together: float = 1.0

    @property
    def dip(self) -> float:
        """Pairs by those expected: 1 for two neurons, 0 for one; NaN without any expected."""
        return self.pairs / self.expected if self.expected > 0 else nan

    @property
    def log_odds(self) -> float:
        """What they say of two neurons against one."""
        return of_two_neurons(self.pairs, self.expected) - (2 * MOST if self.together < TOGETHER else 0.0)


@dataclass(frozen=True, slots=True)
class PartsEvidence:
    """What speaks for the parts of a cluster being neurons.

    sizes : spikes of each part, the largest first; one part: no split
    depth : of the shallowest valley between two parts; log_evidence : of the parts less that of one Gaussian
    n_uncertain : spikes whose part is less than 60 % certain
    joined : which parts were taken for one neuron by their trains, and why, in words
    """

    sizes: tuple[int, ...]
    depth: float
    log_evidence: float
    n_uncertain: int
    trains: PartTrains
    joined: str = ""

    @property
    def n_spikes(self) -> int:
        """Of the cluster."""
        return sum(self.sizes)

    @property
    def probability(self) -> float:
        """How probably the parts are neurons, 0 to 1; 0 of one part."""
        if len(self.sizes) < 2:
            return 0.0
        return probability(PRIOR + DEPTH_WEIGHT * (self.depth - DEPTH_EVEN) + self.trains.log_odds)

    @property
    def proposed(self) -> bool:
        """Whether the split is worth proposing."""
        return self.probability >= LEAST

    @property
    def gain(self) -> float:
        """Spikes that the split is expected to put right: those outside of the largest part."""
        return self.probability * (self.n_spikes - self.sizes[0])

    @property
    def verdict(self) -> str:
        """In a few words."""
        if len(self.sizes) < 2:
            return f"no split supported{': ' if self.joined else ''}{self.joined}"
        if self.proposed:
            return f"split into {len(self.sizes)}{', as ' if self.joined else ''}{self.joined}"
        first, second = (place + 1 for place in self.trains.pair)
        why = "are there at different times" if self.trains.together < TOGETHER else "wait for each other"
        return f"not proposed: parts {first} and {second} {why}, as one neuron does"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What speaks for the split and then what against, in words."""
        n, shown = len(self.sizes), ", ".join(f"{size:,}" for size in self.sizes)
        found = [
            Reason(f"a mixture model finds {n} parts, of {shown} spikes", "n_parts", n, "for"),
            Reason(f"the shallowest valley between them is {self.depth:.0%} deep", "depth", self.depth, "for"),
            Reason(
                f"log evidence difference to one Gaussian {self.log_evidence:+,.0f}", "log_evidence",
                self.log_evidence, "for" if self.log_evidence > 0 else "against",
            ),
            *self._of_trains(),
        ]  # fmt: skip
        if self.n_uncertain > _MANY_UNCERTAIN * self.n_spikes:
            text = f"{self.n_uncertain:,} spikes are less than 60% certain"
            found.append(Reason(text, "n_uncertain", self.n_uncertain, "against"))
        return tuple(sorted(found, key=lambda reason: reason.speaks == "against"))

    def _of_trains(self) -> list[Reason]:
        trains, found = self.trains, []
        first, second = (place + 1 for place in trains.pair)
        says = of_two_neurons(trains.pairs, trains.expected)
        if abs(says) >= _TOLD:
            words = (
                "no refractory time between any two parts" if says > 0
                else f"parts {first} and {second} wait for each other as one neuron does"
            )  # fmt: skip
            text = f"{words}, {trains.pairs:,} pairs within {REFRACTORY_MS:g} ms of {trains.expected:.1f} expected"
            found.append(Reason(text, "dip", trains.dip, "for" if says > 0 else "against"))
        if trains.together < TOGETHER:
            text = f"parts {first} and {second} are there at different times, overlap {trains.together:.2f}"
            found.append(Reason(text, "together", trains.together, "against"))
        return found


def part_trains(samples: IntArray, labels: IntArray, n_parts: int, sample_rate: float, duration: int) -> PartTrains:
    """Return what the trains of parts say, of the two that look most like one neuron.

    Parameters
    ----------
    samples : (n,) int64, ascending; labels : (n,) the part of each spike
    duration : samples of the recording
    """
    from phy_medicine.compute.pairs.pair_counts import pair_counts, shared_presence

    censored, refractory = (round(ms * sample_rate / 1000) for ms in (CENSORED_MS, REFRACTORY_MS))
    trains: Sequence[IntArray] = [samples[labels == part] for part in range(n_parts)]
    found = []
    for a, b in combinations(range(n_parts), 2):
        counts = pair_counts(trains[a], trains[b], censored, refractory, sample_rate)
        together = shared_presence(trains[a], trains[b], max(duration, 1))
        found.append(PartTrains((a, b), counts.refractory, counts.expected, together))
    return min(found, key=lambda trains: trains.log_odds, default=PartTrains())
