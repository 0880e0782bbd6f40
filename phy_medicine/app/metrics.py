"""`phy-med metrics`: the quality metrics of every cluster of a dataset."""

from __future__ import annotations

from pathlib import Path

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.export import UNSAVED, progress_bar
from phy_medicine.base.errors import DatasetError


@click.command("metrics")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="A .tsv, .csv or .json file, or a folder for cluster_metrics.tsv; printed without.")  # fmt: skip
@click.option("--names", metavar="NAME,NAME", help="Only these metrics; all by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--force", is_flag=True, help="Replace a file.")
@click.option("--channel-group", type=int, help="Of a .kwik file.")
@click.option("--clustering", help="Of a .kwik file.")
@debug_option
def command(
    params_py: Path,
    *,
    out: Path | None,
    names: str | None,
    as_json: bool,
    force: bool,
    channel_group: int | None,
    clustering: str | None,
) -> None:
    """Compute the quality metrics of every cluster of PARAMS_PY (or a .kwik file), as it was last saved.

    \b
    phy-med metrics params.py
    phy-med metrics params.py --names snr,contamination --json
    phy-med metrics params.py --out metrics.csv
    """
    from phy_medicine.app.build import open_session
    from phy_medicine.io.export.metrics import as_json as json_text
    from phy_medicine.io.metadata import format_metrics
    from phy_medicine.session.quality_columns import TABLE
    from phy_medicine.session.quality_rows import metric_rows

    wanted = tuple(word.strip() for word in names.split(",") if word.strip()) if names else TABLE
    unknown = [name for name in wanted if name not in TABLE]
    if unknown:
        raise DatasetError(f"There is no metric {unknown[0]}; available: {', '.join(TABLE)}.")
    session = open_session(params_py, read_only=True, recover=None, channel_group=channel_group, clustering=clustering)
    if session.storage.pending is not None:
        click.echo(f"Note: {UNSAVED}", err=True)
    try:
        with progress_bar(unit="step", desc="Clusters") as progress:
            if out is not None:
                for path in session.export_metrics(out, names=wanted, force=force, progress=progress).files:
                    click.echo(path)
                return
            session.quality.compute(names=wanted, done=progress)
        rows = metric_rows(session, wanted)
        click.echo(json_text(wanted, rows) if as_json else format_metrics(wanted, rows), nl=False)
    finally:
        session.close()
