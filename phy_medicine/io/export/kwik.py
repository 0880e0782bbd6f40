"""A dataset as Kwik files: `.kwik`, `.kwx` with features and masks, and the raw data linked or copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray
from phy_medicine.io.durable import reason, sync_file, sync_folder
from phy_medicine.io.export.output import ExportReport, Progress, no_progress
from phy_medicine.io.h5 import new_h5
from phy_medicine.io.kwik_write import KwikContent, content_of, write_header, write_kwik
from phy_medicine.io.model import Model
from phy_medicine.io.traces import Traces

Raw = Literal["link", "copy", "none"]

_FEATURES = "/channel_groups/0/features_masks"
_LEAST_MASK = 0.15  # above the 0.1 from which on a channel counts as one of a cluster's
_PIECE = 32 << 20  # bytes written at a time
_SPARE = 16 << 20
_HEADER = 1 << 16  # more than HDF5 takes for a data set with its groups


def export_kwik(
    model: Model, out: Path, *, raw: Raw = "link", features: bool = True, progress: Progress = no_progress
) -> ExportReport:
    """Write a dataset as it was opened; all files, or none.

    Parameters
    ----------
    out : the `.kwik` file, or a folder for it; `.kwx` and `.raw.kwd` go beside it
    raw : "link" names the flat files of the raw data, "copy" writes them into a `.raw.kwd`, "none" leaves them out
    features : write features and masks
    progress : called with the bytes written so far, and all

    Raises
    ------
    DatasetError : a file exists already, the disk is full, or the raw data cannot be linked
    """
    kwik = out / f"{model.name}.kwik" if out.suffix != ".kwik" else out
    kwx, kwd = kwik.with_suffix(".kwx"), kwik.with_suffix(".raw.kwd")
    store_features = features and model.features is not None
    wanted = [kwik, *([kwx] if store_features else []), *([kwd] if raw == "copy" and model.traces else [])]
    for path in wanted:
        if path.exists():
            raise DatasetError(f"{path} exists already; choose another name, or remove it first.")
    content, notes = _with_raw(model, content_of(model), raw, kwd)
    total = (_feature_bytes(model) if store_features else 0) + (_raw_bytes(model) if kwd in wanted else 0)
    counter = _Counter(progress, total)
    with _all_or_none(kwik.parent, wanted, total):
        if kwx in wanted:
            _write_features(model, kwx, counter)
        if kwd in wanted and model.traces is not None:
            _write_raw(model.traces, kwd, counter)
        write_kwik(kwik, content)
        for path in wanted:
            sync_file(path)
    if features and not store_features:
        notes.append("The dataset has no features, so no .kwx file was written.")
    if model.template_features is not None or model.has_templates:
        notes.append("Templates and template features are not part of the Kwik format and were left out.")
    return ExportReport(tuple(wanted), tuple(notes))


class _Counter:
    """Bytes written so far."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def add(self, n_bytes: int) -> None:
        self._done += n_bytes
        self._progress(self._done, self._total)


