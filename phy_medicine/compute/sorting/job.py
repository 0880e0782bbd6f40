"""The job "sorting": a recording is sorted in a child process, which writes the dataset.

Input "request" is the `.json` that `begin_sort` writes; a motion that is known may be among the inputs. What each stage
found is kept in `JobContext.kept`, so that a sort that was interrupted goes on where it was; of the dataset nothing is
seen before it is complete.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.paths import REQUEST_NAME
from phy_medicine.base.words import shortened
from phy_medicine.compute.job_kinds import JobKind, register

if TYPE_CHECKING:
    from phy_medicine.base.types import AnyArray
    from phy_medicine.compute.job_context import JobContext
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.compute.motion.recordings import RecordingFile
    from phy_medicine.compute.sorting.result import Sorting
    from phy_medicine.compute.sorting.settings import SortingSettings
    from phy_medicine.compute.sorting.source import SortSource

KIND, REQUEST = "sorting", "request"
MOTION = ("displacement", "temporal_bins_s", "spatial_bins_um")
"""Inputs that name a motion that is known beforehand."""
SORT = "phy_medicine.compute.sorting.sorter:sort"
_SORTING = 0.95
"""Share of the progress; the rest is writing."""
_STAGES = {
    "motion": (0.0, "Estimating motion"), "templates": (0.15, "Learning templates"),
    "changes": (0.6, "Following waveforms"), "spikes": (0.65, "Finding spikes"), "units": (0.9, "Measuring units"),
}  # fmt: skip
"""Stage -> the share of a sort that is done when it begins, and its words."""
_SHOWN_MOTION = {
    "displacement": "displacement_um",
    "temporal_bins_s": "time_bins_s",
    "spatial_bins_um": "depth_bins_um",
}
_PREVIEW_SPIKES = 20_000

register(
    JobKind(
        KIND,
        "Sorting",
        "phy_medicine.compute.sorting.settings:SortingSettings",
        "phy_medicine.compute.sorting.job:run",
        uses_gpu=True,
        help="Finds the spikes of a raw recording and the neurons they come from, and writes them as a dataset.",
        resumable=True,
        makes_dataset=True,
    )
)


@dataclass(frozen=True, slots=True)
class SortRequest:
    """What is sorted, and where the dataset goes.

    sorter : ours, or one that SpikeInterface runs; params : of the latter, typed as name=value name=value
    """

    recording: RecordingFile
    out: Path
    sorter: str = "deconvolution"
    params: str = ""


def kept_in(out: Path) -> Path:
    """Return where a sort into a folder keeps its stages, unless it is told another place."""
    from phy_medicine.io.sorting_output import WORK

    return out / WORK


def begin_sort(request: SortRequest, settings: SortingSettings, kept: Path) -> Path:
    """Look whether a recording can be sorted, and write what the job needs to know.

    Parameters
    ----------
    kept : of the job; `kept_in(request.out)`, or another folder for stages that are to stay

    Returns
    -------
    The file for the input "request"; with the settings, from which an interrupted sort is started again

    Raises
    ------
    PhyMedError : the recording or its probe is refused, or another sort uses the folder; nothing was written
    """
    from phy_medicine.compute.sorters.registry import make_sorter, typed_params
    from phy_medicine.compute.sorting.source import open_source
    from phy_medicine.io.durable import reason, replace_file
    from phy_medicine.io.sorting_output import check_alone

    check_alone(kept)
    open_source(request.recording)
    make_sorter(request.sorter, settings=settings, **typed_params(request.params))
    content = {**asdict(request), "out": str(request.out), "settings": asdict(settings)}
    path = request_of(kept)
    try:
        kept.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(content, indent=1).encode())
    except OSError as error:
        raise PhyMedError(f"{kept} cannot be written: {reason(error)}.") from None
    return path


def request_of(kept: Path) -> Path:
    """Return where the request of a sort stands."""
    return kept / REQUEST_NAME


def read_request(path: Path) -> tuple[SortRequest, dict[str, Any]]:
    """Read a request and the settings that were written with it.

    Raises
    ------
    PhyMedError : the file is something else
    """
    from phy_medicine.compute.motion.recordings import RecordingFile

    if not path.is_file():
        raise PhyMedError(f"{path.parent} holds nothing of an earlier sort to go on from.")
    try:
        content = parse_json(path.read_text("utf-8"))
        more = {name: str(content[name]) for name in ("sorter", "params") if name in content}
        request = SortRequest(RecordingFile(**content["recording"]), Path(content["out"]), **more)
        return request, dict(content["settings"])
    except (OSError, *WRONG_CONTENT) as error:
        raise PhyMedError(f"{path} does not describe a recording to sort: {shortened(str(error))}.") from None


def run(context: JobContext) -> Mapping[str, AnyArray]:
    """Sort the recording of the request; see `compute.worker`."""
    from contextlib import nullcontext

    import numpy as np

    from phy_medicine.io.sorting_output import alone, finish

    path = context.inputs[REQUEST]
    assert isinstance(path, Path)
    request = read_request(path)[0]
    with alone(context.kept) if context.kept is not None else nullcontext():
        params, found = _made(context, request)
        finish(request.out)
    counts = np.bincount(np.asarray(found.spikes.units), minlength=len(found.templates)).astype(np.int64)
    good = int(np.count_nonzero(np.asarray(found.units.get("label", [])) == "good"))
    context.facts.update(
        params=str(params), n_units=len(counts), n_good=good, n_spikes=int(counts.sum()), timings=found.timings
    )
    return {"spikes_of_units": counts}


def _made(context: JobContext, request: SortRequest) -> tuple[Path, Sorting]:
    """The `params.py` of the dataset, and what is in it."""
    from dataclasses import replace

    from phy_medicine.compute import kernels
    from phy_medicine.compute.sorting.source import open_source
    from phy_medicine.compute.sorting.stages import Stages

    kernels.warm_up()  # numpy's filter takes three times as long, and its last bits are others
    log = _Log(context)
    source = open_source(request.recording)
    settings = replace(context.settings, device=_device(context), seed=context.seed)
    motion = _motion(context)
    known = {} if motion is None else motion.to_arrays()

    def show(stage: str, arrays: Mapping[str, AnyArray]) -> None:
        if shown := preview_of(stage, arrays):
            context.preview(**shown)

    stages = Stages(context.kept, settings, {**_inputs(source), **known}, show)
    _tell_source(source, stages.kept(), log)
    found = _sorted(context, request, source, settings, stages, log, motion)
    context.progress(_SORTING, "Writing")
    return _write(request, source, found, log), found


def _device(context: JobContext) -> str:
    """The device that was found to exist, or what only the sorter knows."""
    from phy_medicine.compute.device import TORCH_CPU

    asked: str = context.settings.device
    return asked if asked == TORCH_CPU else context.device


class _Log:
    """Lines for the window and for `sorter_log.txt`, there with the seconds since the start."""

    def __init__(self, context: JobContext) -> None:
        self._context, self._start = context, time.monotonic()
        self.lines: list[str] = []

    def __call__(self, text: str) -> None:
        self.lines.append(f"{time.monotonic() - self._start:9.1f} s  {text}")
        self._context.log(text)


def _inputs(source: SortSource) -> dict[str, Any]:
    """What tells this recording, its channels and this program from others."""
    import phy_medicine

    channels, raw = source.channels, source.raw
    return {
        "code": phy_medicine.__version__,
        "files": raw.marks(), "shape": [source.recorded.n_samples, raw.n_channels], "rate": raw.sample_rate,
        "gains": raw.gains_uv, "dtype": raw.dtype, "offset": raw.offset, "columns": channels.map,
        "positions": channels.positions, "shanks": channels.shanks,
    }  # fmt: skip


def _motion(context: JobContext) -> Motion | None:
    """The motion where it is among the inputs; otherwise the sorter estimates it."""
    from phy_medicine.compute.motion.motion import Motion

    arrays = {name: context.inputs[name] for name in MOTION if name in context.inputs}
    return Motion.from_arrays(arrays) if arrays else None  # type: ignore[arg-type]


def _tell_source(source: SortSource, kept: tuple[str, ...], log: _Log) -> None:
    seconds = source.recorded.n_samples / source.recorded.sample_rate
    n_shanks = len(set(source.channels.shanks.tolist()))
    log(f"{seconds:,.1f} s of {len(source.channels.map)} channels on {n_shanks} shanks.")
    for note in source.notes:
        log(note)
    if not source.raw.paths:
        log("phy's programs cannot read this format, so the dataset will show no traces.")
    if kept:
        log(f"Going on with an earlier sort, which did {', '.join(kept)}.")


def preview_of(stage: str, arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Return what can be shown of a stage: the motion, templates on their main channels, some of the spikes.

    Returns
    -------
    displacement, temporal_bins_s, spatial_bins_um, as the job "motion" shows them; or templates (K, D) whitened and
    channels (K,), rows of those that are sorted; or spike_samples and spike_units; or nothing
    """
    import numpy as np

    if set(_SHOWN_MOTION.values()) <= arrays.keys():
        return {name: np.asarray(arrays[own]) for name, own in _SHOWN_MOTION.items()}
    if {"waveforms", "mains"} <= arrays.keys():
        mains = np.asarray(arrays["mains"])
        return {"templates": np.asarray(arrays["waveforms"])[np.arange(len(mains)), mains], "channels": mains}
    if {"times", "units"} <= arrays.keys():
        some = slice(None, None, max(1, len(arrays["times"]) // _PREVIEW_SPIKES))
        return {"spike_samples": np.asarray(arrays["times"][some]), "spike_units": np.asarray(arrays["units"][some])}
    return {}


def overall(stage: str, fraction: float) -> tuple[float, str]:
    """Return how much of a sort is done, and what is being done, in words; stage and fraction of it as `sort` tells."""
    begin, words = _STAGES.get(stage, (0.0, stage))
    end = min((other for other, _ in _STAGES.values() if other > begin), default=1.0)
    return begin + fraction * (end - begin), words


def _sorted(
    context: JobContext, request: SortRequest, source: SortSource, settings: SortingSettings, stages: Any, log: _Log,
    motion: Motion | None,
) -> Sorting:  # fmt: skip
    from phy_medicine.compute.sorters.registry import OURS, make_sorter, typed_params

    ours = {"stages": stages, "motion": motion}
    more = ours if request.sorter == OURS else {"folder": context.folder / "sorter"}
    sorter = make_sorter(request.sorter, settings=settings, **more, **typed_params(request.params))
    found = sorter.fit_predict(source, progress=lambda part, text: context.progress(_SORTING * part, text), log=log)
    if not len(found.spikes.times):
        raise PhyMedError(
            "No spikes were found in the recording. Are the type and the number of channels right? A lower detection "
            "threshold finds more."
        )
    return found


def _write(request: SortRequest, source: SortSource, found: Sorting, log: _Log) -> Path:
    from phy_medicine.compute.sorting.output import dataset_of
    from phy_medicine.io.sorting_output import write_sorting

    texts = {"probe.json": source.probe_json} if source.probe_json else {}
    facts = {"source": asdict(request.recording), "sorter": request.sorter, "sorter_params": request.params}
    return write_sorting(request.out, dataset_of(found, source.raw, log=log.lines, texts=texts, facts=facts))
