"""Label table: the cells of the label columns, `group` among them, and how new clusters inherit them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from phy_medicine.base.errors import ActionError
from phy_medicine.base.types import LabelValue
from phy_medicine.curation.actions import GROUP

Fields = Mapping[str, Mapping[int, LabelValue]]

SORTER_TEXT_FIELDS = frozenset({"KSLabel", "KSLabel_repolar", "si_unit_id", "channel_group", "unit_type"})
"""Text fields that sorters and exporters write; any other text is taken for a note of the user."""

BUILT_IN_COLUMNS = frozenset(
    {"id", "cluster_id", "ch", "sh", "depth", "fr", "amp", "n_spikes", "similarity", "is_masked"}
)
"""Columns that the program fills itself."""


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One cell before and after; None is an empty cell."""

    field: str
    cluster_id: int
    before: LabelValue | None
    after: LabelValue | None


class LabelTable:
    """Field -> cluster -> value for the clusters that exist; an empty cell is absent.

    Parameters
    ----------
    fields : starting values
    cluster_ids : clusters that exist; values of others are dropped
    measured : fields that describe the spikes and are not inherited; None: `guess_measured(fields)`
    """

    def __init__(self, fields: Fields, cluster_ids: Collection[int], measured: Iterable[str] | None = None) -> None:
        known = frozenset(cluster_ids)
        self._values: dict[str, dict[int, LabelValue]] = {GROUP: {}}
        for name, values in fields.items():
            self._values[name] = {int(c): v for c, v in values.items() if c in known}
        self._measured = frozenset(guess_measured(fields) if measured is None else measured) - {GROUP}

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields, `group` included, in the order they came."""
        return tuple(self._values)

    @property
    def measured(self) -> frozenset[str]:
        """Fields that new clusters do not inherit."""
        return self._measured

    def get(self, field: str, cluster_id: int) -> LabelValue | None:
        """Return one cell, None if it is empty."""
        return self._values.get(field, {}).get(cluster_id)

    def values(self, field: str) -> Mapping[int, LabelValue]:
        """Return a read-only view of a column, empty cells left out."""
        return MappingProxyType(self._values.get(field, {}))

    def to_dict(self) -> dict[str, dict[int, LabelValue]]:
        """Return a copy of the whole table."""
        return {field: dict(values) for field, values in self._values.items()}

    def set_changes(self, field: str, cluster_ids: Sequence[int], value: LabelValue | None) -> tuple[LabelChange, ...]:
        """Return the changes that put one value into a column."""
        return tuple(LabelChange(field, c, self.get(field, c), value) for c in cluster_ids)

    def heir_changes(self, counts: Mapping[int, int], new_ids: Sequence[int]) -> tuple[LabelChange, ...]:
        """Return the changes of a merge or split: old clusters lose their cells, new ones inherit.

        Parameters
        ----------
        counts : old cluster -> number of spikes
        new_ids : clusters made of them
        """
        largest = min(counts, key=lambda c: (-counts[c], c))
        changes: list[LabelChange] = []
        for field, values in self._values.items():
            old = {c: values[c] for c in counts if c in values}
            if not old:
                continue
            changes += [LabelChange(field, c, value, None) for c, value in old.items()]
            heir = next(iter(old.values())) if len(set(old.values())) == 1 else old.get(largest)
            if heir is not None and field not in self._measured:
                changes += [LabelChange(field, c, None, heir) for c in new_ids]
        return tuple(changes)

    def kept(self, cluster_id: int, new_id: int) -> list[tuple[str, int, LabelValue | None]]:
        """Return the cells that give a new cluster what another one has, in all fields that are inherited."""
        return [(f, new_id, values.get(cluster_id)) for f, values in self._values.items() if f not in self._measured]

    def apply(self, changes: Sequence[LabelChange]) -> None:
        """Put the `after` values in place; a field not met before becomes a column."""
        for change in changes:
            self._put(change.field, change.cluster_id, change.after)

    def revert(self, changes: Sequence[LabelChange]) -> None:
        """Put the `before` values in place."""
        for change in reversed(changes):
            self._put(change.field, change.cluster_id, change.before)

    def _put(self, field: str, cluster_id: int, value: LabelValue | None) -> None:
        """Write one cell, None empties it."""
        column = self._values.setdefault(field, {})
        if value is None:
            column.pop(cluster_id, None)
        else:
            column[cluster_id] = value


def with_cells(
    changes: Sequence[LabelChange], cells: Iterable[tuple[str, int, LabelValue | None]]
) -> tuple[LabelChange, ...]:
    """Return changes in which new clusters get the values of some cells instead of what they inherit."""
    given = {(field, cluster): value for field, cluster, value in cells}
    inherited = (c for c in changes if (c.field, c.cluster_id) not in given)
    return (*inherited, *(LabelChange(f, c, None, value) for (f, c), value in given.items() if value is not None))


def guess_measured(fields: Fields) -> frozenset[str]:
    """Return the fields of a dataset that a sorter measured: all-number columns and the text a sorter writes."""
    return frozenset(
        name
        for name, values in fields.items()
        if name != GROUP and (name in SORTER_TEXT_FIELDS or not any(isinstance(v, str) for v in values.values()))
    )


def check_field(field: str) -> str:
    """Return the name of a label field.

    Raises
    ------
    ActionError : it is empty, cannot be a file name, or is a column of the program
    """
    if not field or field != field.strip() or any(c in '\t\r\n/\\:*?"<>|' or ord(c) < 32 for c in field):
        raise ActionError(f"{field!r} cannot name a label; it becomes a file name, so use letters, digits, - and _.")
    if field in BUILT_IN_COLUMNS:
        raise ActionError(f"{field} is filled by the program; choose another name for the label.")
    return field


def check_value(value: Any) -> LabelValue | None:
    """Return a label as it will be read back from the file: int if it parses, else float, else text; "" is None.

    Raises
    ------
    ActionError : a value that a table file cannot hold
    """
    if value is None or isinstance(value, str):
        text = (value or "").strip()
        if any(c in text for c in "\t\r\n"):
            raise ActionError("A label cannot hold tabs or line breaks.")
        return _number(text) if text else None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ActionError(f"{value!r} cannot be a label; use a number or text.")
    return value


def _number(text: str) -> LabelValue:
    """The number a text stands for, or the text."""
    try:
        return int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return text
    return number if math.isfinite(number) else text
