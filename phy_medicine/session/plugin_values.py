"""What joins the values that plugins compute to the rest of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def follow_metrics(session: Session) -> None:
    """Keep tables and views up to date with the columns of plugins."""
    metrics, tables = session.metrics, (session.cluster_table, session.similarity_table)

    def refresh() -> None:
        for table in tables:
            table.refresh()

    def arrived(names: frozenset[str]) -> None:
        for table in tables:
            table.values_arrived(names)
        session.data.table.metrics_arrived(busy=metrics.busy)

    session.manager.changed.connect(metrics.note)
    session.extensions.metrics.changed.connect(lambda _name: refresh())
    session.clusters.choice.changed.connect(refresh)
    metrics.arrived.connect(arrived)


def metrics_for_save(session: Session) -> str:
    """Have the columns of plugins computed before a save, as far as it may wait; return what is said of the others."""
    metrics = session.metrics
    names = [name for name in metrics.names if session.clusters.late(name)]
    n = metrics.wait(session.cluster_ids, metrics.save_wait_s, names) if names else 0
    if not n:
        return ""
    some = ", ".join(name for name in names if metrics.missing(name, session.cluster_ids))
    return f"{n:,} cells of {some} are not computed yet and stay empty in cluster_info.tsv; save again later."
