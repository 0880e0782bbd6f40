"""`phy-med suggest`: what may be worth doing in a dataset, and why."""

from __future__ import annotations

from pathlib import Path

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.export import UNSAVED
from phy_medicine.base.errors import DatasetError


@click.command("suggest")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option("--preset", metavar="NAME", help="How merges are found: default, model, or a preset of SpikeInterface; "
              "by default as configured.")  # fmt: skip
@click.option("--least", type=click.FloatRange(0, 1), metavar="FLOAT", help="Only those at least so sure; by default "
              "0.7, which is recommended, and with a preset of SpikeInterface 0: all it takes.")  # fmt: skip
@click.option("--kinds", metavar="KIND,KIND", help="Only these: merge, split, noise, mua; all by default.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A .tsv or .json file; printed without.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--force", is_flag=True, help="Replace a file.")
@click.option("--channel-group", type=int, help="Of a .kwik file.")
@click.option("--clustering", help="Of a .kwik file.")
@debug_option
def command(
    params_py: Path,
    *,
    preset: str | None,
    least: float | None,
    kinds: str | None,
    out: Path | None,
    as_json: bool,
    force: bool,
    channel_group: int | None,
    clustering: str | None,
) -> None:
    """List merges, splits, noise and multi-units that may be worth doing in PARAMS_PY (or a .kwik file), and why.

    The dataset is taken as it was last saved, and is not changed. What was rejected in the window is left out. The one
    that puts most spikes right comes first. Those that the window lists as less certain come with --least 0.

    \b
    phy-med suggest params.py
    phy-med suggest params.py --preset slay --kinds merge --json
    phy-med suggest params.py --out suggestions.tsv
    """
    from phy_medicine.app.build import open_session
    from phy_medicine.curation.suggestions import KINDS, SURE
    from phy_medicine.session import suggestion_text
    from phy_medicine.session.suggestions import DEFAULT

    wanted = [word.strip() for word in (kinds or "").split(",") if word.strip()] or list(KINDS)
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown:
        raise DatasetError(f"There is no kind of suggestion {unknown[0]}; available: {', '.join(KINDS)}.")
    session = open_session(params_py, read_only=True, recover=None, channel_group=channel_group, clustering=clustering)
    if session.storage.pending is not None:
        click.echo(f"Note: {UNSAVED}", err=True)
    try:
        if preset is not None:
            session.suggestions.choose_preset(preset)
        session.suggestions.compute()
        if least is None:
            least = SURE if session.suggestions.preset == DEFAULT else 0.0
        found = [s for s in session.suggestions.queue.open if s.kind in wanted and s.confidence >= least]
        if out is not None:
            click.echo(suggestion_text.export_suggestions(found, out, force=force).files[0])
        else:
            click.echo(suggestion_text.as_json(found) if as_json else suggestion_text.as_tsv(found), nl=False)
    finally:
        session.close()
