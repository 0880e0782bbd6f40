"""Works out the evidence of a pair from arrays of both clusters."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.compute.pairs.contamination import contamination_gain
from phy_medicine.compute.pairs.continuity import amplitude_continuity
from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.compute.pairs.footprints import Footprint, footprint_cosine
from phy_medicine.compute.pairs.overlap import lda_error
from phy_medicine.compute.pairs.pair_counts import pair_counts, poisson_lower, shared_presence
from phy_medicine.compute.pairs.template_pairs import SIMILARITY_LAG_S

REFRACTORY_MS, COINCIDENT_MS = 1.5, 0.3
"""Spikes of one neuron are not so near; spikes nearer than the second are one spike that was found twice."""
CONTINUITY_S = 10.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """sample_rate : Hz; n_samples : of the recording."""

    sample_rate: float
    n_samples: int

    def samples(self, ms: float) -> int:
        """Return a time in whole samples."""
        return round(ms * self.sample_rate / 1000)


@dataclass(frozen=True, slots=True, eq=False)
class PairSide:
    """One of two clusters.

    samples : (n,) int64, ascending; amplitudes : (n,) float, of the same spikes, None without
    n_refractory : pairs of its own spikes `COINCIDENT_MS` apart or more and less than `REFRACTORY_MS`, as
        `metrics.contamination.refractory_pairs`
    template, waveform : mean template of the sorter and mean waveform of the recording, None without
    scores : (m, ...) float, of some of the spikes in the order of time, on channels that both clusters have; None
        without
    """

    samples: IntArray
    amplitudes: FloatArray | None = None
    n_refractory: int = 0
    template: Footprint | None = None
    waveform: Footprint | None = None
    scores: FloatArray | None = None


def pair_evidence(first: PairSide, second: PairSide, recorded: Recorded) -> PairEvidence:
    """Return what two clusters have in common; what depends on the motion of the probe is left out.

    Two clusters of 20,000 spikes take 15 to 30 ms. Without templates the lag is that of the mean waveforms.
    """
    max_lag = round(SIMILARITY_LAG_S * recorded.sample_rate)
    cosine, lag = _cosine(first.template, second.template, max_lag)
    of_waveforms, other_lag = _cosine(first.waveform, second.waveform, max_lag)
    lag = lag if isfinite(cosine) else other_lag
    later = second.samples + lag
    refractory, coincident = recorded.samples(REFRACTORY_MS), recorded.samples(COINCIDENT_MS)
    counts = pair_counts(first.samples, later, coincident, refractory, recorded.sample_rate)
    dip, upper = counts.dip()
    smaller = min(len(first.samples), len(later))
    doubled = (counts.coincident - counts.expected_coincident) / smaller if smaller else nan
    return PairEvidence(
        n_spikes=(len(first.samples), len(later)),
        cosine=cosine,
        lag_samples=lag,
        waveform_cosine=of_waveforms,
        lda_error=nan if first.scores is None or second.scores is None else lda_error(first.scores, second.scores),
        dip=dip if isfinite(dip) else nan,
        dip_lower=poisson_lower(counts.refractory) / counts.expected if counts.expected > 0 else 0.0,
        dip_upper=upper,
        coincidence=min(max(doubled, 0.0), 1.0) if smaller else nan,
        contamination_gain=contamination_gain(
            first.samples, later, coincident, refractory, recorded.n_samples,
            own=(first.n_refractory, second.n_refractory),
        ),
        presence_overlap=shared_presence(first.samples, later, recorded.n_samples) if smaller else nan,
        amplitude_continuity=_continuity(first, second, recorded),
        one_sided=counts.one_sided,
    )  # fmt: skip


def _cosine(first: Footprint | None, second: Footprint | None, max_lag: int) -> tuple[float, int]:
    return (nan, 0) if first is None or second is None else footprint_cosine(first, second, max_lag)


def _continuity(first: PairSide, second: PairSide, recorded: Recorded) -> float:
    if first.amplitudes is None or second.amplitudes is None:
        return nan
    step = round(CONTINUITY_S * recorded.sample_rate)
    return amplitude_continuity(first.samples, first.amplitudes, second.samples, second.amplitudes, step=step)
