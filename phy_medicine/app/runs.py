"""`phy-med runs`: what was computed on a dataset; listed, compared, renamed, exported, deleted."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option

if TYPE_CHECKING:
    from phy_medicine.io.store_runs import Run
    from phy_medicine.session.session import Session


@click.group("runs", invoke_without_command=True)
@click.argument("params_py", type=click.Path(path_type=Path))
@debug_option
@click.pass_context
def command(context: click.Context, params_py: Path) -> None:
    """Results in the store beside the dataset of PARAMS_PY. A RUN is named by its id, or its name if only one has it.

    \b
    phy-med runs params.py
    phy-med runs params.py compare "motion 1" "motion 2"
    phy-med runs params.py export "motion 2" OUT_DIR
    """
    from phy_medicine.app.build import open_session

    session = open_session(params_py, recover=None, use_runs=False)
    context.call_on_close(session.close)
    context.obj = session
    if context.invoked_subcommand is None:
        context.invoke(list_runs)


@command.command("list")
@click.option("--kind", help="Only runs of this kind, such as motion.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def list_runs(session: Session, kind: str | None = None, as_json: bool = False) -> None:
    """List the runs, the oldest first."""
    runs = session.store.runs(kind)
    if as_json:
        click.echo(json.dumps([asdict(run) for run in runs], indent=2))
        return
    if session.store.problem:
        click.echo(session.store.problem, err=True)
    if not runs:
        click.echo("No runs yet.")
    for run in runs:
        click.echo(f"{run.id}  {run.kind:<14}{run.name:<22}{run.created[:16].replace('T', ' ')} UTC  {_settings(run)}")


def _settings(run: Run) -> str:
    """The settings that were changed."""
    from phy_medicine.base.errors import PhyMedError
    from phy_medicine.base.params import params_of
    from phy_medicine.compute.job_kinds import kind

    try:
        defaults: dict[str, Any] = {
            p.name: p.default for p in params_of(kind(str(run.facts.get("job", run.kind))).settings_class)
        }
    except PhyMedError:
        defaults = {}
    defaults = {"device": "auto", "seed": 0, **defaults}
    plain = {name: list(v) if isinstance(v, tuple) else v for name, v in defaults.items()}
    method = [str(run.facts["method"])] if {"job", "method"} <= run.facts.keys() else []
    changed = [f"{name}={value}" for name, value in run.params.items() if value != plain.get(name)]
    return ", ".join(method + changed) or "defaults"


@command.command("rename")
@click.argument("run")
@click.argument("name")
@click.pass_obj
def rename(session: Session, run: str, name: str) -> None:
    """Give RUN another NAME; its id stays."""
    store = session.store
    click.echo(f"{run} is now {store.rename(store.run(run).id, name).name}.")


@command.command("delete")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, run: str, yes: bool) -> None:
    """Remove RUN from the store."""
    found = session.store.run(run)
    if not yes:
        click.confirm(f"Delete {found.kind} {found.name!r} ({found.id})?", abort=True)
    session.store.delete(found.id)
    click.echo(f"Deleted {found.name!r}.")


@command.command("export")
@click.argument("run")
@click.argument("out_dir", type=click.Path(path_type=Path, file_okay=False))
@click.pass_obj
def export(session: Session, run: str, out_dir: Path) -> None:
    """Write the arrays of RUN as .npy files, and its settings and facts as run.json, into OUT_DIR."""
    for path in session.store.export(session.store.run(run).id, out_dir):
        click.echo(path)


@command.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_obj
def compare(session: Session, first: str, second: str, as_json: bool) -> None:
    """Say in what two runs of one kind differ: settings, inputs, arrays."""
    from phy_medicine.session.compare_runs import comparison_text

    store = session.store
    ids = store.run(first).id, store.run(second).id
    click.echo(json.dumps(asdict(store.compare(*ids)), indent=2) if as_json else comparison_text(store, *ids))