@contextmanager
def _all_or_none(folder: Path, paths: list[Path], total: int) -> Iterator[None]:
    """Remove what was written when anything fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < total + _SPARE:
            raise DatasetError(
                f"{folder} has no room for {total / 1e9:,.1f} GB of features and raw data; choose another place, or "
                "leave the features out."
            )
        yield
        sync_folder(folder)
    except BaseException as error:
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DatasetError(f"{folder} could not be written: {reason(error)}. Nothing was left there.") from None
        raise


def _with_raw(model: Model, content: KwikContent, raw: Raw, kwd: Path) -> tuple[KwikContent, list[str]]:
    """The content with the names of the raw files, and what could not be named."""
    params = model.params
    if model.traces is None or raw == "none":
        return content, [] if raw == "none" else [model.traces_missing]
    if raw == "copy":
        names = [str(kwd.absolute())] * len(content.recordings)
    elif params.offset or any(path.suffix in (".cbin", ".npy") for path in params.dat_paths):
        raise DatasetError(
            f"A Kwik file cannot name {params.dat_paths[0].name}: it is compressed or has a header. Copy the raw data "
            "instead (--raw copy), or leave them out (--raw none)."
        )
    else:
        names = [str(path.absolute()) for path in params.dat_paths]
    recordings = tuple(replace(r, raw=name) for r, name in zip(content.recordings, names, strict=True))
    return replace(content, recordings=recordings), []


def _feature_bytes(model: Model) -> int:
    assert model.features is not None
    return 8 * model.n_spikes * model.n_channels * model.features.n_pcs


def _raw_bytes(model: Model) -> int:
    traces = model.traces
    return 0 if traces is None else sum(p.shape[0] * p.shape[1] * traces.dtype.itemsize for p in traces.parts)


def _write_features(model: Model, path: Path, counter: _Counter) -> None:
    """Write features and masks of all spikes on all channels, contiguous, so that they can be mapped."""
    features = model.features
    assert features is not None
    n_columns = model.n_channels * features.n_pcs
    strengths = _channel_strengths(model) if model.has_templates else None
    with new_h5(path, _feature_bytes(model) + _HEADER) as file:
        write_header(file, model.name)
        file.create(_FEATURES, (model.n_spikes, n_columns, 2), np.float32)
        step = max(1, _PIECE // (8 * n_columns))
        for start in range(0, model.n_spikes, step):
            spike_ids = np.arange(start, min(start + step, model.n_spikes))
            scores = features.get(spike_ids, np.arange(model.n_channels))
            masks = _masks(scores, None if strengths is None else strengths[model.spike_templates[spike_ids]])
            block = np.empty((len(spike_ids), n_columns, 2), dtype=np.float32)
            block[:, :, 0] = np.nan_to_num(scores).reshape(len(spike_ids), -1)
            block[:, :, 1] = np.repeat(masks, features.n_pcs, axis=1)
            file.write_rows(_FEATURES, start, block)
            counter.add(block.nbytes)


def _channel_strengths(model: Model) -> FloatArray:
    """(n_templates, n_channels) float32, 0 to 1: amplitude of each template beside that on its peak channel."""
    strengths = np.zeros((model.n_templates, model.n_channels), dtype=np.float32)
    for template_id in range(model.n_templates):
        shape = model.template(template_id)
        largest = float(shape.amplitudes.max(initial=0))
        if largest > 0:
            strengths[template_id, shape.channel_ids] = shape.amplitudes / largest
    return strengths


def _masks(scores: FloatArray, strengths: FloatArray | None) -> FloatArray:
    """(n, n_channels) float32: 0 where a spike has no scores, else at least 0.15 and 1 where it is strongest."""
    seen = np.isfinite(scores).all(axis=2)
    if strengths is None:
        energy = np.sqrt(np.square(np.nan_to_num(scores)).sum(axis=2))
        strengths = energy / np.maximum(energy.max(axis=1, keepdims=True), 1e-30)
    return np.where(seen, _LEAST_MASK + (1 - _LEAST_MASK) * strengths, 0).astype(np.float32)


def _write_raw(traces: Traces, path: Path, counter: _Counter) -> None:
    """Write all columns of each raw file as one recording."""
    n_bytes = sum(p.shape[0] * p.shape[1] for p in traces.parts) * traces.dtype.itemsize
    with new_h5(path, n_bytes + _HEADER * (1 + len(traces.parts))) as file:
        write_header(file, path.name)
        for index, part in enumerate(traces.parts):
            data = f"/recordings/{index}/data"
            file.create(data, part.shape, traces.dtype)
            file.write_attr(f"/recordings/{index}", "sample_rate", traces.sample_rate)
            step = max(1, _PIECE // (part.shape[1] * traces.dtype.itemsize))
            for start in range(0, part.shape[0], step):
                block = np.asarray(part[start : min(start + step, part.shape[0])])
                file.write_rows(data, start, block)
                counter.add(block.nbytes)
