"""Sorters that SpikeInterface runs, with the common interface; what they find becomes a dataset like one of ours."""

from __future__ import annotations

import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.device import n_processors
from phy_medicine.compute.motion.recordings import Readable
from phy_medicine.compute.sorters.described import FoundSpikes, describe
from phy_medicine.compute.sorters.interface import Log, Progress, Sorter
from phy_medicine.compute.sorters.recorded import as_recorded, gain_of, is_spikeinterface
from phy_medicine.compute.sorting.result import SortedChannels, Sorting
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.source import SortSource

_PACKAGES = {"spykingcircus2": "hdbscan", "tridesclous2": "hdbscan", "lupin": "torch", "simple": "hdbscan"}
"""What sorters of SpikeInterface itself need, "simple" for its own way to cluster; the others say it themselves."""
_NOT_OFFERED = (
    "hdsort", "ironclust", "kilosort", "kilosort2", "kilosort2_5", "kilosort3", "waveclus", "waveclus_snippets",
    "combinato", "pykilosort", "yass",
)  # fmt: skip
"""They need MATLAB, or are installed by hand from their sources."""
_SORTED = 0.7
"""Share of the time in which the sorter runs; it does not tell how far it is."""


def sorter_names() -> tuple[str, ...]:
    """Return the sorters that SpikeInterface knows and that can be installed with pip."""
    from spikeinterface.sorters import available_sorters

    return tuple(name for name in available_sorters() if name not in _NOT_OFFERED)


def why_not(name: str) -> str:
    """Return why a sorter cannot run, and what to install, in a sentence; "" if it can."""
    from spikeinterface.sorters import sorter_dict

    kind = sorter_dict.get(name)
    if kind is None:
        return f"SpikeInterface has no sorter {name!r}; it has {', '.join(sorter_names())}."
    missing = _missing_package(name) if kind.is_installed() else _package(name, kind.installation_mesg)
    if not missing and kind.is_installed():
        return ""
    how = f"pip install {missing}" if missing else "see the documentation of SpikeInterface"
    return f"The sorter {name} is not installed; install it with: {how}."


def _missing_package(name: str) -> str:
    """What a sorter needs and does not ask for when it is asked whether it is installed."""
    from importlib.util import find_spec

    package = _PACKAGES.get(name, "")
    return package if package and find_spec(package) is None else ""


def _package(name: str, message: str) -> str:
    found = re.search(r"pip install (\S+)", message or "")
    return _PACKAGES.get(name, "") or (found[1] if found else "")


def param_help(name: str) -> tuple[tuple[str, Any, str], ...]:
    """Return name, default and meaning of each parameter of a sorter; the meaning is "" where nobody wrote it."""
    from spikeinterface.sorters import get_default_sorter_params, get_sorter_params_description

    words = get_sorter_params_description(name)
    said = {param: text if isinstance(text := words.get(param), str) else "" for param in words}
    return tuple((param, default, said.get(param, "")) for param, default in get_default_sorter_params(name).items())


class SpikeInterfaceSorter(Sorter):
    """Any sorter of SpikeInterface that is installed.

    Parameters
    ----------
    name : as SpikeInterface calls it, such as "kilosort4"
    settings : how the recording is filtered and templates are cut for the dataset; the sorter does not see them
    folder : where the sorter works, which is kept; None is a temporary one
    n_jobs : processes of sorters that ask for a number
    params : of the sorter, by SpikeInterface's names

    Raises
    ------
    PhyMedError : it is not installed, with the package to install; or it has no such parameter
    """

    def __init__(
        self,
        name: str,
        *,
        settings: SortingSettings | None = None,
        folder: Path | None = None,
        n_jobs: int = 0,
        **params: Any,
    ) -> None:
        problem = why_not(name)
        if problem and not (name == "simple" and params.get("clusterer", "hdbscan") != "hdbscan"):
            raise PhyMedError(problem)
        self.name = name
        self.settings = settings or SortingSettings()
        self._folder, self._n_jobs = folder, n_jobs or n_processors()
        super().__init__(**params)

    def default_params(self) -> Mapping[str, Any]:
        """Return the parameters with their defaults, as SpikeInterface has them."""
        from spikeinterface.sorters import get_default_sorter_params

        found: dict[str, Any] = get_default_sorter_params(self.name)
        return found

    def check_param(self, name: str, value: Any) -> Any:
        """Return a value in the type of the default; text is what was typed."""
        default = self._defaults[name]
        if not isinstance(value, str) or isinstance(default, str):
            return value
        return _typed(name, value, default)

    def _sort(self, recording: Any, channels: SortedChannels, progress: Progress, log: Log) -> Sorting:
        progress(0.0, f"Preparing {self.name}")
        with _workplace(self._folder) as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            prepared = _prepared(recording, channels, folder)
            progress(0.05, f"{self.name} is sorting")
            sorting = self._run(prepared, folder / "sorter", log)
            found = _found(sorting, self.name)
        progress(_SORTED, "Cutting templates")
        return describe(
            as_recorded(recording), channels, found, self.settings, gain_uv=gain_of(recording),
            progress=lambda part, text: progress(_SORTED + (1 - _SORTED) * part, text),
        )  # fmt: skip

    def _run(self, recording: Any, folder: Path, log: Log) -> Any:
        from spikeinterface.sorters import run_sorter

        params = dict(self._params)
        if "job_kwargs" in self._defaults and "job_kwargs" not in params:
            params["job_kwargs"] = {"n_jobs": self._n_jobs}
        elif "n_jobs" in self._defaults and "n_jobs" not in params:
            params["n_jobs"] = self._n_jobs
        device = self.settings.device
        if "torch_device" in self._defaults and "torch_device" not in params and device != "auto":
            params["torch_device"] = device
        log(f"{self.name} of SpikeInterface, {params or 'with its defaults'}.")
        try:
            return run_sorter(self.name, recording, folder=folder, remove_existing_folder=True, **params)
        except Exception as error:  # whatever the libraries of a sorter raise
            _show_trace(error, log)
            raise PhyMedError(f"{self.name} failed: {_last_line(error)}. Its log says where.") from error


