"""The quality metrics of all clusters as rows, for `cluster_metrics.tsv` and exports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from phy_medicine.base.types import LabelValue
from phy_medicine.io.metadata import format_metrics
from phy_medicine.session.quality_columns import TABLE

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def metric_rows(session: Session, names: Iterable[str] = TABLE) -> list[dict[str, LabelValue | None]]:
    """Return a row for each cluster, as far as is known; `cluster_id` and the columns `names`.

    A column that a plugin computes in our place is the plugin's.
    """
    names, rows = tuple(names), []
    for cluster_id in session.cluster_ids:
        stats, row = session.facts.stats(cluster_id), dict[str, LabelValue | None](cluster_id=cluster_id)
        counted = {
            "num_spikes": stats.n_spikes, "firing_rate": stats.firing_rate, "amplitude_median": stats.amplitude_median,
        }  # fmt: skip
        for name in names:
            source = session.metrics if name in session.metrics else session.quality
            row[name] = counted[name] if name in counted else source.peek(cluster_id, name)
        rows.append(row)
    return rows


def metric_table(session: Session, names: Iterable[str] = TABLE) -> str:
    """Return the text of `cluster_metrics.tsv`."""
    names = tuple(names)
    return format_metrics(names, metric_rows(session, names))
