"""The one controller: opens a dataset, changes the curation, keeps it safe; works without a window."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from phy_medicine.base.configuration import Configuration
from phy_medicine.base.paths import OwnFiles
from phy_medicine.base.types import IntArray
from phy_medicine.compute import kernels
from phy_medicine.compute.pool import Pool, Priority
from phy_medicine.curation.actions import Delta
from phy_medicine.curation.groups import Group
from phy_medicine.curation.history import History
from phy_medicine.curation.selection import SelectionModel
from phy_medicine.curation.selector import Selector
from phy_medicine.curation.statistics import StatisticsTable
from phy_medicine.curation.wizard import Wizard
from phy_medicine.io.model import Model
from phy_medicine.io.open_model import open_model
from phy_medicine.io.safe_write import SaveReport
from phy_medicine.session.cluster_positions import ClusterPositions
from phy_medicine.session.clusters import ClusterTable
from phy_medicine.session.corrected_depths import CorrectedDepths
from phy_medicine.session.curating import Curating
from phy_medicine.session.data import DataService
from phy_medicine.session.depths import SpikeDepths
from phy_medicine.session.event_notes import note_events
from phy_medicine.session.exports import Exports
from phy_medicine.session.extensions import Extensions
from phy_medicine.session.facts import SessionFacts
from phy_medicine.session.hold import Hold
from phy_medicine.session.jobs import SessionJobs, session_store
from phy_medicine.session.localization import LocalizationState
from phy_medicine.session.motion import MotionState
from phy_medicine.session.motion_jobs import follow_jobs
from phy_medicine.session.pair_evidence import PairFacts
from phy_medicine.session.pair_following import follow_pairs
from phy_medicine.session.past import fresh_manager
from phy_medicine.session.plugin_values import follow_plugins, metrics_for_save, plugin_values
from phy_medicine.session.position_items import PositionItems
from phy_medicine.session.prefetch import Prefetch, prefetch_limits
from phy_medicine.session.quality import QualityMetrics
from phy_medicine.session.quality_following import follow_quality
from phy_medicine.session.record import Recorder
from phy_medicine.session.recovery import Recovered
from phy_medicine.session.requests import RequestMaker
from phy_medicine.session.selection_colors import SelectionColors
from phy_medicine.session.shown import Shown
from phy_medicine.session.signal_filters import SignalFilters
from phy_medicine.session.similar import SimilarClusters
from phy_medicine.session.similarity_table import SimilarityTable
from phy_medicine.session.storage import Storage
from phy_medicine.session.suggestion_walk import SuggestionWalk
from phy_medicine.session.suggestions import Suggestions
from phy_medicine.session.suppose import Suppositions
from phy_medicine.session.table_source import TableSource
from phy_medicine.session.tables import TableState, cluster_table
from phy_medicine.session.time_ranges import A, TimeRange, TimeRanges
from phy_medicine.session.workspace import Collecting

if TYPE_CHECKING:
    from phy_medicine.session.training import Training


class Session(Curating, Collecting, Shown, Exports):
    """One curation of one dataset.

    Signals (psygnal), each emitted once and after everything is up to date: `selection.changed(Selection)`,
    `clusters.changed(Delta)`, `cluster_table.changed()`, `similarity_table.changed()`, and those below.

    Parameters
    ----------
    model : the dataset, which is never changed
    read_only : refuse every change
    recover : replay an unsaved journal (True), leave it aside (False), or keep it for later (None)
    take_over : become the writer although somebody else seems to be curating
    configuration : what a person configured for this dataset; nothing by default
    """

    saved = Signal(object)
    """SaveReport of a save."""
    message = Signal(str)
    """One sentence for the status bar."""
    time_window_changed = Signal(object)
    """(start, stop) in s that the time views show."""
    time_range_changed = Signal(object)
    """TimeRanges: the stretches of time that views and tables cover."""
    ended = Signal()
    """The dataset was let go of; once."""

    def __init__(
        self,
        model: Model,
        *,
        read_only: bool = False,
        recover: bool | None = None,
        take_over: bool = False,
        configuration: Configuration | None = None,
    ) -> None:
        self.model: Model = model
        self.configuration = configuration or Configuration()
        self.extensions = Extensions()
        self.storage = Storage(model, read_only=read_only, take_over=take_over)
        self._closing = threading.Event()
        self._reader: threading.Thread | None = None
        self.training: Training | None = None  # given to a session that somebody trains on
        self._begin_curation()
        self._find_places()
        self._fill_tables()
        self._serve_views()
        self._judge_clusters()
        self._work_behind()
        if recover is False:
            self.discard_journal()
        elif recover:
            self.recover()

    def _begin_curation(self) -> None:
        """The assignment of spikes, and what follows from it at once."""
        model, self.manager = self.model, fresh_manager(self.model)
        assignment = self.manager.assignment
        statistics = StatisticsTable(assignment, model.spike_templates, model.amplitudes, model.duration_s)
        self.manager.changed.connect(statistics.update)
        self.facts = SessionFacts(self.manager, Selector(assignment), statistics)

    def _find_places(self) -> None:
        """Where spikes and clusters are, with the motion and the positions in use."""
        model, own = self.model, OwnFiles(self.model.dir_path)
        writable = lambda: not self.read_only  # noqa: E731
        self.motion = MotionState(lambda: self.store, own.state, writable=writable)
        self.localization = LocalizationState(lambda: self.store, model.n_spikes, own.state, writable=writable)
        self.depths = SpikeDepths(model, self.motion, own.cache, self.localization, writable=writable)
        self.positions = ClusterPositions(model.spike_times, self.facts, self.localization, self.motion)
        self.time_ranges = TimeRanges(model.spike_times, model.duration_s, self._show_range)

    def _fill_tables(self) -> None:
        """Clusters and those similar to one, as rows; which are selected, and the wizard that walks along them."""
        model, corrected = self.model, CorrectedDepths(self.facts, self.depths, self.motion)
        self.metrics, self.schemes, self.similarity_values = plugin_values(self)
        self.clusters = ClusterTable(model, self.manager, self.facts, corrected, self.time_ranges, self.metrics)
        self.similar = SimilarClusters(model, self.facts, self.motion, lambda: self.pool, self.similarity_values)
        self.selection = SelectionModel()
        self.hold = Hold()
        self.suppose = Suppositions(self)
        self.colors = SelectionColors(self.manager.groups)
        self.selection.changed.connect(self.colors.note)
        self.cluster_table: TableState = cluster_table(self.clusters)
        self.similarity_table: SimilarityTable = SimilarityTable(self.clusters, self.similar, self.selection)
        self.wizard = Wizard(self.cluster_table.visible_ids, self.similarity_table.rows_for, self.manager.is_masked)
        self.selection.changed.connect(self.wizard.visit)

    def _serve_views(self) -> None:
        """What views ask for."""
        self.data = DataService(
            self.model,
            self.facts,
            cache_bytes=int(self.configuration.get("cache_mb", 256)) << 20,
            channels=self.clusters.channels,
            filters=SignalFilters(self.extensions),
        )
        self.data.motion, self.data.depths, self.data.localization = self.motion, self.depths, self.localization
        self.data.unit_positions.localized = self.positions
        self.data.table = TableSource(
            self.cluster_table, self.clusters, self.manager.groups, self.similar,
            x_um=self.data.unit_positions.x_um, schemes=self.schemes,
        )  # fmt: skip
        self.manager.changed.connect(self._note_merge)
        self._requests = RequestMaker(self.data, self.time_ranges, self.colors)

    def _judge_clusters(self) -> None:
        """Metrics, evidence of pairs, suggestions: in columns of the tables and panels."""
        follow_plugins(self)
        self.quality = self.clusters.quality = QualityMetrics(self)
        follow_quality(self)
        self._position_items = PositionItems(self)
        self.pairs = self.similarity_table.pairs = PairFacts(self)
        follow_pairs(self)
        self.suggestions = Suggestions(self)
        self.walk = SuggestionWalk(self)

    def _work_behind(self) -> None:
        """Threads, jobs and their store, and the record of all that is done."""
        self.pool = Pool(int(self.configuration.get("threads", 2)))
        self.store = session_store(self)
        self.jobs = SessionJobs(self)
        follow_jobs(self.motion, self.jobs)
        self.jobs.imported.connect(self.localization.use_new)
        self.jobs.imported.connect(self.suggestions.reclustered.take)
        self.prefetch = Prefetch(lambda: self.pool, self.data.cache, **prefetch_limits(self.configuration))
        note_events(self)
        self.record = Recorder(self)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        read_only: bool = False,
        recover: bool | None = None,
        take_over: bool = False,
        configuration: Configuration | None = None,
        **choice: Any,
    ) -> Session:
        """Open a dataset; `choice` are the options of `open_model`.

        Raises
        ------
        DatasetError : a required file is missing or wrong
        """
        model = open_model(Path(path), **choice)
        return cls(model, read_only=read_only, recover=recover, take_over=take_over, configuration=configuration)

    # What is there

    @property
    def name(self) -> str:
        """Name of the dataset's folder."""
        return self.model.name

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """Living clusters, ascending."""
        return self.manager.cluster_ids

    @property
    def groups(self) -> tuple[Group, ...]:
        """Groups that clusters can be moved to."""
        return tuple(self.manager.groups)

    @property
    def label_fields(self) -> tuple[str, ...]:
        """Names of the label columns, `group` first."""
        return self.manager.labels.fields

    @property
    def history(self) -> History:
        """The actions done so far."""
        return self.manager.history

    @property
    def is_recording(self) -> bool:
        """Whether there are no spikes: a raw recording alone."""
        return self.model.n_spikes == 0

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""
        return self.storage.read_only

    @property
    def closed(self) -> bool:
        """Whether the dataset was let go of."""
        return self._closing.is_set()

    @property
    def dirty(self) -> bool:
        """Whether there is something to save."""
        return self.manager.dirty

    @property
    def can_undo(self) -> bool:
        """Whether there is an action to undo."""
        return self.history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an action to do again."""
        return self.history.can_redo

    def spike_clusters(self) -> IntArray:
        """Return the cluster of every spike, (n_spikes,) int32, a copy."""
        return self.manager.assignment.labels()

    def set_time_range(self, start_s: float, stop_s: float, which: str = A) -> TimeRange | None:
        """Show and count only this stretch of time, s; which : "a" for all views, "b" for those bound to it.

        Nothing that is saved changes. The whole recording as range "a" is no range, None.

        Raises
        ------
        ActionError : nothing of the recording lies in it
        """
        return self.time_ranges.choose(start_s, stop_s, which)

    def clear_time_range(self, which: str = "") -> None:
        """Show the whole recording again; which : "a" or "b", both by default."""
        self.time_ranges.clear(which)

    # Kept safe

    def save(self, *, force: bool = False) -> SaveReport:
        """Write labels and tables in phy's own files, atomically, with a backup of what they replace.

        force : write although a file changed on disk since the dataset was opened

        Raises
        ------
        ReadOnlyError, SaveError : nothing was lost, the journal holds the work
        """
        remark = metrics_for_save(self)
        report = self.storage.save(self.manager, self.clusters, force=force)
        self.manager.mark_saved()
        self.saved.emit(report)
        if remark:
            self.message.emit(remark)
        return report

    def take_over(self) -> None:
        """Become the writer in place of somebody whose session ended without giving the dataset back.

        Raises
        ------
        ReadOnlyError : opened read-only, or the folder cannot be written
        """
        self.storage.take_over()
        self.message.emit("The dataset accepts changes now.")

    def recover(self) -> Recovered:
        """Do again what an unsaved journal of the same starting labels holds, as far as it fits.

        Raises
        ------
        ReadOnlyError : the dataset does not accept changes
        JournalError : the journal cannot be read or continued, or something was done before; nothing changed
        """
        self.hold.check()
        report = self.storage.recover(self.manager)
        if report.n_done or report.why:
            self.message.emit(report.text)
        return report

    def discard_journal(self) -> None:
        """Leave the unsaved work of earlier sessions aside; the files are kept."""
        self.storage.set_aside()

    def warm_up(self) -> None:
        """Do in the background what makes later selections quick; for after the first paint, any number of times."""
        self.pool.submit("kernels", kernels.warm_up, priority=Priority.BACKGROUND)
        self.pool.submit("statistics", self.clusters.compute_all, priority=Priority.BACKGROUND)
        self.clusters.ask_metrics()
        self.quality.ask_all()
        features = self.model.features
        if self._reader is None and features is not None:
            # A thread of its own: it waits for the disk for seconds, and the pool has few.
            self._reader = threading.Thread(target=features.read_ahead, args=(self._closing.is_set,), daemon=True)
            self._reader.start()

    def close(self) -> None:
        """Stop background work and let go of the dataset; unsaved work stays in the journal. A window on it closes."""
        if self.closed:
            return
        self._closing.set()
        self.record.stop()
        self.jobs.close()
        self.suggestions.close()
        self.quality.close()
        self.pairs.close()
        self.pool.shutdown(wait=False)
        self.data.trace_columns.close()
        self.storage.close()
        self.ended.emit()

    # Inside

    def _show_range(self) -> None:
        """Show statistics of the time range in the tables; other rows may be first, and pass a filter."""
        self.cluster_table.refresh()
        self.similarity_table.refresh()
        self.time_range_changed.emit(self.time_ranges)

    def _note_merge(self, delta: Delta) -> None:
        if delta.kind == "merge" and delta.direction != "undo":
            self.data.correlograms.note_merge(delta.added[0], delta.removed)
