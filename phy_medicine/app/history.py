"""`phy-med history`: what was done to a dataset, by whom, when, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.base.errors import DatasetError

if TYPE_CHECKING:
    from phy_medicine.curation.entries import LogEntry
    from phy_medicine.session.past import PastJournal


@click.command("history")
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option("--journal", help="Only this one: its file, or the beginning of its name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--channel-group", type=int, help="Of a .kwik file.")
@click.option("--clustering", help="Of a .kwik file.")
@debug_option
def command(
    params_py: Path, *, journal: str | None, as_json: bool, channel_group: int | None, clustering: str | None
) -> None:
    """List every action that was done to the dataset of PARAMS_PY, journal by journal, the oldest first.

    Of each: number, time, what it was, clusters, and spikes of each cluster; of each journal: who made it where, and
    whether its actions were saved, discarded, or neither. Times are those of the clock here, in JSON of Greenwich.

    \b
    phy-med history params.py
    phy-med history params.py --json
    """
    from phy_medicine.io.open_model import open_model
    from phy_medicine.session.past import past_journals

    found, problems = past_journals(open_model(params_py, channel_group=channel_group, clustering=clustering))
    for problem in problems:
        click.echo(problem, err=True)
    shown = [j for j in found if journal is None or _is(j, journal)]
    if journal is not None and not shown:
        raise DatasetError(f"There is no journal {journal!r} of {params_py}; phy-med history {params_py} lists them.")
    if as_json:
        click.echo(json.dumps([_values(j) for j in shown], indent=2))
    elif not shown:
        click.echo("Nothing was done to this dataset yet.")
    else:
        click.echo("\n\n".join("\n".join(_lines(j)) for j in shown))


def _is(journal: PastJournal, name: str) -> bool:
    path = journal.file.path
    return path.name.startswith(name) or Path(name).absolute() == path.absolute()


def _lines(journal: PastJournal) -> list[str]:
    from phy_medicine.session.past import local_time
    from phy_medicine.session.recovery import actions

    file, entries = journal.file, journal.entries
    head = file.header
    n = sum(entry.kind not in ("undo", "redo") for entry in entries)
    who = f"{local_time(head.created)}  {head.user} on {head.host}"
    lines = [f"{who}: {n:,} {actions(n)}, {journal.state}  ({file.path.name})"]
    lines += [_line(entry, local_time(entry.time, "%H:%M:%S")) for entry in entries]
    if file.n_lost:
        lines.append(f"  {file.n_lost:,} more cannot be read: a line is damaged, and what follows needs it.")
    return lines


def _line(entry: LogEntry, time: str) -> str:
    said = entry.entry
    undone = {"done": "", "undone": "  undone", "forgotten": "  undone for good"}[entry.fate]
    return f"{entry.seq:>6}  {time}  {said.what:<28} {said.ids_text:<32} {said.counts_text}{undone}".rstrip()


def _values(journal: PastJournal) -> dict[str, Any]:
    file = journal.file
    head = file.header
    return {
        "journal": str(file.path),
        "created": head.created,
        "user": head.user,
        "host": head.host,
        "state": journal.state,
        "labels_hash": head.labels_hash,
        "saved_labels_hash": file.saved_hash if journal.state == "saved" else None,
        "n_spikes": head.n_spikes,
        "n_unreadable": file.n_lost,
        "actions": _actions(journal.entries),
    }


def _actions(entries: Sequence[LogEntry]) -> list[dict[str, Any]]:
    return [
        {
            "seq": e.seq,
            "time": e.time,
            "kind": e.kind,
            "what": e.entry.what,
            "before": list(e.entry.before),
            "after": list(e.entry.after),
            "counts": dict(zip(map(str, e.entry.counted), e.entry.counts, strict=False)),
            "fate": e.fate,
            "note": e.entry.note,
        }
        for e in entries
    ]
