"""The quality metrics that are still to be computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from phy_medicine.session.cluster_values import ClusterValues
from phy_medicine.session.polite_values import PoliteValues
from phy_medicine.session.quality_values import Values


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics that are computed together."""

    name: str
    function: Callable[[int], Values]


class FamilyValues(PoliteValues[Family, int, Values], ClusterValues[Family, Values]):
    """Values of whole families."""
