"""`phy-med localize`: where every spike comes from, and pictures of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.job_command import JobOutcome, echo_outcome, run_job, typed_options, write_plain
from phy_medicine.app.param_options import option_name, options_of
from phy_medicine.base.params import params_of
from phy_medicine.compute.localize.network_job import KIND as NETWORK_KIND
from phy_medicine.compute.localize.network_job import LOSSES, NETWORK
from phy_medicine.compute.localize.network_job_settings import FIRST, PREFIX, NetworkJobSettings
from phy_medicine.compute.localize.network_job_settings import METHODS as NETWORK_METHODS
from phy_medicine.compute.localize.settings import METHODS, MONOPOLAR, LocalizeSettings

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

SIGNAL = tuple(param.name for param in params_of(LocalizeSettings) if param.name != "method")
GENERAL = ("network", "seed")
OF_NETWORKS = tuple(param.name for param in params_of(NetworkJobSettings) if param.name not in (*SIGNAL, *GENERAL))
"""Settings that only networks have."""
METHOD_HELP = (
    "monopolar fits a point source in three dimensions, corrected goes on from there by what neurons simulated for "
    "this probe and noise teach, com is the centre of mass of the amplitudes, grid compares with templates on a grid "
    "of places; the others are networks that learn from the recording, which takes long"
)
_FOLDER = click.Path(path_type=Path, file_okay=False)


class InSections(click.Command):
    """Shows what most people need of the many settings of networks in a section of its own, the rest when asked."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        every = ctx.meta.get("every_setting", False)
        sections = ("Options", "Networks (--method sln-...)")
        shown: dict[str, list[tuple[str, str]]] = {title: [] for title in sections}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            learned = param.name in OF_NETWORKS or param.name in ("resume", "every_setting")
            if record is not None and (every or not learned or param.name in (*FIRST, "resume", "every_setting")):
                shown[sections[learned]].append(record)
        for title, rows in shown.items():
            with formatter.section(title):
                formatter.write_dl(rows)


