"""A sorted dataset in phy's format, opened without running or changing anything of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.io.array_files import DatasetFolder, as_floats, map_array, without_nan
from phy_medicine.io.channels import Channels, read_channels
from phy_medicine.io.checks import Check, CheckList
from phy_medicine.io.contacts import PROBE_NAME
from phy_medicine.io.events import EventTrain, read_events
from phy_medicine.io.features import FeatureStore, TemplateFeatureStore, read_features, read_template_features
from phy_medicine.io.fingerprint import Fingerprint, fingerprint
from phy_medicine.io.generation import pending_files
from phy_medicine.io.memory import check_memory
from phy_medicine.io.metadata import Metadata, read_metadata
from phy_medicine.io.model import Description, Masks, Saver, WaveformRule
from phy_medicine.io.params_py import DatasetParams, read_params
from phy_medicine.io.spike_table import read_attributes, read_clusters, read_reordered, read_spikes
from phy_medicine.io.templates import TemplateFiles, Templates, TemplateWaveform, neighbourhood, read_templates
from phy_medicine.io.traces import Traces, open_traces
from phy_medicine.io.waveform_subset import WaveformSubset, read_subset
from phy_medicine.io.whitening import Whitening

_ASYMMETRIC = 1e-3  # share of the largest value
_MOST_UNKNOWN = 5_000  # numbers of templates without a waveform, for each of which tables have a row
_DEFAULT_WAVEFORM_S = 82 / 30_000  # window when neither templates nor stored waveforms say how long one is

_MISSING = {
    "templates": "No templates: templates.npy not found.",
    "features": "No PC features: pc_features.npy not found.",
    "amplitudes": "No amplitudes: amplitudes.npy not found.",
}


class TemplateModel:
    """All arrays of one dataset; immutable, safe to read from any thread.

    Open it with `TemplateModel.open`. Arrays of spikes, templates and features are mapped, not read.

    params : what `params.py` says
    spikes : per-spike columns
    spike_clusters : (n_spikes,) int32, the labels as they were at opening
    clusters_name : file the labels are saved to
    channels : map, positions, shanks and probes of the displayed channels
    templates : waveforms of the sorter, or None
    n_templates : one more than the largest template id, even where that template has no waveform
    n_samples_template : samples of a waveform window, also when there are no templates
    similar_templates : (n_templates, n_templates) float32, or None when missing or useless
    features, template_features, waveform_subset, traces : None when absent; `traces_missing` then says why
    spike_attributes : name -> (n_spikes, ...) of every further `spike_<name>.npy`
    metadata : label columns
    fingerprints : of the label files as they were read, for `SaveSet`
    """

    masks: Masks | None = None
    store_name = "store.kwik"

    def __init__(self, params: DatasetParams) -> None:
        checks = self._checks = CheckList(params.checks)
        staged = pending_files(params.dir_path)
        if staged:
            checks.note("spike_clusters.npy", "a save was interrupted; its files are used and moved at the next save.")
        folder = self._folder = DatasetFolder(params.dir_path, staged)
        self.params = params
        self.spikes = read_spikes(folder, params.sample_rate, checks)
        self.spike_clusters, self.clusters_name = read_clusters(folder, self.spikes)
        self.channels: Channels = read_channels(folder, checks)
        files = read_templates(folder, self.n_channels, checks)
        n_rows = 0 if files is None else len(files.data)
        self.n_templates = _number_of_templates(self.spikes.template_ids, n_rows)
        self.whitening = Whitening(folder, self.n_channels, checks)
        self.templates = self._templates(files, checks)
        self.waveform_subset: WaveformSubset | None = read_subset(folder, self.n_spikes, self.n_channels, checks)
        self.similar_templates = _read_similarity(folder, n_rows, self.n_templates, checks)
        self.traces: Traces | None
        self.traces, self.traces_missing = open_traces(params, self.channels.map, checks)
        ids = self.spikes.template_ids
        self.features: FeatureStore | None = read_features(folder, ids, self.n_channels, checks)
        self.template_features: TemplateFeatureStore | None
        self.template_features = read_template_features(folder, ids, self.n_templates, checks)
        self.spike_attributes: Mapping[str, AnyArray] = read_attributes(folder, self.n_spikes, checks)
        self.metadata: Metadata
        self.metadata, metadata_checks = read_metadata(folder)
        checks.extend(metadata_checks)
        self.fingerprints: Mapping[str, Fingerprint] = _fingerprints(folder, self.clusters_name)
        self._check_spikes(n_rows)

    def _templates(self, files: TemplateFiles | None, checks: CheckList) -> Templates | None:
        if files is None:
            return None
        return Templates(files, self.channels, self.params, self.whitening, self.n_templates, checks)

    @classmethod
    def open(cls, params_path: Path) -> TemplateModel:
        """Open the dataset of a `params.py` (or of the folder that holds one).

        Raises
        ------
        DatasetError : a required file is missing or wrong; names file, expected and found shape
        """
        return cls(read_params(Path(params_path)))

    @property
    def checks(self) -> tuple[Check, ...]:
        """What was found odd so far."""
        return self._checks.all()

    @property
    def path(self) -> Path:
        """The `params.py` file."""
        return self.params.path

    @property
    def dir_path(self) -> Path:
        """The folder of the arrays."""
        return self.params.dir_path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.params.dir_path.resolve().name

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.params.sample_rate

    @property
    def n_spikes(self) -> int:
        """Number of spikes."""
        return len(self.spikes)

    @property
    def n_channels(self) -> int:
        """Number of displayed channels."""
        return len(self.channels.map)

    @property
    def duration_s(self) -> float:
        """Length of the recording, or the last spike time without raw data, s."""
        return self.traces.duration_s if self.traces is not None else float(self.spikes.times_s[-1])

    @property
    def n_samples_template(self) -> int:
        """Samples of a waveform window: of the templates, else of the stored waveforms, else 2.7 ms."""
        if self.templates is not None:
            return self.templates.n_samples
        if self.waveform_subset is not None:
            return self.waveform_subset.n_samples
        return max(2, round(_DEFAULT_WAVEFORM_S * self.sample_rate)) if self.sample_rate > 1 else 82

    @property
    def has_templates(self) -> bool:
        """Whether the sorter's templates can be shown."""
        return self.templates is not None

    @property
    def spike_samples(self) -> IntArray:
        """(n_spikes,) int64, samples."""
        return self.spikes.samples

    @property
    def spike_times(self) -> FloatArray:
        """(n_spikes,) float64, s."""
        return self.spikes.times_s

    @property
    def spike_templates(self) -> IntArray:
        """(n_spikes,) int32."""
        return self.spikes.template_ids

    @property
    def amplitudes(self) -> FloatArray | None:
        """(n_spikes,) float32, in the unit of the exporter, or None."""
        return self.spikes.amplitudes

    def spike_strengths(self) -> FloatArray | None:
        """Return how large each spike is: its amplitude."""
        return self.spikes.amplitudes

    @cached_property
    def spike_times_reordered(self) -> FloatArray | None:
        """(n_spikes,) float64 alternative times, s, or None."""
        return read_reordered(self._folder, self.spikes, self.sample_rate, self._checks)

    @cached_property
    def events(self) -> Mapping[str, EventTrain]:
        """Events of the experiment, by the name of their kind, from files beside the dataset."""
        return read_events(self.dir_path, self.sample_rate, self._checks)

    @property
    def channel_map(self) -> IntArray:
        """(n_channels,) int64, raw column of each displayed channel."""
        return self.channels.map

    @property
    def channel_positions(self) -> FloatArray:
        """(n_channels, 2) float64, um."""
        return self.channels.positions

    @property
    def channel_shanks(self) -> IntArray:
        """(n_channels,) int32."""
        return self.channels.shanks

    @property
    def channel_probes(self) -> IntArray:
        """(n_channels,) int32."""
        return self.channels.probes

    @cached_property
    def channel_labels(self) -> tuple[str, ...]:
        """Name of each channel: its raw column, or its index when `show_mapped_channels` is off."""
        shown = self.channels.map if self.params.show_mapped_channels else np.arange(self.n_channels)
        return tuple(str(channel) for channel in shown)

    @property
    def probe_path(self) -> Path | None:
        """The file with the shapes of the contacts, which may not exist."""
        return self.dir_path / PROBE_NAME

    @property
    def whitening_inverse(self) -> FloatArray | None:
        """(n_channels, n_channels) float64, None for the identity."""
        return self.whitening.inverse

    def template(self, template_id: int, channel_ids: IntArray | None = None) -> TemplateWaveform:
        """Return an unwhitened template on its best channels, or on the given ones.

        Raises
        ------
        DatasetError : the dataset has no templates, or not this one
        """
        self._check_template(template_id)
        if self.templates is None:
            raise DatasetError(f"{self.name} has no templates.npy, so no template can be shown.")
        return self.templates.waveform(template_id, channel_ids)

    def template_channels(self, template_id: int) -> IntArray:
        """Return the best channels of a template, (n_loc,) int64, the peak first, never empty."""
        self._check_template(template_id)
        if self.templates is None:
            return self._channels_without_templates(template_id)
        channels = self.templates.channels_of(template_id)
        return channels if len(channels) else np.zeros(1, dtype=np.int64)

    @cached_property
    def template_peak_channels(self) -> IntArray:
        """(n_templates,) int32, channel of the largest amplitude of each template."""
        if self.templates is not None:
            return frozen(self.templates.peak_channels())
        first = [self._channels_without_templates(i)[0] for i in range(self.n_templates)]
        return frozen(np.array(first, dtype=np.int32))

    @cached_property
    def template_amplitudes(self) -> FloatArray:
        """(n_templates,) float32, largest peak-to-peak amplitude over the channels, unwhitened; 0 without templates."""
        if self.templates is None:
            return frozen(np.zeros(self.n_templates, dtype=np.float32))
        return frozen(self.templates.channel_amplitudes().max(axis=1))

    @property
    def waveform_rule(self) -> WaveformRule:
        """Around the middle of a template, with the program's own high-pass."""
        before = self.n_samples_template // 2
        return WaveformRule(before, self.n_samples_template - before)

    def missing(self, what: str) -> str:
        """Return the sentence that a view shows without templates, features or amplitudes."""
        return _MISSING[what]

    @property
    def labels_name(self) -> str:
        """File of the labels, by which a journal knows what it is about."""
        return self.clusters_name

    def labels_hash(self, labels: IntArray | None = None) -> str:
        """Return the SHA-1 of labels, by default those at opening, which ties a journal to them."""
        return self._labels_hash if labels is None else labels_hash(labels)

    def saver(self) -> Saver:
        """Return what writes curations of this dataset."""
        from phy_medicine.io.template_save import TemplateSaver

        return TemplateSaver(self.dir_path, self.clusters_name, self.fingerprints)

    def describe(self) -> Description:
        """Return what the dataset holds; reads some of the raw data."""
        from phy_medicine.io.describe import describe
        from phy_medicine.io.look_closer import look_closer

        look_closer(self, self._checks)
        return describe(self)

    @cached_property
    def _labels_hash(self) -> str:
        return labels_hash(self.spike_clusters)

    def _check_template(self, template_id: int) -> None:
        if not 0 <= template_id < self.n_templates:
            raise DatasetError(f"{self.name} has {self.n_templates} templates; there is no template {template_id}.")

    def _channels_without_templates(self, template_id: int) -> IntArray:
        """Where the spikes of a template are, judged by their features or stored waveforms."""
        channels: IntArray = np.zeros(0, dtype=np.int64)
        if self.features is not None:
            channels = self.features.local_channels(template_id)
        elif self.waveform_subset is not None:
            subset_ids = self.waveform_subset.spike_ids
            of_template = subset_ids[self.spikes.template_ids[subset_ids] == template_id]
            if len(of_template):
                channels = self.waveform_subset.channels_of(int(of_template[0]))
        if len(channels):
            return channels[: self.params.n_closest_channels]
        return np.flatnonzero(neighbourhood(self.channels, 0, self.params.n_closest_channels))

    def _check_spikes(self, n_rows: int) -> None:
        """Remarks that need more than one file."""
        if 0 < n_rows < self.n_templates:
            used = np.bincount(self.spikes.template_ids, minlength=self.n_templates)[n_rows:]
            self._checks.warn(
                "templates.npy",
                f"has {n_rows} templates, but {int(used.sum()):,} spikes name {np.count_nonzero(used)} others up to "
                f"{self.n_templates - 1}; these have no waveform.",
            )
        if self.traces is not None:
            n_late = self.n_spikes - int(np.searchsorted(self.spikes.samples, self.traces.n_samples))
            if n_late:
                self._checks.warn(
                    self.traces.name, f"{n_late:,} of {self.n_spikes:,} spikes lie after the end of the recording."
                )
        if int(self.spikes.samples[0]) < 0:
            self._checks.warn("spike_times.npy", "begins before the recording: some times are negative.")


