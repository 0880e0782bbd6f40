"""What can be chosen in the waveform view."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting

KINDS = ("waveforms", "mean_waveforms", "templates", "density")
BANDS = ("none", "mean_waveforms", "all")
ALIGNMENTS = ("none", "peak")
# Longer than any spike; beyond it one looks at the signal around, for which there are traces.
_LONGEST_MS = 20.0


@dataclass(frozen=True, slots=True)
class WaveformSettings:
    """What the waveform view shows."""

    kind: str = setting("waveforms", "What is drawn", choices=KINDS)
    n_waveforms: int = setting(100, "Waveforms by cluster", minimum=1, maximum=5000)
    n_density: int = setting(2000, "Waveforms by cluster that the density counts", minimum=1, maximum=100_000)
    n_channels: int = setting(32, "Channels by cluster at most, best first", minimum=1, maximum=128)
    before_ms: float = setting(
        0.0, "Time before the spike; 0: as usual in the dataset", unit="ms", minimum=0.0, maximum=_LONGEST_MS
    )
    after_ms: float = setting(
        0.0, "Time after the spike; 0: as usual in the dataset", unit="ms", minimum=0.0, maximum=_LONGEST_MS
    )
    align: str = setting("none", "Move each cluster so that its trough or peak is at 0 ms", choices=ALIGNMENTS)
    overlap: bool = setting(False, "Draw clusters over each other, not side by side")
    labels: bool = setting(True, "Show channel labels")
    mean: bool = setting(True, "Draw the mean over the waveforms")
    band: str = setting("mean_waveforms", "Where mean ± standard deviation is drawn", choices=BANDS)
    scale_bars: bool = setting(True, "Show the scale bars")
    unit_uv: float = setting(0.0, "µV of one raw unit; 0 when it is not known", unit="µV", minimum=0.0, maximum=1e6)
    box_width: float = setting(1.0, "Width of the boxes", minimum=0.1, maximum=10.0)
    box_height: float = setting(1.0, "Height of the boxes", minimum=0.1, maximum=10.0)
    probe_width: float = setting(1.0, "Distance of channels across the probe", minimum=0.1, maximum=10.0)
    probe_height: float = setting(1.0, "Distance of channels along the probe", minimum=0.1, maximum=10.0)

    @property
    def shows_band(self) -> bool:
        """Whether a band is drawn around the means now."""
        return self.kind != "templates" and self.band in ("all", self.kind)