def _show_all(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.meta["every_setting"] = True
        click.echo(ctx.get_help())
        ctx.exit()


@click.command("localize", cls=InSections)
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option(
    "--method", default=MONOPOLAR, show_default=True, type=click.Choice([*METHODS, *NETWORK_METHODS]), help=METHOD_HELP
)
@options_of(LocalizeSettings, leave_out=("method",))
@click.option("--device", default="auto", show_default=True, help="auto, cpu, mps, cuda or cuda:N.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of every random number.")
@click.option("--out", type=_FOLDER, metavar="DIR", help="Write the arrays as .npy files too.")
@click.option("--store/--no-store", default=True, show_default=True, help="Keep the result as a run.")
@click.option("--figures", type=_FOLDER, metavar="DIR", help="Draw figures into a folder.")
@click.option("--movie", is_flag=True, help="With --figures: also a movie, a frame for each second.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--log", is_flag=True, help="Print the log of the job to stderr.")
@debug_option
@click.option("--resume", is_flag=True, help="Go on with the training that was interrupted, with its settings.")
@options_of(NetworkJobSettings, leave_out=(*SIGNAL, *GENERAL))
@click.option(
    "--help-networks", "every_setting", is_flag=True, is_eager=True, expose_value=False, callback=_show_all,
    help="Show all settings of networks and exit.",
)  # fmt: skip
@click.pass_context
def command(
    ctx: click.Context, /, params_py: Path, *, method: str, out: Path | None, store: bool, figures: Path | None,
    movie: bool, as_json: bool, log: bool, resume: bool, **values: Any,
) -> None:  # fmt: skip
    """Find where every spike comes from: across the probe, along it, away from it, and how strong its source is.

    The raw recording of PARAMS_PY (or of a .kwik file) is read, or else the waveforms stored beside it; the positions
    are kept as a run of the dataset. Ctrl+C cancels and leaves nothing but, of a network, what --resume needs.

    \b
    phy-med localize params.py
    phy-med localize params.py --method com --out positions/
    phy-med localize params.py --figures figures/
    phy-med localize params.py --method sln-cnn --device cuda
    phy-med localize params.py --resume
    """
    from phy_medicine.app.build import open_session

    if movie and figures is None:
        raise click.UsageError("--movie belongs to --figures: name a folder.")
    kind, given = checked(ctx, method, resume, store, typed_options(ctx, {"method": method, **values}))
    say = (lambda line: click.echo(line, err=True)) if log else None
    session = open_session(params_py, read_only=not store, recover=None)
    try:
        outcome = run_job(session, kind, given, to_store=store, resume=resume, say=say)
        if out is not None:
            write_result(outcome, out)
        if figures is not None:
            draw(session, outcome, figures, movie=movie, say=say or (lambda line: None))
    finally:
        session.close()
    echo_outcome(outcome, as_json=as_json)


def checked(
    ctx: click.Context, method: str, resume: bool, store: bool, given: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return the kind of job and its settings, or refuse before anything is computed what cannot be done."""
    names = {param.name: option_name(param.name) for param in params_of(NetworkJobSettings)}
    names |= {param.name: option_name(param.name) for param in params_of(LocalizeSettings)} | {"device": "--device"}
    if resume:
        if given or not store:
            extra = names[next(iter(given))] if given else "--no-store"
            raise click.UsageError(
                f"--resume goes on with the settings of the interrupted training; leave out {extra}."
            )
        return NETWORK_KIND, {}
    network = method in NETWORK_METHODS
    known = {param.name for param in params_of(NetworkJobSettings if network else LocalizeSettings)}
    for name in given:
        if name not in known | {"device", "method", "seed"}:
            raise click.UsageError(f"{names[name]} does not belong to --method {method}.")
    if not network:
        return "localization", given
    rest = {name: value for name, value in given.items() if name != "method"}
    return NETWORK_KIND, {**rest, "network": method.removeprefix(PREFIX)}


def write_result(outcome: JobOutcome, folder: Path) -> None:
    """Write plain files; a network as a file that can be applied again."""
    from phy_medicine.io.durable import reason
    from phy_medicine.io.store import StoreError

    arrays = dict(outcome.arrays)
    network = arrays.pop(NETWORK, None)
    if network is not None and (folder / f"{NETWORK}.pt").exists():
        raise StoreError(f"{folder / NETWORK}.pt exists; choose another folder, nothing is overwritten.")
    write_plain(replace(outcome, arrays=arrays), folder)
    if network is not None:
        try:
            (folder / f"{NETWORK}.pt").write_bytes(network.tobytes())
        except OSError as error:
            raise StoreError(f"Could not write to {folder}: {reason(error)}.") from None


def draw(session: Session, outcome: JobOutcome, folder: Path, *, movie: bool, say: Any) -> None:
    """Write the figures that were asked for."""
    from phy_medicine.compute.localize.figures import draw_figures
    from phy_medicine.compute.motion.motion import Motion
    from phy_medicine.session.localized import known_motions, latest_by, make_located

    motions, motion = known_motions(session), session.motion.current
    name, arrays = str(outcome.facts["method"]), outcome.arrays
    if "displacement" in arrays:
        motion = Motion.from_arrays(arrays)
    located = make_located(session, name, arrays, motion)
    baseline = latest_by(session, MONOPOLAR, motion) if name != MONOPOLAR else None
    files = draw_figures(
        folder, located, baseline=baseline, motions=motions, terms=terms_of(arrays.get(LOSSES)), movie=movie,
        check=lambda figure: say(f"Drawing {figure}"),
    )  # fmt: skip
    click.echo(f"{len(files)} figures in {folder}.", err=True)


def terms_of(losses: Any) -> dict[str, Any]:
    """Return the loss of each step of training and its terms by name; losses : (n_steps, 4) or None."""
    names = ("loss", "likeness", "entropy", "tether")
    return {} if losses is None or not len(losses) else dict(zip(names, losses.T, strict=True))
