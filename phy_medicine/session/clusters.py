"""The table of clusters: what is known of each, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from phy_medicine.base.types import LabelValue
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.io.model import Model
from phy_medicine.session.best_channels import BestChannels
from phy_medicine.session.columns import (
    AMPLITUDE_MEDIAN,
    BUILT_IN,
    CORRECTED,
    DEPTH,
    DEPTH_CORRECTED,
    LABEL,
    SIMILARITY,
    Column,
    ColumnChoice,
)
from phy_medicine.session.corrected_depths import CorrectedDepths
from phy_medicine.session.facts import SessionFacts
from phy_medicine.session.metrics import MetricValues
from phy_medicine.session.ranged import STATISTICS, RangedStatistics
from phy_medicine.session.time_ranges import TimeRange, TimeRanges

if TYPE_CHECKING:
    import pandas as pd
    from psygnal import SignalInstance

    from phy_medicine.session.quality import QualityMetrics

__all__ = ["AMPLITUDE_MEDIAN", "BUILT_IN", "CORRECTED", "DEPTH", "SIMILARITY", "Cell", "ClusterTable", "Column"]

Cell = LabelValue | None


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
        metrics: MetricValues | None = None,
    ) -> None:
        self._model = model
        self._metrics = metrics
        self.quality: QualityMetrics | None = None
        """The quality metrics; set once, by the session."""
        self.choice = ColumnChoice()
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
        """Built-in columns, then one for each label field that has no built-in name, and for each metric of a plugin.

        The corrected depth takes the place of the observed one while depths are shown without the motion.
        """
        hidden = DEPTH if self.corrected_depths is not None and self.corrected_depths.shown else CORRECTED
        return self.choice.ordered(tuple(c for c in self.all_columns if c.name != hidden))

    def choose_columns(self, names: Sequence[str] = ()) -> None:
        """Show these columns of the tables at first, in this order, by name; without any, all of them again.

        Names that do not exist are passed over. What a person arranges by hand in a window comes before the choice.
        """
        self.choice.choose(names, (c.name for c in self.all_columns))

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Columns that can be asked for: those shown, and the depth that is not shown when a motion is in use."""
        names = {c.name for c in BUILT_IN}
        labels = tuple(f for f in self._manager.labels.fields if f not in names)
        metrics = {c.name: c for c in self._metrics.columns if c.name not in labels} if self._metrics else {}
        known = self.corrected_depths is not None and self.corrected_depths.exist
        shown = (c for c in BUILT_IN if c.name != "amp" or self._model.has_templates)
        built_in = (c for b in shown for c in ((b, DEPTH_CORRECTED) if known and b.name == DEPTH else (b,)))
        fields = (Column(f, f, kind=self._kind(f), help=LABEL) for f in labels)
        # The metrics come last, so that the first letters of a label still name it.
        quality = self.quality.columns if self.quality is not None else ()
        own = (c for c in quality if c.name not in labels and c.name not in metrics)
        return *(metrics.pop(c.name, c) for c in built_in), *fields, *metrics.values(), *own

    def adds(self, column: str) -> bool:
        """Tell whether a column of this name is one of labels or of a plugin."""
        return column in self._fields or (self._metrics is not None and column in self._metrics)

    def value(self, cluster_id: int, column: str) -> Cell:
        """Return one cell; None when it is empty, or computed late and not known yet, which has it computed."""
        late = self._late(column)
        if late is not None:
            label = self._label(cluster_id, column)
            return late.get(cluster_id, column) if label is None else label
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
        if time_range is None or column not in STATISTICS or self.late(column):
            return self.value(cluster_id, column)
        return self._ranged.get(cluster_id, column, time_range)

    def late(self, column: str) -> bool:
        """Tell whether the cells of a column are computed one after another, by a plugin or as a quality metric."""
        return self._late(column) is not None

    def _late(self, column: str) -> MetricValues | QualityMetrics | None:
        """What computes the cells of a column; a plugin comes before the program, a label of the curator before both.

        A metric that the sorter measured is a label: the clusters that it measured keep it, new ones get the program's.
        """
        field = column in self._fields
        if self._metrics is not None and column in self._metrics:
            return None if field else self._metrics
        if self.quality is None or column not in self.quality:
            return None
        return None if field and column not in self._manager.labels.measured else self.quality

    def _label(self, cluster_id: int, column: str) -> Cell:
        """What the sorter measured of a cluster, None without."""
        return self._manager.labels.get(column, cluster_id) if column in self._fields else None

    @property
    def _fields(self) -> frozenset[str]:
        """Label fields that have a column of their own."""
        return frozenset(self._manager.labels.fields) - {c.name for c in BUILT_IN}

    def known(self, cluster_id: int, column: str) -> bool:
        """Tell whether a cell needs no computing."""
        late = self._late(column)
        return late is None or late.known(cluster_id, column) or self._label(cluster_id, column) is not None

    def missing(self, column: str, cluster_ids: Sequence[int]) -> int:
        """Return how many cells of a column are not computed yet, and have them computed."""
        late = self._late(column)
        if late is None:
            return 0
        return late.ask(column, [c for c in cluster_ids if self._label(c, column) is None])

    def guess(self, cluster_id: int, column: str) -> Cell:
        """Return what stands for a cell that is not known yet while rows are sorted."""
        late = self._late(column)
        return None if late is None else late.guess(cluster_id, column)

    def compute_all(self) -> None:
        """Compute the cells of all clusters ahead; safe in any thread."""
        for cluster_id in self.ids:
            self.shown(cluster_id, AMPLITUDE_MEDIAN)

    def ask_metrics(self) -> None:
        """Have plugins compute the columns that are shown, after what is in sight."""
        for name in self._metrics.names if self._metrics is not None else ():
            column = next((c for c in self.all_columns if c.name == name), None)
            if self._metrics is not None and column is not None and self.choice.shows(column) is not False:
                self._metrics.ask(name, self.ids, first=False)

    def row(self, cluster_id: int) -> dict[str, Cell]:
        """Return all cells of a cluster; those of plugins are computed now."""
        self._compute_metrics((cluster_id,))
        return self._rows((cluster_id,))[0]

    def to_dicts(self, *, quality: bool = False) -> list[dict[str, Cell]]:
        """Return the rows as dictionaries, ascending id; cells of plugins that are missing are computed now.

        quality : with the quality metrics, which are computed now too
        """
        self._compute_metrics(self.ids)
        if quality and self.quality is not None:
            self.quality.compute(self.ids)
        return self._rows(self.ids, quality=quality)

    def known_rows(self) -> list[dict[str, Cell]]:
        """Return the rows as dictionaries, with None for the cells that plugins have not computed."""
        return self._rows(self.ids)

    def _compute_metrics(self, cluster_ids: tuple[int, ...]) -> None:
        for name in self._metrics.names if self._metrics is not None else ():
            if self._metrics is not None and self.late(name):
                self._metrics.compute(name, cluster_ids)

    def _rows(self, cluster_ids: tuple[int, ...], *, quality: bool = False) -> list[dict[str, Cell]]:
        fields, cell = self._fields, self.value if quality else self._at_once
        names = [c.name for c in self.all_columns if quality or c.name in fields or not self.is_quality(c.name)]
        return [{name: cell(c, name) for name in names} for c in cluster_ids]

    def _at_once(self, cluster_id: int, column: str) -> Cell:
        """A cell without the quality metrics."""
        return self._label(cluster_id, column) if self.is_quality(column) else self.value(cluster_id, column)

    def is_quality(self, column: str) -> bool:
        """Tell whether the program computes a column as a quality metric."""
        return self.quality is not None and self._late(column) is self.quality

    def to_pandas(self, *, quality: bool = False) -> pd.DataFrame:
        """Return the rows as a data frame indexed by id; quality : with the quality metrics.

        Raises
        ------
        ImportError : pandas is not installed
        """
        import pandas as pd

        return pd.DataFrame(self.to_dicts(quality=quality)).set_index("id")

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
