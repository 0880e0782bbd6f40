"""`phy-med sln`: networks that learn where spikes come from, step by step, on plain files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.job_command import echo_outcome, typed_options
from phy_medicine.app.param_options import options_of
from phy_medicine.base.params import params_of
from phy_medicine.compute.localize.network_job_settings import NetworkJobSettings
from phy_medicine.compute.localize.network_settings import DREDGE, MEDICINE, NetworkSettings

_DATA = click.Path(path_type=Path, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_ALWAYS = ("seed", "motion_method")
_FIRST_PHASE = (*_ALWAYS, "network", "strength", "held_out", "weight_decay", "huber_delta")
_OF_ROUNDS = (
    "rounds", "joint_epochs", "joint_rate", "joint_last_rate", "joint_clip", "same_correlation", "same_um",
    "least_gain",
)  # fmt: skip


def left_out(phases: str) -> tuple[str, ...]:
    """Return the settings of training that do not matter to a command."""
    names = [param.name for param in params_of(NetworkSettings)]
    match phases:
        case "pretrain":
            matters = {name for name in names if name.startswith("pretrain_")} | set(_FIRST_PHASE)
        case "joint":
            matters = {name for name in names if not name.startswith("finetune_")}
        case "finetune":
            matters = set(names) - set(_OF_ROUNDS)
        case _:
            matters = set(_ALWAYS)
    return ("phases", *(name for name in names if name not in matters))


@click.group("sln")
def command() -> None:
    """Train localization networks on a recording, apply them, score and look at what comes out.

    DATA is a dataset (params.py, FILE.kwik, its folder) or a folder of plain files: spike_times.npy,
    spike_channels.npy, waveforms_all.npy, channel_locations.npy, fs.npy and, where they are known, spike_locs_x.npy,
    _y, _z and _alpha. OUT is a folder for the result; what is there is never overwritten. To keep positions in the
    store of a dataset instead, use phy-med localize --method sln-cnn.

    \b
    phy-med sln pretrain DATA out/pretrained
    phy-med sln train-joint DATA out/joint --weights out/pretrained/network.pt
    phy-med sln apply OTHER_DATA other --weights out/joint/network.pt
    phy-med sln score DATA out
    """


def _training(phases: str) -> Callable[[Any], Any]:
    """Return a decorator that makes a function's name and text a command that trains, or applies, a network."""

    def decorate(described: Any) -> click.Command:
        @click.pass_context
        def callback(ctx: click.Context, /, data: Path, out: Path, **values: Any) -> None:
            run_phase(ctx, phases, data, out, values)

        made: Any = debug_option(callback)
        made = click.option("--log", is_flag=True, help="Print the log of the job to stderr.")(made)
        made = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")(made)
        peak = click.option("--peak", default=30, show_default=True, help="Sample of the spike in waveforms_all.npy.")
        made = peak(made)
        if phases != "apply":
            made = click.option("--resume", is_flag=True, help="Go on with an interrupted training in OUT.")(made)
        made = click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:N.")(made)
        made = options_of(NetworkJobSettings, leave_out=left_out(phases))(made)
        made = click.argument("out", type=_FOLDER)(made)
        made = click.argument("data", type=_DATA)(made)
        return command.command(phase_name(phases), help=described.__doc__)(made)

    return decorate


def phase_name(phases: str) -> str:
    """Return the command of a phase."""
    return "train-joint" if phases == "joint" else phases


def run_phase(ctx: click.Context, phases: str, data: Path, out: Path, values: dict[str, Any]) -> None:
    """Train or apply, and write the result."""
    from phy_medicine.app.sln_data import open_data
    from phy_medicine.app.sln_files import UNFINISHED, refuse_used, write_result

    resume, as_json, log, peak = (values.pop(name, False) for name in ("resume", "as_json", "log", "peak"))
    given = typed_options(ctx, values) | {"phases": phases}
    refuse_used(out, resume=resume)
    if phases == "apply" and not values["weights"]:
        raise click.UsageError("Name the network to be applied with --weights.")
    say = (lambda line: click.echo(line, err=True)) if log else None
    kept = None if phases == "apply" else out / UNFINISHED
    with open_data(data, peak=peak) as opened:
        outcome = opened.localize(given, kept, say)
        write_result(out, outcome, opened.times_s, opened.anchors_um)
    if kept is not None:
        import shutil

        shutil.rmtree(kept, ignore_errors=True)
    echo_outcome(outcome, as_json=as_json)


@_training("pretrain")
def _pretrain() -> None:
    """Let a network learn the monopolar positions of DATA."""


@_training("joint")
def _train_joint() -> None:
    """Train a network in turns with estimates of the motion, until the motion stays the same.

    It begins with the network in --weights, or else learns the monopolar positions first.
    """


