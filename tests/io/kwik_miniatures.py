"""Small Kwik datasets written with h5py alone, in every form of the format, with what must be read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

ORDER = (5, 2, 7, 4)
N_COLUMNS, N_SPIKES, SAMPLE_RATE = 9, 90, 20_000.0
LENGTHS = (3000, 2500)
BEFORE, AFTER = 12, 20


@dataclass(frozen=True)
class Form:
    """How a dataset is written.

    groups : channel groups; style : of `cluster_group`: "id", "name" or "array"; traces : "kwd", "kwd-chunked",
    "dat" or ""; kwx : "contiguous", "chunked" or ""; clusterings : their names
    """

    groups: tuple[int, ...] = (0,)
    n_pcs: int = 3
    extra_columns: int = 0
    kwx: str = "contiguous"
    cluster_dtype: str = "int32"
    time_dtype: str = "uint64"
    style: str = "id"
    traces: str = "kwd"
    clusterings: tuple[str, ...] = ("main", "original")
    texts: str = "bytes"
    params: Mapping[str, Any] = field(default_factory=dict)


def order_of(group: int) -> np.ndarray:
    """(4,) channels of a group, not ascending."""
    return (np.array(ORDER) + group) % N_COLUMNS


def positions_of(group: int) -> np.ndarray:
    """(4, 2) um, of the channels in their order."""
    order = order_of(group)
    return np.column_stack([10.0 * (order % 2), 20.0 * order]).astype(np.float32)


def recordings_of(group: int) -> np.ndarray:
    """(90,) recording of each spike."""
    return (np.arange(N_SPIKES) >= 50 + group).astype(np.uint16)


def samples_of(group: int) -> np.ndarray:
    """(90,) sample of each spike inside its recording."""
    rng = np.random.default_rng(10 + group)
    first = np.sort(rng.integers(40, LENGTHS[0] - 60, 50 + group))
    second = np.sort(rng.integers(40, LENGTHS[1] - 60, N_SPIKES - 50 - group))
    return np.concatenate([first, second])


def joined_samples(group: int) -> np.ndarray:
    """(90,) sample of each spike in the joined recordings."""
    return samples_of(group) + np.array([0, LENGTHS[0]])[recordings_of(group)]


def labels_of(group: int, clustering: str) -> np.ndarray:
    """(90,) clusters 2 to 9, with gaps."""
    return np.random.default_rng([group, len(clustering)]).choice([2, 3, 5, 8, 9], N_SPIKES)


def features_of(group: int, n_pcs: int) -> np.ndarray:
    """(90, 4, n_pcs) float32."""
    return np.random.default_rng(30 + group).normal(size=(N_SPIKES, len(ORDER), n_pcs)).astype(np.float32)


def masks_of(group: int) -> np.ndarray:
    """(90, 4) float32: cluster k is seen most on channel k % 4."""
    masks = np.random.default_rng(40 + group).uniform(0, 0.05, (N_SPIKES, len(ORDER)))
    masks[np.arange(N_SPIKES), labels_of(group, "main") % 4] = 1
    masks[np.arange(N_SPIKES), (labels_of(group, "main") + 1) % 4] = 0.5
    return masks.astype(np.float32)


def raw_data() -> np.ndarray:
    """(5500, 9) int16."""
    return np.random.default_rng(5).integers(-300, 300, (sum(LENGTHS), N_COLUMNS)).astype(np.int16)


GROUP_NAMES = {0: "Noise", 1: "MUA", 2: "Good", 3: "Unsorted", 5: "Axon"}
CLUSTER_GROUPS = {2: 0, 3: 1, 5: 2, 8: 3, 9: 5}
READ_GROUPS = {2: "noise", 3: "mua", 5: "good", 9: "Axon"}


def write(folder: Path, form: Form, name: str = "rec") -> Path:
    """Write a dataset and return its `.kwik` file."""
    path = folder / f"{name}.kwik"
    with h5py.File(path, "w") as file:
        _text(file, "name", name, form)
        file.attrs["kwik_version"] = 2
        params = {
            "sample_rate": SAMPLE_RATE,
            "n_channels": N_COLUMNS,
            "n_features_per_channel": form.n_pcs,
            "extract_s_before": BEFORE,
            "extract_s_after": AFTER,
            **form.params,
        }
        node = file.create_group("application_data/spikedetekt")
        for key, value in params.items():
            node.attrs[key] = value
        _text(node, "dtype", "int16", form)
        _write_recordings(file, folder, name, form)
        for group in form.groups:
            _write_group(file.create_group(f"channel_groups/{group}"), group, form)
        events = file.create_group("event_types/stimulus/events")
        events["time_samples"] = np.array([100, 200, 50], dtype=np.uint64)
        events["recording"] = np.array([0, 0, 1], dtype=np.uint16)
    _write_kwx(folder, name, form)
    _write_traces(folder, name, form)
    return path


def _text(node: Any, key: str, text: str, form: Form) -> None:
    values = {"bytes": np.array([text.encode()]), "vlen": text, "padded": np.bytes_(text.encode() + b"\0\0")}
    node.attrs[key] = values[form.texts]


def _write_recordings(file: h5py.File, folder: Path, name: str, form: Form) -> None:
    for r in range(2):
        node = file.create_group(f"recordings/{r}")
        _text(node, "name", f"recording_{r}", form)
        raw = node.create_group("raw")
        if form.traces.startswith("kwd"):
            _text(raw, "hdf5_path", f"/elsewhere/{name}.raw.kwd", form)
        elif form.traces == "dat":
            _text(raw, "dat_path", str(folder / f"{name}_{r}.dat"), form)


def _write_group(node: h5py.Group, group: int, form: Form) -> None:
    order = order_of(group)
    node.attrs["channel_order"] = order.astype(np.int32)
    node.attrs["adjacency_graph"] = np.zeros((0,), dtype=np.int32)
    for channel, position in zip(order, positions_of(group), strict=True):
        child = node.create_group(f"channels/{channel}")
        _text(child, "name", str(channel), form)
        child.attrs["position"] = position
    node["spikes/time_samples"] = samples_of(group).astype(form.time_dtype)
    node["spikes/recording"] = recordings_of(group)
    for clustering in form.clusterings:
        labels = labels_of(group, clustering).astype(form.cluster_dtype)
        node[f"spikes/clusters/{clustering}"] = labels
        for cluster in (*np.unique(labels), 77):
            child = node.create_group(f"clusters/{clustering}/{cluster}")
            group_id = CLUSTER_GROUPS.get(int(cluster), 2)
            if form.style == "name":
                _text(child, "cluster_group", GROUP_NAMES[group_id], form)
            else:
                child.attrs["cluster_group"] = np.array([group_id]) if form.style == "array" else group_id
            child.create_group("application_data/klustaviewa").attrs["color"] = 4
            child.create_group("quality_measures").attrs["isolation_distance"] = 0.5 * cluster
        node[f"clusters/{clustering}"].attrs["klustakwik2_seed"] = 1
        for group_id, text in GROUP_NAMES.items():
            _text(node.create_group(f"cluster_groups/{clustering}/{group_id}"), "name", text, form)


def _write_kwx(folder: Path, name: str, form: Form) -> None:
    if not form.kwx:
        return
    with h5py.File(folder / f"{name}.kwx", "w") as file:
        file.attrs["kwik_version"] = 2
        for group in form.groups:
            n_columns = len(ORDER) * form.n_pcs
            data = np.full((N_SPIKES, n_columns + form.extra_columns, 2), 9, dtype=np.float32)
            data[:, :n_columns, 0] = features_of(group, form.n_pcs).reshape(N_SPIKES, -1)
            data[:, :n_columns, 1] = np.repeat(masks_of(group), form.n_pcs, axis=1)
            options = {"chunks": (7, data.shape[1], 2), "compression": "gzip"} if form.kwx == "chunked" else {}
            file.create_dataset(f"channel_groups/{group}/features_masks", data=data, **options)


def _write_traces(folder: Path, name: str, form: Form) -> None:
    pieces = np.split(raw_data(), [LENGTHS[0]])
    if form.traces == "dat":
        for r, piece in enumerate(pieces):
            piece.tofile(folder / f"{name}_{r}.dat")
    elif form.traces:
        options = {"chunks": (100, 3)} if form.traces == "kwd-chunked" else {}
        with h5py.File(folder / f"{name}.raw.kwd", "w") as file:
            for r, piece in enumerate(pieces):
                file.create_dataset(f"recordings/{r}/data", data=piece, **options)


def content(path: Path) -> dict[str, Any]:
    """Everything in an HDF5 file: values of data sets and attributes by path."""
    out: dict[str, Any] = {}

    def visit(name: str, node: Any) -> None:
        for key, value in node.attrs.items():
            out[f"{name}@{key}"] = np.asarray(value).tolist()
        out[name] = (str(node.dtype), node[()].tolist()) if isinstance(node, h5py.Dataset) else None

    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return out
