"""A made-up cluster table for views of all clusters; what is in it can be changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from fake_host import FakeHost

from phy_medicine.curation.colors import COLOR_SCHEMES
from phy_medicine.curation.groups import Groups
from phy_medicine.session.blocks import DataMissing
from phy_medicine.session.clusters import Column

COLUMNS = (
    Column("id", "Id", kind="int"),
    Column("amp", "Amp", "raw"),
    Column("x", "x", "µm"),
    Column("depth", "Depth", "µm"),
    Column("fr", "Rate", "Hz"),
    Column("group", "Group", kind="group"),
    Column("quality", "Quality"),
)


class FakeTable:
    """Like `TableSource`; cells : column -> cluster -> value."""

    def __init__(self, n: int, seed: int = 3) -> None:
        rng = np.random.default_rng(seed)
        self.order = list(range(n))
        self.version = 0
        self.groups = Groups()
        names = ("good", "mua", "noise", None)
        self.cells: dict[str, dict[int, Any]] = {
            "id": {c: c for c in range(n)},
            "amp": {c: float(v) for c, v in enumerate(rng.uniform(20, 300, n))},
            "depth": {c: float(v) for c, v in enumerate(rng.uniform(0, 3000, n))},
            "fr": {c: float(v) for c, v in enumerate(10 ** rng.uniform(-1, 1.7, n))},
            "group": {c: names[c % 4] for c in range(n)},
            "quality": {},
        }
        self.matrix: np.ndarray = np.zeros((n, n), dtype=np.float32)

    def change(self) -> None:
        self.version += 1

    def ids(self) -> tuple[int, ...]:
        return tuple(self.order)

    def numeric_columns(self) -> tuple[Column, ...]:
        return tuple(c for c in COLUMNS if c.kind in ("int", "float"))

    def column(self, name: str) -> Column | None:
        return next((c for c in COLUMNS if c.name == name and name in self.cells), None)

    def numbers(self, column: str, cluster_ids: Sequence[int]) -> np.ndarray:
        values = [self.cells[column].get(c) for c in cluster_ids]
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    def more_schemes(self) -> tuple[str, ...]:
        return ()

    def colors(self, scheme: str, cluster_ids: Sequence[int], alpha: float = 0.75) -> np.ndarray:
        chosen = next(s for s in COLOR_SCHEMES if s.name == scheme)
        cells = [self.cells.get(chosen.column, {}).get(c) for c in cluster_ids]
        return chosen.colors(cells, self.groups, alpha)

    def group(self, cluster_id: int) -> str:
        return self.cells["group"][cluster_id] or "unsorted"

    def similarity(self, cluster_ids: Sequence[int]) -> tuple[str, np.ndarray]:
        ids = np.asarray(cluster_ids, dtype=int)
        return "template similarity", self.matrix[np.ix_(ids, ids)]


class FakePositions:
    """Like `UnitPositions`: each cluster is 9 µm to the right of its peak channel."""

    source = "made up"

    def __init__(self, data: Any) -> None:
        self._data = data

    def x_um(self, cluster_ids: Sequence[int]) -> np.ndarray:
        return np.array([self._data.channel_positions[self._data.peak_channel(c), 0] + 9.0 for c in cluster_ids])


class FakeTemplates:
    """Like `TemplateSource`, from the made-up shapes of `FakeData`; counts what is read."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.n_read = 0

    def amplitudes(self, cluster_ids: Sequence[int]) -> np.ndarray:
        if self._data.missing:
            raise DataMissing(self._data.missing)
        out = np.zeros((len(cluster_ids), self._data.n_channels), dtype=np.float32)
        for row, c in enumerate(cluster_ids):
            (shape,) = self._data.templates(c)
            out[row, shape.channel_ids] = np.ptp(shape.data, axis=0)
        return out

    def shape(self, cluster_id: int) -> Any:
        self.n_read += 1
        return self._data.templates(cluster_id)[0]


def host_with_table(n: int = 40, **facts: Any) -> FakeHost:
    """A host with a table of n clusters."""
    host = FakeHost(n_clusters=n, n_per_cluster=facts.pop("n_per_cluster", 30), **facts)
    host.data.table = FakeTable(n)
    host.data.template_shapes = FakeTemplates(host.data)
    host.data.unit_positions = FakePositions(host.data)
    return host


def host_on_probe(n: int = 6, n_channels: int = 128, **facts: Any) -> FakeHost:
    """A host with a table whose clusters have the depth of their peak channel."""
    host = host_with_table(n, n_channels=n_channels, **facts)
    depths = host.data.channel_positions[[host.data.peak_channel(c) for c in range(n)], 1]
    host.data.table.cells["depth"].update(enumerate(depths.tolist()))
    return host
