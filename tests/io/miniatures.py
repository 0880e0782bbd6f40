"""Small datasets as each exporter writes them: names, dtypes and shapes are theirs, the numbers are ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

N_SPIKES, N_TEMPLATES, N_CHANNELS, N_COLUMNS, N_SAMPLES, N_LOC, N_PCS = 200, 5, 8, 10, 21, 4, 3
SAMPLE_RATE, N_RECORDED = 20_000.0, 40_000
CHANNEL_MAP = np.array([8, 1, 2, 3, 4, 5, 6, 9])
PEAKS = np.array([0, 2, 3, 5, 7])

Arrays = dict[str, Any]


def spike_times() -> np.ndarray:
    """(200,) int64 samples, sorted, with one pair at the same time."""
    times = np.sort(np.random.default_rng(1).integers(30, N_RECORDED - 30, N_SPIKES))
    times[11] = times[10]
    return times


def spike_templates() -> np.ndarray:
    """(200,) int64, every template used."""
    return np.random.default_rng(2).integers(0, N_TEMPLATES, N_SPIKES)


def channel_positions() -> np.ndarray:
    """(8, 2) float64 um: two columns 16 um apart, rows every 20 um."""
    return np.array([[16.0 * (i % 2), 20.0 * (i // 2)] for i in range(N_CHANNELS)])


def dense_templates() -> np.ndarray:
    """(5, 21, 8) float32: a trough that shrinks with the distance to the peak channel; whitened units."""
    positions, time = channel_positions(), np.arange(N_SAMPLES) - N_SAMPLES // 2
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)[PEAKS]
    shape = -np.exp(-(time**2) / 8) + 0.4 * np.exp(-((time - 6) ** 2) / 20)
    scale = (3 + np.arange(N_TEMPLATES))[:, None] * np.exp(-distance / 30)
    return (shape[None, :, None] * scale[:, None, :]).astype(np.float32)


def local_channels() -> np.ndarray:
    """(5, 4) int64: the channels nearest to the peak of each template, the peak first."""
    positions = channel_positions()
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)[PEAKS]
    return np.argsort(distance, axis=1, kind="stable")[:, :N_LOC]


def whitening() -> np.ndarray:
    """(8, 8) float64, well conditioned."""
    return 0.5 * np.eye(N_CHANNELS) - 0.02 * np.ones((N_CHANNELS, N_CHANNELS))


def pc_features() -> np.ndarray:
    """(200, 3, 4) float32, as on disk: spikes, components, local channels."""
    return np.random.default_rng(3).normal(size=(N_SPIKES, N_PCS, N_LOC)).astype(np.float32)


def similarity() -> np.ndarray:
    """(5, 5) float32, symmetric, 1 on the diagonal."""
    half = np.random.default_rng(4).uniform(0, 0.9, (N_TEMPLATES, N_TEMPLATES))
    return (np.triu(half, 1) + np.triu(half, 1).T + np.eye(N_TEMPLATES)).astype(np.float32)


def recording() -> np.ndarray:
    """(40000, 10) int16 noise."""
    return np.random.default_rng(5).integers(-50, 50, (N_RECORDED, N_COLUMNS)).astype(np.int16)


def plain_arrays() -> Arrays:
    """The arrays of a dataset with every file that is not rare."""
    return {
        "spike_times.npy": spike_times(),
        "spike_templates.npy": spike_templates().astype(np.int32),
        "spike_clusters.npy": spike_templates().astype(np.int32),
        "amplitudes.npy": np.random.default_rng(6).uniform(5, 9, N_SPIKES),
        "channel_map.npy": CHANNEL_MAP.astype(np.int32),
        "channel_positions.npy": channel_positions(),
        "templates.npy": dense_templates(),
        "similar_templates.npy": similarity(),
        "whitening_mat.npy": whitening(),
        "whitening_mat_inv.npy": np.linalg.inv(whitening()),
        "pc_features.npy": pc_features(),
        "pc_feature_ind.npy": local_channels().astype(np.uint32),
        "template_features.npy": np.random.default_rng(7).normal(size=(N_SPIKES, 3)).astype(np.float32),
        "template_feature_ind.npy": np.array([[i, (i + 1) % 5, (i + 2) % 5] for i in range(N_TEMPLATES)]),
    }


def write(
    folder: Path,
    arrays: Mapping[str, Any],
    *,
    params: str = "dat_path = 'recording.dat'\nn_channels_dat = 10\n",
    tables: Mapping[str, str] | None = None,
    raw: bool = True,
) -> Path:
    """Write a dataset; an array that is None is left out, text is written as it is. Returns its params.py."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        if array is not None:
            np.save(folder / name, array)
    for name, text in (tables or {}).items():
        (folder / name).write_bytes(text.encode())
    if raw:
        recording().tofile(folder / "recording.dat")
    lines = f"{params}dtype = 'int16'\noffset = 0\nsample_rate = {SAMPLE_RATE}\nhp_filtered = False\n"
    (folder / "params.py").write_text(lines)
    return folder / "params.py"


