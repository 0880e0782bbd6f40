"""Features and masks of a `.kwx` file, mapped where that is possible, and the channels that the masks name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.io.checks import CheckList
from phy_medicine.io.features import FeatureRows, FeatureStore, SparseRows
from phy_medicine.io.h5 import H5File, Layout, open_h5
from phy_medicine.io.row_file import RowFile

ReadRows = Callable[[IntArray], AnyArray]
MASK_THRESHOLD = 0.1
N_BEST = 4
_N_SAMPLED = 100
_MOST_COLUMNS = 100_000


class KwikFeatures(FeatureStore):
    """Principal component scores of the spikes, and on which channels each is seen.

    read_rows : (n,) spikes -> (n, n_columns, 2), features and masks
    spike_templates : (n_spikes,) int
    n_channels, n_pcs : column k is component `k % n_pcs` of channel `k // n_pcs`; further columns are left out
    mapped : whether the rows come from a map of the file rather than through HDF5
    """

    def __init__(
        self, read_rows: ReadRows, spike_templates: IntArray, n_channels: int, n_pcs: int, *, mapped: bool = True
    ) -> None:
        n_spikes = len(spike_templates)
        super().__init__(
            np.broadcast_to(np.float32(0), (n_spikes, n_channels, n_pcs)),  # only its shape is ever looked at
            SparseRows(spike_templates, n_channels, None, None),
        )
        self._read_rows = read_rows
        self.n_channels = n_channels
        self.mapped = mapped

    @property
    def stored(self) -> None:
        """Scores and masks lie side by side in the file: there is no array of the scores alone."""

    def read(self, spike_ids: IntArray) -> FeatureRows:
        """Return all scores of some spikes; NaN on channels where a spike has neither mask nor scores."""
        spike_ids = np.asarray(spike_ids, np.int64)
        scores, masks = self._both(spike_ids)
        data = np.array(scores, dtype=np.float32)
        data[(masks == 0) & (data == 0).all(axis=2)] = np.nan
        return FeatureRows(spike_ids, frozen(data), np.ones(len(spike_ids), dtype=bool), self._sparse)

    def as_stored(self, rows: IntArray) -> FloatArray:
        """Return scores and masks of some spikes as the file holds them; rows : (n,) int."""
        return self._read_rows(rows)

    def masks_of(self, spike_ids: IntArray) -> FloatArray:
        """Return the masks of some spikes, (n, n_channels) float32, 0 to 1."""
        return self._both(np.asarray(spike_ids, np.int64))[1]

    def best_channels(self, spike_ids: IntArray) -> IntArray:
        """Return the channels whose mean mask is above 0.1, the largest first; the 4 largest when there are none."""
        masks = self.masks_of(_some(spike_ids)).mean(axis=0)
        order: IntArray = np.argsort(-masks, kind="stable")
        n = int(np.count_nonzero(masks > MASK_THRESHOLD))
        return order[: n or N_BEST]

    def mean_features(self, spike_ids: IntArray) -> FloatArray:
        """Return the mean of the scores weighted by the masks, (n_channels * n_pcs,) float32."""
        scores, masks = self._both(_some(spike_ids))
        mean: FloatArray = (np.nan_to_num(scores) * masks[:, :, np.newaxis]).mean(axis=0, dtype=np.float64)
        return mean.reshape(-1).astype(np.float32)

    def strengths(self, spike_ids: IntArray) -> FloatArray:
        """Return the length of the scores weighted by the masks, on the channel where it is largest, (n,) float32."""
        scores, masks = self._both(np.asarray(spike_ids, np.int64))
        lengths: FloatArray = np.sqrt(np.square(np.nan_to_num(scores)).sum(axis=2)) * masks
        largest: FloatArray = lengths.max(axis=1).astype(np.float32)
        return largest

    def depths_um(self, spike_ids: IntArray, channel_depths_um: FloatArray) -> FloatArray:
        """Return the centre of mass of the squared first scores weighted by the masks, (n,) float32, um.

        klusta leaves the sign of a component open, so scores of either sign count. NaN for a spike without any.
        """
        scores, masks = self._both(np.asarray(spike_ids, np.int64))
        weights = (np.nan_to_num(scores[:, :, 0]).astype(np.float64) * masks) ** 2
        with np.errstate(invalid="ignore", divide="ignore"):
            depths: FloatArray = weights @ np.asarray(channel_depths_um, np.float64) / weights.sum(axis=1)
        return depths.astype(np.float32)

    def _both(self, spike_ids: IntArray) -> tuple[FloatArray, FloatArray]:
        """(n, n_channels, n_pcs) scores and (n, n_channels) masks."""
        rows = self._read_rows(spike_ids)
        n_used = self.n_channels * self.n_pcs
        scores = rows[:, :n_used, 0].reshape(len(rows), self.n_channels, self.n_pcs)
        return scores, np.asarray(rows[:, : n_used : self.n_pcs, 1], dtype=np.float32)


class KwikWaveforms:
    """Waveforms that older programs stored for every spike, on all channels of the channel group."""

    is_raw = False  # shown as they are: the filter of the program that stored them is not known

    def __init__(self, read_rows: ReadRows, n_spikes: int, n_samples: int) -> None:
        self._read_rows = read_rows
        self.spike_ids = frozen(np.arange(n_spikes))
        self.n_samples = n_samples

    def get(self, spike_ids: IntArray, channel_ids: IntArray) -> FloatArray:
        """Return (n, n_samples, n_channels) float32."""
        rows = self._read_rows(np.asarray(spike_ids, np.int64))
        return rows[:, :, np.asarray(channel_ids, np.int64)].astype(np.float32)

    def as_stored(self, n: int) -> AnyArray:
        """Return the first waveforms as the file holds them."""
        return self._read_rows(self.spike_ids[:n])

    def part(self, start: int, stop: int) -> tuple[FloatArray, IntArray, IntArray]:
        """Return waveforms, channels and spikes of some in the order of the file; see `StoredWaveforms`."""
        spike_ids = self.spike_ids[start:stop]
        data = np.nan_to_num(self._read_rows(spike_ids).astype(np.float32))
        return data, np.broadcast_to(np.arange(data.shape[2]), (len(data), data.shape[2])), spike_ids


def open_kwx(kwik: Path, group: str, n_spikes: int, checks: CheckList) -> KwxFile | None:
    """Open the `.kwx` file beside a Kwik file; None without it, or when it is damaged."""
    path = kwik.with_suffix(".kwx")
    if not path.is_file():
        checks.warn(path.name, "is missing, so there are no features and masks.")
        return None
    try:
        return KwxFile(path, group, n_spikes)
    except DatasetError as error:
        checks.warn(path.name, f"{error} There are no features and masks.")
        return None


class KwxFile:
    """The data sets of one channel group in a `.kwx` file."""

    def __init__(self, path: Path, group: str, n_spikes: int) -> None:
        self.path = path
        self._group = group
        self._n_spikes = n_spikes
        self._file: H5File = open_h5(path)

    def features(
        self, spike_templates: IntArray, n_channels: int, n_pcs: int, checks: CheckList
    ) -> KwikFeatures | None:
        """Map features and masks, or say in `checks` why there are none."""
        path = f"{self._group}/features_masks"
        try:
            layout = self._layout(path)
            if len(layout.shape) != 3 or layout.shape[2] != 2 or layout.dtype.kind != "f":
                raise DatasetError(f"has the shape {layout.shape} of {layout.dtype}, expected (n_spikes, n, 2).")
            n_found = self._components(layout.shape[1], n_channels, n_pcs, checks)
        except DatasetError as error:
            checks.warn(self.path.name, f"{error} Features are not shown.")
            return None
        reader, mapped = self._reader(path, layout), layout.offset is not None
        return KwikFeatures(reader, spike_templates, n_channels, n_found, mapped=mapped)

    def waveforms(self, n_channels: int) -> KwikWaveforms | None:
        """Return the waveforms stored by older programs, the filtered ones before the raw ones."""
        for name in ("waveforms_filtered", "waveforms_raw"):
            path = f"{self._group}/{name}"
            if self._file.is_dataset(path):
                layout = self._file.layout(path)
                if len(layout.shape) == 3 and layout.shape[::2] == (self._n_spikes, n_channels) and layout.shape[1]:
                    return KwikWaveforms(self._reader(path, layout), self._n_spikes, layout.shape[1])
        return None

    def _layout(self, path: str) -> Layout:
        if not self._file.is_dataset(path):
            raise DatasetError(f"has no {path}.")
        layout = self._file.layout(path)
        if layout.shape[:1] != (self._n_spikes,):
            raise DatasetError(f"has {layout.shape[0]:,} rows at {path} for {self._n_spikes:,} spikes.")
        return layout

    def _components(self, n_columns: int, n_channels: int, n_pcs: int, checks: CheckList) -> int:
        """Scores of each channel: as the Kwik file says, or what the columns allow."""
        if n_columns > _MOST_COLUMNS:
            raise DatasetError(f"claims {n_columns:,} columns of features for {n_channels} channels.")
        if n_columns >= n_channels * n_pcs:
            return n_pcs
        if n_columns < n_channels:
            raise DatasetError(f"has {n_columns} columns of features for {n_channels} channels.")
        found = n_columns // n_channels
        checks.warn(self.path.name, f"has {found} features for each channel where the Kwik file names {n_pcs}.")
        return found

    def _reader(self, path: str, layout: Layout) -> ReadRows:
        """Scattered rows of a data set, without h5py where they are contiguous."""
        mapped = self._file.mapped(path)
        if mapped is None or layout.offset is None:
            return lambda rows: self._file.read_rows(path, rows)
        row_bytes = int(np.prod(layout.shape[1:])) * layout.dtype.itemsize
        rows_of = RowFile(self.path, layout.offset, row_bytes)

        def read(rows: IntArray) -> AnyArray:
            rows_of.ask(rows)
            return rows_of.gather(rows, mapped)

        return read


def _some(spike_ids: IntArray) -> IntArray:
    """At most 100 of the spikes, spread evenly."""
    spike_ids = np.asarray(spike_ids, np.int64)
    if len(spike_ids) <= _N_SAMPLED:
        return spike_ids
    return spike_ids[np.linspace(0, len(spike_ids) - 1, _N_SAMPLED).astype(np.int64)]
