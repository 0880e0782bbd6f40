"""What is known of a pair of clusters that may be one neuron."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isnan, nan

ONE, TWO = 0.15, 1.0
"""Dips up to the first are usual for one neuron, and about the second for two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """One number for each thing that can be compared; NaN where it is not known.

    n_spikes : of the first and the second cluster
    cosine : of the mean templates, unwhitened, at the best lag within 1 ms, -1 to 1
    lag_samples : how much later the second has the waveform of the first in its window
    drift_cosine : of templates where their neurons rest, -1 to 1; NaN without a motion in use
    waveform_cosine : of the mean waveforms of the recording, as `cosine`
    lda_error : part of the spikes that a linear discriminant of their shared features, learnt of other spikes, puts on
        the wrong side, each cluster counting alike; 0.5 for one cloud, 0 for two that are apart
    dip : pairs of spikes within the refractory time by those expected; 0 for one neuron, 1 for two
    dip_lower, dip_upper : its bounds, each with a confidence of 95 %; 0 and infinite without pairs to go by
    coincidence : part of the spikes of the smaller cluster that the other has at the same time, beyond chance, 0 to 1
    contamination_gain : how much more contaminated the union is than the worse of the two, -1 to 1
    presence_overlap : of the histograms of the spikes over time; 0 if the two are there one after the other, 1 together
    amplitude_continuity : overlap of the amplitudes of those spikes that are nearest in time to the other's, 0 to 1
    distance_um : between the two, with the motion in use taken out
    moved_um : by how much more the tissue was moved while the one was there than while the other was, 0 or more; NaN
        without a motion in use
    one_sided : spikes of one follow those of the other, but not the reverse, as in bursts whose waveform changes
    """

    n_spikes: tuple[int, int] = (0, 0)
    cosine: float = nan
    lag_samples: int = 0
    drift_cosine: float = nan
    waveform_cosine: float = nan
    lda_error: float = nan
    dip: float = nan
    dip_lower: float = nan
    dip_upper: float = nan
    coincidence: float = nan
    contamination_gain: float = nan
    presence_overlap: float = nan
    amplitude_continuity: float = nan
    distance_um: float = nan
    moved_um: float = nan
    one_sided: bool = False

    @property
    def alike(self) -> float:
        """The largest cosine that is known, NaN without any."""
        known = [c for c in (self.cosine, self.drift_cosine, self.waveform_cosine) if not isnan(c)]
        return max(known, default=nan)

    @property
    def dip_tells(self) -> bool:
        """Whether enough pairs are expected to tell one neuron from two by the dip."""
        return not isnan(self.dip) and (self.dip_lower > ONE or self.dip_upper < TWO)

    @property
    def swapped(self) -> PairEvidence:
        """The same of the pair in the other order."""
        return replace(self, n_spikes=self.n_spikes[::-1], lag_samples=-self.lag_samples)

    def known(self, name: str) -> bool:
        """Tell whether a value is there."""
        return not isnan(getattr(self, name)) if name in VALUES else False


VALUES: tuple[str, ...] = tuple(f.name for f in fields(PairEvidence) if f.type == "float")
"""Names of the values that may be NaN."""
