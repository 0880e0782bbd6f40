"""Where the channels of a recording lie on the probe: from a file, or from the library of probeinterface.

| what is named                  | what is read                                                             |
|--------------------------------|--------------------------------------------------------------------------|
| FILE.json                      | a probe, or several, of probeinterface; a probe of Kilosort 4            |
| FILE.mat                       | a channel map of Kilosort (`xcoords`, `ycoords`, `kcoords`, `chanMap`)   |
| FILE.npy                       | positions (n_channels, 2), µm; a third column is the shank               |
| FILE.csv, FILE.tsv             | columns `x` and `y`, µm; optional `shank`, and `channel`, that of the raw file |
| MANUFACTURER/NAME              | a probe of the library, downloaded once                                  |
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.types import FloatArray, IntArray, frozen
from phy_medicine.base.words import shortened
from phy_medicine.io.array_files import load_array
from phy_medicine.io.channels import separated
from phy_medicine.io.durable import reason
from phy_medicine.io.plain_file import read_json

_TO_UM = {"um": 1.0, "mm": 1e3, "m": 1e6}
_BESIDE_UM = 200.0
"""Between probes whose contacts would overlap: each probe's file has its own origin."""
_OFFLINE = (
    "could not be fetched from the library of probeinterface ({error}); go online, or download its .json from "
    "https://github.com/SpikeInterface/probeinterface_library and name that file"
)


@dataclass(frozen=True, slots=True)
class ProbeChannels:
    """The channels that have a contact, one row for each, in the order of their columns.

    columns : (N,) int64, of the raw file
    positions_um : (N, 2) float64, all distinct
    shanks : (N,) int32; contacts of two probes are never of one shank
    wired : whether the file says which contact is which column; otherwise they are taken in their order
    notes : what was done to the positions, in sentences
    """

    columns: IntArray
    positions_um: FloatArray
    shanks: IntArray
    wired: bool = True
    notes: tuple[str, ...] = ()

    @property
    def n_channels(self) -> int:
        """N."""
        return len(self.columns)


def read_probe(source: str, n_columns: int) -> ProbeChannels:
    """Read a probe.

    Parameters
    ----------
    source : path, or MANUFACTURER/NAME of the library
    n_columns : of the raw file

    Raises
    ------
    DatasetError : it cannot be read, lacks positions, or names columns that the file does not have
    """
    path = Path(source).expanduser()
    if path.is_file():
        read = _READERS.get(path.suffix.lower())
        if read is None:
            raise DatasetError(f"{path} is no probe that can be read; name a {', '.join(_READERS)} file.")
        try:
            found = read(path)
        except DatasetError:
            raise
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {reason(error)}.") from None
        except Exception as error:  # what a damaged file makes of each of the libraries
            raise DatasetError(
                f"{path} cannot be read as a probe: {shortened(str(error) or type(error).__name__)}."
            ) from None
    elif source.count("/") == 1 and not path.suffix and not path.parent.is_dir():
        found = _from_library(*source.split("/"))
    else:
        raise DatasetError(f"{source} does not exist; name a file, or MANUFACTURER/NAME of a probe of the library.")
    return found.channels(source, n_columns)


def channels_of(
    positions_um: npt.ArrayLike, shanks: npt.ArrayLike | None = None, *, source: str, n_columns: int
) -> ProbeChannels:
    """Return the channels of a recording that knows where each of its columns lies."""
    positions = np.asarray(positions_um, np.float64)
    return _Contacts(positions[:, :2], None if shanks is None else np.asarray(shanks)).channels(source, n_columns)


def _from_library(manufacturer: str, name: str) -> _Contacts:
    from probeinterface import ProbeGroup, get_probe

    try:
        probe = get_probe(manufacturer, name)
        group = ProbeGroup()
        group.add_probe(probe)
        return _of_group(group)
    except Exception as error:  # no network, no such probe, or a file that is half there
        raise DatasetError(f"The probe {manufacturer}/{name} {_OFFLINE.format(error=error)}.") from None


@dataclass(frozen=True, slots=True)
class _Contacts:
    """What a file says: one row for each contact; columns -1 where it is not connected, None where it is silent."""

    positions: FloatArray
    shanks: npt.NDArray[Any] | None = None
    columns: IntArray | None = None
    probes: IntArray | None = None

    def channels(self, source: str, n_columns: int) -> ProbeChannels:
        """Return the channels of a recording with so many columns."""
        n = len(self.positions)
        columns = np.arange(n) if self.columns is None else np.asarray(self.columns, np.int64)
        shanks = np.zeros(n) if self.shanks is None else self.shanks
        probes = np.zeros(n, np.int64) if self.probes is None else self.probes
        if not len(columns) == len(shanks) == n:
            raise DatasetError(f"{source} names {n} positions, {len(columns)} channels and {len(shanks)} shanks.")
        kept = np.flatnonzero(columns >= 0)
        kept = kept[np.argsort(columns[kept], kind="stable")]
        self._check(source, columns[kept], kept, n_columns)
        positions, notes = _distinct(self.positions[kept], probes[kept])
        if self.columns is None:
            notes = (*notes, f"{source} does not say how it is wired: its contacts are the channels in their order.")
        both = np.array([f"{probe:06d} {shank}" for probe, shank in zip(probes[kept], shanks[kept], strict=True)])
        numbers = np.unique(both, return_inverse=True)[1].ravel().astype(np.int32)
        return ProbeChannels(frozen(columns[kept]), frozen(positions), frozen(numbers), self.columns is not None, notes)

    def _check(self, source: str, columns: IntArray, kept: IntArray, n_columns: int) -> None:
        if not columns.size:
            raise DatasetError(f"{source} connects no contact to a channel; say which with device_channel_indices.")
        if columns[-1] >= n_columns:
            raise DatasetError(
                f"{source} names channel {columns[-1]}, and the recording has {n_columns} (0 to {n_columns - 1}); is "
                "it the probe of this recording?"
            )
        twice = np.flatnonzero(np.diff(columns) == 0)
        if twice.size:
            raise DatasetError(f"{source} gives channel {columns[twice[0]]} to two contacts; correct its wiring.")
        lost = np.flatnonzero(~np.isfinite(self.positions[kept]).all(axis=1))
        if lost.size:
            raise DatasetError(f"{source} has no position of channel {columns[lost[0]]}; sorting needs all of them.")


