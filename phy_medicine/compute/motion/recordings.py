"""Raw recordings in any format that SpikeInterface reads."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.types import AnyArray
from phy_medicine.io.array_files import load_array

FLAT = (".bin", ".dat", ".raw")


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """Where a recording is and, for a file of plain numbers, what they are.

    format : name of SpikeInterface's reader, such as "spikeglx" or "nwb"; "" guesses from the path
    probe : file of probeinterface (.json), or .npy of channel positions (n_channels, 2), µm; "" where the recording
        knows its probe. The sorter takes all that `io.probe_file` reads
    gain_uv : µV of one unit of a file of plain numbers
    """

    path: str
    format: str = ""
    sample_rate_hz: float = 0.0
    n_channels: int = 0
    dtype: str = "int16"
    offset: int = 0
    probe: str = ""
    gain_uv: float = 1.0


def open_recording(file: RecordingFile) -> Any:
    """Open a recording with SpikeInterface.

    Raises
    ------
    PhyMedError : it cannot be read, or has no probe
    """
    recording = read_recording(file)
    if not recording.has_probe():
        raise PhyMedError(f"{file.path} comes without a probe; name one with --probe.")
    return recording


def read_recording(file: RecordingFile) -> Any:
    """Open a recording with SpikeInterface, with a probe or without.

    Raises
    ------
    PhyMedError : it cannot be read
    """
    path = Path(file.path)
    if not path.exists():
        raise PhyMedError(f"{path} does not exist.")
    if path.suffix in (".pkl", ".pickle"):
        raise PhyMedError(f"{path} is a pickle, which can run any code when it is read; save the recording otherwise.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recording = _opened(path, file)
            return _with_probe(recording, Path(file.probe)) if file.probe else recording
    except PhyMedError:
        raise
    except Exception as error:  # SpikeInterface's readers raise whatever the libraries below them do
        raise PhyMedError(f"SpikeInterface cannot read {path}: {error or type(error).__name__}.") from error


def _opened(path: Path, file: RecordingFile) -> Any:
    name = file.format or _guess(path)
    if name == "flat":
        from spikeinterface.core import read_binary

        if not file.sample_rate_hz or not file.n_channels:
            raise PhyMedError(f"{path} holds plain numbers; say --sample-rate and --channels.")
        return read_binary(
            path, sampling_frequency=file.sample_rate_hz, num_channels=file.n_channels, dtype=file.dtype,
            file_offset=file.offset,
        )  # fmt: skip
    if name == "saved":
        from spikeinterface.core import load

        return load(path)
    from spikeinterface import extractors

    reader = getattr(extractors, f"read_{name}", None)
    if reader is None:
        raise PhyMedError(f"SpikeInterface has no reader {name!r}.")
    return reader(path)


def _guess(path: Path) -> str:
    """The reader that a path is for."""
    if path.is_dir():
        if any(path.rglob("*.ap.meta")):
            return "spikeglx"
        return "openephys" if any(path.rglob("structure.oebin")) or any(path.rglob("settings.xml")) else "saved"
    suffixes = {".nwb": "nwb_recording", ".cbin": "cbin_ibl", ".json": "saved", ".zarr": "saved"}
    return "flat" if path.suffix in FLAT else suffixes.get(path.suffix, "saved")


def _with_probe(recording: Any, path: Path) -> Any:
    from probeinterface import Probe, read_probeinterface

    if path.suffix != ".npy":
        return recording.set_probegroup(read_probeinterface(path)) or recording
    positions = load_array(path)
    if positions.shape != (recording.get_num_channels(), 2):
        raise PhyMedError(f"{path} holds positions {positions.shape} for {recording.get_num_channels()} channels.")
    probe = Probe(ndim=2, si_units="um")
    probe.set_contacts(positions)
    probe.set_device_channel_indices(np.arange(positions.shape[0]))
    return recording.set_probe(probe) or recording


@dataclass(frozen=True, slots=True)
class Readable:
    """A recording of SpikeInterface with one segment as `Recorded`."""

    recording: Any

    @property
    def n_samples(self) -> int:
        """Length of the recording."""
        return int(self.recording.get_num_samples())

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.recording.get_num_channels())

    @property
    def sample_rate(self) -> float:
        """Hz."""
        return float(self.recording.get_sampling_frequency())

    def read(self, start: int, stop: int) -> AnyArray:
        """Return (stop - start, n_channels) as they are stored."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            traces: AnyArray = self.recording.get_traces(start_frame=start, end_frame=stop)
        return traces
