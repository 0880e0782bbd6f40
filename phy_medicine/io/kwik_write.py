"""Writing a complete Kwik file, version 2, from arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import phy_medicine
from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, LabelValue
from phy_medicine.io.h5 import H5File, new_h5
from phy_medicine.io.metadata import GROUP

if TYPE_CHECKING:
    from phy_medicine.io.model import Model

VERSION = 2
MAIN, ORIGINAL = "main", "original"
UNSORTED_ID = 3
DEFAULT_GROUPS: Mapping[int, str] = {0: "Noise", 1: "MUA", 2: "Good", 3: "Unsorted"}
SPIKEDETEKT = "/application_data/spikedetekt"
SHANK = "shank"  # our own attribute of a channel; other programs leave it alone
AMPLITUDES = "amplitudes"  # our own data set beside time_samples
MARGIN = "filter_margin"  # our own parameter, samples; klusta takes 3 times the filter's order
_N_COLORS = 9
# HDF5 takes 3 KB for a cluster with its groups, or a channel, and 300 bytes for a label.
_NODE_BYTES, _LABEL_BYTES, _LEAST_BYTES = 1 << 13, 1 << 10, 1 << 16


@dataclass(frozen=True, slots=True)
class KwikClustering:
    """One clustering of the spikes of a channel group.

    labels : (n_spikes,) int, cluster of each spike, not negative
    groups : cluster -> name of its group; a cluster that is absent is unsorted
    fields : label field -> cluster -> value, without the group
    """

    labels: IntArray
    groups: Mapping[int, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[int, LabelValue]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KwikChannelGroup:
    """Channels and spikes of one channel group (shank).

    channel_order : (n_channels,) int, column of each channel in the raw data
    positions : (n_channels, 2) float, um
    samples : (n_spikes,) int, ascending, sample inside its recording
    recordings : (n_spikes,) int, recording of each spike; None when all are in the first
    clusterings : name -> clustering; the curated one is `main`
    shanks : (n_channels,) int, where one channel group spans several; None otherwise
    amplitudes : (n_spikes,) float, or None
    """

    channel_order: IntArray
    positions: FloatArray
    samples: IntArray
    clusterings: Mapping[str, KwikClustering]
    recordings: IntArray | None = None
    shanks: IntArray | None = None
    amplitudes: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class KwikRecording:
    """One recording; `raw` is its `.dat` or `.raw.kwd` file, "" when it is not known."""

    start_sample: int = 0
    raw: str = ""


@dataclass(frozen=True, slots=True)
class KwikContent:
    """All that a Kwik file holds.

    params : parameters under `/application_data/spikedetekt` besides the sample rate: `n_channels`, `dtype`,
        `n_features_per_channel`, `extract_s_before`...
    """

    name: str
    sample_rate: float
    channel_groups: Mapping[int, KwikChannelGroup]
    recordings: tuple[KwikRecording, ...] = (KwikRecording(),)
    params: Mapping[str, Any] = field(default_factory=dict)


def write_kwik(path: Path, content: KwikContent) -> None:
    """Write a new Kwik file and close it; nothing of it waits in memory, but the disk may still be busy.

    Raises
    ------
    DatasetError : the file exists, cannot be written, or the content is not consistent
    """
    with new_h5(path, content_bytes(content)) as file:
        fill_kwik(file, content)


def fill_kwik(file: H5File, content: KwikContent) -> None:
    """Write the content into an open, empty file.

    Raises
    ------
    DatasetError : it cannot be written, or the content is not consistent
    """
    write_header(file, content.name)
    file.write_attr("/", "creator_version", f"phy-medicine {phy_medicine.__version__}")
    for key, value in {"sample_rate": float(content.sample_rate), **content.params}.items():
        file.write_attr(SPIKEDETEKT, key, value)
    file.make_group("/user_data")
    for index, recording in enumerate(content.recordings):
        _write_recording(file, index, recording, content.sample_rate)
    for number, group in content.channel_groups.items():
        _write_channel_group(file, f"/channel_groups/{number}", group)


def content_bytes(content: KwikContent) -> int:
    """Return how many bytes `fill_kwik` adds to a file, at most."""
    size = _LEAST_BYTES + _NODE_BYTES * len(content.recordings) + 2 * sum(len(r.raw) for r in content.recordings)
    for group in content.channel_groups.values():
        size += len(group.samples) * (8 + 1 + 4 + 4 + 4 * len(group.clusterings))
        size += _NODE_BYTES * len(group.channel_order)
        for clustering in group.clusterings.values():
            clusters = set(np.unique(clustering.labels).tolist())
            fields: dict[str, Mapping[int, object]] = {GROUP: clustering.groups, **clustering.fields}
            size += labels_bytes(fields, clusters) + _NODE_BYTES * len({*clustering.groups.values()})
    return size


def labels_bytes(fields: Mapping[str, Mapping[int, object]], clusters: Collection[object]) -> int:
    """Return how many bytes the nodes of clusters take with their labels, at most; field -> cluster -> value."""
    texts = [f"{name}{v}" for name, values in fields.items() for c, v in values.items() if c in clusters]
    return _NODE_BYTES * len(clusters) + sum(_LABEL_BYTES + 2 * len(text.encode()) for text in texts)


def write_header(file: H5File, name: str) -> None:
    """Write what every file of a Kwik dataset begins with."""
    file.write_attr("/", "kwik_version", np.int64(VERSION))
    file.write_attr("/", "name", name)


def write_clustering(file: H5File, group_path: str, name: str, clustering: KwikClustering) -> None:
    """Write a clustering that is not there yet: labels, clusters and cluster groups."""
    labels = np.ascontiguousarray(clustering.labels, dtype=np.int32)
    if len(labels) and int(labels.min()) < 0:
        raise DatasetError(f"The clustering {name} holds negative clusters; Kwik numbers them from 0.")
    file.write(f"{group_path}/spikes/clusters/{name}", labels)
    ids = group_ids(clustering.groups.values())
    for group_id, text in ids.values():
        write_cluster_group(file, f"{group_path}/cluster_groups/{name}", group_id, text)
    file.make_group(f"{group_path}/clusters/{name}")
    for cluster in np.unique(labels).tolist():
        node = f"{group_path}/clusters/{name}/{cluster}"
        wanted = clustering.groups.get(cluster)
        file.write_attr(node, "cluster_group", np.int64(ids[wanted.lower()][0] if wanted else UNSORTED_ID))
        write_color(file, node, cluster)
        for field_name, values in clustering.fields.items():
            if cluster in values:
                write_label(file, node, field_name, values[cluster])


def write_cluster_group(file: H5File, groups_path: str, group_id: int, name: str) -> None:
    """Write one cluster group with its colour."""
    file.write_attr(f"{groups_path}/{group_id}", "name", name)
    write_color(file, f"{groups_path}/{group_id}", group_id)


def write_color(file: H5File, node: str, number: int) -> None:
    """Give a cluster or group one of KlustaViewa's colours, 2 to 10."""
    file.write_attr(f"{node}/application_data/klustaviewa", "color", np.int64(2 + number % _N_COLORS))


