"""What can be said of a new sorting of a part of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import setting
from phy_medicine.compute.sorting.settings import SortingSettings


@dataclass(frozen=True, slots=True)
class ResortSettings(SortingSettings):
    """Which spikes are sorted anew, and how."""

    first: ClassVar[tuple[str, ...]] = (
        "clusters", "start_s", "stop_s", "reach_um", "sorter", "sorter_params", "detect_threshold",
    )  # fmt: skip

    clusters: str = setting("", "Clusters to share out anew, such as 3, 7; empty is all of them")
    start_s: float = setting(0.0, "Where in the recording to begin", unit="s", minimum=0.0)
    stop_s: float = setting(0.0, "Where to end; 0 is the end of the recording", unit="s", minimum=0.0)
    reach_um: float = setting(
        60.0, "Channels so near to those of the clusters are read too", unit="µm", minimum=0.0, maximum=1000.0
    )
    sorter: str = setting("deconvolution", "Which sorter: deconvolution, or one of SpikeInterface that is installed")
    sorter_params: str = setting("", "Parameters of a sorter of SpikeInterface, as name=value name=value")

    def cluster_ids(self) -> tuple[int, ...]:
        """Return the clusters that were typed.

        Raises
        ------
        PhyMedError : a word that is no number
        """
        words = self.clusters.replace(",", " ").split()
        if not all(word.lstrip("-").isdigit() for word in words):
            raise PhyMedError(f"Clusters are numbers such as 3, 7, not {self.clusters!r}.")
        return tuple(dict.fromkeys(int(word) for word in words))

    def sorting(self) -> SortingSettings:
        """Return the part that every sorting has."""
        from dataclasses import fields

        return SortingSettings(**{f.name: getattr(self, f.name) for f in fields(SortingSettings)})
