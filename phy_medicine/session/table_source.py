"""The cluster table as arrays, for views that show all clusters."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import FloatArray
from phy_medicine.curation.colors import COLOR_SCHEMES, ColorScheme
from phy_medicine.session.clusters import CORRECTED, DEPTH, Cell, ClusterTable, Column

if TYPE_CHECKING:
    from phy_medicine.curation.groups import Groups
    from phy_medicine.session.scheme_values import SchemeValues
    from phy_medicine.session.similar import SimilarClusters
    from phy_medicine.session.tables import TableState
    from phy_medicine.session.time_ranges import TimeRange

_NUMBERS = ("int", "float")
_GROW_S = 1.0
X = Column("x", "x", "µm", help="x position: of the spikes, else the centre of mass of the main template")
"""A column for views alone; a label field of this name comes before it."""


class TableSource:
    """Rows, cells and colours of the cluster table as it is sorted and filtered; safe to ask from any thread.

    `version` grows whenever rows, order, cells or similarity may differ from before, so that what was made of them
    can be kept until then.

    x_um : clusters -> their x positions, for the column `x`
    """

    def __init__(
        self,
        table: TableState,
        clusters: ClusterTable,
        groups: Groups,
        similar: SimilarClusters | None = None,
        *,
        x_um: Callable[[Sequence[int]], FloatArray] | None = None,
        schemes: SchemeValues | None = None,
    ) -> None:
        self._table = table
        self._clusters = clusters
        self._groups = groups
        self._similar = similar
        self._x_um = x_um
        self._schemes = schemes
        self._value = clusters.shown
        self._whole = self
        self._version = 0
        self._grown_at = 0.0
        self._asked: set[str] = set()
        table.changed.connect(self._grow)
        if similar is not None:
            similar.changed.connect(self._grow)

    @property
    def version(self) -> int:
        """Number of changes so far."""
        return self._whole._version

    def within(self, time_range: TimeRange) -> TableSource:
        """Return the same rows with the statistics of a stretch of time."""
        part = copy.copy(self)
        part._value = lambda cluster_id, column: self._clusters.value_within(cluster_id, column, time_range)
        return part

    def ids(self) -> tuple[int, ...]:
        """Return the clusters that the filter leaves, from top to bottom."""
        return self._table.visible_ids()

    def numeric_columns(self) -> tuple[Column, ...]:
        """Return the columns that hold numbers."""
        numbers = tuple(c for c in self._table.columns if c.kind in _NUMBERS)
        return numbers if self._x_um is None or any(c.name == X.name for c in self._table.columns) else (*numbers, X)

    def column(self, name: str) -> Column | None:
        """Return a column by its name; the depth is the one that the table shows, observed or corrected."""
        names = (DEPTH, CORRECTED) if name in (DEPTH, CORRECTED) else (name,)
        found = next((c for c in self._table.columns if c.name in names), None)
        return X if found is None and name == X.name and self._x_um is not None else found

    def numbers(self, column: str, cluster_ids: Sequence[int]) -> FloatArray:
        """Return one column of some clusters, (n,) float64, NaN where a cell is empty or no number."""
        self._whole._asked.add(column)
        found = self.column(column)
        if found is None:
            return np.full(len(cluster_ids), np.nan)
        if found is X and self._x_um is not None:
            return self._x_um(cluster_ids)
        return np.array([_number(self._cell(c, found.name)) for c in cluster_ids], dtype=np.float64)

    def colors(self, scheme: str, cluster_ids: Sequence[int], alpha: float = 0.75) -> FloatArray:
        """Return the colours of some clusters in a scheme, (n, 4) float32 RGBA 0..1.

        scheme : one of phy's, of a plugin, or a column that is computed late; another one is blank
        """
        self._whole._asked.add(scheme)
        plugin = self._schemes.item(scheme) if self._schemes is not None else None
        if plugin is not None and self._schemes is not None:
            return self._schemes.colors(plugin, cluster_ids, alpha)
        chosen = next((s for s in COLOR_SCHEMES if s.name == scheme), None)
        if chosen is None:
            chosen = ColorScheme(scheme, scheme, "linear") if self._clusters.late(scheme) else COLOR_SCHEMES[0]
        found = self.column(chosen.column)
        cells = [None if found is None else self._cell(c, found.name) for c in cluster_ids]
        return chosen.colors(cells, self._groups, alpha)

    def more_schemes(self) -> tuple[str, ...]:
        """Return the names of the other colour schemes: those of plugins, their columns of numbers, and the metrics."""
        own = self._schemes.names if self._schemes is not None else ()
        columns = (c.name for c in self.numeric_columns() if self._clusters.late(c.name))
        builtin = {scheme.name for scheme in COLOR_SCHEMES}
        return tuple(name for name in dict.fromkeys((*own, *columns)) if name not in builtin)

    def group(self, cluster_id: int) -> str:
        """Return the name of a cluster's group, "unsorted" without one."""
        cell = self._cell(cluster_id, "group")
        return self._groups.get(None if cell is None else str(cell)).name

    def similarity(self, cluster_ids: Sequence[int]) -> tuple[str, FloatArray]:
        """Return the name of the similarity in use, and that of every pair of some clusters, (n, n) float32."""
        if self._similar is None:
            return "", np.zeros((len(cluster_ids), len(cluster_ids)), dtype=np.float32)
        return self._similar.titled_matrix(cluster_ids)

    def _cell(self, cluster_id: int, column: str) -> Cell:
        try:
            return self._value(cluster_id, column)
        except ActionError:  # gone since the ids were asked for; the views will be told
            return None

    def uses(self, names: frozenset[str]) -> bool:
        """Tell whether a view has asked for one of these columns or schemes so far."""
        return bool(names & self._whole._asked)

    def values_arrived(self, *, busy: bool) -> None:
        """Note that values came late; the views look again when all are there, or every few seconds."""
        now = time.monotonic()
        if not busy or now - self._whole._grown_at > _GROW_S:
            self._whole._grown_at = now
            self._whole._grow()

    def _grow(self) -> None:
        self._version += 1


def _number(cell: Cell) -> float:
    try:
        return float("nan") if cell is None else float(cell)
    except ValueError:
        return float("nan")
