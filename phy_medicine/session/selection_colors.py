"""Which colour each selected cluster has, in every view and table: by its place in the selection, or kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from psygnal import Signal

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray
from phy_medicine.curation.colors import PALETTES, kept_positions, palette_colors
from phy_medicine.curation.groups import Groups
from phy_medicine.curation.selection import Selection


class SelectionColors:
    """The one place that gives a selected cluster its colour.

    palette : name of the colours, which those of the groups follow; keep : a cluster keeps its colour while it stays
    selected, also when another one before it goes
    """

    changed = Signal()
    """The colours of the present selection are others now."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._palette = next(iter(PALETTES))
        self._keep = False
        self._positions: dict[int, int] = {}

    @property
    def palette(self) -> str:
        """Name of the palette in use."""
        return self._palette

    @palette.setter
    def palette(self, name: str) -> None:
        if name not in PALETTES:
            raise ActionError(f"There is no palette {name}; there are {', '.join(PALETTES)}.")
        if name != self._palette:
            self._palette = name
            self._groups.use_palette(name)
            self.changed.emit()

    @property
    def keep(self) -> bool:
        """Whether clusters keep their colours while they stay selected."""
        return self._keep

    @keep.setter
    def keep(self, keep: bool) -> None:
        if keep != self._keep:
            self._keep = keep
            before = dict(self._positions)
            self._positions = self.positions(tuple(self._positions))
            if self._positions != before:
                self.changed.emit()

    def note(self, selection: Selection) -> None:
        """Take over a new selection; must hear of it before all who ask for its colours."""
        self._positions = self.positions(selection.cluster_ids)

    def positions(self, cluster_ids: Sequence[int]) -> dict[int, int]:
        """Return the place in the palette of each cluster, if these were selected now."""
        return kept_positions(self._positions if self._keep else {}, cluster_ids)

    def of(self, cluster_ids: Sequence[int]) -> FloatArray:
        """Return the colours of clusters, if these were selected now, (n_clusters, 4) float32 RGBA 0..1."""
        places = self.positions(cluster_ids)
        return palette_colors(np.array([places[c] for c in cluster_ids], dtype=np.int64), self._palette)
