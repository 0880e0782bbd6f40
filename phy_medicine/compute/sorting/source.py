"""The recording to be sorted and where its channels are: a file of numbers, or any format that SpikeInterface reads.

Files of plain numbers, also those in a folder of SpikeInterface, are read by ourselves: in any number of threads, and
without loading SpikeInterface.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.types import AnyArray, FloatArray
from phy_medicine.base.words import shortened
from phy_medicine.compute.filtered_recording import Recorded
from phy_medicine.compute.motion.recordings import FLAT, Readable, RecordingFile
from phy_medicine.compute.sorting.flat_twin import flat_twin
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.io.array_files import DatasetFolder, load_array, read_header
from phy_medicine.io.channels import read_channels
from phy_medicine.io.checks import CheckList
from phy_medicine.io.params_py import read_params
from phy_medicine.io.probe_file import ProbeChannels, channels_of, read_probe
from phy_medicine.io.raw_file import SLOWEST_HZ, RawFile, compressed_facts

_APART_UM = 20.0
_NO_PROBE = "It does not say where its channels are, so they stand in a line, in the order of the file; name a probe."
_BINARY, _GROUP, _LOCATION = "binary.json", "probegroup.json", "properties/location.npy"


@dataclass(frozen=True, slots=True)
class SortSource:
    """A recording that is open.

    recorded : all columns, in the unit of the file or, where columns have gains of their own, in µV
    raw : the file for `params.py`
    gain_uv : µV of one unit of `recorded`
    channels : to be sorted
    notes : what was done to the positions of the channels, in sentences
    probe_json : the probe as a file of probeinterface, "" where it is not one
    """

    recorded: Recorded
    raw: RawFile
    gain_uv: float
    channels: SortedChannels
    notes: tuple[str, ...] = ()
    probe_json: str = ""


def open_source(file: RecordingFile, *, to_sort: bool = True) -> SortSource:
    """Open a recording and its probe.

    Parameters
    ----------
    file : its `probe` is anything that `io.probe_file` reads; "" where the recording knows its channels. A `params.py`
        stands for the raw files that it names, with the channels of that dataset
    to_sort : False to look at it only: it may be slow, and without a probe its channels stand in a line

    Raises
    ------
    PhyMedError : it cannot be read, is not whole, is too slow, or nobody knows where its channels are
    """
    path = Path(file.path).expanduser()
    if not path.exists():
        raise PhyMedError(f"{path} does not exist.")
    known = _known(path, file)
    if known is None:
        return _of_spikeinterface(path, file, to_sort=to_sort)
    raw, own_probe, probe_path = known
    traces = raw.open(SLOWEST_HZ if to_sort else 0.0)
    probe = _probe(file, raw.n_channels, own_probe, needed=to_sort)
    recorded, gain = _in_one_unit(traces, raw.gains_uv)
    return _source(recorded, raw, gain, probe, file.probe or probe_path)


_OwnProbe = Callable[[int], ProbeChannels] | None
_Known = tuple[RawFile, _OwnProbe, str]


def _known(path: Path, file: RecordingFile) -> _Known | None:
    """What is read without SpikeInterface, and its own probe; None for everything else."""
    if file.format not in ("", "flat"):
        return None
    if path.suffix == ".py":
        return _of_params(path, file.gain_uv)
    if path.is_dir():
        return _of_folder(path) if (path / _BINARY).is_file() else None
    if path.suffix == ".cbin":
        n_channels, dtype, rate = compressed_facts(path)
        return _flat(path, file, n_channels, dtype, rate), None, ""
    if path.suffix == ".npy":
        header = read_header(path)
        if len(header.shape) != 2:
            raise PhyMedError(f"{path} has the shape {header.shape}; (n_samples, n_channels) is expected.")
        return _flat(path, file, header.shape[1], header.dtype.str, 0), None, ""
    if path.suffix in FLAT or file.format == "flat":
        return _flat(path, file, file.n_channels, file.dtype, file.sample_rate_hz), None, ""
    return None


def _flat(path: Path, file: RecordingFile, n_channels: int, dtype: str, rate: float) -> RawFile:
    rate = file.sample_rate_hz or rate
    missing = [name for name, value in (("--sample-rate", rate), ("--channels", n_channels)) if not value]
    if missing:
        raise PhyMedError(f"{path} does not say what it holds; give {' and '.join(missing)}.")
    try:
        kind = np.dtype(dtype)
    except TypeError:
        raise PhyMedError(f"{dtype!r} is no type of a sample; int16 and float32 are.") from None
    if kind.kind not in "iuf":
        raise PhyMedError(f"{dtype!r} is no type of a sample; int16 and float32 are.")
    return RawFile((path.absolute(),), n_channels, rate, np.full(n_channels, file.gain_uv), kind.str, file.offset)


def _of_params(path: Path, gain_uv: float) -> _Known:
    """The recording of a dataset, with its channels."""
    params = read_params(path)
    if not params.dat_paths:
        raise PhyMedError(f"{path} names no raw recording, so there is nothing to read.")
    channels = read_channels(DatasetFolder(params.dir_path), CheckList())
    n_columns = params.n_channels_dat or len(channels.map)
    dtype = params.dtype.str
    if params.dat_paths[0].suffix == ".cbin":
        n_columns, dtype, _ = compressed_facts(params.dat_paths[0])
    paths = tuple(p.absolute() for p in params.dat_paths)
    said = [params.extra[name] for name in ("gain_to_uv", "uv_per_bit") if name in params.extra]
    gain = float(str(said[0])) if said and gain_uv == 1 else gain_uv
    gains = np.full(n_columns, gain)
    raw = RawFile(paths, n_columns, params.sample_rate, gains, dtype, params.offset, bool(params.hp_filtered))
    own = ProbeChannels(channels.map, channels.positions, channels.shanks)
    beside = params.dir_path / "probe.json"
    return raw, lambda _: own, str(beside) if beside.is_file() else ""


_MOST_CHANNELS = 1_000_000  # no probe has so many


def _of_folder(folder: Path) -> _Known:
    """A folder that SpikeInterface saved with `format="binary"`."""
    try:
        content = parse_json((folder / _BINARY).read_text("utf-8"))
        facts = content["kwargs"]
        names = [facts["file_paths"]] if isinstance(facts["file_paths"], str) else list(facts["file_paths"])
        n_channels, gains = int(facts["num_channels"]), facts.get("gain_to_uV")
        dtype, rate = np.dtype(facts["dtype"]).str, float(facts["sampling_frequency"])
        offset, in_rows = int(facts.get("file_offset") or 0), int(facts.get("time_axis") or 0) == 0
        if not 0 < n_channels <= _MOST_CHANNELS:
            raise ValueError(f"it names {n_channels:,} channels")
        uv = np.broadcast_to(np.asarray(1.0 if gains is None else gains, np.float64), (n_channels,)).copy()
        filtered = bool(content.get("annotations", {}).get("is_filtered"))
        paths = tuple((folder / name).absolute() for name in names)
    except (OSError, *WRONG_CONTENT) as error:
        raise PhyMedError(f"{folder / _BINARY} cannot be understood: {shortened(str(error))}.") from None
    if len(names) != 1:
        raise PhyMedError(f"{folder} has {len(names)} segments, and one is read at a time; join them first.")
    if not in_rows:
        raise PhyMedError(f"{folder} holds one channel after the other; save it again with time_axis=0.")
    raw = RawFile(paths, n_channels, rate, uv, dtype, offset, filtered)
    group, location = folder / _GROUP, folder / _LOCATION
    if group.is_file():
        return raw, lambda n: read_probe(str(group), n), str(group)
    if location.is_file():
        return raw, lambda n: channels_of(load_array(location), source=str(location), n_columns=n), ""
    return raw, None, ""


def _of_spikeinterface(path: Path, file: RecordingFile, *, to_sort: bool) -> SortSource:
    """Any other format; where a file of plain numbers is behind it, that is read, and named in `params.py`."""
    from phy_medicine.compute.motion.recordings import read_recording

    recording = read_recording(replace(file, path=str(path), probe=""))
    if recording.get_num_segments() != 1:
        raise PhyMedError(
            f"{path} has {recording.get_num_segments()} segments, and one is read at a time; join them with "
            "spikeinterface.concatenate_recordings."
        )
    n_channels = recording.get_num_channels()
    own = (lambda n: _located(recording, path, n)) if recording.has_probe() else None
    probe = _probe(file, n_channels, own, needed=to_sort)
    slowest_hz = SLOWEST_HZ if to_sort else 0.0
    given = recording.get_channel_gains()
    gains = np.ones(n_channels) if given is None else np.asarray(given, np.float64)
    rate, filtered = float(recording.get_sampling_frequency()), bool(recording.is_filtered())
    dtype = np.dtype(recording.get_dtype()).str
    twin = flat_twin(recording, path)
    if twin is None:
        raw = RawFile((), n_channels, rate, gains, dtype, 0, filtered)
        raw.check(slowest_hz)
        recorded, gain = _in_one_unit(Readable(recording), gains)
        return _source(recorded, raw, gain, probe, file.probe)
    of_columns = np.full(twin.n_columns, gains[0])
    of_columns[twin.columns] = gains
    raw = RawFile((twin.path.absolute(),), twin.n_columns, rate, of_columns, dtype, twin.offset, filtered)
    recorded, gain = _in_one_unit(raw.open(slowest_hz), of_columns)
    return _source(recorded, raw, gain, replace(probe, columns=twin.columns[probe.columns]), file.probe)


def _located(recording: Any, path: Path, n_columns: int) -> ProbeChannels:
    positions, groups = recording.get_channel_locations(), recording.get_channel_groups()
    return channels_of(positions, groups, source=str(path), n_columns=n_columns)


def _probe(file: RecordingFile, n_columns: int, own: _OwnProbe, *, needed: bool) -> ProbeChannels:
    if file.probe:
        return read_probe(file.probe, n_columns)
    if own is None and not needed:
        line = np.column_stack([np.zeros(n_columns), _APART_UM * np.arange(n_columns)])
        return replace(channels_of(line, source=file.path, n_columns=n_columns), wired=False, notes=(_NO_PROBE,))
    if own is None:
        raise PhyMedError(f"{file.path} does not say where its channels are; name a probe with --probe.")
    return own(n_columns)


def _source(recorded: Recorded, raw: RawFile, gain: float, probe: ProbeChannels, probe_path: str) -> SortSource:
    contacts = set(range(raw.n_channels)) - set(probe.columns.tolist())
    left_out = dict.fromkeys(sorted(contacts), "not on the probe")
    channels = SortedChannels(probe.columns, probe.positions_um, probe.shanks, left_out)
    path = Path(probe_path)
    text = path.read_text("utf-8") if probe_path and path.suffix == ".json" and path.is_file() else ""
    return SortSource(recorded, raw, gain, channels, probe.notes, text)


def _in_one_unit(recorded: Recorded, gains_uv: FloatArray) -> tuple[Recorded, float]:
    """A recording whose columns have one unit, and how many µV that is."""
    if (gains_uv == gains_uv[0]).all():
        return recorded, float(gains_uv[0])
    return _Scaled(recorded, gains_uv.astype(np.float32)), 1.0


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A recording in µV whose columns have different gains."""

    recorded: Recorded
    gains_uv: FloatArray

    @property
    def n_samples(self) -> int:
        return self.recorded.n_samples

    @property
    def n_channels(self) -> int:
        return self.recorded.n_channels

    @property
    def sample_rate(self) -> float:
        return self.recorded.sample_rate

    def read(self, start: int, stop: int) -> AnyArray:
        return self.recorded.read(start, stop) * self.gains_uv
