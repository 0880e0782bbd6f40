"""The raw data of a Kwik file: found beside it or where it says, several recordings as one."""

from __future__ import annotations

import threading
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import AnyArray, IntArray
from phy_medicine.io.checks import CheckList
from phy_medicine.io.h5 import H5File, open_h5
from phy_medicine.io.kwik_settings import KwikSettings
from phy_medicine.io.plain_file import is_plain
from phy_medicine.io.row_file import RowFile
from phy_medicine.io.traces import Part, Traces, open_flat

KWD = ".raw.kwd"
_Opened = tuple[Part, RowFile | None, Path]


class KwdPart:
    """One recording of a `.raw.kwd` file whose values are chunked; read through one lock."""

    def __init__(self, file: H5File, path: str) -> None:
        layout = file.layout(path)
        self._file, self._path = file, path
        self._lock = threading.Lock()
        self.shape = layout.shape
        self.dtype = layout.dtype

    def __getitem__(self, rows: slice, /) -> AnyArray:
        with self._lock:
            return self._file.read(self._path, rows)


def open_kwik_traces(
    file: H5File, settings: KwikSettings, channel_order: IntArray, checks: CheckList
) -> tuple[Traces | None, tuple[Path, ...], str]:
    """Open the raw data of an open Kwik file.

    Returns
    -------
    The traces with the columns of `channel_order`, their files in the order of the recordings, and why there are none
    """
    finder = _Finder(file, settings, checks)
    try:
        opened = [finder.open(recording) for recording in file.children("/recordings")] or finder.open_alone()
        if opened:
            _check_parts(opened, channel_order)
    except DatasetError as error:
        sentence = f"No raw data: {error}"
        checks.warn(file.path.name, f"{sentence} Traces and waveforms are not shown.")
        return None, (), sentence
    if not opened:
        sentence = f"No raw data: neither {file.path.stem}{KWD} nor {file.path.stem}.dat is beside {file.path.name}."
        checks.warn(file.path.name, f"{sentence} Traces and waveforms are not shown.")
        return None, (), sentence
    parts, files, paths = zip(*opened, strict=True)
    traces = Traces(parts, channel_order, settings.sample_rate, paths[0].name, files=files)
    return traces, paths, ""


class _Finder:
    """Looks for the raw data of one recording after the other, in the order that klusta does."""

    def __init__(self, file: H5File, settings: KwikSettings, checks: CheckList) -> None:
        self._file = file
        self._folder = file.path.resolve().parent
        self._settings = settings
        self._checks = checks
        self._kwd: dict[Path, H5File] = {}

    def open(self, recording: str) -> _Opened:
        """Return the raw data of a recording.

        Raises
        ------
        DatasetError : there are none
        """
        node = f"/recordings/{recording}/raw"
        said = str(self._file.read_attr(node, "hdf5_path", "") or self._file.read_attr(node, "dat_path", ""))
        for path in self._candidates(said):
            if is_plain(path):
                if said and path.name != _base(said):
                    self._checks.note(self._file.path.name, f"{said} was not found; {path.name} is used instead.")
                return self._open_kwd(path, recording) if path.name.endswith(".kwd") else self._open_dat(path)
        where = f"{_base(said)}" if said else f"{self._file.path.stem}{KWD}"
        raise DatasetError(f"{where}, the raw data of recording {recording}, was not found.")

    def open_alone(self) -> list[_Opened]:
        """Return the `.dat` file of the same name, for a file that lists no recordings."""
        path = self._folder / f"{self._file.path.stem}.dat"
        return [self._open_dat(path)] if is_plain(path) else []

    def _candidates(self, said: str) -> list[Path]:
        stem = self._file.path.stem
        paths: list[Path] = []
        if said:
            name = said
            if ".dat" not in said and not said.endswith((".dat", ".bin")):
                name = said.partition(KWD)[0].removesuffix(".kwd") + KWD
            if "{" not in name:
                paths += [self._folder / name, self._folder / _base(name)]
        paths.append(self._folder / f"{stem}{KWD}")
        if len(self._file.children("/recordings")) <= 1:
            paths.append(self._folder / f"{stem}.dat")
        return paths

    def _open_kwd(self, path: Path, recording: str) -> _Opened:
        file = self._kwd.get(path)
        if file is None:
            file = self._kwd[path] = open_h5(path)
        data = f"/recordings/{recording}/data"
        layout = file.layout(data)
        if len(layout.shape) != 2 or layout.dtype.kind not in "iuf":
            raise DatasetError(f"{data} in {path.name} has the shape {layout.shape}, expected (n_samples, n_channels).")
        part = file.mapped(data)
        if part is None or layout.offset is None:
            return KwdPart(file, data), None, path
        return part, RowFile(path, layout.offset, layout.shape[1] * layout.dtype.itemsize), path

    def _open_dat(self, path: Path) -> _Opened:
        n_channels, dtype = self._settings.n_channels, self._settings.dtype
        if not n_channels:
            raise DatasetError(f"{self._file.path.name} gives no n_channels, so {path.name} cannot be read.")
        if dtype is None:
            dtype = np.dtype(np.int16)
            self._checks.warn(path.name, "the sample type is not given; int16 is taken.")
        part: Any = open_flat(path, n_channels, dtype, 0, self._checks)
        return part, RowFile(path, 0, n_channels * dtype.itemsize), path


def _base(path: str) -> str:
    """The file name of a path of any system."""
    return PureWindowsPath(path).name


def _check_parts(opened: list[_Opened], channel_order: IntArray) -> None:
    first, _, first_path = opened[0]
    for part, _, path in opened:
        if part.shape[1] != first.shape[1] or part.dtype != first.dtype:
            raise DatasetError(f"{path.name} differs from {first_path.name} in channels or sample type.")
    if int(channel_order.max()) >= first.shape[1]:
        raise DatasetError(
            f"the channel group names channel {int(channel_order.max())} and {first_path.name} has {first.shape[1]}."
        )
