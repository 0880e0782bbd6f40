"""What functions of plugins say of each cluster: computed in a thread of the pool, a few at a time, and kept by id."""

from __future__ import annotations

from typing import TypeVar

from phy_medicine.session.keyed_values import Computed, KeyedValues

I = TypeVar("I", bound=Computed)  # noqa: E741
V = TypeVar("V")


class ClusterValues(KeyedValues[I, int, V]):
    """Values by name of the item and cluster id."""

    def _clusters(self, key: int) -> tuple[int, ...]:
        return (key,)
