"""`phy-med motion`: how far the tissue moved along the probe."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.job_command import JobOutcome, echo_outcome, run_job, run_on_files, typed_options
from phy_medicine.app.param_options import options_of
from phy_medicine.base.params import params_of
from phy_medicine.compute.motion.detect import DetectSettings, write_description
from phy_medicine.compute.motion.recordings import RecordingFile
from phy_medicine.compute.motion.settings import ADVICE, MotionSettings

SORTED = (".py", ".kwik")
"""Ends of the names of sorted datasets; everything else is a recording."""
EPILOG = "What to change, by what is seen in the corrected raster:\n\n" + "\n\n".join(
    f"--{name.replace('_', '-')}: {text}" for name, text in ADVICE.items()
)
_NPY = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command("motion", epilog=EPILOG)
@click.argument("source", type=click.Path(path_type=Path), required=False)
@options_of(MotionSettings)
@click.option("--times", type=_NPY, metavar="NPY", help="Times of peaks, s, instead of SOURCE.")
@click.option("--depths", type=_NPY, metavar="NPY", help="Their depths, µm.")
@click.option("--amplitudes", type=_NPY, metavar="NPY", help="Their amplitudes, either sign.")
@options_of(DetectSettings)
@click.option("--format", "format_name", default="", help="Reader of SpikeInterface for RECORDING, such as spikeglx.")
@click.option("--sample-rate", type=float, default=0.0, help="Of a flat binary file. [Hz]")
@click.option("--channels", type=int, default=0, help="Of a flat binary file.")
@click.option("--dtype", default="int16", show_default=True, help="Of a flat binary file.")
@click.option("--offset", type=int, default=0, help="Bytes before the samples of a flat binary file.")
@click.option("--probe", default="", metavar="FILE", help="Probe (.json of probeinterface, .npy of positions in µm).")
@click.option("--store/--no-store", default=True, show_default=True, help="Keep the result as a run of the dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--log", is_flag=True, help="Print the log of the job to stderr.")
@debug_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    source: Path | None,
    *,
    times: Path | None,
    depths: Path | None,
    amplitudes: Path | None,
    store: bool,
    as_json: bool,
    log: bool,
    **values: Any,
) -> None:
    """Estimate how far the tissue moved along the probe, as a function of time and depth.

    SOURCE is a sorted dataset (params.py or FILE.kwik), whose spikes are used and whose store gets the result; or a
    raw recording, of which peaks are detected first. With --times, --depths and --amplitudes there is no SOURCE.
    Ctrl+C cancels and leaves nothing.

    \b
    phy-med motion params.py
    phy-med motion params.py --num-depth-bins 5 --out motion/
    phy-med motion --times t.npy --depths z.npy --amplitudes a.npy --out motion/
    phy-med motion raw.bin --sample-rate 30000 --channels 384 --probe positions.npy --out motion/
    """
    say = (lambda line: click.echo(line, err=True)) if log else None
    on_dataset = source is not None and source.suffix in SORTED
    given = _given(ctx, MotionSettings, values, configured=not on_dataset)
    if given.get("out"):
        given["out"] = str(Path(given["out"]).resolve())
        if Path(given["out"]).is_file():
            raise click.BadParameter(f"{given['out']} is a file; name a folder.", ctx, param_hint="--out")
    arrays = {"times_s": times, "depths_um": depths, "amplitudes": amplitudes}
    named = {name: path.resolve() for name, path in arrays.items() if path is not None}
    if (source is None) == (not named) or len(named) not in (0, 3):
        raise click.UsageError("Name a dataset or a recording, or else all of --times, --depths and --amplitudes.")
    if source is not None and on_dataset:
        outcome = _on_dataset(source, given, store, say)
    else:
        if not given.get("out"):
            raise click.UsageError("Only a sorted dataset has a store: name a folder for the result with --out.")
        settings = MotionSettings.of(**given)
        outcome = run_on_files("motion", settings, named, say=say) if named else _on_recording(
            source, settings, _given(ctx, DetectSettings, values, configured=True), values, say
        )  # fmt: skip
    echo_outcome(outcome, as_json=as_json)
    for hint in () if as_json else outcome.facts.get("hints", ()):
        click.echo(f"Hint: {hint}")


def _given(ctx: click.Context, settings: type, values: dict[str, Any], *, configured: bool) -> dict[str, Any]:
    """The values that were typed, of one table; the session of a dataset knows itself what is configured."""
    return typed_options(ctx, {param.name: values[param.name] for param in params_of(settings)}, configured=configured)


def _on_dataset(source: Path, given: dict[str, Any], store: bool, say: Any) -> JobOutcome:
    from phy_medicine.app.build import open_session

    session = open_session(source, read_only=not store, recover=None, use_runs=False)
    try:
        return run_job(session, "motion", given, to_store=store, say=say)
    finally:
        session.close()


def _on_recording(
    source: Path | None, settings: MotionSettings, detection: dict[str, Any], values: dict[str, Any], say: Any
) -> JobOutcome:
    assert source is not None
    file = RecordingFile(
        str(source.resolve()), values["format_name"], values["sample_rate"], values["channels"], values["dtype"],
        values["offset"], str(Path(values["probe"]).resolve()) if values["probe"] else "",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        described = write_description(Path(folder) / "recording.json", file, DetectSettings(**detection))
        return run_on_files("motion", settings, {"recording": described}, say=say)
