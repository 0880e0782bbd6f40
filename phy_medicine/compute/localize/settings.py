"""What the localization of spikes can be told."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting

MONOPOLAR, CORRECTED, CENTRE, GRID = "monopolar", "corrected", "com", "grid"
METHODS = (MONOPOLAR, CORRECTED, CENTRE, GRID)
AUTO, RECORDING, STORED = "auto", "recording", "stored"
FEW_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class LocalizeSettings:
    """How positions of spikes are found."""

    method: str = setting(
        MONOPOLAR, "monopolar fits a point source in three dimensions, corrected goes on from there by what neurons "
        "simulated for this probe and noise teach, com is the centre of mass of the amplitudes, grid compares "
        "with templates on a grid of places",
        choices=METHODS,
    )  # fmt: skip
    signal: str = setting(
        AUTO, "From the raw recording, or from the waveforms stored beside the dataset; auto takes the recording if "
        "it is there",
        choices=(AUTO, RECORDING, STORED),
    )  # fmt: skip
    radius_um: float = setting(
        75.0, "Contacts this near to the peak take part in the fit (monopolar, corrected)", unit="µm", minimum=1.0
    )
    decrease: bool = setting(
        True, "First make amplitudes fall off outwards, which takes away other spikes nearby (monopolar, corrected)"
    )
    follow: bool = setting(
        True, "Take for each spike the channel where it is largest, among the ten nearest to that of its template"
    )
    before_ms: float = setting(0.5, "Stretch before a spike in which amplitudes are taken", unit="ms", minimum=0.0)
    after_ms: float = setting(0.5, "Stretch after a spike in which amplitudes are taken", unit="ms", minimum=0.0)
    low_cut_hz: float = setting(300.0, "Lower edge of the filter of the recording; 0 for none", unit="Hz", minimum=0.0)
    high_cut_hz: float = setting(6000.0, "Upper edge of the filter; 0 for none", unit="Hz", minimum=0.0)
    common_median: bool = setting(
        True, f"Take out what all channels have in common, of a recording of more than {FEW_CHANNELS}"
    )
    grid_radius_um: float = setting(
        40.0, "Places this near to the peak are compared (grid)", unit="µm", minimum=1.0, maximum=200.0
    )
    grid_step_um: float = setting(5.0, "Distance of the places (grid)", unit="µm", minimum=1.0, maximum=50.0)
