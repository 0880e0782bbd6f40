"""`phy-med recluster`: how many neurons there are in each of many clusters, by an explicit model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.app.job_command import JobOutcome, run_job, typed_options, write_plain
from phy_medicine.app.param_options import options_of
from phy_medicine.app.recluster_table import Done, as_dict, as_tsv, told, told_applied
from phy_medicine.base.errors import DatasetError
from phy_medicine.compute.mixture.settings import ReclusterSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from phy_medicine.session.reclustered import Reclustered
    from phy_medicine.session.session import Session

KIND = "recluster"


@click.command("recluster")
@click.argument("params_py", type=click.Path(path_type=Path))
@options_of(ReclusterSettings)
@click.option("--group", "groups", metavar="GROUP", multiple=True,
              help="Clusters of this group, such as mua, or unsorted; may be given several times.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="All clusters but those of the group noise.")
@click.option("--apply", "apply_", is_flag=True, help="Do the splits, each as an action that can be undone.")
@click.option(
    "--save", is_flag=True, help="Save the splits at once; else the next opening offers them as unsaved work."
)
@click.option("--resume", is_flag=True, help="Go on with the one that was interrupted, with its clusters and settings.")
@click.option("--store/--no-store", default=True, show_default=True, help="Keep the result as a run of the dataset.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Write the table and the parts of the spikes as files too.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--log", is_flag=True, help="Print the log of the job to stderr.")
@click.option("--channel-group", type=int, help="Of a .kwik file.")
@click.option("--clustering", help="Of a .kwik file.")
@debug_option
@click.pass_context
def command(
    ctx: click.Context, /, params_py: Path, *, groups: Sequence[str], everything: bool, apply_: bool, save: bool,
    resume: bool, store: bool, out: Path | None, as_json: bool, log: bool, channel_group: int | None,
    clustering: str | None, **values: Any,
) -> None:  # fmt: skip
    """Find out how many neurons there are in clusters of PARAMS_PY (or a .kwik file), each by a mixture model.

    Clusters are named by --clusters, --group or --all, and looked at side by side, in processes here or on a cluster
    that sees the same files; the result is the same. It is kept as a run of the dataset, and the splits are among the
    suggestions of the window. No cluster changes unless --apply is given. Ctrl+C cancels, and --resume goes on.

    \b
    phy-med recluster params.py --clusters 3,7
    phy-med recluster params.py --group mua --executor dask:tcp://head:8786
    phy-med recluster params.py --all --apply --save
    """
    from phy_medicine.session.reclustered import members

    given = typed_options(ctx, values)
    _check(given, groups, everything, apply_=apply_, save=save, resume=resume, store=store)
    read_only = not (store or apply_)
    with _opened(params_py, read_only, channel_group, clustering) as session:
        if apply_ and session.storage.pending is not None:
            raise DatasetError(
                f"{params_py} has unsaved work of an earlier session; open it, take that over and save, or leave it."
            )
        if groups or everything:
            given["clusters"] = ", ".join(map(str, members(session, groups)))
        say = (lambda line: click.echo(line, err=True)) if log else None
        outcome = run_job(session, KIND, given, to_store=store, resume=resume, say=say)
        found = _found(outcome)
        done = _applied(session, found, save=save) if apply_ else ()
    if out is not None:
        write_plain(outcome, out)
        (out / "recluster.tsv").write_text(as_tsv(found), encoding="utf-8", newline="")
    if as_json:
        click.echo(json.dumps(as_dict(outcome, found, done), indent=2))
        return
    click.echo(told(outcome, found))
    if apply_:
        click.echo(told_applied(found, done, saved=save))


def _check(
    given: Mapping[str, Any], groups: Sequence[str], everything: bool, *, apply_: bool, save: bool, resume: bool,
    store: bool,
) -> None:  # fmt: skip
    """Raise a sentence where options do not go together."""
    named = [name for name, there in (("--clusters", "clusters" in given), ("--group", bool(groups)),
                                      ("--all", everything)) if there]  # fmt: skip
    if resume and (named or given):
        raise click.UsageError(
            "--resume goes on with the clusters and settings of the interrupted one; leave them out."
        )
    if resume and not store:
        raise click.UsageError("--no-store keeps nothing that could be gone on with; leave out --resume.")
    if not resume and len(named) != 1:
        raise click.UsageError("Name the clusters by one of --clusters, --group and --all.")
    if save and not apply_:
        raise click.UsageError("--save is for the splits that --apply does; nothing else could be saved.")


@contextmanager
def _opened(path: Path, read_only: bool, channel_group: int | None, clustering: str | None) -> Iterator[Session]:
    from phy_medicine.app.build import open_session

    session = open_session(
        path, read_only=read_only, recover=None, use_runs=False, channel_group=channel_group, clustering=clustering
    )
    try:
        yield session
    finally:
        session.close()


def _found(outcome: JobOutcome) -> tuple[Reclustered, ...]:
    from phy_medicine.session.reclustered import reclustered

    return reclustered(outcome.arrays, outcome.facts)


def _applied(session: Session, found: Sequence[Reclustered], *, save: bool) -> Done:
    """Do the splits that are proposed and were not rejected before; return each cluster and what came of it."""
    from phy_medicine.session.reclustered import split_each

    done = split_each(session, found)
    if save and done:
        session.save()
    return done
