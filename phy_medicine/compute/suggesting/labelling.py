"""Whether a cluster is noise, or several neurons that nothing tells apart, from its quality metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan

from phy_medicine.base.reasons import Reason
from phy_medicine.compute.suggesting.probability import probability

NAMES = ("snr", "half_width", "spread", "isi_violations_count", "isi_violations_ratio", "contamination_many")
"""Quality metrics that are asked for."""
_NOISE_PRIOR, _MUA_PRIOR = -4.0, -3.0
_FEW_VIOLATIONS = 5
_SURE_EXPECTED = 10.0


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit of a metric and how much is said by a value beyond it; where several hold, the last one counts.

    above : beyond means above the limit; log_odds : more for the label, less than 0 against it
    words : with a place for the value
    """

    name: str
    above: bool
    limit: float
    log_odds: float
    words: str

    def holds(self, value: float) -> bool:
        """Whether a value is beyond the limit; NaN is not."""
        return value > self.limit if self.above else value < self.limit


NOISE_RULES = (
    Rule("snr", False, 4.0, 1.0, "small, SNR {:.1f}"),
    Rule("snr", False, 3.0, 2.0, "hardly above the noise, SNR {:.1f}"),
    Rule("snr", False, 2.0, 3.5, "not above the noise, SNR {:.1f}"),
    Rule("snr", True, 6.0, -2.0, "far above the noise, SNR {:.1f}"),
    Rule("spread", True, 80.0, 1.5, "wider than most neurons, footprint {:.0f} µm"),
    Rule("spread", True, 120.0, 4.0, "on channels far apart, footprint {:.0f} µm"),
    Rule("half_width", True, 0.5, 1.0, "a slow waveform, half width {:.2f} ms"),
    Rule("half_width", True, 0.8, 3.0, "too slow for a spike, half width {:.2f} ms"),
    Rule("half_width", False, 0.06, 2.0, "too short for a spike, half width {:.2f} ms"),
    Rule("isi_violations_ratio", True, 0.7, 1.5, "no refractory time, ISI ratio {:.2f}"),
    Rule("isi_violations_ratio", False, 0.1, -3.0, "refractory, ISI ratio {:.2f}"),
)
MUA_RULES = (
    Rule("contamination_many", True, 0.1, 1.0, "contaminated, {:.0%} of the spikes are of others"),
    Rule("contamination_many", True, 0.2, 3.5, "contaminated, {:.0%} of the spikes are of others"),
    Rule("contamination_many", True, 0.4, 6.0, "contaminated, {:.0%} of the spikes are of others"),
    Rule("contamination_many", False, 0.05, -2.0, "pure, {:.0%} of the spikes are of others"),
)


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """How probably a cluster deserves a label, what speaks for it and against it, and how many spikes it is about."""

    probability: float
    reasons: tuple[Reason, ...]
    spikes: float


def noise(values: Mapping[str, float], n_spikes: int, expected: float) -> LabelEvidence:
    """Return how probably a cluster is no neuron at all.

    values : quality metrics by name, NaN or absent where one is not known
    expected : intervals too short that so many spikes would have without a refractory time
    """
    # A ratio to few is chance.
    known = dict(values) if expected >= _SURE_EXPECTED else {**values, "isi_violations_ratio": nan}
    log_odds, reasons = _added(NOISE_RULES, known)
    return LabelEvidence(probability(_NOISE_PRIOR + log_odds), reasons, float(n_spikes))


def mua(values: Mapping[str, float], n_spikes: int) -> LabelEvidence:
    """Return how probably a cluster is more than one neuron; the spikes it is about are those of the others.

    values : quality metrics by name, NaN or absent where one is not known
    """
    log_odds, reasons = _added(MUA_RULES, values)
    count = values.get("isi_violations_count", nan)
    if log_odds > 0 and not count >= _FEW_VIOLATIONS:
        log_odds = 0.0  # so few pairs that are too close come by chance
    foreign = values.get("contamination_many", nan)
    return LabelEvidence(probability(_MUA_PRIOR + log_odds), reasons, 0.0 if isnan(foreign) else n_spikes * foreign)


def _added(rules: tuple[Rule, ...], values: Mapping[str, float]) -> tuple[float, tuple[Reason, ...]]:
    held = {(r.name, r.log_odds > 0): r for r in rules if r.holds(values.get(r.name, nan))}
    reasons = [
        Reason(r.words.format(values[r.name]), r.name, values[r.name], "for" if r.log_odds > 0 else "against")
        for r in held.values()
    ]
    return sum(r.log_odds for r in held.values()), tuple(sorted(reasons, key=lambda r: r.speaks == "against"))
