"""`params.py`, the entry point of a phy dataset, read as data and never run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.words import shown
from phy_medicine.io.checks import Check, CheckList
from phy_medicine.io.literals import read_literals
from phy_medicine.io.plain_file import kind_of

SLOWEST_HZ, FASTEST_HZ = 0.001, 1e9  # beyond these, times overflow in one place or another


@dataclass(frozen=True, slots=True)
class DatasetParams:
    """What `params.py` says.

    path : the file itself
    dir_path : folder of the arrays
    dat_paths : raw data files in time order, absolute; they need not exist
    n_channels_dat : columns of the raw file, None when not given
    dtype : sample type of the raw file
    offset : header bytes of each raw file
    sample_rate : Hz
    template_scaling : factor on every unwhitened template
    n_closest_channels : size of the neighbourhood of best channels
    amplitude_threshold : 0..1, share of the peak amplitude a best channel must reach
    show_mapped_channels : channel labels are raw columns rather than indices
    hp_filtered : what the exporter claims, None when it says nothing
    extra : every other name of the file, lower-cased
    checks : remarks of the reader
    """

    path: Path
    dir_path: Path
    dat_paths: tuple[Path, ...] = ()
    n_channels_dat: int | None = None
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.int16))
    offset: int = 0
    sample_rate: float = 1.0
    template_scaling: float = 1.0
    n_closest_channels: int = 12
    amplitude_threshold: float = 0.0
    show_mapped_channels: bool = True
    hp_filtered: bool | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()


def read_params(path: Path) -> DatasetParams:
    """Read `params.py` by literal parsing.

    Parameters
    ----------
    path : the file, or the folder that holds it

    Raises
    ------
    DatasetError : missing, not constants only, or a value that makes no sense; names file and line or key
    """
    path = Path(path).expanduser().absolute()
    if path.is_dir():
        path = path / "params.py"
    kind = kind_of(path)
    if kind == "nothing":
        raise DatasetError(f"{path} does not exist; give the params.py of the dataset.")
    if kind != "a file":
        raise DatasetError(f"{path} is {kind}, where a file must be; give the params.py of the dataset.")
    reader = _Reader(path, read_literals(path))
    dir_path = reader.folder()
    return DatasetParams(
        path=path,
        dir_path=dir_path,
        dat_paths=reader.dat_paths(dir_path),
        n_channels_dat=reader.whole("n_channels_dat", None, minimum=1),
        dtype=reader.dtype(),
        offset=reader.whole("offset", 0, minimum=0) or 0,
        sample_rate=reader.sample_rate(),
        template_scaling=reader.number("template_scaling", 1.0),
        n_closest_channels=reader.whole("n_closest_channels", 12, minimum=1) or 12,
        amplitude_threshold=reader.number("amplitude_threshold", 0.0),
        show_mapped_channels=bool(reader.take("show_mapped_channels", True)),
        hp_filtered=reader.truth("hp_filtered"),
        extra=reader.rest(),
        checks=reader.checks.all(),
    )


class _Reader:
    """Takes one key after the other out of the literals."""

    def __init__(self, path: Path, literals: dict[str, Any]) -> None:
        self._path = path
        self._left = literals
        self.checks = CheckList()

    def take(self, key: str, default: Any) -> Any:
        value = self._left.pop(key, None)
        return default if value is None else value

    def rest(self) -> Mapping[str, object]:
        return dict(self._left)

    def fail(self, key: str, value: object, expected: str) -> DatasetError:
        return DatasetError(f"{self._path}: {key} must be {expected}, not {shown(value)}; correct that line.")

    def number(self, key: str, default: float) -> float:
        value = self.take(key, default)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self.fail(key, value, "a number") from None
        if not math.isfinite(number):
            raise self.fail(key, value, "a finite number")
        return number

    def whole(self, key: str, default: int | None, *, minimum: int) -> int | None:
        if self._left.get(key) is None:
            self._left.pop(key, None)
            return default
        number = self.number(key, 0.0)
        if number != int(number) or number < minimum:
            value = int(number) if number == int(number) else number
            raise self.fail(key, value, f"a whole number of at least {minimum}")
        return int(number)

    def truth(self, key: str) -> bool | None:
        value = self.take(key, None)
        return None if value is None else bool(value)

    def sample_rate(self) -> float:
        rate = self.number("sample_rate", 0.0)
        if rate != 0 and not SLOWEST_HZ <= rate <= FASTEST_HZ:
            raise self.fail("sample_rate", rate, f"a number of Hz from {SLOWEST_HZ:g} to {FASTEST_HZ:g}")
        if rate == 0:
            self.checks.warn(
                self._path.name, "no sample_rate is given, so times are shown in samples; add `sample_rate = 30000.0`."
            )
            return 1.0
        return rate

    def dtype(self) -> np.dtype[Any]:
        value = self.take("dtype", "int16")
        try:
            dtype: np.dtype[Any] = np.dtype(value)
        except (TypeError, ValueError):
            raise self.fail("dtype", value, "a sample type such as 'int16'") from None
        if dtype.kind not in "iuf":
            raise self.fail("dtype", value, "an integer or float sample type such as 'int16'")
        return dtype

    def folder(self) -> Path:
        value = self.take("dir_path", ".")
        if not isinstance(value, str | Path):
            raise self.fail("dir_path", value, "a folder")
        folder = self._path.parent / Path(value).expanduser()
        if not folder.is_dir():
            raise DatasetError(f"{self._path}: dir_path is {folder}, which is no folder; correct or remove that line.")
        return folder

    def dat_paths(self, folder: Path) -> tuple[Path, ...]:
        value = self.take("dat_path", ())
        entries = [value] if isinstance(value, str | Path) else value
        if not isinstance(entries, list | tuple):
            raise self.fail("dat_path", value, "a file name or a list of file names")
        paths = []
        for entry in entries:
            if entry is None or str(entry).strip() in ("", "None"):
                continue
            if not isinstance(entry, str | Path):
                raise self.fail("dat_path", entry, "a file name")
            paths.append(self._locate(entry, folder))
        return tuple(paths)

    def _locate(self, entry: str | Path, folder: Path) -> Path:
        path = folder / Path(entry).expanduser()
        if kind_of(path) != "nothing":
            return path
        # The dataset was moved, or comes from Windows: the file often lies beside params.py.
        name = PureWindowsPath(str(entry)).name
        for place in (self._path.parent, folder):
            if name and kind_of(place / name) != "nothing":
                self.checks.note(self._path.name, f"{entry} was not found; {name} beside params.py is used instead.")
                return place / name
        return path
