"""`phy-med train`: curate a simulated dataset whose truth is known, and learn how well you did."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.build import open_training, run_window
from phy_medicine.app.simulate import simulation_bar
from phy_medicine.app.window_command import prepared, window_options

_LEVELS = ("easy", "medium", "hard")


@click.command("train")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--level", type=click.Choice(_LEVELS), default="medium", show_default=True, help="How difficult.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Another dataset.")
@click.option("--fresh", is_flag=True, help="Begin anew; what was curated in DIR is deleted.")
@click.option("--report", is_flag=True, help="No window: tell how far the saved curation agrees with the truth.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="With --report: an .html or .tsv file.")
@click.option("--force", is_flag=True, help="With --out: replace a file.")
@window_options
def command(
    folder: Path | None,
    *,
    level: str,
    seed: int,
    fresh: bool,
    report: bool,
    out: Path | None,
    force: bool,
    read_only: bool,
    recover: bool | None,
    take_over: bool,
    **values: Any,
) -> None:
    """Simulate a dataset with the mistakes of a sorter into DIR, and open it to be curated.

    Neurons in two clusters, by amplitude or by motion, two neurons in one, artifacts, far-away neurons: the ordinary
    window, with a report of agreement when you ask for it (Ctrl+Shift+T) and when you close it. A training that is in
    DIR already goes on where it was. Without DIR it lies in the user's folder, ~/.phy_medicine/training.

    \b
    phy-med train
    phy-med train practice --level hard --seed 3
    phy-med train practice --level hard --seed 3 --report --out practice.html
    """
    from phy_medicine.io.simulate.training import make_training, training_folder

    with simulation_bar() as progress:
        place = training_folder(level, seed) if folder is None else folder
        params_py = make_training(place, level, seed, fresh=fresh, progress=progress)
    if report or out is not None:
        _tell(params_py, out, force=force)
        return
    options = prepared(params_py, values)
    opening = partial(
        open_training,
        params_py,
        read_only=read_only,
        recover=recover,
        take_over=take_over,
        configuration=options.configuration,
        use_runs=False,
    )
    click.get_current_context().exit(run_window(opening, options))


def _tell(params_py: Path, out: Path | None, *, force: bool) -> None:
    """Print the report of the saved clusters, or write it."""
    from phy_medicine.app.export import UNSAVED
    from phy_medicine.session.training_text import as_text, write_report

    session = open_training(params_py, read_only=True, use_runs=False)
    try:
        assert session.training is not None
        if session.storage.pending is not None:
            click.echo(f"Note: {UNSAVED}", err=True)
        found = session.training.report()
        if out is None:
            click.echo(as_text(found), nl=False)
        else:
            click.echo(write_report(found, out, force=force).files[0])
    finally:
        session.close()
