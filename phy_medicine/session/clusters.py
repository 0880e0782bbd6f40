"""The table of clusters: what is known of each, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from phy_medicine.base.types import LabelValue
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.io.model import Model
from phy_medicine.session.best_channels import BestChannels
from phy_medicine.session.corrected_depths import CorrectedDepths
from phy_medicine.session.facts import SessionFacts
from phy_medicine.session.ranged import STATISTICS, RangedStatistics
from phy_medicine.session.time_ranges import TimeRange, TimeRanges

if TYPE_CHECKING:
    import pandas as pd
    from psygnal import SignalInstance

Cell = LabelValue | None


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
DEPTH, CORRECTED = "depth", "depth_corrected"
_CORRECTED = Column(CORRECTED, "Depth corr.", "µm", help="Median depth of the spikes, motion of the probe taken out")
SIMILARITY = Column("similarity", "Similarity", help="Largest similarity between the templates of the two clusters")


class ClusterTable:
    """Rows of living clusters, ascending id; each cell is computed when asked and kept.

    Cells are of the whole recording, which is what is saved; the tables of the window show those `shown`.
    """

    def __init__(
        self,
        model: Model,
        manager: ClusterManager,
        facts: SessionFacts,
        corrected: CorrectedDepths | None = None,
        ranges: TimeRanges | None = None,
    ) -> None:
        self._model = model
        self.corrected_depths = corrected
        self.channels = BestChannels(model, facts)
        self._manager = manager
        self._stats_of = facts.stats
        self._facts: dict[int, dict[str, Cell]] = {}
        self._ranges = ranges
        self._ranged = RangedStatistics(facts, model.amplitudes)

    @property
    def changed(self) -> SignalInstance:
        """Emitted with a Delta after every action, undo and redo."""
        return self._manager.changed

    @property
    def ids(self) -> tuple[int, ...]:
        """Living clusters, ascending."""
        return self._manager.cluster_ids

    def __contains__(self, cluster_id: int) -> bool:
        return self._manager.assignment.contains(cluster_id)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Built-in columns, then one for each label field that has no built-in name.

        The corrected depth takes the place of the observed one while depths are shown without the motion.
        """
        hidden = DEPTH if self.corrected_depths is not None and self.corrected_depths.shown else CORRECTED
        return tuple(c for c in self.all_columns if c.name != hidden)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Columns that can be asked for: those shown, and the depth that is not shown when a motion is in use."""
        names = {c.name for c in BUILT_IN}
        labels = (f for f in self._manager.labels.fields if f not in names)
        known = self.corrected_depths is not None and self.corrected_depths.exist
        shown = (c for c in BUILT_IN if c.name != "amp" or self._model.has_templates)
        built_in = (c for b in shown for c in ((b, _CORRECTED) if known and b.name == DEPTH else (b,)))
        return *built_in, *(Column(f, f, kind=self._kind(f), help="Label") for f in labels)

    def value(self, cluster_id: int, column: str) -> Cell:
        """Return one cell; None when it is empty."""
        if column == AMPLITUDE_MEDIAN:
            return self._stats_of(cluster_id).amplitude_median
        if column == CORRECTED and self.corrected_depths is not None:
            return self.corrected_depths.get(cluster_id)
        facts = self._facts.get(cluster_id)
        if facts is None:
            facts = self._facts[cluster_id] = self._compute(cluster_id)
        if column in facts:
            return facts[column]
        return self._manager.labels.get(column, cluster_id)

    def shown(self, cluster_id: int, column: str) -> Cell:
        """Return one cell as tables show it: counted in the time range while one is chosen."""
        return self.value_within(cluster_id, column, None if self._ranges is None else self._ranges.a)

    def value_within(self, cluster_id: int, column: str, time_range: TimeRange | None) -> Cell:
        """Return one cell, counted in a stretch of time where it is one of `STATISTICS`."""
        if time_range is None or column not in STATISTICS:
            return self.value(cluster_id, column)
        return self._ranged.get(cluster_id, column, time_range)

    def compute_all(self) -> None:
        """Compute the cells of all clusters ahead; safe in any thread."""
        for cluster_id in self.ids:
            self.shown(cluster_id, AMPLITUDE_MEDIAN)

    def row(self, cluster_id: int) -> dict[str, Cell]:
        """Return all cells of a cluster."""
        return self._rows((cluster_id,))[0]

    def to_dicts(self) -> list[dict[str, Cell]]:
        """Return the rows as dictionaries, ascending id."""
        return self._rows(self.ids)

    def _rows(self, cluster_ids: tuple[int, ...]) -> list[dict[str, Cell]]:
        names = [c.name for c in self.all_columns]
        return [{name: self.value(c, name) for name in names} for c in cluster_ids]

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a data frame indexed by id.

        Raises
        ------
        ImportError : pandas is not installed
        """
        import pandas as pd

        return pd.DataFrame(self.to_dicts()).set_index("id")

    def _kind(self, field: str) -> str:
        values: list[Any] = list(self._manager.labels.values(field).values())
        if values and all(isinstance(v, int) for v in values):
            return "int"
        return "float" if values and all(isinstance(v, (int, float)) for v in values) else "text"

    def _compute(self, cluster_id: int) -> dict[str, Cell]:
        stats = self._stats_of(cluster_id)
        template = stats.main_template
        channel = int(self.channels.of(cluster_id)[0])
        label = self._model.channel_labels[channel]
        amplitude = float(self._model.template_amplitudes[template]) if self._model.has_templates else None
        return {
            "id": cluster_id,
            "ch": int(label) if label.isdigit() else label,
            "sh": int(self._model.channel_shanks[channel]),
            "depth": float(self._model.channel_positions[channel, 1]),
            "fr": stats.n_spikes / self._model.duration_s if self._model.duration_s > 0 else None,
            "amp": amplitude,
            "n_spikes": stats.n_spikes,
        }
