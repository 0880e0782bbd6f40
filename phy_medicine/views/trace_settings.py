"""What can be set in the trace view and in the trace image."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting
from phy_medicine.compute.signal_filters import HIGH_PASS, NONE, SIGNAL_FILTERS
from phy_medicine.views.trace_channels import ORDERS, SHANK
from phy_medicine.views.trace_time import LONGEST_S, SHORTEST_S

SCALING = (0.01, 100.0)
RESIDUAL_S = 10.0
"""Longest stretch whose spikes are subtracted; a second of 64 channels takes 0.3 s."""


def _length() -> float:
    help_text = "Length of what a reset shows"
    value: float = setting(0.25, help_text, unit="s", minimum=SHORTEST_S, maximum=LONGEST_S)
    return value


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """What all views of the signal have."""

    length_s: float = _length()
    scaling: float = setting(1.0, "Size of the traces", minimum=SCALING[0], maximum=SCALING[1])
    filter: str = setting(
        HIGH_PASS,
        "What is done to the signal; " + "; ".join(f"{f.name}: {f.words}" for f in SIGNAL_FILTERS.values()),
        choices=tuple(SIGNAL_FILTERS),
        more=True,
    )
    order: str = setting(SHANK, "Order of channels: shank by shank, by depth, or by id", choices=ORDERS)
    all_channels: bool = setting(False, "Show all channels, not only those around the selected clusters")
    follow: bool = setting(False, "Go to the nearest spike of the first cluster when the selection changes")
    labels: bool = setting(True, "Name the channels")
    origin_top: bool = setting(False, "Put the first channel at the top")
    auto_scale: bool = setting(True, "Fit the scale to the noise when other channels are shown")

    @property
    def filtered(self) -> bool:
        """Whether the signal is filtered at all."""
        return self.filter != NONE


@dataclass(frozen=True, slots=True)
class TraceSettings(SignalSettings):
    """What the trace view shows."""

    all_spikes: bool = setting(False, "Mark the spikes of all clusters, not only of the selected ones")
    colored_spikes: bool = setting(False, "Colour spikes that are not selected by cluster, instead of grey")
    residual: bool = setting(
        False, f"Subtract all spikes, each cluster's mean fitted to the signal; up to {RESIDUAL_S:g} s"
    )
    spike_lines: bool = setting(False, "Draw a line at every spike of the selected clusters")
    refractory_ms: float = setting(2.0, "Refractory period", unit="ms", minimum=0.01, maximum=100.0)


@dataclass(frozen=True, slots=True)
class TraceImageSettings(SignalSettings):
    """What the trace image view shows."""

    scaling: float = setting(1.0, "Strength of the colours", minimum=SCALING[0], maximum=SCALING[1])
    all_channels: bool = setting(True, "Show all channels, not only those around the selected clusters")
    auto_scale: bool = setting(True, "Fit the colours to the noise when other channels are shown")


def restored(values: dict[str, object]) -> dict[str, object]:
    """Return saved settings in today's names: once there was one filter, on or off."""
    if "filtered" in values and "filter" not in values:
        return {**values, "filter": HIGH_PASS if values["filtered"] else NONE}
    return values
