"""`phy-med kwik-gui`: curate a Kwik file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.build import open_session, run_window
from phy_medicine.app.window_command import prepared, window_options
from phy_medicine.base.errors import DatasetError


def kwik_choice(command: Any) -> Any:
    """Give a command the options that say which part of a Kwik file is meant."""
    command = click.option(
        "--clustering", metavar="NAME", help="Clustering to open; main, or the first by name, by default."
    )(command)
    return click.option(
        "--channel-group", type=int, metavar="N", help="Channel group (shank) to open; the first by default."
    )(command)


def check_kwik(path: Path) -> None:
    """Refuse early what cannot be a Kwik file.

    Raises
    ------
    DatasetError : the name has another ending
    """
    if path.suffix != ".kwik":
        raise DatasetError(f"{path} is no .kwik file; give the .kwik file, or open a params.py with template-gui.")


@click.command("kwik-gui")
@click.argument("kwik_file", type=click.Path(readable=False, path_type=Path))
@kwik_choice
@window_options
def command(
    kwik_file: Path,
    *,
    channel_group: int | None,
    clustering: str | None,
    read_only: bool,
    recover: bool | None,
    take_over: bool,
    **values: Any,
) -> None:
    """Open KWIK_FILE, written by SpikeDetekt, klusta or phy, and curate one clustering of it.

    \b
    phy-med kwik-gui recording.kwik
    phy-med kwik-gui recording.kwik --channel-group 1 --clustering original --read-only
    """
    check_kwik(kwik_file)
    options = prepared(kwik_file, values)
    opening = partial(
        open_session,
        kwik_file,
        read_only=read_only,
        recover=recover,
        take_over=take_over,
        configuration=options.configuration,
        use_runs=False,
    )
    code = run_window(partial(opening, channel_group=channel_group, clustering=clustering), options)
    click.get_current_context().exit(code)
