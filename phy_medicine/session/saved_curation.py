"""What a save writes of a session: labels, label columns, and a row of the table for each cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from phy_medicine.base.types import IntArray
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.io.model import Curation
from phy_medicine.session.clusters import CORRECTED, ClusterTable
from phy_medicine.session.quality_rows import metric_table

_LEFT_OUT = frozenset({"id", CORRECTED})


def curation_of(labels: IntArray, manager: ClusterManager, clusters: ClusterTable) -> Curation:
    """Return the curation of now; labels : (n_spikes,) int32, those of the manager."""
    fields = {field: manager.labels.values(field) for field in manager.labels.fields}
    quality = clusters.quality
    metrics = metric_table(quality.session) if quality is not None and quality.complete() else ""
    return Curation(
        labels, manager.cluster_ids, fields, lambda: [info_row(row) for row in clusters.known_rows()], metrics
    )  # fmt: skip


def info_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the cluster table as `cluster_info.tsv` has it."""
    kept = {name: cell for name, cell in row.items() if name not in _LEFT_OUT}
    return {"cluster_id": row["id"], **kept}
