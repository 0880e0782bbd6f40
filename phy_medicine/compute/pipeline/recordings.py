"""A recording as the workers of a pipeline open it, from a description that travels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import DatasetError, PhyMedError
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.motion.recordings import FLAT, RecordingFile, read_recording
from phy_medicine.compute.sorters.recorded import SomeColumns, as_recorded, channels_of
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.io.checks import CheckList
from phy_medicine.io.fingerprint import fingerprint
from phy_medicine.io.probe_file import read_probe
from phy_medicine.io.row_file import RowFile
from phy_medicine.io.traces import Traces, open_flat


@dataclass(frozen=True, slots=True)
class Opened:
    """A recording and where its channels are.

    raw : all columns of the file
    channels : those with a contact
    notes : what was found out about file and probe, in sentences
    """

    raw: Recorded
    channels: SortedChannels
    notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> Recorded:
        """The columns with a contact, in the order of `channels`."""
        columns = self.channels.map
        same = np.array_equal(columns, np.arange(self.raw.n_channels))
        return self.raw if same else SomeColumns(self.raw, columns)

    @property
    def contacts(self) -> Contacts:
        """Positions of the chosen columns."""
        return Contacts.of(self.channels.positions, self.channels.shanks)

    @property
    def duration_s(self) -> float:
        """Length."""
        return self.raw.n_samples / self.raw.sample_rate


@lru_cache(maxsize=4)
def opened(file: RecordingFile) -> Opened:
    """Open a recording, once in a process.

    Raises
    ------
    PhyMedError : it or its probe cannot be read
    """
    raw, source = _raw(file)
    if not file.probe:
        if source is None or not source.has_probe():
            raise PhyMedError(f"{file.path} does not say where its channels are; name a probe with --probe.")
        return Opened(raw, channels_of(source))
    probe = read_probe(file.probe, raw.n_channels)
    channels = SortedChannels(probe.columns, probe.positions_um, probe.shanks)
    return Opened(raw, channels, probe.notes)


def _raw(file: RecordingFile) -> tuple[Recorded, Any]:
    """All columns, and the recording of SpikeInterface where it is one."""
    path = Path(file.path)
    if file.format in ("", "flat") and path.suffix in FLAT:
        if not path.is_file():
            raise PhyMedError(f"{path} does not exist.")
        if not file.sample_rate_hz or not file.n_channels:
            raise PhyMedError(f"{path} holds plain numbers; say --sample-rate and --channels.")
        try:
            dtype = np.dtype(file.dtype)
        except TypeError:
            raise DatasetError(f"{file.dtype!r} is no type of numbers; int16 and float32 are.") from None
        checks = CheckList()
        mapped = open_flat(path, file.n_channels, dtype, file.offset, checks)
        if checks.all():
            n_bytes = path.stat().st_size - file.offset
            raise PhyMedError(
                f"{path} has {n_bytes:,} bytes, no multiple of {file.n_channels} channels of {dtype}; check "
                "--channels, --dtype and --offset."
            )
        rows = RowFile(path, file.offset, file.n_channels * dtype.itemsize)
        columns = np.arange(file.n_channels)
        return Traces([mapped], columns, file.sample_rate_hz, path.name, files=[rows]), None
    source = read_recording(replace(file, probe=""))
    return as_recorded(source), source


def marks(file: RecordingFile) -> dict[str, Any]:
    """Return what tells a recording from another, wherever it lies: name, size and time of its files, and the probe."""
    path = Path(file.path)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found = {p.name: fingerprint(p) for p in files}
    sizes = {name: None if mark is None else [mark.size, mark.mtime_ns] for name, mark in found.items()}
    probe = Path(file.probe)
    content = hashlib.sha256(probe.read_bytes()).hexdigest() if file.probe and probe.is_file() else file.probe
    facts = [file.format, file.sample_rate_hz, file.n_channels, file.dtype, file.offset]
    return {"files": sizes, "facts": facts, "probe": content}
