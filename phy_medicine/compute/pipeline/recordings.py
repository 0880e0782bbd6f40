"""A recording as the workers of a pipeline open it, from a description that travels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.compute import kernels
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.sorters.recorded import SomeColumns
from phy_medicine.compute.sorting.source import SortSource, open_source
from phy_medicine.io.fingerprint import fingerprint


@dataclass(frozen=True, slots=True)
class Opened:
    """A recording and where its channels are."""

    source: SortSource

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return self.source.recorded.sample_rate

    @property
    def n_samples(self) -> int:
        """Length."""
        return self.source.recorded.n_samples

    @property
    def chosen(self) -> Recorded:
        """The columns with a contact, in their order."""
        columns, recorded = self.source.channels.map, self.source.recorded
        return recorded if np.array_equal(columns, np.arange(recorded.n_channels)) else SomeColumns(recorded, columns)

    @property
    def contacts(self) -> Contacts:
        """Where those columns are."""
        return Contacts.of(self.source.channels.positions, self.source.channels.shanks)


@lru_cache(maxsize=4)
def opened(file: RecordingFile) -> Opened:
    """Open a recording, once in a process, with the kernels loaded: what they compute is the same to the last bit.

    Raises
    ------
    PhyMedError : it or its probe cannot be read
    """
    # Otherwise the filter is numpy's until something else has loaded them, and off by a last bit.
    kernels.warm_up()
    return Opened(open_source(file))


def marks(file: RecordingFile) -> dict[str, Any]:
    """Return what tells a recording from another, wherever it lies: name, size and time of its files, and the probe."""
    path = Path(file.path)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found = {p.name: fingerprint(p) for p in files}
    sizes = {name: None if mark is None else [mark.size, mark.mtime_ns] for name, mark in found.items()}
    probe = Path(file.probe)
    content = hashlib.sha256(probe.read_bytes()).hexdigest() if file.probe and probe.is_file() else file.probe
    facts = [file.format, file.sample_rate_hz, file.n_channels, file.dtype, file.offset, file.gain_uv]
    return {"files": sizes, "facts": facts, "probe": content}
