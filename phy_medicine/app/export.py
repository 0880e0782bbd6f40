"""`phy-med export`: hand a dataset over to other programs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.base.errors import DatasetError

FORMATS = ("kwik",)
"""What can be written."""


def _format(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A format that can be written."""
    if value.lower() not in FORMATS:
        raise click.BadParameter(f"{value!r} cannot be written; available: {', '.join(FORMATS)}.", ctx, param)
    return value.lower()


@contextmanager
def _bar() -> Iterator[Any]:
    """A progress bar on stderr that knows its length only with the first step; nothing where nobody watches."""
    from tqdm import tqdm

    with tqdm(unit="B", unit_scale=True, desc="Writing", disable=None, leave=False) as bar:

        def step(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield step


@click.command("export")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option("--to", "to", required=True, metavar="FORMAT", callback=_format, help="Format: kwik.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="PATH", help="File to write, or a folder for it."
)
@click.option(
    "--raw",
    type=click.Choice(("link", "copy", "none")),
    default="link",
    show_default=True,
    help="Name the raw files, copy them into a .raw.kwd file, or leave them out.",
)
@click.option("--features/--no-features", default=True, show_default=True, help="Write the .kwx file of features.")
@debug_option
def command(params_py: Path, *, to: str, out: Path, raw: Any, features: bool) -> None:
    """Write the dataset of PARAMS_PY, as it was last saved, for other programs.

    \b
    phy-med export params.py --to kwik --out recording.kwik
    phy-med export params.py --to kwik --out folder --raw copy
    """
    from phy_medicine.io.export.kwik import export_kwik
    from phy_medicine.io.journal import unsaved
    from phy_medicine.io.template_model import TemplateModel

    if params_py.suffix == ".kwik":
        raise DatasetError(f"{params_py} is a Kwik file already; copy it.")
    model = TemplateModel.open(params_py)
    with _bar() as progress:
        report = export_kwik(model, out, raw=raw, features=features, progress=progress)
    if unsaved(model.dir_path, model.labels_hash()) is not None:
        click.echo(
            "Note: unsaved actions of an earlier session are not in it; open the dataset and save first.", err=True
        )
    for note in report.notes:
        click.echo(f"Note: {note}", err=True)
    for path in report.files:
        click.echo(path)
