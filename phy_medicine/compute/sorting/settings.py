"""What the sorter can be told: one table for the command line, the dialog and the docs."""

from __future__ import annotations

from dataclasses import dataclass, fields

from phy_medicine.base.params import setting
from phy_medicine.compute.sorting.post_settings import PostSettings

DETECT_THRESHOLD, DETECT_BANK = "threshold", "bank"
DRIFT_NONE, DRIFT_DATA, DRIFT_TEMPLATES = "none", "data", "templates"


@dataclass(frozen=True, slots=True)
class SortingSettings(PostSettings):
    """Settings of the deconvolution sorter, and of what is done with its units."""

    template_ms: float = setting(2.0, "Length of a template", unit="ms", minimum=0.5, maximum=10.0)
    trough_fraction: float = setting(
        0.33, "Where in a template its trough is, of its length", minimum=0.05, maximum=0.95
    )
    band_pass: bool = setting(True, "Filter the recording; not needed for one that is filtered already")
    low_hz: float = setting(300.0, "Band-pass: slower is removed", unit="Hz", minimum=1.0)
    high_hz: float = setting(6000.0, "Band-pass: faster is removed", unit="Hz", minimum=100.0)
    common_reference: bool = setting(True, "Remove the median over the channels of a shank from every sample")
    bad_channels: str = setting(
        "auto", "Channels of the file to leave out: auto, none, or numbers such as 3, 17-20; auto, 5, -7 leaves out 5 "
        "too and keeps 7",
    )  # fmt: skip
    artifact_noise: float = setting(
        30.0, "Samples at which more than half of the channels exceed so many times their noise are set to 0; 0: none",
        minimum=0.0,
    )  # fmt: skip
    detect: str = setting(
        DETECT_THRESHOLD, "How spikes of units that are not known yet are found: by a threshold on each channel, or by "
        "a bank of filters that look at channels together", choices=(DETECT_THRESHOLD, DETECT_BANK),
    )  # fmt: skip
    bank_threshold: float = setting(5.5, "Scores of the bank of filters, in units of their noise", minimum=3.0)
    detect_threshold: float = setting(5.0, "Peaks of the first spikes, in units of the noise", minimum=2.0)
    left_threshold: float = setting(
        4.2, "Peaks in what the units leave unexplained, in units of the noise", minimum=2.0
    )
    max_spikes_per_region: int = setting(20_000, "Spikes of a region of the probe to cluster at most", minimum=500)
    rounds: int = setting(3, "Rounds in which units are looked for in what the others leave unexplained", minimum=1)
    learn_batches: int = setting(120, "Stretches of 1 s that templates are learned from at most", minimum=4)
    batch_s: float = setting(1.0, "Stretch that is sorted at once", unit="s", minimum=0.1, maximum=10.0)
    drift: str = setting(
        DRIFT_TEMPLATES, "How motion of the probe is followed: the templates are moved along, the data are moved "
        "back, or not at all", choices=(DRIFT_DATA, DRIFT_TEMPLATES, DRIFT_NONE),
    )  # fmt: skip
    change_window_s: float = setting(
        300.0, "Slow changes of waveforms are followed in windows of this length, where the recording has more than "
        "one; 0: not", unit="s", minimum=0.0,
    )  # fmt: skip
    device: str = setting(
        "auto", "Where to compute: auto, cpu, cuda or cuda:N; auto takes a graphics card with CUDA where there is one"
    )  # fmt: skip
    seed: int = setting(0, "Of everything that is drawn at random", minimum=0)


def of_spikes() -> tuple[str, ...]:
    """Return the names of the settings that decide which spikes are found."""
    later = {field.name for field in fields(PostSettings)} - {"min_isi_ms"}
    return tuple(field.name for field in fields(SortingSettings) if field.name not in later)