def plain(folder: Path, **changes: Any) -> Path:
    """Write the plain dataset; `changes` maps a file name, its points as __, to another array or None."""
    arrays = plain_arrays() | {name.replace("__", "."): array for name, array in changes.items()}
    return write(folder, arrays)


def kilosort2(folder: Path) -> Path:
    """Kilosort 2, 2.5 and 3 through MATLAB: (n, 1) columns in Fortran order, uint32, doubles, CRLF tables."""
    ones = np.newaxis
    arrays = {
        "spike_times.npy": spike_times().astype(np.uint64)[:, ones],
        "spike_templates.npy": spike_templates().astype(np.uint32)[:, ones],
        "spike_clusters.npy": spike_templates().astype(np.uint32)[:, ones],
        "amplitudes.npy": np.random.default_rng(6).uniform(5, 9, (N_SPIKES, 1)),
        "channel_map.npy": np.arange(N_CHANNELS, dtype=np.int32)[:, ones],
        "channel_positions.npy": np.asfortranarray(channel_positions()),
        "templates.npy": np.asfortranarray(dense_templates()),
        "templates_ind.npy": np.tile(np.arange(N_CHANNELS, dtype=np.float64), (N_TEMPLATES, 1)),
        "similar_templates.npy": np.asfortranarray(similarity()),
        "whitening_mat.npy": np.eye(N_CHANNELS) / 200,
        "whitening_mat_inv.npy": np.eye(N_CHANNELS) * 200,
        "pc_features.npy": np.asfortranarray(pc_features()),
        "pc_feature_ind.npy": np.asfortranarray(local_channels().astype(np.uint32)),
    }
    labels = "".join(f"{i}\t{'good' if i % 2 else 'mua'}\r\n" for i in range(N_TEMPLATES))
    contamination = "".join(f"{i}\t{i * 1.5}\r\n" for i in range(N_TEMPLATES))
    tables = {
        "cluster_KSLabel.tsv": f"cluster_id\tKSLabel\r\n{labels}",
        "cluster_group.tsv": f"cluster_id\tKSLabel\r\n{labels}",
        "cluster_ContamPct.tsv": f"cluster_id\tContamPct\r\n{contamination}",
    }
    return write(folder, arrays, tables=tables)


def kilosort4(folder: Path) -> Path:
    """Kilosort 4: float32 shanks, spike positions, a list as dat_path, no template features."""
    arrays = plain_arrays() | {
        "template_features.npy": None,
        "template_feature_ind.npy": None,
        "amplitudes.npy": np.random.default_rng(6).uniform(5, 9, N_SPIKES).astype(np.float32),
        "channel_shanks.npy": np.zeros(N_CHANNELS, dtype=np.float32),
        "channel_positions.npy": channel_positions().astype(np.float32),
        "templates_ind.npy": np.tile(np.arange(N_CHANNELS), (N_TEMPLATES, 1)),
        "whitening_mat_dat.npy": whitening(),
        "spike_positions.npy": channel_positions()[PEAKS][spike_templates()].astype(np.float32),
        "spike_detection_templates.npy": spike_templates().astype(np.int32),
        "kept_spikes.npy": np.ones(N_SPIKES, dtype=bool),
    }
    labels = "".join(f"{i}\tmua\n" for i in range(N_TEMPLATES))
    tables = dict.fromkeys(("cluster_KSLabel.tsv", "cluster_group.tsv"), f"cluster_id\tKSLabel\n{labels}")
    return write(folder, arrays, params="dat_path = ['recording.dat']\nn_channels_dat = 10\n", tables=tables)


