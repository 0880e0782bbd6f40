"""PC features and template features: mapped arrays with sparse columns, read by spike and channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.array_files import DatasetFolder, as_integers, column, load_array, map_array, row_file
from phy_medicine.io.checks import CheckList
from phy_medicine.io.row_file import RowFile
from phy_medicine.io.templates import index_without_nan, repeated


class SparseRows:
    """Which row of a feature file holds a spike, and which of its columns holds a channel or template.

    index : (n_index_rows, n_loc) int64, row = template of the spike, -1 unused; None when column k is item k
    row_spike_ids : (n_rows,) int64 spike of each row when only some spikes have one; None when row = spike
    """

    def __init__(
        self, template_ids: IntArray, n_loc: int, index: IntArray | None, row_spike_ids: IntArray | None
    ) -> None:
        self.template_ids = template_ids
        self._n_loc = n_loc
        self._index = index
        self._row_spike_ids = row_spike_ids
        self._row_order: IntArray | None = None
        if row_spike_ids is not None and not (np.diff(row_spike_ids) > 0).all():
            self._row_order = np.argsort(row_spike_ids, kind="stable")

    @property
    def index(self) -> IntArray | None:
        """(n_index_rows, n_loc) int64, channel (or template) of each column for each template; None: column k is k."""
        return self._index

    @property
    def row_spike_ids(self) -> IntArray | None:
        """(n_rows,) int64, spike of each row; None: row = spike."""
        return self._row_spike_ids

    @property
    def complete(self) -> bool:
        """Whether every spike has a row."""
        return self._row_spike_ids is None or len(self._row_spike_ids) >= len(self.template_ids)

    def rows(self, spike_ids: IntArray) -> IntArray:
        """Return the row of each spike, -1 when it has none."""
        if self._row_spike_ids is None:
            return spike_ids
        if len(self._row_spike_ids) == 0:
            return np.full(len(spike_ids), -1)
        found = np.searchsorted(self._row_spike_ids, spike_ids, sorter=self._row_order)
        found = np.minimum(found, len(self._row_spike_ids) - 1)
        rows = found if self._row_order is None else self._row_order[found]
        return np.where(self._row_spike_ids[rows] == spike_ids, rows, -1)

    def columns(self, spike_ids: IntArray, items: IntArray) -> IntArray:
        """Return the column that holds each item for each spike, (n_spikes, n_items), -1 when it has none."""
        if self._index is None:
            columns = np.where((items >= 0) & (items < self._n_loc), items, -1)
            return np.broadcast_to(columns, (len(spike_ids), len(items)))
        templates, inverse = np.unique(self.template_ids[spike_ids], return_inverse=True)
        return self._columns_of_templates(templates, items)[inverse]

    def items(self, spike_ids: IntArray) -> IntArray:
        """Return the channels (or templates) of every column for each spike, (n_spikes, n_loc), -1 unused."""
        if self._index is None:
            return np.broadcast_to(np.arange(self._n_loc), (len(spike_ids), self._n_loc))
        templates = self.template_ids[spike_ids]
        known = templates < len(self._index)
        return np.where(known[:, np.newaxis], self._index[np.where(known, templates, 0)], -1)

    def items_of(self, template_id: int) -> IntArray:
        """Return the channels (or templates) stored for the spikes of one template, in file order."""
        if self._index is None:
            return np.arange(self._n_loc)
        if template_id >= len(self._index):
            return np.zeros(0, dtype=np.int64)
        items: IntArray = self._index[template_id]
        used: IntArray = items[items >= 0]
        return used

    def _columns_of_templates(self, templates: IntArray, items: IntArray) -> IntArray:
        assert self._index is not None
        known = templates < len(self._index)
        local = self._index[np.where(known, templates, 0)]
        matches = local[:, :, np.newaxis] == items[np.newaxis, np.newaxis, :]
        usable = matches.any(axis=1) & known[:, np.newaxis] & (items >= 0)[np.newaxis]
        return np.where(usable, matches.argmax(axis=1), -1)


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Scores of some spikes as they lie in the file, read once; any channels can be taken from them.

    spike_ids : (n,) int64; data : (n, n_loc, n_pcs) float, local columns of each spike; has_row : (n,) bool
    """

    spike_ids: IntArray
    data: FloatArray
    has_row: BoolArray
    sparse: SparseRows

    def on(self, channel_ids: IntArray) -> FloatArray:
        """Return (n, n_channels, n_pcs) float32, NaN where a spike has no row, or none on that channel."""
        columns = self.sparse.columns(self.spike_ids, np.asarray(channel_ids, np.int64))
        if self.data.shape[1] == 0:
            return np.full((*columns.shape, self.data.shape[2]), np.nan, dtype=np.float32)
        out = np.take_along_axis(self.data, np.maximum(columns, 0)[:, :, np.newaxis], axis=1).astype(np.float32)
        out[(columns < 0) | ~self.has_row[:, np.newaxis]] = np.nan
        return out