def write_label(file: H5File, node: str, name: str, value: LabelValue) -> None:
    """Write a label of a cluster; it is read back with the same type."""
    stored: Any = np.float64(value) if isinstance(value, float) else value
    if isinstance(value, int):
        stored = np.int64(value) if -(2**63) <= value < 2**63 else str(value)
    file.write_attr(f"{node}/user_data", name, stored)


def group_ids(names: Any, known: Mapping[int, str] = DEFAULT_GROUPS) -> dict[str, tuple[int, str]]:
    """Number cluster groups: name in lower case -> (id, name); known ones keep theirs, new ones go on from 4."""
    ids: dict[str, tuple[int, str]] = {}
    for group_id, name in sorted(known.items()):
        ids.setdefault(name.lower(), (group_id, name))
    used = {*known, *DEFAULT_GROUPS}
    for name in names:
        if name.lower() not in ids:
            ids[name.lower()] = (max(used) + 1, name)
            used.add(max(used) + 1)
    return ids


def content_of(
    model: Model, labels: IntArray | None = None, fields: Mapping[str, Mapping[int, LabelValue]] | None = None
) -> KwikContent:
    """Return a dataset as the content of a Kwik file with one channel group, 0, that holds all channels.

    labels, fields : cluster of each spike and label columns, `group` among them; None: as the dataset was opened.
    The clustering `main` gets them, `original` the sorter's own template of each spike.
    """
    labels = model.spike_clusters if labels is None else labels
    fields = model.metadata.fields if fields is None else fields
    others = {name: values for name, values in fields.items() if name != GROUP}
    main = KwikClustering(labels, {c: str(g) for c, g in fields.get(GROUP, {}).items()}, others)
    lengths = model.traces.part_lengths if model.traces is not None else (0,)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    recordings = np.searchsorted(starts, model.spike_samples, side="right") - 1
    recordings = np.maximum(recordings, 0).astype(np.int32)  # a few sorters report spikes before the first sample
    group = KwikChannelGroup(
        channel_order=model.channel_map,
        positions=model.channel_positions,
        samples=model.spike_samples - starts[recordings],
        recordings=recordings,
        clusterings={MAIN: main, ORIGINAL: KwikClustering(model.spike_templates)},
        shanks=model.channel_shanks,
        amplitudes=model.amplitudes,
    )
    return KwikContent(
        model.name,
        model.sample_rate,
        {0: group},
        tuple(KwikRecording(int(start)) for start in starts),
        _params_of(model),
    )


