"""`phy-med record`: which clusters were shown during curation, for how long, and what was decided."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from phy_medicine.app.cli import debug_option


@click.command("record")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A .tsv file; printed without.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--force", is_flag=True, help="Replace a file.")
@click.option("--delete", is_flag=True, help="Delete the record, after it was written to --out if that is given.")
@debug_option
def command(params_py: Path, *, out: Path | None, as_json: bool, force: bool, delete: bool) -> None:
    """Write the record of the curation of PARAMS_PY (or a .kwik file) as a table.

    A record is kept only where it was switched on: File > Record of the curation, or the setting `record`. It lies
    beside the dataset and nowhere else.

    \b
    phy-med record params.py
    phy-med record params.py --out record.tsv
    phy-med record params.py --delete
    """
    from phy_medicine.io.open_model import open_model
    from phy_medicine.io.viewing_record import as_tsv, delete_record, export_record, read_viewings, record_path

    folder = open_model(params_py).dir_path
    if delete and out is None:
        there = delete_record(folder)
        click.echo(f"Deleted {record_path(folder)}." if there else "There is no record of this dataset.")
        return
    viewings, n_lost = read_viewings(folder)
    if n_lost:
        click.echo(f"{n_lost:,} lines of {record_path(folder)} cannot be read and are left out.", err=True)
    if out is not None:
        click.echo(export_record(viewings, out, force=force).files[0])
    elif as_json:
        click.echo(json.dumps([asdict(v) for v in viewings], indent=1))
    else:
        click.echo(as_tsv(viewings), nl=False)
    if delete:
        delete_record(folder)