class FeatureStore:
    """Principal component scores of the spikes."""

    def __init__(self, data: FloatArray, sparse: SparseRows, file: RowFile | None = None) -> None:
        self._data = data
        self._sparse = sparse
        self._file = file
        self.n_pcs = int(data.shape[2])
        self.n_rows = int(data.shape[0])

    @property
    def stored(self) -> FloatArray | None:
        """(n_rows, n_loc, n_pcs), read-only, what the file holds; None where it cannot be mapped as one array."""
        return self._data

    @property
    def sparse(self) -> SparseRows:
        """What its rows and columns are."""
        return self._sparse

    @property
    def complete(self) -> bool:
        """Whether every spike of the dataset has features."""
        return self._sparse.complete

    def read_ahead(self, stop: Callable[[], bool]) -> None:
        """Have the file in the system's cache before its rows are asked for; until `stop` says so."""
        if self._file is not None:
            self._file.read_ahead(stop)

    def has_row(self, spike_ids: IntArray) -> AnyArray:
        """Return which of the spikes have features, (n,) bool."""
        return self._sparse.rows(np.asarray(spike_ids, dtype=np.int64)) >= 0

    def local_channels(self, template_id: int) -> IntArray:
        """Return the channels with features for the spikes of one template, (n_loc,) int64, in file order."""
        return self._sparse.items_of(template_id)

    def get(self, spike_ids: IntArray, channel_ids: IntArray) -> FloatArray:
        """Return the scores of some spikes on some channels.

        Parameters
        ----------
        spike_ids : (n,) int
        channel_ids : (n_channels,) int

        Returns
        -------
        (n, n_channels, n_pcs) float32, NaN where a spike has no row, or none on that channel
        """
        return self.read(spike_ids).on(channel_ids)

    def read(self, spike_ids: IntArray) -> FeatureRows:
        """Return all scores that the file holds of some spikes, on every channel; spike_ids : (n,) int."""
        spike_ids = np.asarray(spike_ids, np.int64)
        rows = self._sparse.rows(spike_ids)
        if self.n_rows == 0:
            data = np.zeros((len(rows), *self._data.shape[1:]), dtype=np.float32)
        else:
            data = _gather(self._data, rows, self._file)
        return FeatureRows(spike_ids, frozen(data), rows >= 0, self._sparse)

    def as_stored(self, rows: IntArray) -> FloatArray:
        """Return some rows as the file holds them, without those that are beyond its end; rows : (n,) int."""
        return np.asarray(self._data[rows[rows < self.n_rows]])

    def depths_um(self, spike_ids: IntArray, channel_depths_um: FloatArray) -> FloatArray:
        """Return the depth of spikes as the centre of mass of their squared positive first scores.

        Parameters
        ----------
        spike_ids : (n,) int; read in one piece, so pass some 50,000 at a time
        channel_depths_um : (n_channels,) float, y of the channel positions

        Returns
        -------
        (n,) float32, um, NaN for spikes without features
        """
        spike_ids = np.asarray(spike_ids, np.int64)
        rows = self._sparse.rows(spike_ids)
        if self.n_rows == 0 or len(rows) == 0:
            return np.full(len(rows), np.nan, dtype=np.float32)
        channels = self._sparse.items(spike_ids)
        weights = np.square(np.maximum(self._first_scores(rows), 0), dtype=np.float64)
        weights[(channels < 0) | (rows < 0)[:, np.newaxis]] = 0
        depths = np.asarray(channel_depths_um, np.float64)[np.maximum(channels, 0)]
        with np.errstate(invalid="ignore", divide="ignore"):
            out: FloatArray = (weights * depths).sum(axis=1) / weights.sum(axis=1)
        return out.astype(np.float32)

    def _first_scores(self, rows: IntArray) -> FloatArray:
        """(n, n_loc) first scores; a run of rows is read as one piece, since one read for each takes 1 µs a spike."""
        if rows[0] >= 0 and len(rows) == rows[-1] - rows[0] + 1 and (np.diff(rows) == 1).all():
            return np.asarray(self._data[int(rows[0]) : int(rows[-1]) + 1, :, 0])
        return np.asarray(_gather(self._data, rows, self._file)[:, :, 0])


