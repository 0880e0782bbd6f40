"""`phy-med match`: which units of several sessions of one probe are the same neurons."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.param_options import options_of
from phy_medicine.session.match_sessions import MatchSettings


@click.command("match")
@click.argument("datasets", metavar="A B [C...]", nargs=-1, required=True, type=click.Path(path_type=Path))
@options_of(MatchSettings)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A .tsv or .json file; printed without.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--force", is_flag=True, help="Replace a file.")
@debug_option
def command(datasets: tuple[Path, ...], *, out: Path | None, as_json: bool, force: bool, **settings: Any) -> None:
    """Find the same neurons in several sorted sessions of one probe (their params.py), and print who is who.

    Units are compared by their mean waveforms, their sizes and their places, after the shift of the tissue between the
    sessions was found from the units themselves. The window shows matches side by side: Jobs > Match sessions.

    \b
    phy-med match monday/params.py tuesday/params.py
    phy-med match monday/params.py tuesday/params.py friday/params.py --out matches.tsv
    """
    from phy_medicine.app.build import open_session
    from phy_medicine.app.export import progress_bar
    from phy_medicine.session import match_text
    from phy_medicine.session.match_sessions import match_sessions

    with ExitStack() as stack:
        sessions = []
        for path in datasets:
            sessions.append(open_session(path, read_only=True))
            stack.callback(sessions[-1].close)
        with progress_bar(unit="unit", desc="Waveforms") as progress:
            found = match_sessions(sessions, MatchSettings(**settings), lambda name, done, every: progress(done, every))
    click.echo(match_text.summary(found), err=True)
    if out is not None:
        click.echo(match_text.export_match(found, out, force=force).files[0])
    else:
        click.echo(match_text.as_json(found) if as_json else match_text.as_tsv(found), nl=False)
