"""What the cross-correlogram of two units says of whether they are one neuron, or have the same spikes twice."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from phy_medicine.base.types import IntArray
from phy_medicine.compute.spike_pairs import pairs_before

SHOULDER_S = 0.05
BURST_S = 0.02
CONFIDENCE = 0.95
_ONE_SIDED = 3.0
"""Times as many spikes after as before, or before as after, and so many standard deviations apart."""
_PRESENCE_BINS = 20


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Pairs of spikes of two units by lag.

    coincident : within the reach of duplicates; refractory : beyond it, within the refractory time
    before, after : beyond it, within 20 ms, the second unit before and after the first
    shoulder : beyond it, within 50 ms, both sides
    n_lags : how many lags, in samples, there are in `coincident`, `refractory` and `shoulder`
    """

    coincident: int
    refractory: int
    before: int
    after: int
    shoulder: int
    n_lags: tuple[int, int, int]

    @property
    def expected_coincident(self) -> float:
        """Pairs within the reach of duplicates if there were as many at each lag as on the shoulders."""
        return self.shoulder * self.n_lags[0] / self.n_lags[2]

    @property
    def expected(self) -> float:
        """Pairs within the refractory time, likewise."""
        return self.shoulder * self.n_lags[1] / self.n_lags[2]

    @property
    def one_sided(self) -> bool:
        """Whether spikes of one follow those of the other, but not the reverse: a neuron whose bursts change shape."""
        low, high = sorted((self.before, self.after))
        return high > _ONE_SIDED * low and high - low > _ONE_SIDED * sqrt(high + low)

    def dip(self) -> tuple[float, float]:
        """Return the pairs within the refractory time by those expected, and an upper bound; infinite without any."""
        if self.expected <= 0:
            return np.inf, np.inf
        return self.refractory / self.expected, poisson_upper(self.refractory) / self.expected


def pair_counts(first: IntArray, second: IntArray, coincident: int, refractory: int, sample_rate: float) -> PairCounts:
    """Count the pairs of two ascending trains.

    coincident, refractory : samples; lags up to and with the first, and from there up to the second, not with it
    """
    burst, shoulder = round(BURST_S * sample_rate), round(SHOULDER_S * sample_rate)
    edges = np.array([coincident + 1, max(refractory, coincident + 1), burst, shoulder])
    # Of an edge on the left side, 1 - edge is the first lag within it.
    below = pairs_before(first, second, np.concatenate([1 - edges[::-1], edges]))
    left, right = below[3::-1], below[4:]
    before, after = (np.where(np.diff(edges) > 0, abs(np.diff(side)), 0).tolist() for side in (left, right))
    lags = (2 * coincident + 1, int(2 * (edges[1] - edges[0])), int(2 * (shoulder - edges[1])))
    near, shoulders = int(right[0] - left[0]), sum(side[1] + side[2] for side in (before, after))
    return PairCounts(near, before[0] + after[0], before[1], after[1], shoulders, lags)


def poisson_upper(count: int, confidence: float = CONFIDENCE) -> float:
    """Return the mean of a Poisson count of which so few are seen with a probability of 1 - confidence."""
    from scipy.special import gammaincinv

    return float(gammaincinv(count + 1, confidence))


def poisson_lower(count: int, confidence: float = CONFIDENCE) -> float:
    """Return the mean of a Poisson count of which so many are seen with a probability of 1 - confidence; 0 of none."""
    from scipy.special import gammaincinv

    return float(gammaincinv(count, 1 - confidence)) if count else 0.0


def shared_presence(first: IntArray, second: IntArray, n_samples: int) -> float:
    """Return how much two trains are there at the same time, 0 to 1: the overlap of their histograms over time."""
    edges = np.linspace(0, n_samples, _PRESENCE_BINS + 1)
    a, b = (np.histogram(train, edges)[0] / max(len(train), 1) for train in (first, second))
    return float(np.minimum(a, b).sum())