def labels_hash(labels: IntArray) -> str:
    """Return the SHA-1 of a label vector as int32, hexadecimal."""
    return hashlib.sha1(np.ascontiguousarray(labels, dtype=np.int32).data, usedforsecurity=False).hexdigest()


def _fingerprints(folder: DatasetFolder, clusters_name: str) -> dict[str, Fingerprint]:
    """Of every file that a save may replace."""
    names = [clusters_name, *folder.matching("*.csv"), *folder.matching("*.tsv")]
    marks = {name: fingerprint(folder.where(name)) for name in names}
    return {name: mark for name, mark in marks.items() if mark is not None}


def _number_of_templates(template_ids: IntArray, n_rows: int) -> int:
    """One more than the largest template, with a waveform or not."""
    largest = int(template_ids.max())
    if largest >= max(n_rows, _MOST_UNKNOWN):
        raise DatasetError(
            f"A spike names the template {largest:,} where templates.npy has {n_rows:,}; export the sorting again."
        )
    return max(n_rows, largest + 1)


def _read_similarity(folder: DatasetFolder, n_rows: int, n_templates: int, checks: CheckList) -> FloatArray | None:
    """The similarity matrix grown to all templates, or None when it says nothing."""
    path = folder.find("similar_templates.npy")
    if path is None:
        checks.note("similar_templates.npy", "is missing, so similarity is computed from the templates.")
        return None
    try:
        n, mapped = n_rows or n_templates, np.atleast_2d(map_array(path))
        if mapped.shape not in ((n, n), (n_templates, n_templates)):
            raise DatasetError(f"has the shape {mapped.shape}, expected ({n}, {n}).")
        check_memory(path.name, 4 * n_templates**2)
        with np.errstate(over="ignore"):  # what float32 cannot hold counts as infinite
            matrix, n_bad = without_nan(np.array(as_floats(mapped, path, np.float32)))
    except DatasetError as error:
        checks.warn(path.name, f"{error} Similarity is computed from the templates instead.")
        return None
    if n_bad:
        checks.warn(path.name, f"{n_bad:,} of {matrix.size:,} values are NaN or infinite and count as 0.")
    if matrix.size > 1 and matrix.min() == matrix.max():
        checks.warn(path.name, "holds the same value everywhere. Similarity is computed from the templates instead.")
        return None
    if not np.allclose(matrix, matrix.T, atol=_ASYMMETRIC * float(np.abs(matrix).max(initial=0))):
        checks.warn(path.name, "is not symmetric: how similar two clusters are depends on which one is selected first.")
    if len(matrix) < n_templates:
        grown = np.zeros((n_templates, n_templates), dtype=np.float32)
        grown[: len(matrix), : len(matrix)] = matrix
        matrix = grown
    return frozen(matrix)
