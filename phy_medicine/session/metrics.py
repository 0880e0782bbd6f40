"""Columns of the cluster table that plugins compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from phy_medicine.base.types import LabelValue
from phy_medicine.session.cluster_values import ClusterValues
from phy_medicine.session.columns import FIXED, Column
from phy_medicine.session.extensions import Extensions, Metric
from phy_medicine.session.heirs import Heirs

if TYPE_CHECKING:
    from phy_medicine.compute.pool import Pool
    from phy_medicine.curation.actions import Delta
    from phy_medicine.session.facts import SessionFacts

Cell = LabelValue | None


class MetricValues(ClusterValues[Metric, Cell]):
    """Cells of the columns of plugins, kept for ever: an id never changes its spikes.

    save_wait_s : how long a save waits for cells that are not known yet, s; None: as long as it takes
    """

    save_wait_s: float | None = None

    def __init__(self, extensions: Extensions, facts: SessionFacts, pool: Callable[[], Pool]) -> None:
        super().__init__("metric", extensions.metrics, extensions, plain=plain_cell, facts=facts, pool=pool)
        self._texts: set[str] = set()
        self._heirs = Heirs()

    @property
    def columns(self) -> tuple[Column, ...]:
        """A column for each metric; one may have the name of a built-in column, but for `id` and `group`."""
        return tuple(
            Column(m.name, m.title or m.name, m.unit, "text" if m.name in self._texts else "float", self._help(m))
            for m in self._registry
            if m.name not in FIXED
        )

    def __contains__(self, column: str) -> bool:
        return column in self._registry and column not in FIXED

    def guess(self, cluster_id: int, name: str) -> Cell:
        """Return a value to sort by until it is known: that of a cluster that this one came from."""
        return self._heirs.guess(cluster_id, lambda parent: self.peek(parent, name))

    def note(self, delta: Delta) -> None:
        """Take notice of an action; metrics that depend on labels are worked out again."""
        super().note(delta)
        self._heirs.note(delta)
        for metric in self._registry:
            if metric.of_labels:
                self.forget(metric.name, (*delta.changed, *delta.added))

    def _compute(self, name: str, cluster_id: int) -> None:
        super()._compute(name, cluster_id)
        if isinstance(self.peek(cluster_id, name), str):
            self._texts.add(name)

    def _forget_item(self, name: str) -> None:
        self._texts.discard(name)
        super()._forget_item(name)

    def _help(self, metric: Metric) -> str:
        owner = self._registry.owner_of(metric.name)
        return " ".join(filter(None, (metric.help, f"Computed by the plugin {owner}." if owner else "")))


def plain_cell(value: Any) -> Cell:
    """Return a cell for what a metric returned: number, text, truth value or None; a list becomes text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list | tuple | set):
        return ", ".join(_short(v) for v in value)
    return str(value)


def _short(value: Any) -> str:
    cell = plain_cell(value)
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return f"({cell})" if isinstance(value, list | tuple | np.ndarray) else str(cell)
