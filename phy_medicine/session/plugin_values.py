"""What joins the values that plugins compute to the rest of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.session.metrics import MetricValues
from phy_medicine.session.plugin_similarity import SimilarityValues
from phy_medicine.session.scheme_values import SchemeValues

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def plugin_values(session: Session) -> tuple[MetricValues, SchemeValues, SimilarityValues]:
    """Return what keeps the metrics, colours and similarities that plugins compute; each follows every action."""
    extensions, facts = session.extensions, session.facts
    metrics = MetricValues(extensions, facts, lambda: session.pool)
    schemes = SchemeValues(extensions, facts, lambda: session.pool)
    similarities = SimilarityValues(extensions, facts, lambda: session.pool)
    for note in (metrics.note, schemes.note, similarities.note):
        session.manager.changed.connect(note)
    return metrics, schemes, similarities


def follow_plugins(session: Session) -> None:
    """Keep tables and views up to date with what plugins compute."""
    metrics, tables = session.metrics, (session.cluster_table, session.similarity_table)

    def refresh() -> None:
        for table in tables:
            table.refresh()

    def arrived(names: frozenset[str]) -> None:
        for table in tables:
            table.values_arrived(names)
        session.data.table.values_arrived(busy=metrics.busy)

    session.extensions.metrics.changed.connect(lambda _name: refresh())
    session.clusters.choice.changed.connect(refresh)
    metrics.arrived.connect(arrived)
    schemes = session.schemes
    schemes.arrived.connect(lambda _names: session.data.table.values_arrived(busy=schemes.busy))
    session.data.filters.changed.connect(lambda _name: session.data.filters_changed())
    session.similar.message.connect(session.message.emit)


def metrics_for_save(session: Session) -> str:
    """Have the columns of plugins computed before a save, as far as it may wait; return what is said of the others."""
    metrics = session.metrics
    names = [name for name in metrics.names if session.clusters.late(name)]
    n = metrics.wait(session.cluster_ids, metrics.save_wait_s, names) if names else 0
    if not n:
        return ""
    some = ", ".join(name for name in names if metrics.missing(name, session.cluster_ids))
    return f"{n:,} cells of {some} are not computed yet and stay empty in cluster_info.tsv; save again later."
