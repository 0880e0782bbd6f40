"""What speaks for two units being one neuron, and what against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import FloatArray
from phy_medicine.compute.pairs.bimodality import FEWEST, separation
from phy_medicine.compute.pairs.contamination import contamination_gain
from phy_medicine.compute.pairs.pair_counts import PairCounts, pair_counts, poisson_lower, shared_presence
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.unit import Unit, shared_features

NOISE_COSINE = 0.05
"""By so much noise may have lowered the cosine of two templates."""
COMPLEMENTARY = 0.2
"""Overlap in time below which two units are there one after the other."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of a pair of units with similar templates.

    cosine, lag : of the templates, and how much later the second has the waveform of the first
    dip : pairs within the refractory time by those expected; dip_upper, its upper bound
    dips : True if there are too few pairs for two neurons, False if there are not, None if too few are expected to tell
    contamination : how much more contaminated the union is than the worse one
    bimodality : of the pooled features, None if there are none to compare, or nothing else speaks for one neuron
    one_sided : spikes of one follow those of the other; complementary : they are there one after the other
    """

    cosine: float
    lag: int
    dip: float
    dip_upper: float
    dips: bool | None
    contamination: float
    bimodality: float | None
    one_sided: bool
    complementary: bool
    settings: PostSettings

    @property
    def sure(self) -> bool:
        """Whether the templates are so similar that weaker evidence is enough."""
        return self.cosine >= self.settings.merge_sure_cosine

    @property
    def clean(self) -> bool:
        """Whether the union is about as pure as the units."""
        return self.contamination <= self.settings.merge_contamination

    @property
    def one_kind(self) -> bool:
        """Whether the spikes of both are of one kind; in bursts those that follow may be of another shape."""
        return self.one_sided or (self.bimodality is not None and self.bimodality < self.settings.bimodality)

    @property
    def passes(self) -> bool:
        """Whether the two are to be joined."""
        dips = self.dips or (self.dips is None and self.sure)
        return bool(dips and self.clean and self.one_kind)

    @property
    def suggests(self) -> bool:
        """Whether a person should look at the two: one thing speaks against, and something strongly for."""
        if [self.dips is False, not self.clean, not self.one_kind].count(True) > 1:
            return False
        if self.dips is None:
            # Two shapes, and no sign of one neuron, are two neurons.
            return self.sure and self.one_kind
        return self.dips or (self.sure and self.dip < self.settings.merge_suggested_dip)

    @property
    def score(self) -> float:
        """How much speaks for one neuron, 0 to 1."""
        dip = 0.5 if self.dips is None else max(0.0, 1 - self.dip_upper)
        kinds = 1.0 if self.one_sided else 0.5 if self.bimodality is None else 1 - self.bimodality
        purity = max(0.0, 1 - max(self.contamination, 0.0))
        return float(np.clip(self.cosine, 0, 1) * (dip + kinds + purity) / 3)

    @property
    def words(self) -> str:
        """The figures, for a table."""
        parts = [f"cosine {self.cosine:.2f}"]
        if self.complementary:
            parts.append("there one after the other")
        elif self.dips is None:
            parts.append("too few spikes for a dip")
        else:
            parts.append(f"{'' if self.dips else 'no '}dip ({self.dip:.2f}, at most {self.dip_upper:.2f})")
        parts.append(f"contamination {self.contamination:+.2f}")
        parts.append("nothing to compare" if self.bimodality is None else f"bimodality {self.bimodality:.2f}")
        return ", ".join(parts + ["one-sided correlogram"] * self.one_sided)


def weigh(
    first: Unit,
    second: Unit,
    cosine: float,
    lag: int,
    *,
    sample_rate: float,
    n_samples: int,
    settings: PostSettings,
    shapes: FloatArray | None = None,
) -> Evidence:
    """Return what two units of similar templates have in common.

    lag : how much later the second has the waveform of the first in its window, samples
    shapes : (P, D), of the features
    """
    later = second.times + lag
    refractory, censored, reach = (
        round(ms * sample_rate / 1000) for ms in (settings.refractory_ms, settings.min_isi_ms, settings.duplicate_ms)
    )
    counts = pair_counts(first.times, later, reach, refractory, sample_rate)
    dip, upper = counts.dip()
    cosine = likeness(first, second, cosine, lag, shapes, settings.merge_sure_cosine)
    sure = cosine >= settings.merge_sure_cosine
    dips = _dips(counts, settings.merge_sure_dip if sure else settings.merge_dip, settings.merge_dip)
    complementary = shared_presence(first.times, later, n_samples) < COMPLEMENTARY
    return Evidence(
        cosine, lag, dip, upper, dips,
        contamination_gain(first.times, later, censored, refractory, n_samples),
        _bimodality(first, second, lag, shapes) if sure or dips else None, counts.one_sided, complementary, settings,
    )  # fmt: skip


def likeness(first: Unit, second: Unit, cosine: float, lag: int, shapes: FloatArray | None, sure: float) -> float:
    """Return the cosine of two templates, or of the mean features where it is only just not sure, if that is larger.

    Templates of few small spikes are less alike than their neurons, by noise of all samples; features have less of it.
    """
    if not sure - NOISE_COSINE <= cosine < sure:
        return cosine
    shared = shared_features(first, second, lag, shapes)
    if shared is None or first.channels is None or 2 * shared[0].shape[2] < (first.channels >= 0).sum():
        return cosine
    a, b = (features.mean(axis=0).ravel() for features in shared)
    return max(cosine, float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12)))


def _dips(counts: PairCounts, most: float, usual: float) -> bool | None:
    """Whether there are too few pairs for two neurons; None if so few are expected that this one cannot be told.

    most, usual : part of those expected that one neuron has, and that it has usually
    """
    if counts.dip()[1] < most:
        return True
    return None if poisson_lower(counts.refractory) <= usual * counts.expected else False


def _bimodality(first: Unit, second: Unit, lag: int, shapes: FloatArray | None) -> float | None:
    """How bimodal the spikes of two units are together: their features, or without features their amplitudes."""
    if min(len(first), len(second)) < FEWEST:
        return None
    shared = shared_features(first, second, lag, shapes)
    if shared is not None:
        return separation(*shared).depth
    if first.has_features or second.has_features:
        return None
    return separation(first.amplitudes[:, None], second.amplitudes[:, None]).depth
