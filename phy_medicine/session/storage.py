"""Where a session keeps what the curator did: the journal before the action, the files at a save."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import JournalError, ReadOnlyError, SaveError
from phy_medicine.base.log import logger
from phy_medicine.base.types import IntArray
from phy_medicine.curation.actions import GROUP, to_record
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.curation.entries import REDO, UNDO
from phy_medicine.curation.history import Draft
from phy_medicine.io.generation import recover_pending
from phy_medicine.io.journal import Journal, discard, rest_of
from phy_medicine.io.journal_reader import JournalFile, read_journal, unsaved_work
from phy_medicine.io.lock import DatasetLock, LockOwner
from phy_medicine.io.model import Model
from phy_medicine.io.own_folder import why_not_written
from phy_medicine.io.safe_write import SaveReport
from phy_medicine.io.user_fields import write_user_fields
from phy_medicine.session.audit import Audit
from phy_medicine.session.clusters import ClusterTable
from phy_medicine.session.meanwhile import Meanwhile
from phy_medicine.session.recovery import Offer, Recovered, replay
from phy_medicine.session.saved_curation import curation_of
from phy_medicine.session.stale import what_differs


@dataclass(frozen=True, slots=True)
class _Save:
    """A save, as what follows it needs to know it; last_serial : of the actions until then."""

    labels: IntArray
    labels_hash: str
    last_serial: int


class Storage:
    """Journal, lock and save of one dataset; nothing is written before the first action.

    read_only : no change is accepted; `why_read_only` says why
    holder : who was curating when the dataset was opened, and can be taken over; None without
    pending : journal of an earlier session with unsaved actions on these labels, or None
    stale : journals with unsaved actions on other labels that this dataset had
    """

    def __init__(self, model: Model, *, read_only: bool = False, take_over: bool = False) -> None:
        self._model = model
        self._dir = model.dir_path
        self._lock = DatasetLock(self._dir)
        self.holder: LockOwner | None = None
        self.why_read_only = "It was opened read-only." if read_only else self._obstacle()
        self._journal: Journal | None = None
        self._saver = model.saver()
        self.pending: Path | None = None
        self.stale: tuple[JournalFile, ...] = ()
        self._find_unsaved()
        # Actions up to this serial cannot be named in the current journal, because they were done before it began.
        self._foreign = 0
        self._audit = Audit(model.spike_clusters)
        self._doubtful: _Save | None = None
        if take_over and self.holder is not None:
            self.take_over()

    @property
    def read_only(self) -> bool:
        """Whether changes are refused."""
        return bool(self.why_read_only)

    @property
    def nothing_to_change(self) -> bool:
        """Whether there is nothing that could be curated: a raw recording alone."""
        return self._model.n_spikes == 0

    @property
    def journal_path(self) -> Path | None:
        """The journal being written, None before the first action."""
        return None if self._journal is None else self._journal.path

    def check_writable(self) -> None:
        """Refuse when the dataset is open read-only.

        Raises
        ------
        ReadOnlyError : with the reason
        """
        if self.why_read_only:
            raise ReadOnlyError(f"{self._model.name} does not accept changes. {self.why_read_only}")

    def claim(self) -> None:
        """Become the one writer of the dataset's own files.

        Raises
        ------
        ReadOnlyError : opened read-only, or somebody else is curating
        """
        self.check_writable()
        new = not self._lock.held
        self._lock.acquire()
        if new:
            self._complete_interrupted()

    def take_over(self) -> None:
        """Become the writer in place of somebody whose session ended without giving the dataset back.

        Should that session still run, it is told at its next action, which is not done.

        Raises
        ------
        ReadOnlyError : opened read-only, or the folder cannot be written
        """
        if self.holder is None:
            self.check_writable()
            return
        self._lock.acquire(force=True)
        logger.warning("%s was taken over from %s.", self._model.name, self.holder)
        self.holder, self.why_read_only = None, ""
        self._complete_interrupted()
        self._find_unsaved()

    def log(self, draft: Draft) -> None:
        """Write an action to the journal and wait until it is on the disk.

        Raises
        ------
        ReadOnlyError, JournalError : the action must not be done
        """
        self._append({**to_record(draft.action), "counts": list(draft.counts)})

    def log_all(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write many recorded actions to the journal and wait once until they are on the disk.

        Raises
        ------
        ReadOnlyError, JournalError : none of them must be done
        """
        self._append(*records)

    def log_travel(self, manager: ClusterManager, position: int) -> None:
        """Write to the journal that another place of the history is gone to, by undo or redo.

        An action of before the journal began cannot be named in it: then the clusters and cells that come back are
        written out, so that the journal can be replayed on the labels it started from.

        Raises
        ------
        ActionError : there is no such place
        ReadOnlyError, JournalError : it must not be done
        """
        self._settle()
        history, here = manager.history, manager.history.position
        history.check_place(position)
        between = history.items[min(here, position) : max(here, position)]
        if all(item.serial > self._foreign for item in between):
            steps = {"steps": len(between)} if len(between) > 1 else {}
            self._append({"kind": UNDO if position < here else REDO, **steps})
            return
        restore = manager.plan_travel(position)
        self._append({**to_record(restore), "counts": [len(spikes) for _, spikes in restore.clusters]})
        # Replaying a restore forgets what could be redone: from here on no earlier action can be named.
        self._foreign = history.last_serial

    def save(self, manager: ClusterManager, clusters: ClusterTable, *, force: bool = False) -> SaveReport:
        """Write labels and label columns into the files of the dataset, all or none.

        Raises
        ------
        ReadOnlyError : the dataset does not accept changes
        SaveError, JournalError : nothing was replaced; the journal still holds the work
        """
        self._settle()
        self.claim()
        labels = manager.assignment.labels()
        self._audit.check(labels, manager)
        # Before the files, so that a journal that follows the save is replayed with the same rules of inheritance.
        write_user_fields(self._dir, set(manager.labels.fields) - manager.labels.measured - {GROUP})
        curation = curation_of(labels, manager, clusters)
        save = _Save(labels, self._model.labels_hash(labels), manager.history.last_serial)
        self._current_journal().mark_saving(save.labels_hash)
        self._doubtful = save  # until it is known that it went well
        report = self._saver.save(curation, force=force)
        self._doubtful = None
        self._follow(save)
        return report

    def _follow(self, save: _Save) -> None:
        """Begin anew with what was saved."""
        self._current_journal().mark_saved(save.labels_hash)
        self._foreign = save.last_serial
        self._audit = Audit(save.labels)

    def _settle(self) -> None:
        """Find out whether a save that failed took effect all the same: then the journal ends there as after any save.

        An action written to the older journal would not be found on the new labels.

        Raises
        ------
        SaveError : the disk does not answer, so nobody can tell
        """
        if self._doubtful is not None:
            if self._saver.took_effect():
                self._follow(self._doubtful)
            self._doubtful = None

    def offer(self) -> Offer | None:
        """Return what could be recovered, None when there is nothing.

        Raises
        ------
        JournalError : the journal cannot be read any more
        """
        return None if self.pending is None else Offer.of(read_journal(self.pending))

    def recover(self, manager: ClusterManager) -> Recovered:
        """Do again what the pending journal holds, as far as it fits; go on writing the same journal.

        Raises
        ------
        ReadOnlyError : the dataset does not accept changes
        JournalError : the journal cannot be read or continued, or something else was done already; nothing changed
        """
        if self.pending is None:
            return self._not_recovered()
        if manager.history.items:
            raise JournalError("Unsaved work comes before any other action; close the dataset and open it again.")
        self.claim()
        path = self.pending
        journal = read_journal(path)
        n, why = replay(manager, journal.records)
        left = len(journal.records) - n
        if journal.n_lost and not why:
            why = f"The line after action {n} of the journal is damaged, and what follows cannot be done without it."
        try:
            self._journal = Journal.resume(path, n)
        except JournalError:
            manager.jump_to(0)
            self._foreign = manager.history.last_serial
            raise
        self.pending = None
        self._audit.note(*journal.records[:n])
        rest = rest_of(path) if why else None
        report = Recovered(n, left + journal.n_lost, why, rest)
        logger.log(logging.WARNING if why else logging.INFO, "%s", report.text)
        return report

    def _not_recovered(self) -> Recovered:
        """What is said when nothing fits: why, if there is unsaved work at all."""
        if not self.stale:
            return Recovered(0)
        n = sum(len(journal.records) + journal.n_lost for journal in self.stale)
        report = Recovered(0, n, what_differs(self._model, self.stale[-1]))
        logger.warning("%s", report.text)
        return report

    def set_aside(self) -> None:
        """Mark the unsaved work that was found as not wanted; the files stay."""
        found = ([self.pending] if self.pending is not None else []) + [journal.path for journal in self.stale]
        if not self.read_only:
            for path in found:
                discard(path)
        self.pending, self.stale = None, ()

    def close(self) -> None:
        """Close the journal and give the lock back."""
        if self._journal is not None:
            self._journal.close()
        self._lock.release()

    def _append(self, *records: Mapping[str, Any]) -> None:
        self._settle()
        self.claim()
        journal = self._current_journal()
        if journal.path is None:
            self._meanwhile.check()
        journal.append_all(records)
        self._audit.note(*records)

    def _complete_interrupted(self) -> None:
        try:
            recover_pending(self._dir)
        except SaveError as error:
            logger.warning("%s", error)  # it is tried again at the next save

    def _find_unsaved(self) -> None:
        """Look what earlier sessions have left."""
        self._meanwhile = Meanwhile(self._model, self._saver)
        if self._meanwhile.journals and not self.nothing_to_change:  # a raw recording may lie beside a dataset
            found = unsaved_work(self._dir, self._model.labels_hash(), self._model.labels_name)
            self.pending, self.stale = found.offered, found.stale

    def _current_journal(self) -> Journal:
        if self._journal is None:
            model = self._model
            self._journal = Journal(
                self._dir, labels_hash=model.labels_hash(), n_spikes=model.n_spikes, dataset=model.labels_name
            )
        return self._journal

    def _obstacle(self) -> str:
        """Why the dataset cannot be changed, "" if it can."""
        if not os.access(self._dir, os.W_OK):
            return f"The folder {self._dir} cannot be written."
        outside = why_not_written(self._model.path, self._dir)
        if outside:
            return outside
        self.holder = self._lock.owner()
        return "" if self.holder is None else f"It is being curated by {self.holder}."
