"""`phy-med plugins`: which plugins there are, which are asked for, and whether they work."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from phy_medicine.app.cli import debug_option

if TYPE_CHECKING:
    from phy_medicine.app.plugins import PluginBook


@click.command("plugins")
@click.argument("params_py", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--details", is_flag=True, help="Print the traceback of each that failed.")
@debug_option
def command(params_py: Path | None, *, as_json: bool, details: bool) -> None:
    """Say which plugins there are.

    Without PARAMS_PY nothing is run: files are read for the classes they define. With it, those that are asked for are
    attached to that dataset, without a window and without changing it, and the exit code is 1 when one failed or was
    not found.

    \b
    phy-med plugins
    phy-med plugins params.py --details
    """
    from phy_medicine.app.build import configuration_for, make_book

    configuration = configuration_for(params_py or Path())
    if params_py is None:
        book = make_book(None, configuration)
        _say(book, as_json=as_json, details=details)
        return
    from phy_medicine.app.build import open_session

    session = open_session(params_py, read_only=True, configuration=configuration, use_runs=False)
    try:
        book = make_book(session, configuration)
        book.attach()
        _say(book, as_json=as_json, details=details)
        book.close_window()
    finally:
        session.close()
    failed = [record for record in book.records if record.state in ("failed", "missing")]
    click.get_current_context().exit(1 if failed else 0)


def _say(book: PluginBook, *, as_json: bool, details: bool) -> None:
    records = book.records
    if as_json:
        click.echo(json.dumps([asdict(record) for record in records], indent=1))
        return
    if not records:
        folders = ", ".join(map(str, book.folders)) or "~/.phy/plugins, which does not exist"
        click.echo(f"No plugins in {folders}.")
    for record in records:
        click.echo(f"{record.sentence:<44} {record.help}".rstrip())
        if record.source:
            click.echo(f"    {record.key} from {record.source}")
        if record.details and (details or record.state == "missing"):
            click.echo("\n".join(f"    {line}" for line in record.details.rstrip().splitlines()))