def circus(folder: Path) -> Path:
    """SpyKING CIRCUS: sparse templates padded with -1, features of a part of the spikes, an index padded with 0."""
    local = local_channels()
    data = np.take_along_axis(dense_templates(), local[:, np.newaxis, :], axis=2)
    data[0, :, 3], index = 0, local.copy()
    index[0, 3] = -1
    feature_index = np.tile(np.array([0, 1, 2, 0]), (N_TEMPLATES, 1))  # the last one is padding, not channel 0
    rows = np.arange(0, N_SPIKES, 2)
    arrays = {
        "spike_times.npy": spike_times().astype(np.uint64),
        "spike_templates.npy": spike_templates().astype(np.uint32),
        "amplitudes.npy": np.random.default_rng(6).uniform(0.8, 1.2, N_SPIKES),
        "channel_map.npy": CHANNEL_MAP.astype(np.int32),
        "channel_positions.npy": channel_positions(),
        "templates.npy": data.astype(np.float32),
        "template_ind.npy": index.astype(np.int32),
        "similar_templates.npy": similarity(),
        "whitening_mat.npy": np.eye(N_CHANNELS),
        "pc_features.npy": pc_features()[rows],
        "pc_feature_ind.npy": feature_index.astype(np.int32),
        "pc_feature_spike_ids.npy": rows,
    }
    return write(folder, arrays)


def spikeinterface(folder: Path) -> Path:
    """SpikeInterface: (n, 1) int64, sparse float64 templates, 5 components, channel_groups, no raw data."""
    n_pcs = 5
    data = np.take_along_axis(dense_templates(), local_channels()[:, np.newaxis, :], axis=2)
    index = local_channels()
    index[1, 2:] = -1
    data[1, :, 2:] = 0
    features = np.random.default_rng(3).normal(size=(N_SPIKES, n_pcs, N_LOC)).astype(np.float32)
    arrays = {
        "spike_times.npy": spike_times()[:, np.newaxis],
        "spike_templates.npy": spike_templates()[:, np.newaxis],
        "spike_clusters.npy": spike_templates()[:, np.newaxis],
        "amplitudes.npy": np.random.default_rng(6).uniform(-90, -30, (N_SPIKES, 1)),
        "channel_map.npy": np.arange(N_CHANNELS),
        "channel_map_si.npy": np.array([f"AP{i}" for i in range(N_CHANNELS)]),
        "channel_groups.npy": np.array([0, 0, 0, 0, 1, 1, 1, 1]),
        "channel_positions.npy": channel_positions(),
        "templates.npy": data.astype(np.float64),
        "template_ind.npy": index,
        "similar_templates.npy": similarity(),
        "pc_features.npy": features,
        "pc_feature_ind.npy": index,
    }
    tables = {
        "cluster_group.tsv": "cluster_id\tgroup\n" + "".join(f"{i}\tunsorted\n" for i in range(N_TEMPLATES)),
        "cluster_si_unit_ids.tsv": "cluster_id\tsi_unit_id\n" + "".join(f"{i}\t#{i}\n" for i in range(N_TEMPLATES)),
        "cluster_snr.tsv": "cluster_id\tsnr\n0\t5.295705639454357\n1\tnan\n2\t\n",
    }
    return write(folder, arrays, params="dat_path = r'None'\nn_channels_dat = 8\n", tables=tables, raw=False)


def alf(folder: Path) -> Path:
    """The ALF converter of phylib: seconds, uint16 clusters, sparse templates under other names."""
    data = np.take_along_axis(dense_templates(), local_channels()[:, np.newaxis, :], axis=2)
    arrays = {
        "spikes.times.npy": spike_times() / SAMPLE_RATE,
        "spikes.samples.npy": spike_times(),
        "spikes.templates.npy": spike_templates().astype(np.uint16),
        "spikes.clusters.npy": spike_templates().astype(np.uint16),
        "spikes.amps.npy": np.random.default_rng(6).uniform(1e-5, 9e-5, N_SPIKES).astype(np.float32),
        "spikes.depths.npy": np.linspace(0, 60, N_SPIKES).astype(np.float32),
        "channels.rawInd.npy": CHANNEL_MAP,
        "channels.localCoordinates.npy": channel_positions(),
        "channels.probes.npy": np.zeros(N_CHANNELS, dtype=np.int32),
        "templates.waveforms.npy": data,
        "templates.waveformsChannels.npy": local_channels(),
        "_phy_spikes_subset.waveforms.npy": np.arange(3 * N_SAMPLES * N_LOC, dtype=float).reshape(3, N_SAMPLES, N_LOC),
        "_phy_spikes_subset.channels.npy": np.array([[0, 1, 2, -1], [3, 2, 1, 0], [7, 6, 5, 4]], dtype=np.int32),
        "_phy_spikes_subset.spikes.npy": np.array([4, 9, 100]),
    }
    return write(folder, arrays, params="dat_path = []\nn_channels_dat = 10\n", raw=False)


EXPORTERS: Mapping[str, Callable[[Path], Path]] = {
    "kilosort2": kilosort2,
    "kilosort4": kilosort4,
    "circus": circus,
    "spikeinterface": spikeinterface,
    "alf": alf,
}