@_training("finetune")
def _finetune() -> None:
    """Train a network with the motion of the monopolar positions, which is kept.

    It begins with the network in --weights, or else learns the monopolar positions first.
    """


@_training("apply")
def _apply() -> None:
    """Give the spikes of DATA the positions of a network that was trained before, on these or on other data."""


@command.command("score")
@click.argument("data", type=_DATA)
@click.argument("out", type=_FOLDER)
@click.option(
    "--result", "results", type=_FOLDER, multiple=True, help="Folder of positions; by default OUT and those in it."
)
@click.option("--held-out", default=0.0, show_default=True, type=click.FloatRange(0, 1),
              help="Score only this last part of the recording; 0: all of it.")  # fmt: skip
@click.option(
    "--bin", "bin_s", default=1.0, show_default=True, type=click.FloatRange(0.001), help="Of the pictures. [s]"
)
@click.option("--window", "window_s", default=30.0, show_default=True, type=click.FloatRange(0.0),
              help="Pictures further apart are not compared. [s]")  # fmt: skip
@click.option("--motion-method", default=MEDICINE, show_default=True, type=click.Choice([MEDICINE, DREDGE]),
              help="Who estimates the motion of the monopolar positions.")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="Where the monopolar positions are fitted.")
@click.option("--peak", default=30, show_default=True, help="Sample of the spike in waveforms_all.npy.")
@click.option("--log", is_flag=True, help="Print the log of the jobs to stderr.")
@debug_option
def score(data: Path, out: Path, *, results: tuple[Path, ...], peak: int, log: bool, **options: Any) -> None:
    """Compare positions with the monopolar ones, with and without motion; writes OUT/scoreboard.csv and prints it.

    What is known of the truth (ground_truth.npz of phy-med simulate in the folder of DATA) is compared too.
    """
    from phy_medicine.app.sln_data import open_data
    from phy_medicine.app.sln_score import score_results

    say = (lambda line: click.echo(line, err=True)) if log else None
    with open_data(data, peak=peak) as opened:
        click.echo(score_results(opened, out, results, say=say, **options))


@command.command("figures")
@click.argument("data", type=_DATA)
@click.argument("out", type=_FOLDER)
@click.option("--result", type=_FOLDER, help="Folder of positions; by default OUT, and the figures go to OUT/figures.")
@click.option("--movie", is_flag=True, help="Also a movie, a frame for each second.")
@click.option("--motion-method", default=MEDICINE, show_default=True, type=click.Choice([MEDICINE, DREDGE]),
              help="Who estimates the motion of the monopolar positions.")  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="Where the monopolar positions are fitted.")
@click.option("--peak", default=30, show_default=True, help="Sample of the spike in waveforms_all.npy.")
@click.option("--log", is_flag=True, help="Print the log of the jobs to stderr.")
@debug_option
def figures(data: Path, out: Path, *, result: Path | None, peak: int, log: bool, **options: Any) -> None:
    """Draw the positions of one network: alone, against the monopolar ones, and how its training went."""
    from phy_medicine.app.sln_data import open_data
    from phy_medicine.app.sln_score import draw_result

    say = (lambda line: click.echo(line, err=True)) if log else None
    folder = out / "figures" if result is None else out
    with open_data(data, peak=peak) as opened:
        files = draw_result(opened, result or out, folder, say=say, **options)
    click.echo(f"{len(files)} figures in {folder}.")


@command.command("explore")
@click.option("--gl-pre", type=_FILE, required=True, metavar="FILE", help="GL_pre_dredge.npy of a network.")
@click.option(
    "--global-dir", type=_DATA, required=True, metavar="DATA", help="The recording: a dataset or plain files."
)
@click.option("--out", type=_FILE, required=True, metavar="FILE", help="The HTML file.")
@click.option("--label", default="", help="Title of the page.")
@click.option(
    "--n-bg", default=20_000, show_default=True, type=click.IntRange(0, 500_000), help="Spikes in each panel."
)
@click.option("--n-interactive", default=1000, show_default=True, type=click.IntRange(1, 10_000),
              help="Spikes to be picked.")  # fmt: skip
@click.option("--svg", is_flag=True, help="Draw points without WebGL, at most 3,000 of them.")
@click.option("--seed", default=0, show_default=True, help="Of the choice of spikes.")
@click.option("--peak", default=30, show_default=True, help="Sample of the spike in waveforms_all.npy.")
@debug_option
def explore(gl_pre: Path, global_dir: Path, out: Path, *, peak: int, **options: Any) -> None:
    """Write an explorer of a network's positions: one HTML file that needs no network; see phy-med explore."""
    from phy_medicine.app.sln_data import open_data
    from phy_medicine.app.sln_explore import write_explorer

    with open_data(global_dir, peak=peak) as opened:
        write_explorer(opened, gl_pre, out, **options)
    click.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB.")
