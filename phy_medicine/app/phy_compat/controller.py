"""phy's controllers: what plugins are given, over a session."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from phy_medicine.app.phy_compat.bunch import Bunch
from phy_medicine.app.phy_compat.context import Context
from phy_medicine.app.phy_compat.creators import ViewCreators, view_creator_of
from phy_medicine.app.phy_compat.events import Connection, bus
from phy_medicine.app.phy_compat.finder import install
from phy_medicine.app.phy_compat.link import SessionLink
from phy_medicine.app.phy_compat.logs import follow_logs
from phy_medicine.app.phy_compat.mirrors import MirrorDict, metric_of, plain
from phy_medicine.app.phy_compat.mixins import FeatureMixin, TemplateMixin, TraceMixin, WaveformMixin
from phy_medicine.app.phy_compat.model import TemplateModel
from phy_medicine.app.phy_compat.plugin import attach_plugins
from phy_medicine.app.phy_compat.raw_data_filter import RawDataFilter
from phy_medicine.app.phy_compat.spike_data import SpikeData
from phy_medicine.app.phy_compat.supervisor import Supervisor
from phy_medicine.app.phy_compat.view_numbers import follow_numbers
from phy_medicine.base.errors import ActionError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.session.extensions import Similarity
from phy_medicine.session.session import Session


def make_selection(session: Session) -> Bunch:
    """Return what is selected: `cluster_ids` of now, and what views set, such as `channel_id`."""

    class Selection(Bunch):
        """What is selected."""

        @property
        def cluster_ids(self) -> list[int]:
            """Selected clusters, in the order of their colours."""
            return list(session.selection.cluster_ids)

    return Selection()


class BaseController(ViewCreators, SpikeData):
    """What plugins are given.

    session : the program's own; without one, the dataset of `dir_path` is opened
    plugins : names of plugins to attach beside those of the configuration, where this opens the dataset itself
    """

    gui_name = "BaseGUI"
    gui_version = 2
    default_views: tuple[str, ...] | None = None
    default_shortcuts: ClassVar[dict[str, str]] = {
        "toggle_spike_reorder": "ctrl+r", "switch_raw_data_filter": "alt+r",
    }  # fmt: skip
    default_snippets: ClassVar[dict[str, str]] = {}
    _new_views: tuple[str, ...] = (
        "ClusterScatterView", "CorrelogramView", "AmplitudeView", "ISIView", "FiringRateView", "ProbeView",
    )  # fmt: skip
    _amplitude_functions: tuple[tuple[str, str], ...] = ()

    def __init__(
        self,
        dir_path: str | Path | None = None,
        config_dir: str | Path | None = None,
        model: TemplateModel | None = None,
        *,
        session: Session | None = None,
        plugins: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        own = session is None
        if session is None:
            folder = dir_path if dir_path is not None else model.dir_path if model is not None else None
            if folder is None:
                raise ActionError("Name the dataset: dir_path is missing.")
            session = Session.open(folder)
        install()
        self.session = session
        self.changed_settings: dict[str, Any] = {}
        self.extensions = session.extensions
        bus.use(session.extensions)
        self.link = SessionLink(session)
        self.gui: Any = None
        self.config_dir = config_dir
        self.dir_path = session.model.dir_path.resolve()
        self._cwd = _enter(self.dir_path)
        self._stop_logs = follow_logs(session)
        self.model = TemplateModel.of(session.model, session)
        self._set_cache()
        self.raw_data_filter = RawDataFilter(session.extensions)
        self.raw_data_filter.add_default_filter(self.model.sample_rate)
        self._set_view_creator()
        self._set_cluster_metrics()
        self._set_similarity_functions()
        if self.default_views is None:
            self.default_views = tuple(_of_parents(type(self), "_new_views"))
        self.selection = make_selection(session)
        self.attached_plugins: list[str] = []
        self._told: list[Connection] = []
        if own:
            self.attached_plugins = attach_plugins(self, plugins=plugins, config_dir=config_dir)
            self.finish()

    # Making

    def _set_cache(self) -> None:
        session = self.session
        self.cache_dir = OwnFiles(self.dir_path).cache / "plugins"
        self._saved_hash = session.model.labels_hash()
        self._saved_ids = frozenset(session.cluster_ids) if not session.dirty else _ids_of(session.model.spike_clusters)
        self.context = Context(
            self.cache_dir,
            labels_hash=lambda: self._saved_hash,
            cluster_ids=lambda: self._saved_ids,
            writable=lambda: not session.read_only,
        )

    def _set_view_creator(self) -> None:
        make = partial(view_creator_of, self)
        self.view_creator = MirrorDict(self.extensions.views, make, self._default_view_creators())

    def _default_metrics(self) -> dict[str, Callable[[int], Any]]:
        return {
            "ch": self.get_best_channel_label,
            "sh": self.get_channel_shank,
            "depth": self.get_probe_depth,
            "fr": self.get_mean_firing_rate,
        }

    def _set_cluster_metrics(self) -> None:
        self.cluster_metrics = MirrorDict(self.extensions.metrics, metric_of, self._default_metrics())

    def _default_similarities(self) -> dict[str, Callable[[int], Any]]:
        return {"peak_channel": self.peak_channel_similarity}

    def _set_similarity_functions(self) -> None:
        self._similarity = next(reversed(self._default_similarities()))
        self.similarity_functions = MirrorDict(
            self.extensions.similarities, self._similarity_of, self._default_similarities()
        )
        self.extensions.similarities.changed.connect(self._note_similarity)

    def _similarity_of(self, name: str, function: Callable[[int], Any]) -> Similarity:
        def pairs(cluster_id: int) -> list[tuple[int, float]]:
            return [(int(c), float(v)) for c, v in plain(function(cluster_id) or [])]

        words = (function.__doc__ or "").strip().split("\n")[0]
        return Similarity(name, pairs, help=words)

    def _note_similarity(self, name: str) -> None:
        """One that was chosen before it was there is used now."""
        if name == self._similarity and name in self.extensions.similarities:
            self._use_similarity(name)

    @property
    def similarity(self) -> str:
        """Name of the similarity in use."""
        return self._similarity

    @similarity.setter
    def similarity(self, name: str) -> None:
        self._similarity = name
        self._use_similarity(name)

    def _use_similarity(self, name: str) -> None:
        known = self.extensions.similarities
        if name == "peak_channel" and name not in known and name in self.similarity_functions:
            known.add(self._similarity_of(name, self.similarity_functions[name]))
            return  # it is used by now
        if name != "template" and name not in known:
            return  # it is used as soon as there is a function of the name
        try:
            self.session.similar.metric = name
        except ActionError as error:
            logger.warning("The similarity %s is not used: %s", name, error)

    def finish(self) -> None:
        """Make the supervisor and the selector, and tell plugins that all is ready; at a later call only new ones."""
        if not hasattr(self, "supervisor"):
            self.supervisor = Supervisor(
                self.link,
                cluster_metrics=self.cluster_metrics,
                similarity=self._similar_clusters,
                context=self.context,
            )
            bus.connect(self._note_save, event="save_clustering", sender=self.supervisor, owner="")
            self.selector = self.make_selector()
            follow_numbers(self)
        new = [c for c in bus.connections if c not in self._told]
        self._told = [*(c for c in self._told if c in bus.connections), *new]
        bus.emit_among(new, "controller_ready", self)

    def _similar_clusters(self, cluster_id: int) -> Any:
        function = self.similarity_functions.get(self._similarity)
        return function(cluster_id) if function is not None else []

    # Saving

    def _note_save(self, sender: Any, *args: Any) -> None:
        """Labels on disk are those of now: what is kept under their ids can be written."""
        self.model.refresh_metadata()
        self._saved_hash = self.session.model.labels_hash(self.session.spike_clusters())
        self._saved_ids = frozenset(self.session.cluster_ids)
        for metric in list(self.extensions.metrics):
            if metric.of_labels:
                self.extensions.metrics.changed.emit(metric.name)

    def on_save_clustering(self, sender: Any, spike_clusters: Any, groups: Any, *labels: Any) -> None:
        """Save what the session holds."""
        self.supervisor.save()

    def close(self) -> None:
        """Keep what functions of plugins gave, and let go of the session."""
        self.context.save_memcache()
        self.link.stop()
        for mirror in (self.view_creator, self.cluster_metrics, self.similarity_functions):
            mirror.close()
        self.extensions.similarities.changed.disconnect(self._note_similarity, missing_ok=True)
        bus.leave(self.extensions)
        self._stop_logs()
        _enter(self._cwd)

    # Amplitudes

    def _get_amplitude_functions(self) -> dict[str, Callable[..., Any]]:
        found = {name: getattr(self, method) for name, method in _of_parents(type(self), "_amplitude_functions")}
        if self.session.model.template_features is not None and hasattr(self, "get_spike_template_features"):
            found["template_feature"] = self.get_spike_template_features
        return found

    def _get_amplitude_spike_ids(self, cluster_id: int, load_all: bool = False) -> IntArray:
        return self.get_spike_ids(cluster_id, n=None if load_all else self.n_spikes_amplitudes)

    def _amplitude_getter(
        self, cluster_ids: Sequence[int | None], name: str | None = None, load_all: bool = False
    ) -> list[Bunch]:
        """Amplitudes, spikes and times of clusters; None stands for the others on the channel of the first.

        name : "template", "raw", "feature" or "template_feature"
        """
        functions = self._get_amplitude_functions()
        function = functions[name or next(iter(functions))]
        first = next(int(c) for c in cluster_ids if c is not None)
        channels = self.get_best_channels(first)
        channel = int(channels[0])
        if name in ("feature", "raw"):
            channel = self.selection.get("channel_id", channel)
        shown = []
        for cluster_id in cluster_ids:
            spikes = self._amplitude_spikes(cluster_id, cluster_ids, int(channels[0]), name, load_all)
            amplitudes = function(
                spikes, channel_ids=channels, channel_id=channel, pc=self.selection.get("feature_pc"),
                first_cluster=first,
            )  # fmt: skip
            if amplitudes is not None:
                times: FloatArray = self._get_spike_times_reordered(spikes)
                shown.append(Bunch(amplitudes=amplitudes, spike_ids=spikes, spike_times=times))
        return shown

    def _amplitude_spikes(
        self, cluster_id: int | None, selected: Sequence[int | None], channel: int, name: str | None, load_all: bool
    ) -> IntArray:
        subset = self.session.model.waveform_subset
        only = subset.spike_ids if name == "raw" and subset is not None else None
        chunks = name == "raw" and subset is None
        clusters = [cluster_id] if cluster_id is not None else self.get_clusters_on_channel(channel)
        wanted = [int(c) for c in clusters if cluster_id is not None or c not in selected]
        n = None if load_all else self.n_spikes_amplitudes
        return self.selector(n, wanted, subset_spikes=only, subset_chunks=chunks)


class TemplateController(WaveformMixin, FeatureMixin, TemplateMixin, TraceMixin, BaseController):
    """The controller of datasets with a `params.py`."""

    gui_name = "TemplateGUI"
    _new_views = ("TemplateFeatureView",)
    default_views = (
        "WaveformView", "CorrelogramView", "ISIView", "FeatureView", "AmplitudeView", "FiringRateView", "TraceView",
        "ProbeView", "TemplateFeatureView",
    )  # fmt: skip

    def _default_metrics(self) -> dict[str, Callable[[int], Any]]:
        return {**super()._default_metrics(), "amp": self.get_cluster_amplitude}

    def _default_similarities(self) -> dict[str, Callable[[int], Any]]:
        return {**super()._default_similarities(), "template": self.template_similarity}


class KwikController(WaveformMixin, FeatureMixin, TraceMixin, BaseController):
    """The controller of `.kwik` files."""

    gui_name = "KwikGUI"
    default_views = (
        "WaveformView", "CorrelogramView", "ISIView", "FeatureView", "AmplitudeView", "FiringRateView", "TraceView",
        "ProbeView",
    )  # fmt: skip


_CONTROLLERS: dict[str, type[BaseController]] = {"TemplateGUI": TemplateController, "KwikGUI": KwikController}


def make_controller(session: Session, gui_name: str = "TemplateGUI") -> BaseController:
    """Return the controller of a session for plugins to attach to; `finish` makes it complete."""
    return _CONTROLLERS.get(gui_name, BaseController)(session=session)


def _of_parents(cls: type, name: str) -> list[Any]:
    """All that a class and its parents have under a name, each once."""
    return list(dict.fromkeys(item for c in inspect.getmro(cls) for item in vars(c).get(name, ())))


def _ids_of(labels: IntArray) -> frozenset[int]:
    return frozenset(np.unique(labels).tolist())


def _enter(folder: Path) -> Path:
    """Make a folder the current one, and return the one before; plugins open files by name alone."""
    try:
        before = Path.cwd()
    except FileNotFoundError:
        before = folder
    os.chdir(folder)
    return before
