"""`phy-med run`: from raw recordings to sorted datasets, in pieces that may be done on many machines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.job_command import typed_options
from phy_medicine.app.param_options import options_of
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import params_of
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.pipeline.settings import RUN, PipelineSettings, RunSettings, read_config
from phy_medicine.compute.pipeline.stages import STAGES

if TYPE_CHECKING:
    from phy_medicine.compute.executors import Workers
    from phy_medicine.compute.pipeline.batch import Batch
    from phy_medicine.compute.pipeline.recording_run import RecordingRun, StageEnd

REPORT = "report.html"
SHARES = {"detect": 0.15, "localize": 0.1, "motion": 0.05, "sort": 0.65, "metrics": 0.05}
"""Of the time, about: how much of the progress bar a stage is."""
WITHOUT_SORT = STAGES[: STAGES.index("sort")]
_LAYOUT = "{desc} {percentage:3.0f}%|{bar}| {elapsed}"


@click.command("run")
@click.argument("recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the results.")
@click.option("--probe", default="", metavar="P", help="Where the channels are, unless the recording says it.")
@click.option(
    "--executor", "where", default="local", show_default=True, metavar="WHERE",
    help="local, local:N processes, dask:ADDRESS or ipyparallel:PROFILE.",
)  # fmt: skip
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="TOML file of settings.")
@click.option("--from", "first", type=click.Choice(STAGES), help="Compute this stage and those after it again.")
@click.option("--no-sort", is_flag=True, help="End with the motion of the probe.")
@options_of(RunSettings)
@click.option("--format", "format_name", default="", help="Reader of SpikeInterface, such as spikeglx.")
@click.option("--sample-rate", type=float, default=0.0, help="Of a flat binary file. [Hz]")
@click.option("--channels", type=int, default=0, help="Of a flat binary file.")
@click.option("--dtype", default="int16", show_default=True, help="Of a flat binary file.")
@click.option("--offset", type=int, default=0, help="Bytes before the samples of a flat binary file.")
@click.option("--gain", type=float, default=1.0, show_default=True, help="µV of one unit of a flat binary file. [µV]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    recordings: Sequence[Path],
    *,
    out: Path,
    where: str,
    config: Path | None,
    first: str | None,
    no_sort: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Sort a recording or several: peaks, where they come from, how the probe moved, units, a report.

    With several recordings each has a folder of its own in OUT. The work is cut into pieces of time, which are done in
    processes here or on a cluster that sees the same files; the results are the same. After an interruption the same
    command goes on where it was. Ctrl+C cancels.

    \b
    phy-med run raw.bin --sample-rate 30000 --channels 384 --probe probe.json --out sorted/
    phy-med run day1.bin day2.bin --config lab.toml --probe probe.json --out sorted/ --executor dask:tcp://head:8786
    """
    from phy_medicine.compute.executors import executor_of

    stages = WITHOUT_SORT if no_sort else STAGES
    if first is not None and first not in stages:
        raise click.UsageError(f"--no-sort leaves out {first}, so nothing can begin --from there.")
    settings = _settings(ctx, config, values)
    files = [_file(path, values) for path in recordings]
    folders = _folders(recordings, out)
    with executor_of(where) as workers:
        results = _run(files, folders, settings, workers, stages, first)
    failed = {name: error for name, error in results.items() if isinstance(error, str)}
    if as_json:
        click.echo(json.dumps(results, indent=2))
    if len(files) > 1:
        from phy_medicine.compute.pipeline.overview import write_overview

        write_overview(out / REPORT, folders, failed, REPORT)
    if not as_json and len(failed) < len(files):
        click.echo(out / REPORT)
    if failed:
        name, error = next(iter(failed.items()))
        rest = "" if len(files) == 1 else f" {len(files) - len(failed)} of {len(files)} recordings are done."
        raise PhyMedError(f"{error}{rest}" if len(files) == 1 else f"{name}: {error}{rest}")


def _settings(ctx: click.Context, config: Path | None, values: Mapping[str, Any]) -> PipelineSettings:
    """Those of the file, and over them what was typed."""
    tables = read_config(config) if config is not None else {}
    typed = typed_options(ctx, {param.name: values[param.name] for param in params_of(RunSettings)}, configured=True)
    return PipelineSettings.of({**tables, RUN: {**tables.get(RUN, {}), **typed}})


def _file(path: Path, values: Mapping[str, Any]) -> RecordingFile:
    probe = values["probe"]
    probe = str(Path(probe).expanduser().resolve()) if probe and Path(probe).expanduser().exists() else probe
    return RecordingFile(
        str(path.expanduser().resolve()), values["format_name"], values["sample_rate"], values["channels"],
        values["dtype"], values["offset"], probe, values["gain"],
    )  # fmt: skip