class TemplateFeatureStore:
    """Projection of each spike on the templates near its own."""

    def __init__(self, data: FloatArray, sparse: SparseRows, file: RowFile | None = None) -> None:
        self._data = data
        self._sparse = sparse
        self._file = file

    @property
    def stored(self) -> FloatArray:
        """(n_rows, n_loc), read-only, what the file holds."""
        return self._data

    @property
    def sparse(self) -> SparseRows:
        """What its rows and columns are."""
        return self._sparse

    @property
    def complete(self) -> bool:
        """Whether every spike of the dataset has template features."""
        return self._sparse.complete

    def local_templates(self, template_id: int) -> IntArray:
        """Return the templates that the spikes of one template are projected on, (n_loc,) int64."""
        return self._sparse.items_of(template_id)

    def get(self, spike_ids: IntArray, template_ids: IntArray) -> FloatArray:
        """Return the projections of some spikes on some templates.

        Returns
        -------
        (n, n_templates) float32; 0 for a template that is not near, NaN rows for spikes without template features
        """
        spike_ids, template_ids = np.asarray(spike_ids, np.int64), np.asarray(template_ids, np.int64)
        rows, columns = self._sparse.rows(spike_ids), self._sparse.columns(spike_ids, template_ids)
        if len(rows) == 0 or len(self._data) == 0:
            return np.full((len(rows), len(template_ids)), np.nan, dtype=np.float32)
        local = _gather(self._data, rows, self._file)
        out = np.take_along_axis(local, np.maximum(columns, 0), axis=1).astype(np.float32)
        out[columns < 0] = 0
        out[rows < 0] = np.nan
        return out


def _gather(data: FloatArray, rows: IntArray, file: RowFile | None) -> FloatArray:
    """Rows of a mapped array, features with their axes swapped against the file; -1 gives any row."""
    rows = np.maximum(rows, 0)
    if file is None:
        return data[rows]
    file.ask(rows)
    if data.ndim == 3:
        return file.gather(rows, data.swapaxes(1, 2)).swapaxes(1, 2)
    return file.gather(rows, data)


def read_features(
    folder: DatasetFolder, template_ids: IntArray, n_channels: int, checks: CheckList
) -> FeatureStore | None:
    """Map `pc_features.npy` as (rows, channels, components), or say in `checks` why there are none."""
    path = folder.find("pc_features.npy")
    if path is None:
        checks.note("pc_features.npy", "is missing, so the feature view stays empty.")
        return None
    try:
        data = map_array(path)
        if data.ndim == 2:
            data = data[:, :, np.newaxis]  # one local channel: (n_rows, n_pcs)
        if data.ndim != 3 or data.dtype.kind != "f" or 0 in data.shape[1:]:
            raise DatasetError(f"has the shape {data.shape} of {data.dtype}, expected (n_spikes, n_pcs, n_channels).")
        data = data.transpose(0, 2, 1)
        sparse = _read_sparse(folder, "pc_feature", data, template_ids, checks, n_items=n_channels)
    except DatasetError as error:
        checks.warn(path.name, f"{error} Features are not shown.")
        return None
    return FeatureStore(data, sparse, row_file(path))


