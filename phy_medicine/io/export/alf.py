"""A curation in the files of the ALF standard (Open Neurophysiology Environment), as the IBL names them."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray
from phy_medicine.io.export.handover import ID, Handover, MeanWaveforms
from phy_medicine.io.export.output import ExportReport, new_folder, written


def export_alf(content: Handover, out: Path, *, force: bool = False) -> ExportReport:
    """Write a curation as ALF; row `i` of every `clusters.*` file is the cluster with the number `i`.

    Parameters
    ----------
    out : folder for the files

    Raises
    ------
    DatasetError : the folder holds files and `force` is not set, or the disk is full
    """
    rows = max(content.cluster_ids, default=-1) + 1
    with new_folder(out, force=force, n_bytes=36 * content.n_spikes) as folder:
        for name, values in _arrays(content, rows):
            np.save(folder / f"{name}.npy", values)
        _write_table(folder / "clusters.metrics.csv", content, rows)
        _write_uuids(folder / "clusters.uuids.csv", rows)
    return ExportReport(written(out), tuple(_notes(content, rows)))


def _arrays(content: Handover, rows: int) -> Iterator[tuple[str, AnyArray]]:
    """Name and values of every `.npy` file."""
    yield "spikes.times", content.times_s
    yield "spikes.samples", content.samples
    yield "spikes.clusters", content.labels.astype(np.int32)
    yield "spikes.templates", content.templates.astype(np.int32)
    if content.depths_um is not None:
        yield "spikes.depths", content.depths_um
    peaks = _spread(content, content.peaks.astype(np.int32), rows, -1)
    yield "clusters.channels", peaks
    depths = content.channels.positions[content.peaks, 1].astype(np.float64)
    yield "clusters.depths", _spread(content, depths, rows, np.nan)
    amplitudes = _spike_amplitudes(content)
    if amplitudes is not None:
        yield "spikes.amps", amplitudes.astype(np.float32)
        yield "clusters.amps", _spread(content, _means(content, amplitudes), rows, np.nan)
    if content.waveforms is not None:
        yield from _waveforms(content, content.waveforms, rows)
    yield from _channels(content)


def _waveforms(content: Handover, means: MeanWaveforms, rows: int) -> Iterator[tuple[str, AnyArray]]:
    yield "clusters.waveforms", _spread(content, means.data * np.float32(_unit(content)), rows, np.nan)
    yield "clusters.waveformsChannels", _spread(content, means.channels.astype(np.int32), rows, -1)
    peak = means.data[:, :, 0]
    lost = ~np.isfinite(peak).all(axis=1)
    clean = np.nan_to_num(peak)
    # IBL: peak sample less trough sample, negative when the peak comes first.
    ms = (clean.argmax(axis=1) - clean.argmin(axis=1)) / content.sample_rate * 1e3
    yield "clusters.peakToTrough", _spread(content, np.where(lost, np.nan, ms), rows, np.nan)


def _channels(content: Handover) -> Iterator[tuple[str, AnyArray]]:
    channels = content.channels
    yield "channels.localCoordinates", channels.positions
    yield "channels.rawInd", channels.map
    yield "channels.probes", channels.probes
    yield "channels.shanks", channels.shanks


def _unit(content: Handover) -> float:
    """Volts in a raw unit, 1 when nobody knows."""
    return 1.0 if content.uv_per_bit is None else content.uv_per_bit * 1e-6


def _spike_amplitudes(content: Handover) -> FloatArray | None:
    """Peak-to-peak amplitude of each spike, (n_spikes,), in V or raw units.

    The sorter's amplitudes say by how much a spike is larger than others of its cluster, in a unit that differs from
    sorter to sorter; how large the cluster is, its mean waveform says. Without waveforms the sorter's are returned.
    """
    if content.amplitudes is None or content.waveforms is None:
        return content.amplitudes
    data = np.nan_to_num(content.waveforms.data)
    sizes = np.ptp(data, axis=1).max(axis=1) * _unit(content)
    means = _means(content, content.amplitudes)
    factors = np.divide(sizes, means, out=np.zeros_like(means), where=means != 0)
    amplitudes: FloatArray = content.amplitudes * factors[content.cluster_rows]
    return amplitudes


def _means(content: Handover, values: FloatArray) -> FloatArray:
    """Mean over the spikes of each cluster, (n_clusters,) float64."""
    rows, n = content.cluster_rows, len(content.cluster_ids)
    sums = np.bincount(rows, weights=values, minlength=n)
    means: FloatArray = sums / np.maximum(np.bincount(rows, minlength=n), 1)
    return means


def _spread(content: Handover, values: AnyArray, rows: int, missing: float) -> AnyArray:
    """Put the values of the clusters into the rows with their numbers."""
    out = np.full((rows, *values.shape[1:]), missing, dtype=values.dtype)
    ids: IntArray = np.array(content.cluster_ids, dtype=np.int64)
    out[ids] = values
    return out


def _write_table(path: Path, content: Handover, rows: int) -> None:
    known = {int(row[ID]): row for row in content.rows}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([ID, *content.columns])
        for cluster in range(rows):
            writer.writerow([cluster, *(known.get(cluster, {}).get(name) for name in content.columns)])


def _write_uuids(path: Path, rows: int) -> None:
    path.write_text("\n".join(["uuids", *(str(uuid.uuid4()) for _ in range(rows))]) + "\n", encoding="utf-8")


def _notes(content: Handover, rows: int) -> Iterator[str]:
    gaps = rows - len(content.cluster_ids)
    if gaps:
        yield (
            f"{gaps} of {rows} rows of the clusters.* files belong to numbers that no cluster has: NaN, channel -1, "
            "and empty in clusters.metrics.csv."
        )
    if content.amplitudes is not None and content.waveforms is None:
        yield "Without waveforms, spikes.amps are the sorter's amplitudes in its own unit, not volts."
    elif content.uv_per_bit is None:
        yield "Amplitudes and waveforms are in raw units; give --uv-per-bit for volts, which ALF asks for."
