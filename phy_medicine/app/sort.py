"""`phy-med sort`: a raw recording in, a dataset to curate out."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.job_command import JobOutcome, echo_outcome, run_on_files, typed_options
from phy_medicine.app.param_options import options_of
from phy_medicine.base.configuration import nearest
from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.params import changed, params_of
from phy_medicine.base.words import shortened
from phy_medicine.compute.sorting.job import (
    KIND,
    REQUEST,
    SortRequest,
    begin_sort,
    kept_in,
    read_request,
    request_of,
)
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.io import toml_file

if TYPE_CHECKING:
    from phy_medicine.compute.motion.recordings import RecordingFile

TABLE = "sort"
"""Table of a TOML file that may hold the settings, beside those of other commands."""
_FIELDS = {
    "format_name": "format", "sample_rate": "sample_rate_hz", "channels": "n_channels", "dtype": "dtype",
    "offset": "offset", "gain": "gain_uv",
}  # fmt: skip
"""Option -> field of a `RecordingFile`."""
_PATH = click.Path(path_type=Path)


@click.command("sort")
@click.argument("recording", type=_PATH, required=False)
@click.option("--out", type=_PATH, required=True, metavar="DIR", help="Folder of the sorted dataset, a new one.")
@click.option(
    "--probe", default="", metavar="PROBE",
    help="Where the channels are: .json of probeinterface, .csv or .npy of positions, .mat of Kilosort, or "
    "MANUFACTURER/NAME of probeinterface's library. Not needed where the recording knows.",
)  # fmt: skip
@click.option(
    "--sorter", default="", metavar="NAME",
    help="deconvolution, ours, or one of SpikeInterface that is installed: kilosort4, spykingcircus2, lupin ... "
    "[default: deconvolution]",
)  # fmt: skip
@click.option(
    "--param", "sorter_params", multiple=True, metavar="NAME=VALUE", help="Of a sorter of SpikeInterface; repeatable."
)
@click.option("--config", type=_PATH, metavar="TOML", help="File of settings; options that are typed count more.")
@click.option("--resume", is_flag=True, help="Go on with a sort into DIR that was interrupted, as it was started.")
@click.option(
    "--from", "from_stage", default="", metavar="STAGE", help="Resume, but do this stage and later ones again."
)
@click.option(
    "--stages", type=_PATH, metavar="DIR", help="Keep what each stage finds in this folder, also when the sort is done."
)
@click.option("--format", "format_name", default="", help="Reader of SpikeInterface for RECORDING, such as spikeglx.")
@click.option("--sample-rate", type=float, default=0.0, help="Of a flat binary file. [Hz]")
@click.option("--channels", type=int, default=0, help="Of a flat binary file.")
@click.option("--dtype", default="int16", show_default=True, help="Of a flat binary file.")
@click.option("--offset", type=int, default=0, help="Bytes before the samples of a flat binary file.")
@click.option("--gain", type=float, default=1.0, show_default=True, help="One unit of a file of plain numbers. [µV]")
@options_of(SortingSettings)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--log", is_flag=True, help="Print the log of the job to stderr.")
@debug_option
@click.pass_context
def command(
    ctx: click.Context, /, recording: Path | None, *, out: Path, probe: str, config: Path | None, resume: bool,
    from_stage: str, stages: Path | None, sorter: str, sorter_params: tuple[str, ...],
    as_json: bool, log: bool, **values: Any,
) -> None:  # fmt: skip
    """Sort a raw RECORDING, and write a dataset that template-gui opens.

    RECORDING is a flat binary file, a .cbin or .npy file, the params.py of a dataset whose recording is to be sorted
    anew, or anything that SpikeInterface reads. Ctrl+C ends the sort; --resume goes on with it.

    \b
    phy-med sort raw.bin --sample-rate 30000 --channels 384 --probe probe.json --out sorted
    phy-med sort recording_folder --out sorted --config settings.toml
    phy-med sort --resume --out sorted
    """
    from phy_medicine.compute.sorting.stages import Stages
    from phy_medicine.io.sorting_output import check_output, is_unfinished

    resume = resume or bool(from_stage)
    out = out.expanduser().absolute()
    kept = stages.expanduser().absolute() if stages is not None else kept_in(out)
    check_output(out, resume=resume and (stages is None or is_unfinished(out)))
    before, settings_before = read_request(request_of(kept)) if resume else (None, {})
    file = _file(ctx, recording, probe, values, before)
    settings = _settings(ctx, values, config, settings_before)
    done_again = Stages(kept).from_stage(from_stage) if from_stage else ()
    with _tidied(out, kept_in(out)):
        path = begin_sort(_request(file, out, sorter, sorter_params, before), settings, kept)
        Stages(kept).forget(done_again)
        say = (lambda line: click.echo(line, err=True)) if log else None
        outcome = run_on_files(KIND, settings, {REQUEST: path}, kept=kept, say=say)
    if as_json:
        echo_outcome(outcome, as_json=True)
    else:
        click.echo(_told(outcome))


def _file(
    ctx: click.Context, recording: Path | None, probe: str, values: dict[str, Any], before: SortRequest | None
) -> RecordingFile:
    """The recording as it was named, or as it was before where nothing else is said."""
    from phy_medicine.compute.motion.recordings import RecordingFile

    if recording is None and before is None:
        raise click.UsageError("Name a RECORDING, or go on with --resume.")
    typed = typed_options(ctx, {name: values[name] for name in _FIELDS})
    said = {_FIELDS[name]: value for name, value in typed.items()}
    if recording is not None:
        said["path"] = str(recording.expanduser().absolute())
    if probe:
        said["probe"] = str(Path(probe).expanduser().absolute()) if Path(probe).expanduser().exists() else probe
    return replace(before.recording if before is not None else RecordingFile(""), **said)


def _request(
    file: RecordingFile, out: Path, sorter: str, params: tuple[str, ...], before: SortRequest | None
) -> SortRequest:
    """What is to be done, as it was begun where nothing else is said."""
    start = before or SortRequest(file, out)
    changed_sorter = bool(sorter) and sorter != start.sorter
    said = shlex.join(params) if params or changed_sorter else start.params
    return replace(start, recording=file, out=out, sorter=sorter or start.sorter, params=said)


def _settings(
    ctx: click.Context, values: dict[str, Any], config: Path | None, before: dict[str, Any]
) -> SortingSettings:
    """What is typed counts most, then the file, then what an interrupted sort was told, then what is configured."""
    own = {param.name: values[param.name] for param in params_of(SortingSettings)}
    in_file = read_settings(config) if config is not None else {}
    configured, typed = typed_options(ctx, own, configured=True), typed_options(ctx, own)
    # What an earlier version of the program could be told, and this one cannot, has no place any more.
    still = {name: value for name, value in before.items() if name in own}
    return changed(SortingSettings(), **{**configured, **still, **in_file, **typed})


def read_settings(path: Path) -> dict[str, Any]:
    """Read settings from a TOML file, at its top or in a table `[sort]`.

    Raises
    ------
    PhyMedError : it cannot be read, or holds something that is no setting
    """
    try:
        content = toml_file.read_toml(path)
    except OSError as error:
        raise PhyMedError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise PhyMedError(f"{path} is no TOML file: {error}.") from None
    table = content.pop(TABLE, {})
    found = {**content, **(table if isinstance(table, dict) else {TABLE: table})}
    known = [param.name for param in params_of(SortingSettings)]
    unknown = next((name for name in found if name not in known), None)
    if unknown is not None:
        raise PhyMedError(f"{path}: sorting has no setting {shortened(unknown)}.{nearest(unknown, known)}")
    try:
        changed(SortingSettings(), **found)
    except PhyMedError as error:
        raise PhyMedError(f"{path}: {error}") from None
    return found


@contextmanager
def _tidied(out: Path, work: Path) -> Iterator[None]:
    """Leave nothing of a sort that did not get as far as to keep anything."""
    from phy_medicine.session.unfinished import has_kept

    new = not out.exists()
    try:
        yield
    finally:
        if work.is_dir() and not has_kept(work):
            shutil.rmtree(work, ignore_errors=True)
            if new:
                with suppress(OSError):
                    out.rmdir()


def _told(outcome: JobOutcome) -> str:
    """What came of it, and how to go on."""
    facts = outcome.facts
    return (
        f"{facts['n_units']:,} units ({facts['n_good']:,} good), {facts['n_spikes']:,} spikes; {outcome.seconds:.1f} s "
        f"on {outcome.device}.\n{Path(facts['params']).parent}\nOpen it: phy-med template-gui {facts['params']}"
    )
