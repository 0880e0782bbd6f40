"""Template waveforms: dense or sparse on disk, unwhitened on request, with their best channels."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, BoolArray, FloatArray, IntArray, frozen
from phy_medicine.io.array_files import DatasetFolder, as_integers, load_array, map_array
from phy_medicine.io.channels import Channels
from phy_medicine.io.checks import CheckList
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.whitening import Whitening

_BLOCK = 64  # templates per matrix product: 64 x 61 x 384 float32 is 6 MB, which stays in the cache
_NEAR_TIE = 1e-4  # single precision may swap channels that differ by less; these are computed again
_NO_SIGNAL = 1e-6  # share of the template's largest value below which a sparse column is empty


@dataclass(frozen=True, slots=True)
class TemplateWaveform:
    """One template in raw units.

    data : (n_samples, n_loc) float32, unwhitened and scaled
    channel_ids : (n_loc,) int64, decreasing amplitude unless they were asked for
    amplitudes : (n_loc,) float32, peak to peak
    """

    data: FloatArray
    channel_ids: IntArray
    amplitudes: FloatArray


@dataclass(frozen=True, slots=True)
class TemplateFiles:
    """Templates as they lie on disk.

    data : (n_rows, n_samples, n_loc) float, mapped, read-only
    channels : (n_rows, n_loc) int64, -1 unused; None for dense templates with n_loc = n_channels
    """

    data: FloatArray
    channels: IntArray | None


def read_templates(folder: DatasetFolder, n_channels: int, checks: CheckList) -> TemplateFiles | None:
    """Map the templates, or say in `checks` why they cannot be used."""
    path = folder.find("templates.npy", "templates.waveforms.npy", "templates.waveforms.*.npy")
    if path is None:
        checks.warn("templates.npy", "is missing, so no templates are shown and best channels come from the features.")
        return None
    try:
        data = map_array(path)
        if data.ndim == 2 and n_channels == 1:
            data = data[:, :, np.newaxis]
        if data.ndim != 3 or data.dtype.kind not in "iuf" or 0 in data.shape:
            raise DatasetError(
                f"{path.name} has the shape {data.shape}, expected (n_templates, n_samples, n_channels)."
            )
        channels = _read_template_channels(folder, data.shape[0], data.shape[2], n_channels, checks)
        if channels is None and data.shape[2] != n_channels:
            raise DatasetError(
                f"{path.name} has {data.shape[2]} channels where the channel map has {n_channels}, and there is no "
                "template_ind.npy that says which they are."
            )
    except DatasetError as error:
        checks.warn(path.name, f"{error} No templates are shown.")
        return None
    return TemplateFiles(data, channels)


def _read_template_channels(
    folder: DatasetFolder, n_templates: int, n_loc: int, n_channels: int, checks: CheckList
) -> IntArray | None:
    path = folder.find("template_ind.npy", "templates.waveformsChannels*.npy")
    if path is None:
        return None
    index = as_integers(index_without_nan(load_array(path), path.name, checks), path, np.int64)
    if index.size == n_templates * n_loc and index.ndim == 1:
        index = index.reshape(n_templates, n_loc)
    if index.shape != (n_templates, n_loc):
        raise DatasetError(f"{path.name} has the shape {index.shape}, expected ({n_templates}, {n_loc}).")
    index, n_beyond = within_map(index, n_channels)
    if n_beyond:
        checks.warn(path.name, f"{n_beyond} entries name channels beyond the {n_channels} of the map and are ignored.")
    return frozen(index)


def index_without_nan(index: AnyArray, name: str, checks: CheckList) -> AnyArray:
    """Return an index with -1, which is unused, in the place of NaN, and say so."""
    if index.dtype.kind != "f":
        return index
    lost = ~np.isfinite(index)
    if lost.any():
        checks.warn(name, f"{np.count_nonzero(lost)} entries are NaN or infinite and are ignored.")
    return np.where(lost, -1, index)


def within_map(index: IntArray, n_channels: int) -> tuple[IntArray, int]:
    """Return the channel index with entries beyond the map as -1 (unused), and how many there were."""
    beyond = index >= n_channels
    return np.where(beyond | (index < 0), -1, index), int(np.count_nonzero(beyond))


def repeated(index: IntArray) -> BoolArray:
    """Mark, in each row, the entries whose channel already stands further left.

    Parameters
    ----------
    index : (n_rows, n_loc) int

    Returns
    -------
    (n_rows, n_loc) bool
    """
    order = np.argsort(index, axis=1, kind="stable")
    ordered = np.take_along_axis(index, order, axis=1)
    again = np.zeros(index.shape, dtype=bool)
    again[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    out = np.empty_like(again)
    np.put_along_axis(out, order, again, axis=1)
    return out


class Templates:
    """Unwhitened templates and their best channels; amplitudes of all are computed once, when first needed."""

    def __init__(
        self,
        files: TemplateFiles,
        channels: Channels,
        params: DatasetParams,
        whitening: Whitening,
        n_templates: int,
        checks: CheckList | None = None,
    ) -> None:
        self._files = files
        self._channels = channels
        self._params = params
        self._whitening = whitening
        self.n_templates = n_templates
        self.n_samples = int(files.data.shape[1])
        self.is_sparse = files.channels is not None
        self._checks = CheckList() if checks is None else checks
        self._lock = threading.Lock()
        self._amplitudes: FloatArray | None = None
        self._best: IntArray | None = None
        self._n_not_finite = 0

    @property
    def files(self) -> TemplateFiles:
        """The templates as they lie on disk."""
        return self._files

    def use_neighbourhood(self, n_closest: int, amplitude_threshold: float) -> None:
        """Take the best channels from so many around the peak, with at least this share of its amplitude."""
        with self._lock:
            self._params = replace(self._params, n_closest_channels=n_closest, amplitude_threshold=amplitude_threshold)
            self._best = None

    @property
    def n_rows(self) -> int:
        """Templates in the file; ids beyond have no waveform."""
        return len(self._files.data)

    def channel_amplitudes(self) -> FloatArray:
        """Return the peak-to-peak amplitude of every template on every channel.

        Returns
        -------
        (n_templates, n_channels) float32, read-only, raw units, 0 where a template has no data
        """
        with self._lock:
            if self._amplitudes is None:
                self._amplitudes = frozen(self._sparse_amplitudes() if self.is_sparse else self._dense_amplitudes())
                self._check_signal(self._amplitudes)
            return self._amplitudes

    def peak_channels(self) -> IntArray:
        """Return the channel of the largest amplitude of every template, (n_templates,) int32."""
        peaks: IntArray = np.argmax(self.channel_amplitudes(), axis=1).astype(np.int32)
        return peaks

    def best_channels(self) -> IntArray:
        """Return the best channels of every template, by decreasing amplitude, -1 after the last.

        Returns
        -------
        (n_templates, k) int32, read-only
        """
        amplitudes = self.channel_amplitudes()
        with self._lock:
            if self._best is None:
                keep = self._sparse_channels() if self.is_sparse else self._dense_channels(amplitudes)
                self._best = frozen(_ordered(amplitudes, keep))
            return self._best

    def channels_of(self, template_id: int) -> IntArray:
        """Return the best channels of one template, (n_loc,) int64, the peak first."""
        row = self.best_channels()[template_id]
        channels: IntArray = row[row >= 0].astype(np.int64)
        return channels

    def waveform(self, template_id: int, channel_ids: IntArray | None = None) -> TemplateWaveform:
        """Return one template, on its best channels or on those given (0 where it has no data)."""
        channel_ids = self.channels_of(template_id) if channel_ids is None else np.asarray(channel_ids, dtype=np.int64)
        data = self._unwhitened(template_id, channel_ids).astype(np.float32)
        return TemplateWaveform(frozen(data), frozen(channel_ids), frozen(np.ptp(data, axis=0)))

    def _unwhitened(self, template_id: int, channel_ids: IntArray) -> FloatArray:
        """The template on some channels, (n_samples, n) float64."""
        if template_id >= self.n_rows:
            return np.zeros((self.n_samples, len(channel_ids)))
        own, data = self._signal(template_id)
        inverse = self._whitening.inverse
        if self.is_sparse:
            unwhitened = data if inverse is None else data @ inverse[np.ix_(own, own)]
            out: FloatArray = np.zeros((self.n_samples, len(channel_ids)))
            for k, channel in enumerate(channel_ids):
                found = np.flatnonzero(own == channel)
                if len(found):
                    out[:, k] = unwhitened[:, found[0]]
            return out * self._params.template_scaling
        columns: FloatArray = data[:, channel_ids] if inverse is None else data @ inverse[:, channel_ids]
        return columns * self._params.template_scaling

    def _signal(self, template_id: int) -> tuple[IntArray, FloatArray]:
        """The used channels of a template and its whitened data there, float64 without NaN."""
        data = finite(np.asarray(self._files.data[template_id], dtype=np.float64))
        if self._files.channels is None:
            return np.arange(data.shape[1]), data
        index = self._files.channels[template_id]
        largest = np.abs(data).max(axis=0)
        used = (largest > largest.max() * _NO_SIGNAL) & (index >= 0)
        used &= ~repeated(np.where(used, index, -1 - np.arange(len(index)))[np.newaxis])[0]
        return index[used], data[:, used]

    def _check_signal(self, amplitudes: FloatArray) -> None:
        n_silent = int(np.count_nonzero(~(amplitudes[: self.n_rows] > 0).any(axis=1)))
        if n_silent:
            self._checks.warn("templates.npy", f"{n_silent} of {self.n_rows} templates are 0 or NaN on all channels.")
        if self._n_not_finite:
            self._checks.warn(
                "templates.npy",
                f"{self._n_not_finite} of {self.n_rows} templates hold NaN or infinite values, which count as 0.",
            )

    def _sparse_channels(self) -> BoolArray:
        keep = np.zeros((self.n_templates, len(self._channels.map)), dtype=bool)
        for template_id in range(self.n_rows):
            keep[template_id, self._signal(template_id)[0]] = True
        return keep

    def _sparse_amplitudes(self) -> FloatArray:
        out = np.zeros((self.n_templates, len(self._channels.map)), dtype=np.float32)
        for template_id in range(self.n_rows):
            self._n_not_finite += not np.isfinite(self._files.data[template_id]).all()
            own = self._signal(template_id)[0]
            if len(own):
                out[template_id, own] = np.ptp(self._unwhitened(template_id, own), axis=0)
        return out

    def _dense_amplitudes(self) -> FloatArray:
        out = np.zeros((self.n_templates, len(self._channels.map)), dtype=np.float32)
        inverse = self._whitening.inverse
        single = None if inverse is None else (inverse * self._params.template_scaling).astype(np.float32)
        data = np.ascontiguousarray(self._files.data)  # a copy only of MATLAB's column order, which scatters a template
        for start in range(0, self.n_rows, _BLOCK):
            block = np.asarray(data[start : start + _BLOCK], dtype=np.float32)
            amplitudes = self._amplitudes_of(block, single)
            if not np.isfinite(amplitudes).all():
                self._n_not_finite += int(np.count_nonzero(~np.isfinite(amplitudes).all(axis=1)))
                amplitudes = self._amplitudes_of(finite(block), single)
            out[start : start + len(block)] = amplitudes
        for template_id in _near_ties(out[: self.n_rows]):
            out[template_id] = np.ptp(self._unwhitened(template_id, np.arange(out.shape[1])), axis=0)
        return out

    def _amplitudes_of(self, block: FloatArray, inverse: FloatArray | None) -> FloatArray:
        if inverse is None:
            scaled: FloatArray = np.ptp(block, axis=1) * abs(self._params.template_scaling)
            return scaled
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is found afterwards
            flat = block.reshape(-1, block.shape[2]) @ inverse
        amplitudes: FloatArray = np.ptp(flat.reshape(block.shape), axis=1)
        return amplitudes

    def _dense_channels(self, amplitudes: FloatArray) -> BoolArray:
        """Near the peak, on its shank, and large enough."""
        peaks = np.argmax(amplitudes, axis=1)
        keep = np.zeros(amplitudes.shape, dtype=bool)
        for peak in np.unique(peaks):
            keep[peaks == peak] = self._neighbourhood(int(peak))
        largest = amplitudes.max(axis=1, keepdims=True)
        large: BoolArray = amplitudes >= self._params.amplitude_threshold * largest
        return keep & large

    def _neighbourhood(self, channel: int) -> BoolArray:
        return neighbourhood(self._channels, channel, self._params.n_closest_channels)


def neighbourhood(channels: Channels, channel: int, n_closest: int) -> BoolArray:
    """Mark the channels among the `n_closest` to a channel that share its shank, (n_channels,) bool."""
    distances = ((channels.positions - channels.positions[channel]) ** 2).sum(axis=1)
    near = np.zeros(len(distances), dtype=bool)
    near[np.argsort(distances, kind="stable")[:n_closest]] = True
    same_shank: BoolArray = channels.shanks == channels.shanks[channel]
    return near & same_shank


def finite(data: FloatArray) -> FloatArray:
    """Return the data with NaN and infinite values as 0, the same array when there are none."""
    good = np.isfinite(data)
    return data if good.all() else np.where(good, data, data.dtype.type(0))


def _near_ties(amplitudes: FloatArray) -> list[int]:
    """Templates whose two largest channels are too close for single precision."""
    if amplitudes.shape[1] < 2:
        return []
    top = np.partition(amplitudes, -2, axis=1)[:, -2:]
    return [int(i) for i in np.flatnonzero((top[:, 1] > 0) & (top[:, 1] - top[:, 0] <= _NEAR_TIE * top[:, 1]))]


def _ordered(amplitudes: FloatArray, keep: BoolArray) -> IntArray:
    """Channels marked in `keep`, by decreasing amplitude, padded with -1."""
    width = max(1, int(keep.sum(axis=1).max(initial=0)))
    ranked: AnyArray = np.where(keep, -amplitudes, np.inf)
    order = np.argsort(ranked, axis=1, kind="stable")[:, :width]
    return np.where(np.take_along_axis(keep, order, axis=1), order, -1).astype(np.int32)