def _distinct(positions: FloatArray, probes: IntArray) -> tuple[FloatArray, tuple[str, ...]]:
    """Positions of which no two are the same, and what was done for that."""
    positions, notes = positions.copy(), list[str]()
    for probe in np.unique(probes)[1:]:
        before, own = positions[probes < probe], probes == probe
        gap = before[:, 0].max() + _BESIDE_UM - positions[own, 0].min()
        if gap > 0:
            positions[own, 0] += gap
            notes.append(f"Probe {probe} is drawn {gap:g} µm further right, beside the one before.")
    moved, channels = separated(positions)
    if len(channels):
        notes.append(f"{len(channels)} channels share a place with another one and were moved aside.")
    return moved, tuple(notes)


def _read_json(path: Path) -> _Contacts:
    from probeinterface import read_probeinterface

    content = read_json(path)
    if isinstance(content, dict) and {"xc", "yc"} <= content.keys():
        return _of_kilosort({**content, "xcoords": content["xc"], "ycoords": content["yc"]}, first=0)
    if not isinstance(content, dict) or "probes" not in content:
        raise DatasetError(f"{path} is no probe of probeinterface, nor of Kilosort.")
    return _of_group(read_probeinterface(path))


def _of_group(group: Any) -> _Contacts:
    positions, shanks, columns, probes = [], [], list[Any](), []
    for number, probe in enumerate(group.probes):
        n = probe.get_contact_count()
        positions.append(np.asarray(probe.contact_positions, np.float64)[:, :2] * _TO_UM[probe.si_units])
        ids = probe.shank_ids
        shanks += [str(shank) for shank in ids] if ids is not None and len(ids) == n else [""] * n
        columns.append(probe.device_channel_indices)
        probes += [number] * n
    silent = all(c is None for c in columns)
    if not silent and any(c is None for c in columns):
        raise ValueError("it says how some of its probes are wired, and nothing of the others")
    wiring = None if silent else np.concatenate([np.asarray(c, np.int64) for c in columns])
    return _Contacts(np.concatenate(positions), np.array(shanks), wiring, np.array(probes))


def _read_mat(path: Path) -> _Contacts:
    from scipy.io import loadmat

    from phy_medicine.io.h5 import open_h5

    try:
        content: dict[str, Any] = loadmat(path, squeeze_me=True)
    except NotImplementedError:  # version 7.3 is HDF5
        with open_h5(path) as file:
            content = {name: file.read(name) for name in file.children() if file.is_dataset(name)}
    if "chanMap0ind" in content:
        return _of_kilosort({**content, "chanMap": content["chanMap0ind"]}, first=0)
    return _of_kilosort(content, first=1)


def _of_kilosort(content: Mapping[str, Any], first: int) -> _Contacts:
    """first : number of the first column in `chanMap`."""
    missing = [name for name in ("xcoords", "ycoords") if name not in content]
    if missing:
        raise ValueError(f"it has no {missing[0]}, as a channel map of Kilosort has")

    def vector(name: str) -> npt.NDArray[Any]:
        return np.atleast_1d(np.asarray(content[name])).ravel()

    positions = np.column_stack([vector("xcoords"), vector("ycoords")]).astype(np.float64)
    columns = vector("chanMap").astype(np.int64) - first if "chanMap" in content else None
    if "connected" in content:
        columns = np.arange(len(positions)) if columns is None else columns
        columns = np.where(vector("connected").astype(bool), columns, -1)
    return _Contacts(positions, vector("kcoords") if "kcoords" in content else None, columns)


def _read_npy(path: Path) -> _Contacts:
    table = load_array(path)
    if table.ndim != 2 or table.shape[1] not in (2, 3) or table.dtype.kind not in "iuf":
        raise DatasetError(f"{path} has the shape {table.shape}; positions (n_channels, 2) in µm are expected.")
    return _Contacts(table[:, :2].astype(np.float64), table[:, 2] if table.shape[1] == 3 else None)


def _read_table(path: Path) -> _Contacts:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    names = {name.strip().lower(): name for name in (rows[0] if rows else {})}
    if not {"x", "y"} <= names.keys():
        raise DatasetError(f"{path} needs columns named x and y, in µm; shank and channel are optional.")
    column = {name: [row[given] for row in rows] for name, given in names.items()}
    positions = np.array([column["x"], column["y"]], np.float64).T
    channels = np.array(column["channel"], np.float64).astype(np.int64) if "channel" in column else None
    return _Contacts(positions, np.array(column["shank"]) if "shank" in column else None, channels)


_READERS: Mapping[str, Callable[[Path], _Contacts]] = {
    ".json": _read_json, ".mat": _read_mat, ".npy": _read_npy, ".csv": _read_table, ".tsv": _read_table,
}  # fmt: skip
