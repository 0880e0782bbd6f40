"""Groups from a column that the sorter wrote, such as `KSLabel`: a start for those who trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import LabelValue
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.groups import UNSORTED
from phy_medicine.session.label_many import label_many

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

USUAL = "KSLabel"
"""Column of Kilosort."""


def columns_with_groups(session: Session) -> tuple[str, ...]:
    """Return the label columns that put some cluster into a group, the usual one first."""
    fields = [field for field in session.label_fields if field != GROUP and _groups(session, field)]
    return tuple(sorted(fields, key=lambda field: field != USUAL))


def groups_from(session: Session, field: str = "") -> int:
    """Put every cluster that has no group into the one that a label column names; return how many.

    One action for each group; clusters that have a group keep it, and labels that are no group are left.

    field : by default `KSLabel`, or the first column with names of groups

    Raises
    ------
    ActionError : there is no such column, or it names no group of a cluster without one
    ReadOnlyError, JournalError : the actions cannot be kept safe; nothing changed
    """
    known = columns_with_groups(session)
    field = field or next(iter(known), USUAL)
    if field not in session.label_fields or field == GROUP:
        raise ActionError(f"There is no column {field} of labels to take groups from.")
    groups = _groups(session, field)
    if not groups:
        raise ActionError(f"{field} names no group of a cluster that has none.")
    n = label_many(session, {(GROUP, group): ids for group, ids in groups.items()})
    counts = ", ".join(f"{len(ids):,} {group}" for group, ids in groups.items())
    session.message.emit(f"{n:,} clusters have the group that {field} names: {counts}.")
    return n


def _groups(session: Session, field: str) -> dict[str, tuple[int, ...]]:
    """Group -> the clusters without one whose label in a column is its name."""
    names = {group.name.lower(): group.name for group in session.groups if group.name != UNSORTED}
    found: dict[str, list[int]] = {}
    for cluster in session.cluster_ids:
        said = _text(session.manager.labels.get(field, cluster))
        if session.manager.group(cluster) in (None, UNSORTED) and said in names:
            found.setdefault(names[said], []).append(cluster)
    return {group: tuple(ids) for group, ids in found.items()}


def _text(value: LabelValue | None) -> str:
    return value.strip().lower() if isinstance(value, str) else ""
