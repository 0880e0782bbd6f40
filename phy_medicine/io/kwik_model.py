"""A Kwik file, version 2, opened without changing anything of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.io.channels import Channels
from phy_medicine.io.checks import Check, CheckList
from phy_medicine.io.contacts import PROBE_NAME
from phy_medicine.io.events import EventTrain
from phy_medicine.io.fingerprint import FileMark, Fingerprint, file_mark
from phy_medicine.io.h5 import H5File, open_h5
from phy_medicine.io.kwik_channels import read_kwik_channels
from phy_medicine.io.kwik_features import N_BEST, KwikFeatures, KwikWaveforms, open_kwx
from phy_medicine.io.kwik_labels import read_labels
from phy_medicine.io.kwik_masks import WaveformMasks
from phy_medicine.io.kwik_settings import KwikSettings, check_version, read_settings
from phy_medicine.io.kwik_spikes import read_events, read_samples
from phy_medicine.io.kwik_traces import open_kwik_traces
from phy_medicine.io.kwik_tree import channel_groups, choose_clustering, choose_group, clusterings, read_clusters
from phy_medicine.io.kwik_write import AMPLITUDES, ORIGINAL
from phy_medicine.io.metadata import Metadata
from phy_medicine.io.model import Masks, Saver, WaveformRule
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.spike_table import SpikeTable
from phy_medicine.io.template_model import labels_hash
from phy_medicine.io.templates import TemplateWaveform
from phy_medicine.io.traces import Traces

if TYPE_CHECKING:
    from phy_medicine.io.kwik_describe import KwikDescription

_PIECE = 20_000  # spikes of which features are read at once


class KwikModel:
    """One clustering of one channel group of a Kwik file, as `io.model.Model`; immutable, safe to read from any thread.

    Channels are numbered by their place in `channel_order`, as in phy. A Kwik file has no templates: the clusters
    that the sorter made (the clustering `original`, or the clusters at opening) stand in for them, and the masks say
    which channels are whose.

    channel_group, clustering : what is open; channel_groups, clusterings : what there is
    settings : parameters of the file
    events : by type
    file_mark : of the file just before it was read
    recording_offsets : (n_recordings + 1,) int64, first sample of each recording
    """

    has_templates = False
    templates = None
    template_features = None
    similar_templates = None
    spike_times_reordered = None
    whitening_inverse = None

    def __init__(self, path: Path, *, channel_group: int | None = None, clustering: str | None = None) -> None:
        checks = self._checks = CheckList()
        self.path = Path(path).expanduser().absolute()
        self.file_mark: FileMark = file_mark(self.path)
        with open_h5(self.path) as file:
            check_version(file)
            self.settings: KwikSettings = read_settings(file, checks)
            self.channel_groups = channel_groups(file)
            self.channel_group = choose_group(file, channel_group)
            group = self.group_path
            self.clusterings = clusterings(file, group)
            self.clustering = choose_clustering(file, group, clustering)
            self.channels: Channels = read_kwik_channels(file, group, checks)
            self._open_spikes(file)
            self.spike_clusters = read_clusters(file, group, self.clustering, self.n_spikes)
            cluster_ids = np.unique(self.spike_clusters).tolist()
            self.metadata = Metadata(read_labels(file, group, self.clustering, cluster_ids, checks))
            self.spike_templates = self._read_original(file)
            self.events: Mapping[str, EventTrain]
            self.events = read_events(file, self.recording_offsets, self.sample_rate, checks)
            self.amplitudes: FloatArray | None = self._read_amplitudes(file)
        self.n_templates = int(self.spike_templates.max()) + 1
        self.spikes = SpikeTable(self.spike_samples, self.spike_times, self.spike_templates, self.amplitudes)
        self.features: KwikFeatures | None = None
        self.waveform_subset: KwikWaveforms | None = None
        self._open_kwx()
        self.masks: Masks | None = self.features
        if self.masks is None and self.traces is not None:
            self.masks = WaveformMasks(self.traces, self.spike_samples, self.waveform_rule)
        self.spike_attributes: Mapping[str, AnyArray] = {}
        self.fingerprints: Mapping[str, Fingerprint] = {}
        self.params = self._params()

    @classmethod
    def open(cls, path: Path, *, channel_group: int | None = None, clustering: str | None = None) -> KwikModel:
        """Open a Kwik file: the first channel group and the clustering `main`, unless others are named.

        Raises
        ------
        DatasetError : no Kwik file of version 2, damaged, or without such a channel group or clustering
        """
        return cls(path, channel_group=channel_group, clustering=clustering)

    @property
    def group_path(self) -> str:
        """Path of the channel group in the file."""
        return f"/channel_groups/{self.channel_group}"

    @property
    def checks(self) -> tuple[Check, ...]:
        """What was found odd so far."""
        return self._checks.all()

    @property
    def dir_path(self) -> Path:
        """The folder of the file."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The file, with channel group and clustering where there is a choice."""
        parts = [self.path.name]
        if len(self.channel_groups) > 1:
            parts.append(f"group {self.channel_group}")
        if self.clustering != self.clusterings[0]:
            parts.append(self.clustering)
        return ", ".join(parts)

    @property
    def store_name(self) -> str:
        """Name of the file of derived results: one for each channel group, since a folder may hold several."""
        return f"store.{self.path.stem}.{self.channel_group}.kwik"

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.settings.sample_rate

    @property
    def n_spikes(self) -> int:
        """Number of spikes of the channel group."""
        return len(self.spike_samples)

    @property
    def n_channels(self) -> int:
        """Number of channels of the channel group."""
        return len(self.channels.map)

    @property
    def duration_s(self) -> float:
        """Length of the recordings, or the last spike time without raw data, s."""
        return self.traces.duration_s if self.traces is not None else float(self.spike_times[-1])

    @cached_property
    def spike_times(self) -> FloatArray:
        """(n_spikes,) float64, s."""
        return frozen(self.spike_samples / self.sample_rate)

    @property
    def channel_map(self) -> IntArray:
        """(n_channels,) int64, column of each channel in the raw data."""
        return self.channels.map

    @property
    def channel_positions(self) -> FloatArray:
        """(n_channels, 2) float64, um."""
        return self.channels.positions

    @property
    def channel_shanks(self) -> IntArray:
        """(n_channels,) int32, the channel group unless the file says more."""
        return self.channels.shanks

    @property
    def channel_probes(self) -> IntArray:
        """(n_channels,) int32."""
        return self.channels.probes

    @property
    def probe_path(self) -> Path | None:
        """The file with the shapes of the contacts, which may not exist."""
        return self.dir_path / PROBE_NAME

    @cached_property
    def channel_labels(self) -> tuple[str, ...]:
        """Name of each channel: its column in the raw data."""
        return tuple(str(channel) for channel in self.channels.map)

    @property
    def n_samples_template(self) -> int:
        """Samples of a waveform window."""
        if self.traces is None and self.waveform_subset is not None:
            return self.waveform_subset.n_samples
        return self.waveform_rule.before + self.waveform_rule.after

    @property
    def waveform_rule(self) -> WaveformRule:
        """How waveforms are cut and filtered, as the file says."""
        return self.settings.waveforms

    def spike_strengths(self) -> FloatArray | None:
        """Return how large each spike is, (n_spikes,) float32: its amplitude, or the length of its masked scores."""
        if self.amplitudes is not None or self.features is None:
            return self.amplitudes
        pieces = np.array_split(np.arange(self.n_spikes), max(1, self.n_spikes // _PIECE))
        return frozen(np.concatenate([self.features.strengths(piece) for piece in pieces]))

    def template(self, template_id: int, channel_ids: IntArray | None = None) -> TemplateWaveform:
        """Refuse: a Kwik file has no templates.

        Raises
        ------
        DatasetError : always
        """
        raise DatasetError(f"{self.name} has no templates: Kwik files hold none.")

    def template_channels(self, template_id: int) -> IntArray:
        """Return the best channels of one of the sorter's clusters, (n,) int64, the peak first, never empty."""
        starts, spikes = self._spikes_of_templates
        if not 0 <= template_id < self.n_templates:
            raise DatasetError(f"{self.name} has no cluster {template_id} of the sorter.")
        own = spikes[starts[template_id] : starts[template_id + 1]]
        if self.masks is None or len(own) == 0:
            return np.arange(min(N_BEST, self.n_channels))
        return self.masks.best_channels(own)

    @cached_property
    def template_peak_channels(self) -> IntArray:
        """(n_templates,) int32, the peak channel of each of the sorter's clusters."""
        return frozen(np.array([self.template_channels(t)[0] for t in range(self.n_templates)], dtype=np.int32))

    @property
    def template_amplitudes(self) -> FloatArray:
        """(n_templates,) float32, zeros: there are no templates."""
        return frozen(np.zeros(self.n_templates, dtype=np.float32))

    def missing(self, what: str) -> str:
        """Return the sentence that a view shows without templates, features or amplitudes."""
        if what == "features":
            return f"No features: {self.path.stem}.kwx not found, or without this channel group."
        return f"No {what}: Kwik files hold none."

    @property
    def labels_name(self) -> str:
        """File, channel group and clustering, by which a journal knows what it is about."""
        return f"{self.path.name}:{self.channel_group}:{self.clustering}"

    def labels_hash(self, labels: IntArray | None = None) -> str:
        """Return the SHA-1 of labels, by default those at opening, with the names of file, group and clustering.

        So a journal of one channel group is never offered for another one of the same folder.
        """
        digest = labels_hash(self.spike_clusters if labels is None else labels)
        return hashlib.sha1(f"{self.labels_name}:{digest}".encode(), usedforsecurity=False).hexdigest()

    def saver(self) -> Saver:
        """Return what writes curations to this clustering."""
        from phy_medicine.io.kwik_save import KwikSaver

        return KwikSaver(self)

    def describe(self) -> KwikDescription:
        """Return what the file holds."""
        from phy_medicine.io.kwik_describe import describe_kwik
        from phy_medicine.io.look_closer import look_closer

        look_closer(self, self._checks)
        return describe_kwik(self)

    @cached_property
    def _spikes_of_templates(self) -> tuple[IntArray, IntArray]:
        """Where the spikes of each of the sorter's clusters begin, and the spikes in that order."""
        from scipy.sparse import coo_matrix

        n = self.n_spikes
        places = (self.spike_templates, np.arange(n))
        table = coo_matrix((np.ones(n, dtype=bool), places), shape=(self.n_templates, n)).tocsr()
        return table.indptr, table.indices

    def _open_spikes(self, file: H5File) -> None:
        """Read the times; raw data that do not fit the spikes are left out."""
        checks, group, rate = self._checks, self.group_path, self.settings.sample_rate
        self.traces: Traces | None
        self.traces, paths, self.traces_missing = open_kwik_traces(file, self.settings, self.channels.map, checks)
        self.raw_paths = tuple(dict.fromkeys(paths))
        lengths = None if self.traces is None else self.traces.part_lengths
        try:
            self.spike_samples, self.recording_offsets = read_samples(file, group, lengths, rate, checks)
        except DatasetError:
            if lengths is None:
                raise
            self.spike_samples, self.recording_offsets = read_samples(file, group, None, rate, checks)
            self.traces, self.traces_missing = None, "No raw data: what was found does not fit the spikes."
            checks.warn(file.path.name, f"{self.traces_missing} Check {paths[0].name}, n_channels and dtype.")
        if self.traces is not None and int(self.spike_samples[-1]) >= self.traces.n_samples:
            n_late = len(self.spike_samples) - int(np.searchsorted(self.spike_samples, self.traces.n_samples))
            checks.warn(self.traces.name, f"{n_late:,} of {self.n_spikes:,} spikes lie after the end of the recording.")

    def _read_original(self, file: H5File) -> IntArray:
        """The sorter's own cluster of each spike."""
        if ORIGINAL in self.clusterings and self.clustering != ORIGINAL:
            try:
                return read_clusters(file, self.group_path, ORIGINAL, self.n_spikes)
            except DatasetError as error:
                self._checks.warn(file.path.name, f"{error} The clusters at opening stand in for the sorter's.")
        return self.spike_clusters

    def _read_amplitudes(self, file: H5File) -> FloatArray | None:
        """(n_spikes,) float32: not part of the format, but written by our export."""
        path = f"{self.group_path}/spikes/{AMPLITUDES}"
        if not file.is_dataset(path) or file.layout(path).shape != (self.n_spikes,):
            return None
        return frozen(np.nan_to_num(file.read(path).astype(np.float32)))

    def _open_kwx(self) -> None:
        kwx = open_kwx(self.path, self.group_path, self.n_spikes, self._checks)
        if kwx is not None:
            n_pcs = self.settings.n_features_per_channel
            self.features = kwx.features(self.spike_templates, self.n_channels, n_pcs, self._checks)
            self.waveform_subset = kwx.waveforms(self.n_channels)

    def _params(self) -> DatasetParams:
        """The facts of the file under the names that a `params.py` gives them."""
        return DatasetParams(
            path=self.path,
            dir_path=self.dir_path,
            dat_paths=self.raw_paths,
            n_channels_dat=self.settings.n_channels,
            dtype=self.settings.dtype or np.dtype(np.int16),
            sample_rate=self.sample_rate,
            n_closest_channels=self.n_channels,
            extra=dict(self.settings.other),
        )