def _folders(recordings: Sequence[Path], out: Path) -> list[Path]:
    """The output folder of each recording: one in OUT where there are several.

    Raises
    ------
    PhyMedError : two would have the same
    """
    if len(recordings) == 1:
        return [out]
    names = [path.stem for path in recordings]
    if len(set(names)) < len(names):
        # Such as day1/raw.bin and day2/raw.bin.
        names = [f"{path.resolve().parent.name}_{path.stem}" for path in recordings]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise PhyMedError(f"Two recordings would both go to {out / twice}; run them one after the other.")
    return [out / name for name in names]


def _run(
    files: Sequence[RecordingFile], folders: Sequence[Path], settings: PipelineSettings, workers: Workers,
    stages: Sequence[str], first: str | None,
) -> dict[str, Any]:  # fmt: skip
    """Run all, with a progress bar, and return facts by recording, or the sentence of what went wrong."""
    from phy_medicine.compute.job_context import Cancelled
    from phy_medicine.compute.pipeline.batch import Batch
    from phy_medicine.compute.pipeline.recording_run import RecordingRun
    from phy_medicine.compute.pipeline.sort_task import check_dataset
    from phy_medicine.compute.pipeline.stages import forget_from

    with ExitStack() as stack:
        bar = stack.enter_context(_Bar(files, stages))
        batch: Batch
        runs = [
            RecordingRun(
                file, folder, settings, workers, tell=bar.tell_of(file), cancelled=lambda: batch.stopped
            )
            for file, folder in zip(files, folders, strict=True)
        ]  # fmt: skip
        for run in runs if first else ():
            assert first is not None
            if "sort" in stages and first != "metrics":
                check_dataset(run.out)
            forget_from(run.folder, STAGES, first)
        batch = Batch(runs, stages, n_together=workers.n_workers + 1)
        results: dict[str, Any] = {str(run.out): {} for run in runs}

        def ended(run: RecordingRun, end: StageEnd) -> None:
            results[str(run.out)][end.stage] = dict(end.facts)
            bar.say(run, end)

        try:
            failed = batch.go(ended, idle=bar.refresh)
        except Cancelled:
            workers.shutdown(wait=True, cancel_futures=True)
            raise PhyMedError("Cancelled; the same command goes on where it was.") from None
        return results | {folder: str(error) for folder, error in failed.items()}


class _Bar:
    """One progress bar for all recordings, and a line for each stage that ended."""

    def __init__(self, files: Sequence[RecordingFile], stages: Sequence[str]) -> None:
        from tqdm import tqdm

        self._done = {file: dict.fromkeys(stages, 0.0) for file in files}
        self._all = sum(SHARES[stage] for stage in stages)
        self._words = ""
        self._several = len(files) > 1
        self._bar = tqdm(total=1.0, bar_format=_LAYOUT, desc="Starting", leave=False, disable=None)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def tell_of(self, file: RecordingFile) -> Any:
        """Return what a run calls, in its thread."""

        def tell(stage: str, fraction: float, message: str) -> None:
            if stage in self._done[file]:
                self._done[file][stage] = max(self._done[file][stage], fraction)
            name = f"{Path(file.path).name}: " if self._several else ""
            self._words = f"{name}{stage}{', ' if message else ''}{message}"

        return tell

    def refresh(self) -> None:
        """Show how far all is."""
        shares = [sum(SHARES[stage] * part for stage, part in done.items()) for done in self._done.values()]
        self._bar.n = min(1.0, sum(shares) / len(shares) / self._all)
        self._bar.set_description_str(self._words, refresh=False)
        self._bar.refresh()

    def say(self, run: RecordingRun, end: StageEnd) -> None:
        """Write that a stage ended."""
        from tqdm import tqdm

        with tqdm.external_write_mode():
            name = f"{run.name}: " if self._several else ""
            click.echo(f"{name}{end.stage}: {_sentence(end)}", err=True)


def _sentence(end: StageEnd) -> str:
    """What came of a stage."""
    facts = end.facts
    words = {
        "detect": lambda: f"{facts['n_peaks']:,} peaks",
        "localize": lambda: f"{facts['n_located']:,} peaks have a place",
        "motion": lambda: f"{facts['motion_range_um']:.0f} µm of motion",
        "sort": lambda: f"{facts['n_units']:,} units, {facts['n_good']:,} good, {facts['n_spikes']:,} spikes",
        "metrics": lambda: f"{100 * (facts['explained'] or 0):.0f} % of the peaks are spikes of a unit",
    }[end.stage]()
    return f"{words}, there already" if end.kept else f"{words}, {end.seconds:.1f} s"
