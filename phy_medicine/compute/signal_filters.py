"""What can be done to the signal before it is shown, each with its definition in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.compute.filtering import both_ways, butterworth_highpass, butterworth_lowpass

_ORDER = 3
# A filter so near to half the sample rate would change nothing, or leave nothing.
_HIGHEST = 0.45


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """One way to show the signal; the median of each channel is always removed before.

    name : as it is chosen; words : its definition; short : in a few words; high_pass_hz, low_pass_hz : 0 for none;
    common : the median over all channels of the recording is removed from every sample, before the filter
    """

    name: str
    words: str
    short: str
    high_pass_hz: float = 0.0
    low_pass_hz: float = 0.0
    common: bool = False

    @property
    def all_channels(self) -> bool:
        """Whether it looks at all channels of the recording, whichever are shown."""
        return self.common

    def sections(self, sample_rate: float) -> FloatArray | None:
        """Return second-order sections, (n, 6), or None where nothing is filtered."""
        parts = []
        if 0 < self.high_pass_hz < _HIGHEST * sample_rate:  # nothing of a slower signal would be left
            parts.append(butterworth_highpass(_ORDER, self.high_pass_hz, sample_rate))
        if 0 < self.low_pass_hz < _HIGHEST * sample_rate:
            parts.append(butterworth_lowpass(_ORDER, self.low_pass_hz, sample_rate))
        return np.concatenate(parts) if parts else None

    def margin(self, sample_rate: float) -> int:
        """Return the samples on either side after which the filter has forgotten what was before."""
        if not self.high_pass_hz:
            return int(0.01 * sample_rate) if self.low_pass_hz else 0
        # The slowest poles decay with exp(-pi f t): 1 part in 60,000 is left. What is slower than 30 Hz is no spike.
        return int(min(3.5 / self.high_pass_hz, 0.1) * sample_rate)

    def apply(self, data: AnyArray, sample_rate: float, *, offsets: FloatArray | None = None) -> FloatArray:
        """Filter (n_samples, n_channels) or (n, n_samples, n_channels); float32.

        offsets : (n_channels,) of the channels, removed before; None for data without
        """
        sections = self.sections(sample_rate)
        if sections is not None:
            return both_ways(data, sections, offsets=offsets)
        return np.asarray(data if offsets is None else data - offsets, dtype=np.float32)


NONE, HIGH_PASS = "none", "high-pass"
SIGNAL_FILTERS = {
    f.name: f
    for f in (
        SignalFilter(NONE, "raw, median removed", "raw"),
        SignalFilter(HIGH_PASS, "high-pass 150 Hz, Butterworth order 3", "high-pass 150 Hz", 150.0),
        SignalFilter("band-pass", "band-pass 300 to 6,000 Hz, Butterworth order 3", "300 to 6,000 Hz", 300.0, 6000.0),
        SignalFilter(
            "common median",
            "common median removed, high-pass 150 Hz, Butterworth order 3",
            "common median",
            150.0,
            common=True,
        ),
    )
}
"""Name -> filter, in the order of the menu; all run forwards and backwards, without a shift in time."""


def common_median(data: FloatArray) -> FloatArray:
    """Return the median over the channels of each sample; (n_samples, n_channels) -> (n_samples, 1) float32."""
    n_channels = data.shape[1]
    ordered = np.sort(data, axis=1)
    middle: FloatArray = (ordered[:, (n_channels - 1) // 2] + ordered[:, n_channels // 2])[:, np.newaxis] / 2
    return middle
