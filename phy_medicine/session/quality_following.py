"""What joins the quality metrics to the rest of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def follow_quality(session: Session) -> None:
    """Keep the quality metrics up to date with the session, and tables and views with them."""
    quality, tables = session.quality, (session.cluster_table, session.similarity_table)

    def arrived(names: frozenset[str]) -> None:
        for table in tables:
            table.values_arrived(names)
        if session.data.table.uses(names):
            session.data.table.values_arrived(busy=quality.busy)

    last: list[object] = [session.motion.known, session.localization.known]

    def moved(_what: str) -> None:
        now = [session.motion.known, session.localization.known]
        if any(a is not b for a, b in zip(now, last, strict=True)):
            last[:] = now
            quality.forget_positions()

    quality.arrived.connect(arrived)
    session.manager.changed.connect(quality.note)
    session.selection.changed.connect(lambda selection: quality.ask_for(selection.cluster_ids))
    session.data.filters.changed.connect(lambda _name: quality.forget_signal())
    session.motion.changed.connect(moved)
    session.localization.changed.connect(moved)
