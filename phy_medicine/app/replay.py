"""`phy-med replay`: do recorded curations again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from phy_medicine.app.cli import debug_option
from phy_medicine.base.errors import DatasetError

if TYPE_CHECKING:
    from phy_medicine.io.journal_reader import JournalFile
    from phy_medicine.io.model import Model


@click.command("replay")
@click.argument("journal", type=click.Path(path_type=Path, exists=True))
@click.argument("params_py", type=click.Path(path_type=Path))
@click.option("--save", is_flag=True, help="Save what it leads to; without it nothing is written.")
@click.option("--channel-group", type=int, help="Of .kwik files.")
@click.option("--clustering", help="Of .kwik files.")
@debug_option
def command(journal: Path, params_py: Path, *, save: bool, channel_group: int | None, clustering: str | None) -> None:
    """Do the actions of JOURNAL again on the dataset of PARAMS_PY, which has the labels that the journal begins with.

    JOURNAL is one journal, or a dataset (its params.py): then all its saved journals, one after another, so that a copy
    of what the sorter wrote becomes what is saved now. All is done, or nothing. Without --save the actions are only
    tried and counted, and no file is touched; with it the result is saved, with a backup and a journal of its own.

    \b
    phy-med replay JOURNAL.jsonl copy/params.py
    phy-med replay params.py copy/params.py --save
    """
    from phy_medicine.io.open_model import open_model
    from phy_medicine.session.past import fresh_manager, replay_files

    choice: dict[str, Any] = {"channel_group": channel_group, "clustering": clustering}
    model = open_model(params_py, **choice)
    files = _files(journal, model, choice)
    start = fresh_manager(model)
    n_before = len(start.cluster_ids)
    n_after = len(replay_files(model, start, files).cluster_ids)
    if save:
        _save(params_py, files, choice)
    for file in files:
        if file.n_lost:
            click.echo(f"Note: {file.n_lost:,} lines of {file.path.name} are damaged and were left out.", err=True)
    click.echo(_summary(files, n_before, n_after) + (" Saved." if save else " Nothing was written; --save saves it."))


def _save(params_py: Path, files: tuple[JournalFile, ...], choice: dict[str, Any]) -> None:
    """Do each journal in a session of its own and save, as it was done the first time."""
    from phy_medicine.app.build import open_session
    from phy_medicine.session.past import replay_into

    for file in files:
        session = open_session(params_py, recover=None, use_runs=False, **choice)
        try:
            if session.storage.pending is not None:
                raise DatasetError(f"{params_py} has unsaved work of an earlier session; save or discard that first.")
            replay_into(session, file)
            session.save()
        finally:
            session.close()


def _files(journal: Path, model: Model, choice: dict[str, Any]) -> tuple[JournalFile, ...]:
    """The journal, or those that lead from the labels of the dataset to what another has saved."""
    from phy_medicine.io.journal_reader import read_journal
    from phy_medicine.io.open_model import open_model
    from phy_medicine.session.compared import JOURNALS
    from phy_medicine.session.past import past_journals, saved_chain

    if journal.suffix in JOURNALS:
        return (read_journal(journal),)
    source = open_model(journal, **choice)
    chain = saved_chain(past_journals(source)[0], model.labels_hash())
    if not chain:
        raise DatasetError(
            f"No saved journal of {journal} begins with the labels of {model.path}; nothing was changed."
        )
    return chain


def _summary(files: tuple[JournalFile, ...], before: int, after: int) -> str:
    n = sum(len(file.records) for file in files)
    of = "the journal" if len(files) == 1 else f"{len(files)} journals"
    return f"{n:,} actions of {of} fit: {before:,} clusters became {after:,}."
