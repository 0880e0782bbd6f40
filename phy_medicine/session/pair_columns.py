"""The evidence of a pair as columns of the similarity table."""

from __future__ import annotations

from math import isnan

from phy_medicine.compute.pairs.evidence import PairEvidence
from phy_medicine.session.columns import Column

COMBINED = "combined"
"""The column, and the similarity, that joins all sources."""

_FIELDS: dict[Column, str] = {
    Column("template_cosine", "Template", help="Cosine of the mean templates of the two, unwhitened, at the best lag "
           "within 1 ms. Alike: above 0.9"): "cosine",
    Column("drift_cosine", "At rest", help="Similarity of templates with the motion in use taken out. Alike: above "
           "0.9; large while Template is small: split by drift"): "drift_cosine",
    Column("waveform_cosine", "Waveform", help="Cosine of the mean waveforms of the recording at the best lag. Alike: "
           "above 0.9"): "waveform_cosine",
    Column("lda_error", "LDA error", help="Part of the spikes that a linear discriminant of the features puts into "
           "the wrong one of the two. 0.5: one cloud; below 0.05: apart"): "lda_error",
    Column("dip", "Dip", help="Pairs of spikes within 1.5 ms, by those expected. 0: refractory together, one neuron; "
           "about 1: two neurons. Empty where too few spikes could tell"): "dip",
    Column("dip_upper", "Dip, at most", help="Upper bound of Dip, with a confidence of 95 %. Large where there are too "
           "few spikes to tell"): "dip_upper",
    Column("coincidence", "Doubles", help="Part of the spikes of the smaller one that the other has too, within 0.3 ms "
           "and beyond chance. Above 0.3: one neuron found twice"): "coincidence",
    Column("contamination_gain", "Contam. gain", help="How much more contaminated the two would be as one than the "
           "worse of them is. Good: below 0.02"): "contamination_gain",
    Column("presence_overlap", "Together", help="Overlap of the spikes in time. 0: there one after the other, as after "
           "a jump of the probe; 1: always together"): "presence_overlap",
    Column("amplitude_continuity", "Amp. cont.", help="Overlap of the amplitudes of those spikes of each that are "
           "nearest in time to the other's. One neuron: above 0.75"): "amplitude_continuity",
    Column("distance", "Distance", "µm", help="Distance of the two, with the motion in use taken out"): "distance_um",
}  # fmt: skip

PAIR_COLUMNS: tuple[Column, ...] = (
    Column(COMBINED, "Combined", help="All that is known of the pair in one number, 0 to 1, by the weights of the "
           "setting similarity_weights"),
    *_FIELDS,
)  # fmt: skip
"""Columns of the similarity table about a pair: the row and the reference."""
PAIR_NAMES = frozenset(column.name for column in PAIR_COLUMNS)
SHOWN = ("lda_error", "dip")
"""Shown at first where there is room; the others are in the menu of the header."""
_FIELD_OF = {column.name: field for column, field in _FIELDS.items()}


def pair_cell(evidence: PairEvidence, column: str) -> float | None:
    """Return what a column shows of a pair, but for `combined`; None where that is not known, or could be anything."""
    if column == "dip" and not evidence.dip_tells:
        return None
    value = float(getattr(evidence, _FIELD_OF[column]))
    return None if isnan(value) else value
