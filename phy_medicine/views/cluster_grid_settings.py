"""What the grid of all clusters shows, and what it can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from phy_medicine.base.params import setting
from phy_medicine.compute.mixture.planes import LDA, MODES
from phy_medicine.views.base import ViewAction
from phy_medicine.views.cluster_scatter import SCHEMES
from phy_medicine.views.feature_scores import SOURCES
from phy_medicine.views.lda_settings import MOST_NEAREST

if TYPE_CHECKING:
    from phy_medicine.views.cluster_grid import ClusterGridView

SMALLEST, LARGEST = 60.0, 600.0
"""Size of a cell, logical px."""


@dataclass(frozen=True, slots=True)
class ClusterGridSettings:
    """What the grid of all clusters shows."""

    n_nearest: int = setting(2, "Nearest clusters in each cell", minimum=1, maximum=MOST_NEAREST)
    mode: str = setting(LDA, "Directions: discriminants, or principal components of the same spikes", choices=MODES)
    source: str = setting("file", "Features: of the file, or of the clusters of a cell", choices=SOURCES)
    n_spikes: int = setting(400, "Spikes by cluster in each cell", minimum=10, maximum=5000)
    colors: str = setting("random", "Colours of the clusters that are not selected", choices=SCHEMES, more=True)
    cell_size: float = setting(180.0, "Size of a cell", unit="px", minimum=SMALLEST, maximum=LARGEST)


def actions_of(view: ClusterGridView) -> tuple[ViewAction, ...]:
    """Return what the grid can do."""

    def set_nearest(n: int) -> None:
        view.change(n_nearest=n)

    return (
        ViewAction("set_grid_nearest", "Number of nearest clusters in a cell", set_nearest, snippet="gn",
                   arguments=(int,), help="How many clusters of the nearest templates each cell shows: :gn 3"),
        ViewAction("next_grid_colors", "Next colours", lambda: view.turn_scheme(1),
                   help="Colour the clusters by group, depth, rate, at random, as a plugin says, or not."),
    )  # fmt: skip
