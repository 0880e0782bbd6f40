"""What the evidence of a pair says for and against its being one neuron, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phy_medicine.base.reasons import Reason
from phy_medicine.compute.pairs.evidence import PairEvidence


@dataclass(frozen=True, slots=True)
class _Rule:
    """A value that speaks for one neuron on one side of a number, against on the other side of another.

    low, high : the two; rising : whether the larger value speaks for; words : with a place for value times scale
    """

    name: str
    low: float
    high: float
    rising: bool
    words_for: str
    words_against: str
    scale: float = 1.0

    def reason(self, evidence: PairEvidence) -> Reason | None:
        if not evidence.known(self.name):
            return None
        value = float(getattr(evidence, self.name))
        if self.low < value < self.high:
            return None
        good = (value >= self.high) == self.rising
        words = self.words_for if good else self.words_against
        return Reason(words.format(self.scale * value), self.name, value, "for" if good else "against")


_RULES = (
    _Rule("cosine", 0.7, 0.9, True, "templates alike, cosine {:.2f}", "templates differ, cosine {:.2f}"),
    _Rule("drift_cosine", 0.7, 0.9, True, "alike with the drift taken out, cosine {:.2f}",
          "differ with the drift taken out, cosine {:.2f}"),
    _Rule("waveform_cosine", 0.7, 0.9, True, "mean waveforms alike, cosine {:.2f}",
          "mean waveforms differ, cosine {:.2f}"),
    _Rule("lda_error", 0.05, 0.2, True, "features overlap, {:.0f} % of the spikes on the wrong side",
          "features are apart, {:.0f} % of the spikes on the wrong side", 100.0),
    _Rule("coincidence", 0.1, 0.3, True, "{:.0f} % of the spikes of the smaller one are in both",
          "", 100.0),
    _Rule("contamination_gain", 0.02, 0.1, False, "union as pure as the two, contamination {:+.2f}",
          "union is more contaminated, by {:+.2f}"),
    _Rule("amplitude_continuity", 0.4, 0.75, True, "amplitudes go on where one takes over, overlap {:.2f}",
          "amplitudes jump where one takes over, overlap {:.2f}"),
    _Rule("distance_um", 20.0, 50.0, False, "{:.0f} µm apart", "{:.0f} µm apart"),
)  # fmt: skip

_DIP_FOR, _DIP_AGAINST = 0.25, 0.5
_ONE_AFTER_THE_OTHER = 0.2


def reasons(evidence: PairEvidence) -> tuple[Reason, ...]:
    """Return what the evidence says of the two being one neuron, what is between left out.

    A value that is not known, or says little, gives no reason. Those that speak for it come first.
    """
    found = [rule.reason(evidence) for rule in _RULES]
    found += [make(evidence) for make in _MORE]
    known = [r for r in found if r is not None and r.text]
    return tuple(sorted(known, key=lambda r: r.speaks == "against"))


def _dip(evidence: PairEvidence) -> Reason | None:
    """The pairs within the refractory time: what is sure either way."""
    if evidence.dip_upper < _DIP_FOR:
        text = f"refractory together, {evidence.dip:.2f} of the pairs expected (at most {evidence.dip_upper:.2f})"
        return Reason(text, "dip", evidence.dip, "for")
    if evidence.dip_lower > _DIP_AGAINST:
        text = f"not refractory together, {evidence.dip:.2f} of the pairs expected"
        return Reason(text, "dip", evidence.dip, "against")
    return None


def _presence(evidence: PairEvidence) -> Reason | None:
    """Two that are there one after the other."""
    if not evidence.presence_overlap <= _ONE_AFTER_THE_OTHER:
        return None
    text = f"there one after the other, overlap in time {evidence.presence_overlap:.2f}"
    return Reason(text, "presence_overlap", evidence.presence_overlap, "for")


def _one_sided(evidence: PairEvidence) -> Reason | None:
    """Bursts whose later spikes look otherwise."""
    if not evidence.one_sided:
        return None
    return Reason("spikes of one follow those of the other, as in a burst", "one_sided", 1.0, "for")


_MORE: tuple[Callable[[PairEvidence], Reason | None], ...] = (_dip, _presence, _one_sided)
