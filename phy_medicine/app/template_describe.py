"""`phy-med template-describe`: what a dataset holds."""

from __future__ import annotations

import json
from pathlib import Path

import click

from phy_medicine.app.cli import debug_option


@click.command("template-describe")
@click.argument("params_py", type=click.Path(readable=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@debug_option
def command(params_py: Path, as_json: bool) -> None:
    """Say what was found in the dataset of PARAMS_PY, what is missing, and how large it is."""
    from phy_medicine.io.template_model import TemplateModel

    description = TemplateModel.open(params_py).describe()
    click.echo(json.dumps(description.to_dict(), indent=2) if as_json else description.to_text())
