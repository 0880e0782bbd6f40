"""The per-spike columns of a dataset."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.io.array_files import (
    DatasetFolder,
    as_floats,
    as_integers,
    column,
    map_array,
    read_header,
    without_nan,
)
from phy_medicine.io.checks import CheckList
from phy_medicine.io.memory import check_memory

CLUSTERS_NAME = "spike_clusters.npy"
LARGEST_ID = 10_000_000
"""Of a cluster: tables have a row for each number up to the largest, and the window draws with numbers up to 2^24."""
_BYTES_OF_SPIKE = 40  # time, sample, template, cluster, amplitude, and room to work
_NOT_ATTRIBUTES = ("clusters", "templates", "samples", "times", "times_reordered", "amplitudes")


class SpikeTable:
    """Read-only columns, one row per spike in time order.

    samples : (n_spikes,) int64, sample of the raw recording
    times_s : (n_spikes,) float64, s
    template_ids : (n_spikes,) int32, the sorter's template
    amplitudes : (n_spikes,) float32 or None, in the unit of the exporter
    """

    def __init__(
        self,
        samples: IntArray,
        times_s: FloatArray,
        template_ids: IntArray,
        amplitudes: FloatArray | None = None,
        *,
        positions_um: AnyArray | None = None,
        depths_um: AnyArray | None = None,
    ) -> None:
        self.samples = frozen(samples)
        self.times_s = frozen(times_s)
        self.template_ids = frozen(template_ids)
        self.amplitudes = None if amplitudes is None else frozen(amplitudes)
        self._positions = positions_um
        self._depths = depths_um

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def positions_um(self) -> AnyArray | None:
        """(n_spikes, 2 or more), as the file holds them; None when the sorter gives none."""
        return self._positions

    @property
    def has_positions(self) -> bool:
        """Whether the sorter says where along the probe each spike is."""
        return self._positions is not None or self._depths is not None

    @cached_property
    def x_um(self) -> FloatArray | None:
        """(n_spikes,) float32 horizontal position, um; None when the sorter gives none. Read at first use."""
        return None if self._positions is None else _position(self._positions[:, 0])

    @cached_property
    def depth_um(self) -> FloatArray | None:
        """(n_spikes,) float32 position along the probe, um; None when the sorter gives none. Read at first use."""
        if self._positions is not None:
            return _position(self._positions[:, 1])
        return None if self._depths is None else _position(self._depths)


def _position(values: AnyArray) -> FloatArray:
    # NaN stays: a spike without a position is not drawn, rather than drawn at 0.
    return frozen(np.ascontiguousarray(values, dtype=np.float32))


def read_spikes(folder: DatasetFolder, sample_rate: float, checks: CheckList) -> SpikeTable:
    """Read times, templates and amplitudes of all spikes; positions are mapped and read when asked for.

    Raises
    ------
    DatasetError : times or templates missing, unsorted or of another length
    """
    samples, times_s = _read_times(folder, sample_rate)
    path = folder.find("spike_templates.npy", "spikes.templates*.npy")
    if path is None:
        raise DatasetError(f"spike_templates.npy is missing in {folder.path}; export the sorting again.")
    template_ids = as_integers(column(map_array(path), len(samples), path, "spike"), path, np.int32)
    if int(template_ids.min()) < 0:
        raise DatasetError(f"{path.name} holds the negative template {template_ids.min()}; export the sorting again.")
    return SpikeTable(
        samples,
        times_s,
        template_ids,
        _read_amplitudes(folder, len(samples), checks),
        positions_um=_optional(folder, checks, len(samples), 2, "spike_positions.npy"),
        depths_um=_optional(folder, checks, len(samples), 1, "spikes.depths*.npy"),
    )


def _read_times(folder: DatasetFolder, sample_rate: float) -> tuple[IntArray, FloatArray]:
    path = folder.find("spike_times.npy")
    if path is not None:
        samples = as_integers(_spike_column(path), path, np.int64)
        _check_sorted(samples, path)
        return samples, samples / sample_rate
    path = folder.find("spikes.times*.npy")
    if path is None:
        raise DatasetError(
            f"Neither spike_times.npy nor spikes.times.npy is in {folder.path}; choose the folder of a sorting."
        )
    times_s = as_floats(_spike_column(path), path, np.float64)
    _check_sorted(times_s, path)
    path_samples = folder.find("spikes.samples*.npy")
    if path_samples is None:
        return np.round(times_s * sample_rate).astype(np.int64), times_s
    samples = column(map_array(path_samples), len(times_s), path_samples, "spike")
    return as_integers(samples, path_samples, np.int64), times_s


def _spike_column(path: Path) -> AnyArray:
    """One value for each spike, when there is memory for so many spikes."""
    n_spikes = math.prod(read_header(path).shape)
    check_memory(f"{path.name} with {n_spikes:,} spikes", n_spikes * _BYTES_OF_SPIKE)
    return column(map_array(path), None, path, "spike")


def _check_sorted(values: AnyArray, path: Path) -> None:
    if len(values) == 0:
        raise DatasetError(f"{path.name} holds no spikes; there is nothing to curate.")
    if values.dtype.kind == "f" and not np.isfinite(values[[0, -1]]).all():
        raise DatasetError(f"{path.name} holds NaN; export the sorting again.")
    # A comparison of neighbours, negated so that a NaN in between counts as unsorted too.
    sorted_pairs = values[1:] >= values[:-1]
    if not sorted_pairs.all():
        i = int(np.argmin(sorted_pairs))
        raise DatasetError(
            f"{path.name} is not sorted: spike {i + 1} at {values[i + 1]} comes before spike {i} at {values[i]}; "
            "sort all per-spike files by time."
        )


def _read_amplitudes(folder: DatasetFolder, n_spikes: int, checks: CheckList) -> FloatArray | None:
    path = folder.find("amplitudes.npy", "spikes.amps*.npy")
    if path is None:
        checks.note("amplitudes.npy", "is missing, so the amplitude view stays empty.")
        return None
    try:
        amplitudes = as_floats(column(map_array(path), n_spikes, path, "spike"), path, np.float32)
    except DatasetError as error:
        checks.warn(path.name, f"{error} The amplitude view stays empty.")
        return None
    amplitudes, n_bad = without_nan(amplitudes)
    if n_bad:
        checks.warn(path.name, f"{n_bad:,} of {n_spikes:,} amplitudes are NaN or infinite and are shown as 0.")
    return amplitudes


def _optional(folder: DatasetFolder, checks: CheckList, n_spikes: int, n_columns: int, pattern: str) -> AnyArray | None:
    path = folder.find(pattern)
    if path is None:
        return None
    try:
        values = _numbers_of_shape(map_array(path), n_spikes, n_columns)
    except DatasetError as error:
        checks.warn(path.name, str(error))
        return None
    return values


def _numbers_of_shape(values: AnyArray, n_spikes: int, n_columns: int) -> AnyArray:
    """Return the values when they are numbers of the shape (n_spikes,) or (n_spikes, n_columns or more)."""
    flat = values.reshape(-1) if n_columns == 1 and values.size == n_spikes else values
    good = flat.shape == (n_spikes,) if n_columns == 1 else flat.ndim == 2 and flat.shape[1] >= n_columns
    if not good or len(flat) != n_spikes or values.dtype.kind not in "iuf":
        expected = (n_spikes,) if n_columns == 1 else (n_spikes, n_columns)
        raise DatasetError(f"the shape is {values.shape} and not {expected}, so spike positions are not shown.")
    return flat


def read_clusters(folder: DatasetFolder, spikes: SpikeTable) -> tuple[IntArray, str]:
    """Read the cluster of each spike, and the name of the file it is saved to.

    Without a file of clusters, the sorter's templates are the clusters; nothing is written.

    Returns
    -------
    (n_spikes,) int32 own copy in memory, read-only, and a file name

    Raises
    ------
    DatasetError : two candidate files, wrong length, negative ids
    """
    plain, alf = folder.find(CLUSTERS_NAME), folder.find("spikes.clusters*.npy")
    if plain is not None and alf is not None:
        raise DatasetError(
            f"{plain.name} and {alf.name} both exist in {folder.path}; remove the one that is not yours."
        )
    path = plain or alf
    if path is None:
        return frozen(np.array(spikes.template_ids)), CLUSTERS_NAME
    # A copy, because another program may rewrite the file while we work.
    labels = np.array(as_integers(column(map_array(path), len(spikes), path, "spike"), path, np.int32))
    if int(labels.min()) < 0:
        raise DatasetError(f"{path.name} holds the negative cluster {labels.min()}; cluster ids start at 0.")
    if int(labels.max()) > LARGEST_ID:
        raise DatasetError(
            f"{path.name} holds the cluster {labels.max():,}, and {LARGEST_ID:,} is the largest number a cluster can "
            "have; number the clusters anew."
        )
    return frozen(labels), path.name


def read_attributes(folder: DatasetFolder, n_spikes: int, checks: CheckList) -> dict[str, AnyArray]:
    """Map every further `spike_<name>.npy` with one row per spike."""
    attributes: dict[str, AnyArray] = {}
    for file_name in folder.matching("spike_*.npy"):
        name = file_name.removeprefix("spike_").removesuffix(".npy")
        if name in _NOT_ATTRIBUTES:
            continue
        try:
            values = map_array(folder.where(file_name))
        except DatasetError as error:
            checks.warn(file_name, f"{error} It is left out.")
            continue
        if values.ndim > 1 and values.size == n_spikes:
            values = values.reshape(-1)
        if values.dtype.kind not in "iufb":
            checks.warn(file_name, f"holds {values.dtype} values, expected numbers. It is left out.")
            continue
        if values.ndim == 0 or len(values) != n_spikes:
            checks.warn(file_name, f"has the shape {values.shape} and not one row for each of {n_spikes:,} spikes.")
            continue
        attributes[name] = frozen(values)
    return attributes


def read_reordered(
    folder: DatasetFolder, spikes: SpikeTable, sample_rate: float, checks: CheckList
) -> FloatArray | None:
    """Read the alternative times of `spike_times_reordered.npy`, (n_spikes,) float64 in s, or None."""
    path = folder.find("spike_times_reordered.npy")
    if path is None:
        return None
    try:
        samples = as_floats(column(map_array(path), len(spikes), path, "spike"), path, np.float64)
    except DatasetError as error:
        checks.warn(path.name, f"{error} The original times are used.")
        return None
    samples, n_bad = without_nan(samples)
    if n_bad:
        checks.warn(path.name, f"{n_bad:,} of {len(spikes):,} times are NaN or infinite and are taken as 0.")
    return frozen(samples / sample_rate)
