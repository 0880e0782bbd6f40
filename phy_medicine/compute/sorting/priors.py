"""What is known of the amplitudes of a unit before they are seen, and what a spike of some score is then worth.

The score s of a template of norm 1 is the amplitude that explains most; for noise of standard deviation sigma,

    log posterior(a) = (2 a s - a²) / (2 sigma²) + log p(a)

Everything here is about one spike that overlaps no other of its unit. A spike is worth its gain: how much the log
posterior rises when it is assumed, less the log odds against a spike at a sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr

from phy_medicine.base.types import FloatArray

LEAST_PROBABILITY, MOST_PROBABILITY = 1e-7, 0.5
LEAST_SPREAD = 0.1
"""Of the amplitudes of a unit, standard deviation over mean: a narrower prior would turn spikes away."""

_CERTAIN = 40.0
"""Of which the normal distribution function is 1."""


class Prior(Protocol):
    """Distribution of the amplitudes of one unit."""

    def amplitude(self, scores: FloatArray, noise_std: float) -> FloatArray:
        """Return the most probable amplitudes, 0 or above."""
        ...

    def gain(self, scores: FloatArray, noise_std: float) -> FloatArray:
        """Return what spikes of these scores are worth, nats; rises with the score."""
        ...

    def threshold(self, noise_std: float) -> float:
        """Return the score from which there is a spike."""
        ...

    def learned(self, amplitudes: FloatArray, n_samples: int) -> Self:
        """Return the prior after a unit's spikes have been found in so many samples."""
        ...

    def coefficients(self, noise_std: float) -> FloatArray:
        """Return the prior as compiled loops take it, (8,) float64: h, a0, a1, g0, g1, g2, p0, p1.

        Of a score s above the threshold h the amplitude is a0 + a1 s, or 0 if that is less, and the gain is
        g0 + g1 s + g2 s² + log Phi(p0 + p1 s).
        """
        ...


def log_odds(probability: float) -> float:
    """Return the log odds against a spike at a sample."""
    return float(np.log1p(-probability) - np.log(probability))


def spike_probability(n_spikes: int, n_samples: int) -> float:
    """Return the share of samples at which a unit fires, within limits."""
    return float(np.clip(n_spikes / max(n_samples, 1), LEAST_PROBABILITY, MOST_PROBABILITY))


@dataclass(frozen=True, slots=True)
class Exponential:
    """p(a) = rate exp(-rate a): subtracts a constant from every score.

    probability : of a spike at a sample; None takes every score above sigma² rate for one
    """

    rate: float
    probability: float | None = None

    def amplitude(self, scores: FloatArray, noise_std: float) -> FloatArray:
        """See `Prior`."""
        return np.maximum(0.0, scores - noise_std**2 * self.rate)

    def gain(self, scores: FloatArray, noise_std: float) -> FloatArray:
        """See `Prior`."""
        return self.amplitude(scores, noise_std) ** 2 / (2 * noise_std**2) - self._odds

    def threshold(self, noise_std: float) -> float:
        """See `Prior`."""
        return noise_std**2 * self.rate + noise_std * float(np.sqrt(2 * max(self._odds, 0.0)))

    def learned(self, amplitudes: FloatArray, n_samples: int) -> Self:
        """Return the prior with the share of spikes seen; the rate stays, which sets how sparse spikes are."""
        if self.probability is None:
            return self
        return replace(self, probability=spike_probability(len(amplitudes), n_samples))

    def coefficients(self, noise_std: float) -> FloatArray:
        """See `Prior`."""
        v, cut = noise_std**2, noise_std**2 * self.rate
        gain = cut**2 / (2 * v) - self._odds, -cut / v, 1 / (2 * v)
        return np.array([self.threshold(noise_std), -cut, 1.0, *gain, _CERTAIN, 0.0])

    @property
    def _odds(self) -> float:
        return 0.0 if self.probability is None else log_odds(self.probability)


@dataclass(frozen=True, slots=True)
class TruncatedNormal:
    """p(a) proportional to the normal density for a >= 0: pulls scores towards the mean.

    mean, std : of the normal before it is cut
    probability : of a spike at a sample
    evidence : judge spikes by the probability of the score whatever the amplitude, else by that of the best amplitude
    least : score below which there is no spike, however much it would explain
    """

    mean: float
    std: float
    probability: float
    evidence: bool = True
    least: float = 0.0

    def amplitude(self, scores: FloatArray, noise_std: float) -> FloatArray:
        """See `Prior`."""
        return np.maximum(0.0, self._centre(scores, noise_std))

    def gain(self, scores: FloatArray, noise_std: float) -> FloatArray:
        """See `Prior`."""
        v = self._variance(noise_std)
        m = self._centre(scores, noise_std)
        constant = self.mean**2 / (2 * self.std**2) + log_odds(self.probability)
        if not self.evidence:
            return np.maximum(0.0, m) ** 2 / (2 * v) - constant
        # log Phi(x) + x²/2 is smooth and rises, though each of its terms is large for x far below 0.
        above_zero = log_ndtr(m / np.sqrt(v)) - log_ndtr(self.mean / self.std)
        return np.asarray(0.5 * np.log(v) - np.log(self.std) + above_zero + m**2 / (2 * v) - constant)

    def threshold(self, noise_std: float) -> float:
        """See `Prior`."""

        def worth(score: float) -> float:
            return float(self.gain(np.float64(score), noise_std))

        low, high = 0.0, noise_std
        if worth(low) >= 0:
            return self.least
        while worth(high) < 0:
            low, high = high, 2 * high
        return max(self.least, float(brentq(worth, low, high, xtol=1e-9 * noise_std)))

    def learned(self, amplitudes: FloatArray, n_samples: int) -> Self:
        """Return the prior with mean, spread and share of the spikes seen; as it is when there are fewer than two."""
        if len(amplitudes) < 2:
            return self
        mean = float(np.mean(amplitudes, dtype=np.float64))
        std = max(float(np.std(amplitudes, dtype=np.float64)), LEAST_SPREAD * mean)
        share = spike_probability(len(amplitudes), n_samples)
        return replace(self, mean=mean, std=std, probability=share)

    def coefficients(self, noise_std: float) -> FloatArray:
        """See `Prior`."""
        v = self._variance(noise_std)
        a0, a1 = v * self.mean / self.std**2, v / noise_std**2
        constant = float(self.gain(np.float64(0.0), noise_std))
        above_zero = (_CERTAIN, 0.0)
        if self.evidence:
            above_zero = (a0 / np.sqrt(v), a1 / np.sqrt(v))
            constant -= float(log_ndtr(above_zero[0]))
        return np.array([self.threshold(noise_std), a0, a1, constant, a0 * a1 / v, a1**2 / (2 * v), *above_zero])

    def _variance(self, noise_std: float) -> float:
        return 1 / (1 / noise_std**2 + 1 / self.std**2)

    def _centre(self, scores: FloatArray, noise_std: float) -> FloatArray:
        return np.asarray(self._variance(noise_std) * (scores / noise_std**2 + self.mean / self.std**2))
