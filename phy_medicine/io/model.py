"""What the program asks of a sorted dataset, whatever its files are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, LabelValue
from phy_medicine.io.channels import Channels
from phy_medicine.io.checks import Check
from phy_medicine.io.events import EventTrain
from phy_medicine.io.features import FeatureStore, TemplateFeatureStore
from phy_medicine.io.metadata import Metadata
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.safe_write import SaveReport
from phy_medicine.io.spike_table import SpikeTable
from phy_medicine.io.templates import Templates, TemplateWaveform
from phy_medicine.io.traces import Traces


@dataclass(frozen=True, slots=True)
class WaveformRule:
    """How waveforms are cut out of the recording.

    before, after : samples before the spike, and from the spike on
    band_hz : lower and upper edge of the dataset's own filter; None: the program's high-pass
    order : of that filter
    margin : samples read on either side for that filter
    filtered : False leaves the signal as it is
    offset, scale : subtracted from filtered waveforms, then multiplied, in raw units
    """

    before: int
    after: int
    band_hz: tuple[float, float] | None = None
    order: int = 3
    margin: int = 0
    filtered: bool = True
    offset: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Curation:
    """What a save writes.

    labels : (n_spikes,) int32, cluster of each spike
    cluster_ids : clusters that exist, ascending
    fields : label field -> cluster -> value, `group` among them; empty cells are absent
    info : returns one row for each cluster, for `cluster_info.tsv`
    metrics : text of `cluster_metrics.tsv`, "" to leave that file as it is
    """

    labels: IntArray
    cluster_ids: tuple[int, ...]
    fields: Mapping[str, Mapping[int, LabelValue]] = field(default_factory=dict)
    info: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    metrics: str = ""


class Saver(Protocol):
    """Writes curations of one dataset to its files, and knows what it wrote last."""

    def save(self, curation: Curation, *, force: bool = False) -> SaveReport:
        """Write all, or nothing.

        Raises
        ------
        FileChangedError : without `force`, another program changed a file since it was read
        SaveError : nothing was replaced, or the sentence says otherwise
        """

    def labels_changed(self) -> str:
        """Return the file of the labels when another program changed them since they were read or saved here, else "".

        Raises
        ------
        OSError, DatasetError : they cannot be read
        """

    def took_effect(self) -> bool:
        """Return whether the last save, which failed, is in the files all the same; it is completed where possible.

        Raises
        ------
        SaveError : the disk does not answer
        """


class StoredWaveforms(Protocol):
    """Waveforms of single spikes that lie beside the dataset.

    is_raw : whether they are to be filtered like those of the recording
    """

    is_raw: bool
    spike_ids: IntArray
    n_samples: int

    def get(self, spike_ids: IntArray, channel_ids: IntArray) -> FloatArray:
        """Return (n, n_samples, n_channels) float32."""

    def part(self, start: int, stop: int) -> tuple[FloatArray, IntArray, IntArray]:
        """Return some in the order of the file, each on its own channels.

        Returns
        -------
        (n, n_samples, n_loc) float32, finite; (n, n_loc) int64 channels, -1 unused; (n,) spikes
        """


class Masks(Protocol):
    """On which channels each spike is seen; stands in for templates where there are none."""

    def best_channels(self, spike_ids: IntArray) -> IntArray:
        """Return the channels of a cluster from some of its spikes, the peak first, never empty."""

    def mean_features(self, spike_ids: IntArray) -> FloatArray:
        """Return what tells clusters apart, (n,) float32: the mean of the features weighted by the masks."""


class Description(Protocol):
    """A dataset in numbers and sentences."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""

    def to_text(self, *, remarks: bool = True) -> str:
        """Return lines of text."""


class Model(Protocol):
    """A sorted dataset: immutable, safe to read from any thread; see `TemplateModel` for what each member means."""

    @property
    def path(self) -> Path: ...
    @property
    def dir_path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def store_name(self) -> str:
        """Name of the file of derived results."""

    @property
    def params(self) -> DatasetParams: ...
    @property
    def checks(self) -> tuple[Check, ...]: ...
    @property
    def sample_rate(self) -> float: ...
    @property
    def duration_s(self) -> float: ...

    # Spikes
    @property
    def spikes(self) -> SpikeTable: ...
    @property
    def n_spikes(self) -> int: ...
    @property
    def spike_samples(self) -> IntArray: ...
    @property
    def spike_times(self) -> FloatArray: ...
    @property
    def spike_times_reordered(self) -> FloatArray | None: ...
    @property
    def spike_templates(self) -> IntArray: ...
    @property
    def spike_clusters(self) -> IntArray: ...
    @property
    def amplitudes(self) -> FloatArray | None: ...
    def spike_strengths(self) -> FloatArray | None:
        """Return how large each spike is, (n_spikes,) float32; made of the features where there are no amplitudes."""

    @property
    def spike_attributes(self) -> Mapping[str, AnyArray]: ...
    @property
    def events(self) -> Mapping[str, EventTrain]:
        """Events of the experiment, by the name of their kind."""

    @property
    def metadata(self) -> Metadata: ...

    # Channels
    @property
    def channels(self) -> Channels: ...
    @property
    def n_channels(self) -> int: ...
    @property
    def channel_map(self) -> IntArray: ...
    @property
    def channel_positions(self) -> FloatArray: ...
    @property
    def channel_shanks(self) -> IntArray: ...
    @property
    def channel_probes(self) -> IntArray: ...
    @property
    def channel_labels(self) -> tuple[str, ...]: ...
    @property
    def probe_path(self) -> Path | None:
        """File of probeinterface with the shapes of the contacts, which may not exist."""

    # Templates, or what stands in for them
    @property
    def has_templates(self) -> bool: ...
    @property
    def templates(self) -> Templates | None: ...
    @property
    def n_templates(self) -> int: ...
    @property
    def n_samples_template(self) -> int: ...
    @property
    def similar_templates(self) -> FloatArray | None: ...
    @property
    def template_peak_channels(self) -> IntArray: ...
    @property
    def template_amplitudes(self) -> FloatArray: ...
    def template(self, template_id: int, channel_ids: IntArray | None = None) -> TemplateWaveform: ...
    def template_channels(self, template_id: int) -> IntArray: ...
    @property
    def masks(self) -> Masks | None:
        """None where templates say which channels are whose."""

    # Signals
    @property
    def features(self) -> FeatureStore | None: ...
    @property
    def template_features(self) -> TemplateFeatureStore | None: ...
    @property
    def waveform_rule(self) -> WaveformRule: ...
    @property
    def waveform_subset(self) -> StoredWaveforms | None: ...
    @property
    def traces(self) -> Traces | None: ...
    @property
    def traces_missing(self) -> str: ...

    # Saving
    def missing(self, what: Literal["templates", "features", "amplitudes"]) -> str:
        """Return the sentence that a view shows when the dataset lacks something."""

    @property
    def labels_name(self) -> str:
        """What is curated in the folder: the file of the labels, or a clustering of a file."""

    def labels_hash(self, labels: IntArray | None = None) -> str:
        """Return what ties a journal to labels, by default those at opening."""

    def saver(self) -> Saver:
        """Return what writes curations of this dataset."""

    def describe(self) -> Description:
        """Return what the dataset holds; reads some of the raw data."""