def read_template_features(
    folder: DatasetFolder, template_ids: IntArray, n_templates: int, checks: CheckList
) -> TemplateFeatureStore | None:
    """Map `template_features.npy`, or say in `checks` why there are none."""
    path = folder.find("template_features.npy")
    if path is None:
        return None
    try:
        data = map_array(path)
        if data.ndim == 1:
            data = data[:, np.newaxis]
        if data.ndim != 2 or data.dtype.kind != "f" or data.shape[1] == 0:
            raise DatasetError(f"has the shape {data.shape} of {data.dtype}, expected (n_spikes, n_templates).")
        sparse = _read_sparse(folder, "template_feature", data, template_ids, checks, n_items=n_templates)
    except DatasetError as error:
        checks.warn(path.name, f"{error} Template features are not shown.")
        return None
    return TemplateFeatureStore(data, sparse, row_file(path))


def _read_sparse(
    folder: DatasetFolder, stem: str, data: AnyArray, template_ids: IntArray, checks: CheckList, *, n_items: int
) -> SparseRows:
    row_spike_ids = None
    path = folder.find(f"{stem}_spike_ids.npy")
    if path is not None:
        row_spike_ids = frozen(as_integers(column(load_array(path), len(data), path, "row"), path, np.int64))
        _check_rows(row_spike_ids, len(template_ids), path.name, checks)
    elif len(data) != len(template_ids):
        raise DatasetError(f"has {len(data):,} rows, expected {len(template_ids):,}: one for each spike.")
    last = int(template_ids.max())
    index = _read_feature_index(folder, f"{stem}_ind.npy", (data.shape[1], n_items), last, checks)
    return SparseRows(template_ids, data.shape[1], index, row_spike_ids)


def _check_rows(row_spike_ids: IntArray, n_spikes: int, name: str, checks: CheckList) -> None:
    """Say which rows belong to no spike, or to one that has a row already."""
    n_beyond = int(np.count_nonzero((row_spike_ids < 0) | (row_spike_ids >= n_spikes)))
    n_again = len(row_spike_ids) - len(np.unique(row_spike_ids))
    if n_beyond:
        checks.warn(name, f"{n_beyond:,} rows name spikes that do not exist and are ignored.")
    if n_again:
        checks.warn(name, f"{n_again:,} rows name a spike that has a row already and are ignored.")


def _read_feature_index(
    folder: DatasetFolder, name: str, sizes: tuple[int, int], last: int, checks: CheckList
) -> IntArray | None:
    """sizes : local columns, and what they may name; last : template that a spike names"""
    n_loc, n_items = sizes
    path = folder.find(name)
    if path is None:
        return None
    index = as_integers(index_without_nan(load_array(path), name, checks), path, np.int64)
    if index.ndim == 1:
        index = index.reshape(-1, n_loc) if index.size % n_loc == 0 else index[:, np.newaxis]
    if index.ndim != 2 or index.shape[1] != n_loc:
        raise DatasetError(f"has {n_loc} columns where {name} has the shape {index.shape}.")
    if 0 < len(index) <= last:
        checks.warn(name, f"has {len(index)} rows for templates up to {last}; spikes of the others have no features.")
    beyond = index >= n_items
    if beyond.any():
        checks.warn(name, f"{np.count_nonzero(beyond)} entries lie beyond the {n_items} known and are ignored.")
    index = np.where(beyond | (index < 0), -1, index)
    again = repeated(index) & (index >= 0)
    if again.any():
        checks.note(
            name, f"{np.count_nonzero(again.any(axis=1))} rows repeat an entry (padding); the first one counts."
        )
    return frozen(np.where(again, -1, index))
