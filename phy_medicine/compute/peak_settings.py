"""What the detection of peaks in a raw recording can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from phy_medicine.base.params import setting

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.detection import PeakDetector
    from phy_medicine.compute.localize.contacts import Contacts
    from phy_medicine.compute.signal_filters import SignalFilter

TROUGHS, CRESTS, BOTH = "troughs", "crests", "both"
FEW_CHANNELS = 8
"""Of so few the median holds much of a spike itself."""


@dataclass(frozen=True, slots=True)
class PeakSettings:
    """How peaks are found in a raw recording."""

    detect_threshold: float = setting(5.0, "Peaks below minus this many times the noise of a channel count", minimum=1)
    detect_sign: str = setting(
        TROUGHS, "Troughs, crests (then above the noise), or both are peaks", choices=(TROUGHS, CRESTS, BOTH)
    )
    detect_radius_um: float = setting(
        75.0, "Of peaks so near to each other on the probe only the largest counts", unit="µm", minimum=0.0
    )
    detect_window_ms: float = setting(
        0.8, "Of peaks so near to each other in time only the largest counts", unit="ms", minimum=0.0
    )
    low_cut_hz: float = setting(300.0, "Lower edge of the filter", unit="Hz", minimum=1.0)
    high_cut_hz: float = setting(6000.0, "Upper edge of the filter", unit="Hz", minimum=10.0)

    def filter(self, n_channels: int) -> SignalFilter:
        """Return what is done to the recording first."""
        from phy_medicine.compute.signal_filters import SignalFilter

        return SignalFilter("detection", "", "", self.low_cut_hz, self.high_cut_hz, n_channels > FEW_CHANNELS)

    def detector(self, contacts: Contacts, noise: AnyArray, sample_rate: float) -> PeakDetector:
        """Return what finds the peaks in the filtered recording; noise : (n_channels,) of it."""
        from phy_medicine.compute.detection import PeakDetector

        return PeakDetector.of(
            contacts, noise, threshold=self.detect_threshold, sign=self.detect_sign, radius_um=self.detect_radius_um,
            exclude_samples=int(self.detect_window_ms * sample_rate / 1000),
        )  # fmt: skip
