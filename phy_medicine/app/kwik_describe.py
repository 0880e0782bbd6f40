"""`phy-med kwik-describe`: what a Kwik file holds."""

from __future__ import annotations

import json
from pathlib import Path

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.kwik_gui import check_kwik, kwik_choice


@click.command("kwik-describe")
@click.argument("kwik_file", type=click.Path(readable=False, path_type=Path))
@kwik_choice
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@debug_option
def command(kwik_file: Path, *, channel_group: int | None, clustering: str | None, as_json: bool) -> None:
    """Say what was found in KWIK_FILE, what is missing, and how large it is."""
    from phy_medicine.io.kwik_model import KwikModel

    check_kwik(kwik_file)
    description = KwikModel.open(kwik_file, channel_group=channel_group, clustering=clustering).describe()
    click.echo(json.dumps(description.to_dict(), indent=2) if as_json else description.to_text())
