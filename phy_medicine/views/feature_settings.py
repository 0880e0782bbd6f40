"""What can be set of a feature view."""

from __future__ import annotations

from dataclasses import dataclass

from phy_medicine.base.params import setting
from phy_medicine.views.feature_block import OTHERS, SECOND
from phy_medicine.views.feature_grid import DEFAULT_GRID
from phy_medicine.views.feature_scores import SOURCES

__all__ = ["LARGEST_SCALING", "OTHERS", "SECOND", "SMALLEST_SCALING", "FeatureSettings"]

SMALLEST_SCALING, LARGEST_SCALING = 0.02, 50.0


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """What the feature view shows."""

    marker_size: float = setting(2.0, "Diameter of a spike", unit="px", minimum=1.0, maximum=20.0)
    scaling: float = setting(1.0, "Magnification", minimum=SMALLEST_SCALING, maximum=LARGEST_SCALING)
    source: str = setting("file", "Principal components: of the file, or of the selected clusters", choices=SOURCES)
    discriminant: bool = setting(False, "Show the linear discriminant in place of the grid")
    against: str = setting(SECOND, "Linear discriminant: first cluster from the", choices=(SECOND, OTHERS))
    fixed_channels: bool = setting(False, "Keep the channels when the selection changes")
    background: bool = setting(True, "Show spikes of the whole recording in grey")
    n_spikes: int = setting(2500, "Spikes by cluster that are drawn", minimum=1, maximum=100_000)
    n_background: int = setting(2500, "Spikes of the whole recording that are drawn", minimum=1, maximum=100_000)
    grid: str = setting(DEFAULT_GRID, "Dimensions of each panel, rows divided by /")
