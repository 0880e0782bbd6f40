"""`phy-med import`: take over a curation that another program made."""

from __future__ import annotations

from pathlib import Path

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.base.errors import DatasetError


@click.command("import")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.argument("curation", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "program", required=True, type=click.Choice(("spikeinterface",)), help="Who made the curation.")
@click.option("--save", is_flag=True, help="Save at once; else the next opening offers the actions as unsaved work.")
@click.option("--channel-group", type=int, help="Of a .kwik file.")
@click.option("--clustering", help="Of a .kwik file.")
@debug_option
def command(
    params_py: Path, curation: Path, *, program: str, save: bool, channel_group: int | None, clustering: str | None
) -> None:
    """Do the CURATION (a JSON file of SpikeInterface) on the dataset of PARAMS_PY, by actions that can be undone.

    Labels and groups are set, units merged and split; units that the curation removes are moved to noise. Units are the
    clusters of the same number, or have the ids that SpikeInterface wrote beside the dataset. All is done, or nothing.

    \b
    phy-med import params.py --from spikeinterface curation.json --save
    """
    from phy_medicine.app.build import open_session

    session = open_session(params_py, recover=None, channel_group=channel_group, clustering=clustering)
    try:
        if session.storage.pending is not None:
            raise DatasetError(
                f"{params_py} has unsaved work of an earlier session; open it, take that over and save, or leave it."
            )
        report = session.apply_curation(curation)
        if save:
            session.save()
    finally:
        session.close()
    for note in report.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(report.text + (" Saved." if save else " Not saved yet: open the dataset to look at it."))