def _typed(name: str, value: str, default: Any) -> Any:
    """Text as a value: JSON, which must be of the kind of the default."""
    import json

    try:
        found = json.loads({"True": "true", "False": "false", "None": "null"}.get(value, value))
    except ValueError:
        found = value
    if default is not None and found is not None and not _is_like(found, default):
        raise PhyMedError(f"{name} must be {type(default).__name__}, not {value!r}.")
    return float(found) if isinstance(default, float) and isinstance(found, int) else found


def _is_like(value: Any, default: Any) -> bool:
    """Whether a value may stand where a default of its kind stands."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    numbers = isinstance(default, int | float) and isinstance(value, int | float)
    return numbers or isinstance(value, list if isinstance(default, tuple) else type(default))


@contextmanager
def _workplace(folder: Path | None) -> Iterator[Path]:
    """A folder for the files of a sorter, which goes when it was not asked for."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    made = Path(tempfile.mkdtemp(prefix="phy-medicine-sorter-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _prepared(recording: Any, channels: SortedChannels, folder: Path) -> Any:
    """The recording of the chosen channels as SpikeInterface can hand it to other processes."""
    found = recording if is_spikeinterface(recording) else _opened(recording, folder / "recording")
    found = found.select_channels(found.channel_ids[channels.map])  # a new one: that of the caller keeps its probe
    found.set_probegroup(_probes(channels), group_mode="by_shank")
    if not (found.check_serializability("json") or found.check_serializability("pickle")):
        found = found.save(folder=folder / "recording", overwrite=True, progress_bar=False)
    return found


def _opened(recording: Any, folder: Path) -> Any:
    """A recording of ours as one of SpikeInterface: the file it is read from, or a copy."""
    from spikeinterface.core import read_binary

    recorded = as_recorded(recording)
    if isinstance(recorded, Readable):
        return recorded.recording
    raw = recording.raw if isinstance(recording, SortSource) else None
    if raw is None or len(raw.paths) != 1 or raw.paths[0].suffix in (".cbin", ".npy"):
        return _copied(recorded, folder)
    return read_binary(
        raw.paths[0], sampling_frequency=raw.sample_rate, num_channels=raw.n_channels, dtype=raw.dtype,
        file_offset=raw.offset, gain_to_uV=raw.gains_uv, offset_to_uV=np.zeros(raw.n_channels),
        is_filtered=raw.filtered,
    )  # fmt: skip


def _copied(recording: Any, folder: Path) -> Any:
    """A recording of ours as a file of plain numbers, copied piece by piece."""
    from spikeinterface.core import read_binary

    folder.mkdir(parents=True, exist_ok=True)
    path, step = folder / "traces.raw", 1 << 16
    with path.open("wb") as file:
        for start in range(0, recording.n_samples, step):
            piece = np.ascontiguousarray(recording.read(start, min(start + step, recording.n_samples)))
            file.write(piece.tobytes())
    return read_binary(
        path, sampling_frequency=recording.sample_rate, num_channels=recording.n_channels, dtype=piece.dtype.str,
        gain_to_uV=1.0, offset_to_uV=0.0, is_filtered=False,
    )  # fmt: skip


def _probes(channels: SortedChannels) -> Any:
    from probeinterface import Probe, ProbeGroup

    probe = Probe(ndim=2, si_units="um")
    probe.set_contacts(channels.positions, shank_ids=[str(s) for s in channels.shanks])
    probe.set_device_channel_indices(np.arange(len(channels.positions)))
    group = ProbeGroup()
    group.add_probe(probe)
    return group


def _found(sorting: Any, name: str) -> FoundSpikes:
    """The spikes of a sorting of SpikeInterface, with what it says of each unit."""
    vector = sorting.to_spike_vector()
    if not len(vector):
        raise PhyMedError(f"{name} found no spikes.")
    said = {key: np.asarray(values) for key, values in sorting._properties.items() if np.asarray(values).ndim == 1}
    ids = np.asarray([str(unit) for unit in sorting.unit_ids])
    return FoundSpikes(vector["sample_index"].astype(np.int64), vector["unit_index"].astype(np.int32), ids, said)


def _show_trace(error: BaseException, log: Log) -> None:
    for line in str(error).splitlines():
        log(line)


def _last_line(error: BaseException) -> str:
    """What went wrong, of an error that holds the whole trace of another one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    faults = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)]
    return (faults or lines or [type(error).__name__])[-1].rstrip(".")
