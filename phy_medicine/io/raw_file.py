"""The raw recording that a sorter reads, and how `params.py` of its output names it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.types import FloatArray
from phy_medicine.base.words import shortened
from phy_medicine.io.checks import CheckList
from phy_medicine.io.durable import reason
from phy_medicine.io.fingerprint import fingerprint
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.plain_file import read_json
from phy_medicine.io.traces import Traces, open_traces

SLOWEST_HZ = 10_000.0
"""Slower recordings do not tell spikes apart."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """Files of plain numbers, or compressed ones, that are one recording.

    paths : in the order of time; none where no file can be named that phy's programs read
    n_channels : columns, all of them; dtype : name of the type of a sample; offset : bytes before the first
    gains_uv : (n_channels,) µV of one unit of each column
    filtered : whether it was filtered before
    """

    paths: tuple[Path, ...]
    n_channels: int
    sample_rate: float
    gains_uv: FloatArray
    dtype: str = "int16"
    offset: int = 0
    filtered: bool = False

    def params_text(self, beside: Path | None = None) -> str:
        """Return the content of `params.py`; paths are relative where they lie beside or below this folder's parent."""
        names = [_name(path.absolute(), beside) for path in self.paths]
        dtype = np.dtype(self.dtype)
        lines = [
            f"dat_path = {(names[0] if len(names) == 1 else names)!r}",
            f"n_channels_dat = {self.n_channels}",
            f"dtype = {(dtype.name if dtype.isnative else dtype.str)!r}",
            f"offset = {self.offset}",
            f"sample_rate = {float(self.sample_rate)!r}",
            f"hp_filtered = {self.filtered}",
        ]
        if len(set(self.gains_uv.tolist())) == 1 and self.gains_uv[0] != 1:
            lines.append(f"gain_to_uv = {float(self.gains_uv[0])!r}")
        return "\n".join(lines) + "\n"

    def open(self, slowest_hz: float = SLOWEST_HZ) -> Traces:
        """Open the recording with all its columns.

        Raises
        ------
        DatasetError : missing, unreadable, not whole, or slower than `slowest_hz`
        """
        self.check(slowest_hz)
        params = DatasetParams(
            self.paths[0], self.paths[0].parent, self.paths, self.n_channels, np.dtype(self.dtype), self.offset,
            self.sample_rate,
        )  # fmt: skip
        traces, why = open_traces(params, np.arange(self.n_channels), CheckList())
        if traces is None:
            raise DatasetError(why.removeprefix("No raw data: "))
        return traces

    def check(self, slowest_hz: float = SLOWEST_HZ) -> None:
        """Refuse what cannot be sorted, by the names, sizes and facts of the files.

        Raises
        ------
        DatasetError : missing, not whole, or slower than `slowest_hz`
        """
        if self.sample_rate < slowest_hz:
            raise DatasetError(
                f"A sampling rate of {self.sample_rate:g} Hz is too low to tell spikes apart: sorting needs "
                f"{slowest_hz:,.0f} Hz or more."
            )
        row = self.n_channels * np.dtype(self.dtype).itemsize
        for path in self.paths:
            try:
                size = path.stat().st_size - self.offset
            except OSError as error:
                raise DatasetError(f"{path} cannot be read: {reason(error)}.") from None
            if path.suffix not in (".cbin", ".npy") and (size <= 0 or size % row):
                raise DatasetError(
                    f"The size of {path} is no multiple of {self.n_channels} channels of {self.dtype}: it leaves "
                    f"{size % row if size > 0 else size} bytes. Correct the number of channels, the type or the offset."
                )

    def marks(self) -> dict[str, str]:
        """Return name -> size and time of each file, which tell it from another one."""
        found = {str(path): fingerprint(path) for path in self.paths}
        return {name: f"{mark.size} bytes, {mark.mtime_ns}" for name, mark in found.items() if mark is not None}


def compressed_facts(path: Path) -> tuple[int, str, float]:
    """Return channels, type and sampling rate, 0 without one, of a `.cbin` file.

    Raises
    ------
    DatasetError : its `.ch` file is missing or something else
    """
    companion = path.with_suffix(".ch")
    try:
        facts = read_json(companion)
        return int(facts["n_channels"]), str(np.dtype(facts["dtype"])), float(facts.get("sample_rate") or 0)
    except (OSError, *WRONG_CONTENT) as error:
        raise DatasetError(
            f"{path} needs its companion {companion.name}, which cannot be read: {shortened(str(error))}."
        ) from None


def _name(path: Path, beside: Path | None) -> str:
    """The path as it is written: relative when both are moved together most likely."""
    if beside is None:
        return str(path)
    folder = beside.absolute()
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    if path.is_relative_to(folder.parent):
        return f"../{path.relative_to(folder.parent).as_posix()}"
    return str(path)
