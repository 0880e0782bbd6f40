"""`phy-med diff`: two curations of the same spikes beside each other."""

from __future__ import annotations

import json
from pathlib import Path

import click

from phy_medicine.app.cli import debug_option

_PATH = click.Path(path_type=Path, exists=True)


@click.command("diff")
@click.argument("a", type=_PATH)
@click.argument("b", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--channel-group", type=int, help="Of .kwik files.")
@click.option("--clustering", help="Of .kwik files.")
@debug_option
def command(a: Path, b: Path, *, as_json: bool, channel_group: int | None, clustering: str | None) -> None:
    """Say how far the curations A and B agree: in all, by cluster, in the groups, and what was merged or split.

    Each is a dataset as it is saved (its params.py), a spike_clusters.npy with the groups beside it, or a journal: then
    what the dataset was at its end. Both must be of the same spikes.

    \b
    phy-med diff params.py path/to/other/params.py
    phy-med diff .phy_medicine/backups/20260101T120000_000000Z/spike_clusters.npy params.py
    phy-med diff FIRST.jsonl SECOND.jsonl --json
    """
    from phy_medicine.session.compared import JOURNALS, Comparison, read_side

    choice = {"channel_group": channel_group, "clustering": clustering}
    kwik = {path: choice if path.suffix in (".kwik", *JOURNALS) else {} for path in (a, b)}
    found = Comparison.of(read_side(a, **kwik[a]), read_side(b, **kwik[b]))
    click.echo(json.dumps(found.to_dict(), indent=2) if as_json else found.to_text())
