"""Labels of one session given to the same neurons in another, by ordinary actions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import LabelValue
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.groups import UNSORTED
from phy_medicine.session.label_many import label_many

if TYPE_CHECKING:
    from phy_medicine.session.match_sessions import SessionMatch
    from phy_medicine.session.session import Session


@dataclass(frozen=True, slots=True)
class CarriedLabel:
    """One cell that would be set.

    cluster, source : of this session, and of the one that the label comes from; field : "group" or another column
    before, after : values, None where there is none; certainty : of the match
    """

    cluster: int
    source: int
    field: str
    before: LabelValue | None
    after: LabelValue
    certainty: float


def plan_labels(
    match: SessionMatch, sessions: Sequence[Session], source: int, target: int, *, replace: bool = False
) -> tuple[CarriedLabel, ...]:
    """Say which labels would be carried over, by cluster, the group first; nothing is changed.

    Parameters
    ----------
    sessions : those that were matched; source, target : positions in them
    replace : also cells that have a value of their own; without it only empty and unsorted ones

    Notes
    -----
    What a sorter measured of the other spikes is no label, and stays where it is. Clusters that are gone since the
    sessions were matched are left out.
    """
    giving, taking = sessions[source].manager, sessions[target].manager
    measured = giving.labels.measured | taking.labels.measured
    fields = [field for field in giving.labels.fields if field not in measured]
    found = []
    for unit in match.matched:
        a, b = unit.clusters[source], unit.clusters[target]
        if a is None or b is None or not (giving.assignment.contains(a) and taking.assignment.contains(b)):
            continue
        for field in fields:
            before, after = taking.labels.get(field, b), giving.labels.get(field, a)
            own = before is not None and before != UNSORTED
            if after in (None, UNSORTED, before) or (own and not replace):
                continue
            found.append(CarriedLabel(b, a, field, before, after, unit.certainty))
    return tuple(sorted(found, key=lambda label: (label.cluster, label.field != GROUP, label.field)))


def carry_labels(session: Session, labels: Iterable[CarriedLabel]) -> int:
    """Give the clusters of a session these labels, one action for each value, all of them or none; return how many.

    Raises
    ------
    ActionError : there is no label, or a cluster is gone; everything was taken back
    ReadOnlyError, JournalError : the actions cannot be kept safe
    """
    clusters: dict[tuple[str, LabelValue], list[int]] = {}
    for label in labels:
        clusters.setdefault((label.field, label.after), []).append(label.cluster)
    if not clusters:
        raise ActionError("There is no label to carry over.")
    return label_many(session, clusters)
