"""Columns of the cluster table: their names, titles and kinds, and which of them are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psygnal import Signal


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a cluster table: its name in files and filters, and how it is shown."""

    name: str
    title: str
    unit: str = ""
    kind: str = "float"
    help: str = ""


AMPLITUDE_MEDIAN = "amp_median"
"""The column that takes longest: it is computed when asked, and ahead in the background."""

BUILT_IN = (
    Column("id", "Id", kind="int", help="Cluster id; never reused"),
    Column("group", "Group", kind="group", help="The curator's verdict"),
    Column("ch", "Ch", kind="int", help="Channel where the main template is largest"),
    Column("sh", "Sh", kind="int", help="Shank of that channel"),
    Column("depth", "Depth", "µm", help="y position of that channel"),
    Column("fr", "Rate", "Hz", help="Spikes divided by the length of the recording"),
    Column("amp", "Amp", "raw", help="Peak-to-peak of the main template on its largest channel"),
    Column(AMPLITUDE_MEDIAN, "Spike amp", help="Median of the spikes' own amplitudes"),
    Column("n_spikes", "Spikes", kind="int", help="Number of spikes"),
)
LABEL = "Label"
"""Help of the columns of labels, by which they are told from others."""
FIXED = frozenset({"id", "group"})
"""Columns that no plugin replaces."""
DEPTH, CORRECTED = "depth", "depth_corrected"
DEPTH_CORRECTED = Column(
    CORRECTED, "Depth corr.", "µm", help="Median depth of the spikes, motion of the probe taken out"
)
SIMILARITY = Column("similarity", "Similarity", help="Largest similarity between the templates of the two clusters")


class ColumnChoice:
    """Which columns the tables show at first, and in which order; what a person arranges by hand comes before it.

    Columns that are not chosen stay in the menu of the header, in filters, in sorts and in what is saved.
    """

    changed = Signal()

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._known: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The chosen columns in order; empty without a choice."""
        return self._names

    def choose(self, names: Sequence[str], known: Iterable[str] = ()) -> None:
        """Show these columns in this order, all with none; names that do not exist are passed over until they do.

        known : columns that could have been chosen; a label field that comes later is shown as well
        """
        self._names, self._known = tuple(dict.fromkeys(map(str, names))), frozenset(known)
        self.changed.emit()

    def shows(self, column: Column) -> bool | None:
        """Tell whether a column is shown; None without a choice."""
        if not self._names or column.name == "id":
            return True if self._names else None
        return column.name in self._names or (column.help == LABEL and column.name not in self._known)

    def ordered(self, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """Return the columns as chosen: `id`, those chosen, then the others."""
        if not self._names:
            return columns
        place = {name: i for i, name in enumerate(self._names)}
        place["id"] = -1
        place.setdefault(CORRECTED, place.get(DEPTH, len(place)))
        return tuple(sorted(columns, key=lambda c: place.get(c.name, len(place))))
