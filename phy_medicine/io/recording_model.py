"""A raw recording alone, as a dataset without spikes: to look at before it is sorted, or of which nothing is sorted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import AnyArray, FloatArray, IntArray, frozen
from phy_medicine.io.array_files import DatasetFolder
from phy_medicine.io.channels import Channels
from phy_medicine.io.checks import CheckList
from phy_medicine.io.metadata import Metadata
from phy_medicine.io.model import Description
from phy_medicine.io.params_py import DatasetParams
from phy_medicine.io.raw_file import RawFile
from phy_medicine.io.spike_table import SpikeTable
from phy_medicine.io.template_model import TemplateModel
from phy_medicine.io.traces import Recorded, Traces


class RecordingModel(TemplateModel):
    """A dataset of no spikes and no clusters around a recording; nothing can be saved.

    Parameters
    ----------
    path : of the recording, a file or a folder
    recorded : it, with all its columns
    raw : where its numbers lie
    channels : those that are displayed
    probe : file of probeinterface with the shapes of the contacts
    notes : what is odd about it, in sentences
    """

    store_name = "recording.kwik"

    def __init__(
        self,
        path: Path,
        recorded: Recorded,
        raw: RawFile,
        channels: Channels,
        *,
        probe: Path | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self._checks = CheckList()
        for note in notes:
            self._checks.note(path.name, note)
        self._folder = DatasetFolder(path.parent, {})
        self.params = DatasetParams(
            path, path.parent, raw.paths or (path,), raw.n_channels, np.dtype(raw.dtype), raw.offset, raw.sample_rate,
            hp_filtered=raw.filtered,
        )  # fmt: skip
        none = np.zeros(0)
        self.spikes = SpikeTable(none.astype(np.int64), none, none.astype(np.int32))
        self.spike_clusters, self.clusters_name = frozen(none.astype(np.int32)), "spike_clusters.npy"
        self.channels, self._probe = channels, probe
        self.traces, self.traces_missing = _traces(recorded, channels.map, path.name), ""
        self.n_templates, self.templates, self.similar_templates = 0, None, None
        self.features = self.template_features = self.waveform_subset = None
        self.spike_attributes, self.metadata, self.fingerprints = {}, Metadata(), {}

    @property
    def name(self) -> str:
        """The name of the recording."""
        return self.path.name

    @property
    def probe_path(self) -> Path | None:
        """The file that was named: one that lies beside may be of another recording."""
        return self._probe

    @cached_property
    def spike_times_reordered(self) -> FloatArray | None:
        """None: there are no spikes."""
        return None

    def describe(self) -> Description:
        """Return what is known of the recording."""
        assert self.traces is not None
        return _Described(
            str(self.path), self.traces.duration_s, self.sample_rate, str(self.traces.dtype), self.n_channels,
            int(self.params.n_channels_dat or 0), len(np.unique(self.channel_shanks)),
            tuple(check.message for check in self.checks),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Described:
    """A recording in numbers and sentences."""

    path: str
    duration_s: float
    sample_rate: float
    dtype: str
    n_channels: int
    n_columns: int
    n_shanks: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"notes": list(self.notes)}

    def to_text(self, *, remarks: bool = True) -> str:
        """Return lines of text."""
        shanks = "one shank" if self.n_shanks == 1 else f"{self.n_shanks} shanks"
        facts: Mapping[str, str] = {
            "recording": self.path,
            "duration": f"{self.duration_s:,.3f} s at {self.sample_rate:,.6g} Hz",
            "channels": f"{self.n_channels} shown of {self.n_columns} in the file, {shanks}",
            "samples": self.dtype,
        }
        lines = [f"{name:<10} {value}" for name, value in facts.items()]
        return "\n".join([*lines, *(self.notes if remarks else ())])


def _traces(recorded: Recorded, channel_map: IntArray, name: str) -> Traces:
    """A recording with the displayed columns; files of plain numbers are read as such."""
    if isinstance(recorded, Traces):
        return recorded.on(channel_map)
    return Traces([_Rows(recorded)], channel_map, recorded.sample_rate, name)


class _Rows:
    """A recording whose rows are read by slice."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self.shape = (recorded.n_samples, recorded.n_channels)
        self.dtype = recorded.read(0, min(1, recorded.n_samples)).dtype

    def __getitem__(self, rows: slice, /) -> AnyArray:
        start, stop, step = rows.indices(self.shape[0])
        return self._recorded.read(start, max(start, stop))[::step]
