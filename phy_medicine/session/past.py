"""The curations of a dataset so far: its journals in order, the chain of the saved ones, the state after one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from phy_medicine.base.errors import ActionError, JournalError
from phy_medicine.curation.actions import GROUP
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.entries import LogEntry, log_entries
from phy_medicine.curation.labels import guess_measured
from phy_medicine.io.journal_reader import DISCARDED, SAVED, JournalFile, journals, read_journal, was_saved
from phy_medicine.io.known_labels import find_labels
from phy_medicine.io.model import Model
from phy_medicine.io.user_fields import read_user_fields
from phy_medicine.session.recovery import actions, replay

if TYPE_CHECKING:
    from phy_medicine.session.session import Session

State = Literal["saved", "discarded", "unsaved"]


@dataclass(frozen=True, slots=True)
class PastJournal:
    """One journal of a dataset; state : what became of its actions."""

    file: JournalFile
    state: State

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """Its records in words."""
        return log_entries(self.file.records)


def past_journals(model: Model) -> tuple[tuple[PastJournal, ...], tuple[str, ...]]:
    """Return the journals of a dataset, oldest first, and a sentence for each file that is none."""
    files, problems = [], []
    for path in journals(model.dir_path):
        try:
            files.append(read_journal(path))
        except JournalError as error:
            problems.append(str(error))
    later, found = {model.labels_hash()}, []
    for file in reversed(files):
        if file.header.dataset in ("", model.labels_name):
            found.append(PastJournal(file, _state(file, later)))
        later.add(file.header.labels_hash)
    return tuple(reversed(found)), tuple(problems)


def _state(file: JournalFile, later: Collection[str]) -> State:
    if was_saved(file, later):
        return "saved"
    return "discarded" if file.closed == DISCARDED else "unsaved"


def saved_chain(past: Sequence[PastJournal], labels_hash: str) -> tuple[JournalFile, ...]:
    """Return the saved journals that lead on from labels, each beginning with what the one before saved."""
    chain: list[JournalFile] = []
    for journal in past:
        if journal.state == "saved" and journal.file.header.labels_hash == labels_hash:
            chain.append(journal.file)
            labels_hash = journal.file.saved_hash
    return tuple(chain)


def fresh_manager(model: Model) -> ClusterManager:
    """Return the clusters of a dataset as a session begins with them."""
    fields = model.metadata.fields
    measured = guess_measured(fields) - read_user_fields(model.dir_path)
    return ClusterManager(model.spike_clusters, fields, measured=measured)


def replay_files(model: Model, manager: ClusterManager, files: Iterable[JournalFile]) -> ClusterManager:
    """Do what journals hold, each checked against the labels that it begins with, and those that it saved.

    Returns
    -------
    The clusters at the end. Each journal has them anew, as a session has that opens what was saved: the numbers of
    clusters that were undone before a save are given again after it.

    Raises
    ------
    JournalError : one does not fit
    """
    for k, file in enumerate(files):
        labels = manager.assignment.labels()
        if k:
            manager = ClusterManager(labels, manager.labels.to_dict(), measured=manager.labels.measured)
        name, header = file.path.name, file.header
        if model.labels_hash(labels) != header.labels_hash:
            n, here = header.n_spikes, model.n_spikes
            more = f" (it is of {n:,} spikes, here are {here:,})" if n != here else ""
            raise JournalError(
                f"{name} begins with other labels than {model.name} has{more}, so nothing was changed; name a copy of "
                "the dataset with the files as they were when the journal began."
            )
        n, why = replay(manager, file.records)
        if why:
            raise JournalError(f"{name} fits for {n:,} {actions(n)} only, so nothing was changed. {why}")
        if file.closed == SAVED and model.labels_hash(manager.assignment.labels()) != file.saved_hash:
            raise JournalError(f"{name} leads to other labels than were saved with it, so nothing was changed.")
    return manager


def replay_into(session: Session, file: JournalFile) -> None:
    """Do what a journal holds in a session, all of it or nothing, as unsaved actions that can be undone.

    Raises
    ------
    JournalError : it does not fit, or cannot be written down; nothing changed
    ActionError : something was done in the session before
    ReadOnlyError : the dataset does not accept changes; nothing changed
    """
    if session.history.items:
        raise ActionError("A journal is replayed on clusters as they were opened; open the dataset again.")
    session.hold.check()
    replay_files(session.model, fresh_manager(session.model), [file])
    session.storage.log_all([without_own(record) for record in file.records])
    with session.facts.lock:
        replay(session.manager, file.records)


def without_own(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record as an action of another journal."""
    return {key: value for key, value in record.items() if key not in ("seq", "time")}


def manager_after(model: Model, path: Path) -> ClusterManager:
    """Return the clusters as they were at the end of a journal of a dataset.

    Raises
    ------
    JournalError : it cannot be read or does not fit, or the labels that it begins with are kept nowhere
    """
    wanted = read_journal(path)
    before = [j for j in past_journals(model)[0] if j.state == "saved" and j.file.path != path]
    starts = [wanted.header.labels_hash, *(j.file.header.labels_hash for j in before)]
    for start in dict.fromkeys(starts):
        known = find_labels(model, start)
        chain = saved_chain([j for j in before if j.file.header.created < wanted.header.created], start)
        ends = next((n for n in range(len(chain) + 1) if _end(start, chain[:n]) == wanted.header.labels_hash), None)
        if known is not None and ends is not None:
            manager = ClusterManager(known.labels, {GROUP: known.groups})
            return replay_files(model, manager, [*chain[:ends], wanted])
    raise JournalError(f"The labels that {path.name} begins with are not kept, so what it led to cannot be told.")


def _end(start: str, chain: Sequence[JournalFile]) -> str:
    return chain[-1].saved_hash if chain else start


def local_time(time: str, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a recorded time as a clock here shows it; what is no time comes back as it is."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime(form)
    except ValueError:
        return time
