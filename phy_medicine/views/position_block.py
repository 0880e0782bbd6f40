"""What the position view can show, and what it shows of the spikes."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting
from phy_medicine.base.types import IntArray
from phy_medicine.session.localization import ALPHA, DEPTH, X, Z
from phy_medicine.views.color_scale import ColorScale
from phy_medicine.views.position_shifts import Shifts
from phy_medicine.views.scatter import Cloud
from phy_medicine.views.spike_attributes import PlaneSettings

PLANES = {
    "x-depth": (X, DEPTH), "x-z": (X, Z), "z-depth": (Z, DEPTH), "x-alpha": (X, ALPHA), "alpha-depth": (ALPHA, DEPTH),
    "z-alpha": (Z, ALPHA),
}  # fmt: skip
"""What is across and what is up."""
CLUSTER, SHIFT = "cluster", "shift"
COLORS = (CLUSTER, ALPHA, Z, SHIFT)


@dataclass(frozen=True, slots=True)
class PositionSettings(PlaneSettings):
    """What the position view shows."""

    plane: str = setting("x-depth", "What is across and what is up; alpha is its logarithm", choices=tuple(PLANES))
    color: str = setting(
        CLUSTER, "Colour of the spikes: of their cluster, by strength, by distance from the probe, or by how far away "
        "another run puts them", choices=COLORS,
    )  # fmt: skip
    shifts: bool = setting(False, "Lines from where another run puts the spikes")
    baseline: str = setting(
        "", "Run that puts them there, by name; without one the newest monopolar run, or else the newest"
    )


@dataclass(frozen=True, slots=True)
class PositionCloud(Cloud):
    """Spikes in a plane, and what more is shown of them.

    levels : (n,) uint8, of the scale; both None where colours are those of the clusters
    shifts : where another run puts them, None if that is not shown; lacking : what was asked for and is not there
    """

    scale: ColorScale | None
    levels: IntArray | None
    shifts: Shifts | None
    lacking: str
