"""Many labels at once: all of them or none, and what is selected stays selected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from phy_medicine.base.types import LabelValue

if TYPE_CHECKING:
    from phy_medicine.session.session import Session


def label_many(session: Session, clusters: Mapping[tuple[str, LabelValue], Sequence[int]]) -> int:
    """Give clusters labels, one action for each (field, value); return how many clusters were named.

    Raises
    ------
    ActionError : a cluster is gone, or a value cannot be kept; everything was taken back
    ReadOnlyError, JournalError : the actions cannot be kept safe
    """
    selection, before = session.selection.current, session.history.position
    try:
        for (field, value), ids in clusters.items():
            session.label(field, value, ids)
    except BaseException:
        while session.history.position > before:
            session.undo()
        raise
    alive = session.manager.assignment.contains
    session.select(*(tuple(filter(alive, ids)) for ids in (selection.best_ids, selection.similar_ids)))
    return sum(map(len, clusters.values()))
