"""Which clusters a cluster came from, for what is shown of it before it is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from phy_medicine.base.types import LabelValue

if TYPE_CHECKING:
    from phy_medicine.curation.actions import Delta


class Heirs:
    """Remembers the parents of every new cluster."""

    def __init__(self) -> None:
        self._parents: dict[int, tuple[int, ...]] = {}

    def note(self, delta: Delta) -> None:
        """Take notice of an action."""
        for cluster_id in delta.added if delta.removed else ():
            self._parents.setdefault(cluster_id, tuple(old for old, new in delta.descendants if new == cluster_id))

    def guess(self, cluster_id: int, value: Callable[[int], LabelValue | None]) -> LabelValue | None:
        """Return the first value that is known of a parent, None without one."""
        return next((v for p in self._parents.get(cluster_id, ()) if (v := value(p)) is not None), None)
