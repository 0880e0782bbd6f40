"""Waveforms of some spikes of each template, written beside the dataset as phy's `extract-waveforms` does."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray, IntArray
from phy_medicine.io.durable import reason
from phy_medicine.io.export.output import Progress, no_progress
from phy_medicine.io.export.spike_choice import choose_spikes, kept_pieces
from phy_medicine.io.model import Model
from phy_medicine.io.npy_rows import NpyRows
from phy_medicine.io.own_folder import why_not_written
from phy_medicine.io.template_model import TemplateModel
from phy_medicine.io.together import OLD, replaced_together, staging_of
from phy_medicine.io.traces import Traces
from phy_medicine.io.waveform_subset import NAMES, STEM

_BLOCK = 32 << 20  # bytes of waveforms in memory
_SPARE = 16 << 20


@dataclass(frozen=True, slots=True, eq=False)
class _Subset:
    """Which waveforms are stored, and how.

    spike_ids : (n,) int64, ascending
    channels : (n_templates, n_channels) int32, those of each template, best first, -1 for none
    scale : factor of the samples
    """

    spike_ids: IntArray
    channels: IntArray
    scale: float


@dataclass(frozen=True, slots=True)
class SubsetReport:
    """What was written.

    files : waveforms, channels, spikes
    n_spikes, n_templates : how many have a waveform
    n_samples, n_channels : of each waveform
    n_at_edges : waveforms that go beyond the recording, with zeros there
    n_bytes : of the three arrays
    notes : what was odd, in sentences
    """

    files: tuple[Path, ...]
    n_spikes: int
    n_templates: int
    n_samples: int
    n_channels: int
    n_at_edges: int
    n_bytes: int
    notes: tuple[str, ...] = ()


def extract_subset(
    model: Model,
    n: int = 500,
    *,
    n_channels: int = 16,
    seed: int = 0,
    sample2unit: float = 1.0,
    force: bool = False,
    progress: Progress = no_progress,
) -> SubsetReport:
    """Write `_phy_spikes_subset.waveforms.npy`, `.channels.npy` and `.spikes.npy` beside a dataset; all, or none.

    Waveforms are raw: neither filtered nor freed of their median, times `sample2unit`, zeros outside of the recording.

    Parameters
    ----------
    n : spikes of each template of the sorter at most, chosen at random in at most 20 pieces of 10 min that are evenly
        spaced in the recording
    n_channels : channels of each spike, the best of its template; at least `n_closest_channels` of params.py
    seed : of the choice, 0 or more
    sample2unit : unit of the waveforms per raw unit
    force : replace those that are there
    progress : called with the spikes that are done, and all

    Raises
    ------
    DatasetError : no raw data, nothing that tells the channels of a template, no spike inside the recording, files that
        are there without `force`, no room, or a folder that cannot be written; nothing was changed
    """
    _check_numbers(n, n_channels, seed, sample2unit)
    source, traces = _source(model)
    _check_folder(source, force=force)
    spike_ids = choose_spikes(model.spike_samples, model.spike_templates, kept_pieces(traces.piece_bounds()), n, seed)
    if not len(spike_ids):
        raise DatasetError(
            f"None of the {model.n_spikes:,} spikes is inside the recording {traces.name}; is it theirs?"
        )
    width = max(n_channels, model.params.n_closest_channels)
    _check_room(model.dir_path, (len(spike_ids), model.n_samples_template, width))
    subset = _Subset(spike_ids, _channels(source, spike_ids, width), sample2unit)
    with _all_or_none(model.dir_path) as folder:
        _write(folder, source, traces, subset, progress)
    return _report(source, traces, subset)


def _check_numbers(n: int, n_channels: int, seed: int, sample2unit: float) -> None:
    if n < 1 or n_channels < 1:
        raise DatasetError(f"{n} spikes of each template on {n_channels} channels is nothing; ask for 1 or more.")
    if seed < 0:
        raise DatasetError(f"The seed {seed} is negative; give 0 or more.")
    if not math.isfinite(sample2unit) or sample2unit == 0:
        raise DatasetError(f"Samples cannot be multiplied by {sample2unit:g}; give µV per raw unit, or 1.")


def _source(model: Model) -> tuple[TemplateModel, Traces]:
    """The dataset and its recording, when waveforms can be cut out of it."""
    if not isinstance(model, TemplateModel):
        raise DatasetError(
            f"{model.path} is no dataset of phy, so no waveforms are stored beside it; give a params.py."
        )
    if model.traces is None:
        raise DatasetError(f"{model.traces_missing} Waveforms are cut out of the recording, so none can be stored.")
    if model.templates is None and model.features is None and model.waveform_subset is None:
        raise DatasetError(
            f"{model.dir_path} has neither templates.npy nor pc_features.npy, so nothing says on which channels the "
            "spikes of a template are; export the sorting again with templates."
        )
    return model, model.traces


def _check_folder(model: TemplateModel, *, force: bool) -> None:
    why = why_not_written(model.path, model.dir_path)
    if why:
        raise DatasetError(why)
    for path in (model.dir_path / name for name in NAMES):
        if path.is_dir():
            raise DatasetError(f"{path} is a folder, where a file must be: move it away.")
        if not force and (path.exists() or path.is_symlink()):
            raise DatasetError(f"{path} exists already; --force replaces it, and the other two files with it.")


def _n_bytes(shape: tuple[int, int, int]) -> int:
    """Of the three files: float64 waveforms, int32 channels, int64 spikes."""
    n, n_samples, width = shape
    return n * (8 * n_samples * width + 4 * width + 8)


def _check_room(folder: Path, shape: tuple[int, int, int]) -> None:
    needed = _n_bytes(shape)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {reason(error)}.") from None
    if free < needed + _SPARE:
        raise DatasetError(
            f"{folder} has no room for {shape[0]:,} waveforms: {needed / 1e9:,.2f} GB on a disk with "
            f"{free / 1e9:,.2f} GB free; ask for fewer spikes or channels, or free space."
        )


def _channels(model: TemplateModel, spike_ids: IntArray, width: int) -> IntArray:
    """(n_templates, width) int32, best channels of the templates of some spikes, -1 for none."""
    channels = np.full((model.n_templates, width), -1, dtype=np.int32)
    for template_id in np.unique(model.spike_templates[spike_ids]).tolist():
        best = model.template_channels(template_id)[:width]
        channels[template_id, : len(best)] = best
    return channels


@contextmanager
def _all_or_none(folder: Path) -> Iterator[Path]:
    try:
        with replaced_together(folder, STEM, NAMES) as staging:
            yield staging
    except FileExistsError:
        raise DatasetError(f"Another process is storing waveforms in {folder}; wait until it is done.") from None
    except OSError as error:
        aside = staging_of(folder, STEM) / OLD
        moved = any((aside / name).exists() for name in NAMES)
        kept = f"The files that were there are in {aside}; the next extraction puts them back"
        outcome = kept if moved else "Nothing was changed there"
        raise DatasetError(f"{folder} could not be written: {reason(error)}. {outcome}.") from None


def _write(folder: Path, model: TemplateModel, traces: Traces, subset: _Subset, progress: Progress) -> None:
    n, width = len(subset.spike_ids), subset.channels.shape[1]
    shapes = ((model.n_samples_template, width), (width,), ())
    with ExitStack() as stack:
        waveforms, channels, spikes = (
            stack.enter_context(NpyRows(folder / name, shape, dtype))
            for name, shape, dtype in zip(NAMES, shapes, (np.float64, np.int32, np.int64), strict=True)
        )
        progress(0, n)
        for spike_ids, own, block in _blocks(model, traces, subset):
            waveforms.append(block)
            channels.append(own)
            spikes.append(spike_ids)
            progress(spikes.n_rows, n)


def _blocks(model: TemplateModel, traces: Traces, subset: _Subset) -> Iterator[tuple[IntArray, IntArray, FloatArray]]:
    """Yield spikes in time order, their channels, and their waveforms."""
    n_samples, before = model.n_samples_template, model.waveform_rule.before
    row = n_samples * max(8 * subset.channels.shape[1], traces.n_channels * traces.dtype.itemsize)
    step = max(1, _BLOCK // row)
    for start in range(0, len(subset.spike_ids), step):
        spike_ids = subset.spike_ids[start : start + step]
        own = subset.channels[model.spike_templates[spike_ids]]
        windows = traces.read_many(model.spike_samples[spike_ids] - before, n_samples)
        taken = np.take_along_axis(windows, np.maximum(own, 0)[:, np.newaxis], axis=2) * np.float64(subset.scale)
        yield spike_ids, own, np.where(own[:, np.newaxis] < 0, 0.0, taken)


def _report(model: TemplateModel, traces: Traces, subset: _Subset) -> SubsetReport:
    spike_ids, rule = subset.spike_ids, model.waveform_rule
    n_samples, width = model.n_samples_template, subset.channels.shape[1]
    samples = model.spike_samples[spike_ids]
    n_at_edges = int(np.count_nonzero((samples < rule.before) | (samples + rule.after > traces.n_samples)))
    return SubsetReport(
        files=tuple(model.dir_path / name for name in NAMES),
        n_spikes=len(spike_ids),
        n_templates=len(np.unique(model.spike_templates[spike_ids])),
        n_samples=n_samples,
        n_channels=width,
        n_at_edges=n_at_edges,
        n_bytes=_n_bytes((len(spike_ids), n_samples, width)),
        notes=tuple(_notes(model, traces, n_at_edges)),
    )


def _notes(model: TemplateModel, traces: Traces, n_at_edges: int) -> Iterator[str]:
    if n_at_edges:
        yield f"{n_at_edges:,} waveforms go beyond an end of the recording and are zero there."
    first, last = np.searchsorted(model.spike_samples, [0, traces.n_samples])
    n_outside = model.n_spikes - int(last - first)
    if n_outside:
        yield f"{n_outside:,} spikes are outside of the recording and were left out."
    if model.templates is None:
        yield "There is no templates.npy, so the channels are those of the features, not ordered by amplitude."