def _params_of(model: Model) -> dict[str, Any]:
    """What other programs need to read features, traces and waveforms."""
    rule = model.waveform_rule
    low_hz, high_hz = rule.band_hz or (150.0, 0.475 * model.sample_rate)  # ours is a high-pass: no upper edge
    n_columns = model.params.n_channels_dat or int(model.channel_map.max()) + 1
    dtype = model.params.dtype if model.traces is None else model.traces.dtype
    return {
        "n_channels": int(n_columns),
        "dtype": np.dtype(dtype).name,
        "n_features_per_channel": model.features.n_pcs if model.features is not None else 3,
        "extract_s_before": rule.before,
        "extract_s_after": rule.after,
        "filter_low": low_hz,
        "filter_high_factor": high_hz / model.sample_rate,
        "filter_butter_order": rule.order,
        MARGIN: rule.margin or round(0.002 * model.sample_rate),  # low bands need longer to settle
        "waveform_filter": rule.filtered,
    }


def _write_recording(file: H5File, index: int, recording: KwikRecording, sample_rate: float) -> None:
    path = f"/recordings/{index}"
    file.write_attr(path, "name", f"recording_{index}")
    file.write_attr(path, "start_sample", np.int64(recording.start_sample))
    file.write_attr(path, "sample_rate", float(sample_rate))
    file.write_attr(path, "start_time", recording.start_sample / sample_rate)
    if recording.raw:
        kind = "hdf5_path" if recording.raw.endswith(".kwd") else "dat_path"
        file.write_attr(f"{path}/raw", kind, recording.raw)


def _write_channel_group(file: H5File, path: str, group: KwikChannelGroup) -> None:
    _check(group)
    file.write_attr(path, "name", f"group_{path.rpartition('/')[2]}")
    file.write_attr(path, "channel_order", np.asarray(group.channel_order, dtype=np.int32))
    file.write_attr(path, "adjacency_graph", np.zeros((0, 2), dtype=np.int32))
    for k, channel in enumerate(np.asarray(group.channel_order).tolist()):
        node = f"{path}/channels/{channel}"
        file.write_attr(node, "name", str(channel))
        file.write_attr(node, "position", np.asarray(group.positions[k], dtype=np.float64))
        if group.shanks is not None:
            file.write_attr(node, SHANK, np.int64(group.shanks[k]))
    n_spikes = len(group.samples)
    recordings = np.zeros(n_spikes) if group.recordings is None else group.recordings
    columns: Mapping[str, tuple[AnyArray, Any]] = {
        "time_samples": (np.maximum(group.samples, 0), np.uint64),
        "time_fractional": (np.zeros(n_spikes), np.uint8),
        "recording": (recordings, np.int32),
    }
    for name, (values, dtype) in columns.items():
        file.write(f"{path}/spikes/{name}", np.asarray(values).astype(dtype))
    if group.amplitudes is not None:
        file.write(f"{path}/spikes/{AMPLITUDES}", np.asarray(group.amplitudes, dtype=np.float32))
    for name, clustering in group.clusterings.items():
        write_clustering(file, path, name, clustering)


def _check(group: KwikChannelGroup) -> None:
    n_spikes, n_channels = len(group.samples), len(group.channel_order)
    if np.shape(group.positions) != (n_channels, 2):
        raise DatasetError(f"{n_channels} channels need positions of the shape ({n_channels}, 2).")
    for name, clustering in group.clusterings.items():
        if len(clustering.labels) != n_spikes:
            raise DatasetError(f"The clustering {name} has {len(clustering.labels):,} labels for {n_spikes:,} spikes.")
