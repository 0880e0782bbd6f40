"""What decides which units of a sorter are joined, taken apart, doubled, good or noise."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting


@dataclass(frozen=True, slots=True)
class PostSettings:
    """Thresholds of what is done with units after the spikes are found."""

    min_isi_ms: float = setting(0.7, "Spikes of a unit are at least so far apart", unit="ms", minimum=0.0, maximum=5.0)
    refractory_ms: float = setting(
        1.5, "A neuron does not fire twice within this time", unit="ms", minimum=0.1, maximum=10.0
    )
    merge_cosine: float = setting(
        0.7, "Templates so similar, at the best lag within 1 ms, may be one unit", minimum=0.0, maximum=1.0
    )
    merge_sure_cosine: float = setting(
        0.95, "Templates so similar are joined on weaker evidence of other kinds", minimum=0.0, maximum=1.0
    )
    merge_dip: float = setting(
        0.15, "Pairs of spikes within the refractory time, of those expected, that units to be joined have at most; "
        "with a confidence of 95 %", minimum=0.0, maximum=1.0,
    )  # fmt: skip
    merge_sure_dip: float = setting(
        0.25, "The same where templates are so similar that weaker evidence is enough", minimum=0.0, maximum=1.0
    )
    merge_contamination: float = setting(
        0.05,
        "Contamination of joined units is at most so much more than that of the worse one",
        minimum=0.0,
        maximum=1.0,
    )
    bimodality: float = setting(
        0.25, "Spikes are of two kinds if the valley between is lower than the lower peak by this part of it",
        minimum=0.0, maximum=1.0,
    )  # fmt: skip
    merge_suggested_dip: float = setting(
        0.5, "Pairs within the refractory time, of those expected, up to which units are suggested to be joined where "
        "all else speaks for it", minimum=0.0, maximum=1.0,
    )  # fmt: skip
    split_sure: float = setting(
        0.9, "Spikes of two kinds so far apart are two units if nothing speaks against it", minimum=0.0, maximum=1.0
    )
    duplicate_ms: float = setting(
        0.3, "Spikes of two units so close may be one spike found twice", unit="ms", minimum=0.0, maximum=1.0
    )
    duplicate_cosine: float = setting(
        0.5, "Templates less similar do not find the same spike", minimum=0.0, maximum=1.0
    )
    duplicate_peak: float = setting(
        5.0, "Coincident spikes, as a multiple of those by chance, from which they are duplicates", minimum=1.0
    )
    duplicate_share: float = setting(
        0.5, "A unit that has a larger part of its spikes from another one is not a unit", minimum=0.0, maximum=1.0
    )
    good_contamination: float = setting(
        0.1, "A unit that is contaminated more, with a confidence of 95 %, is not good", minimum=0.0, maximum=1.0
    )
    good_snr: float = setting(4.0, "A good unit has a higher signal to noise ratio", minimum=0.0)
    good_spikes: int = setting(100, "A good unit has at least so many spikes", minimum=1)
    good_presence: float = setting(0.5, "A good unit is there in a larger part of the time", minimum=0.0, maximum=1.0)
    noise_rate_hz: float = setting(0.02, "A unit that fires less is noise", unit="Hz", minimum=0.0)
    noise_spread: float = setting(
        0.7, "A unit whose signal is spread over a larger part of a shank of 200 µm or more is noise", minimum=0.0,
        maximum=1.0,
    )  # fmt: skip
