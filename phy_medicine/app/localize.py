"""`phy-med localize`: where every spike comes from, and pictures of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.job_command import JobOutcome, job_command

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

HELP = """Find where every spike comes from: across the probe, along it, away from it, and how strong its source is.

The raw recording of PARAMS_PY (or of a .kwik file) is read, or else the waveforms stored beside it; the positions are
kept as a run of the dataset. Ctrl+C cancels and leaves nothing.

\b
phy-med localize params.py
phy-med localize params.py --method com --out positions/
phy-med localize params.py --figures figures/
"""


def draw(session: Session, outcome: JobOutcome, options: Mapping[str, Any]) -> None:
    """Write the figures that were asked for."""
    folder, movie = options["figures"], options["movie"]
    if folder is None:
        return
    from phy_medicine.compute.localize.figures import draw_figures
    from phy_medicine.compute.localize.settings import MONOPOLAR
    from phy_medicine.session.localized import known_motions, latest_by, make_located

    motions, motion = known_motions(session), session.motion.current
    name = str(outcome.facts["method"])
    located = make_located(session, name, outcome.arrays, motion)
    baseline = latest_by(session, MONOPOLAR, motion) if name != MONOPOLAR else None
    logged = click.get_current_context().params["log"]
    say = (lambda figure: click.echo(f"Drawing {figure}", err=True)) if logged else (lambda figure: None)
    files = draw_figures(folder, located, baseline=baseline, motions=motions, movie=movie, check=say)
    click.echo(f"{len(files)} figures in {folder}.", err=True)


_FOLDER = click.Path(path_type=Path, file_okay=False)
command = job_command(
    "localization",
    name="localize",
    more={
        "figures": click.option("--figures", type=_FOLDER, metavar="DIR", help="Draw figures into a folder."),
        "movie": click.option("--movie", is_flag=True, help="With --figures: also a movie, a frame for each second."),
    },
    after=draw,
)
command.help = HELP
_run: Any = command.callback


def _checked(**options: Any) -> None:
    """Refuse what cannot be done before anything is computed."""
    if options["movie"] and options["figures"] is None:
        raise click.UsageError("--movie belongs to --figures: name a folder.")
    _run(**options)


command.callback = _checked
