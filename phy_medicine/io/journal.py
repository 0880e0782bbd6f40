"""The append-only log of actions: one checked line each, on disk before the action is applied."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import JournalError
from phy_medicine.base.log import logger
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import host_name, iso_time, reason, sync_folder, time_stamp, user_name, write_new
from phy_medicine.io.journal_lines import encode_line
from phy_medicine.io.journal_reader import DISCARDED, SAVED, SAVING, VERSION, read_journal

_OWN_KEYS = ("seq", "time", "crc32")


class Journal:
    """Writes the actions of one session; the file is made at the first one.

    dataset : what is curated in that folder, such as the file of the labels
    path : the current file, None before the first action
    """

    def __init__(self, dataset_dir: Path, *, labels_hash: str, n_spikes: int, dataset: str = "") -> None:
        self._folder = OwnFiles(dataset_dir).journal
        self._labels_hash = labels_hash
        self._n_spikes = n_spikes
        self._dataset = dataset
        self._descriptor: int | None = None
        self._size = 0
        self._seq = 0
        self._lock = threading.Lock()
        self.path: Path | None = None

    @classmethod
    def resume(cls, path: Path, n_records: int | None = None) -> Journal:
        """Go on writing a journal whose actions were replayed; what follows them is cut off.

        An action that is cut off is not lost: the journal as it was is then kept beside it, see `rest_of`.

        n_records : actions that were replayed, by default all that can be read

        Raises
        ------
        JournalError : unreadable, or it cannot be written
        """
        old = read_journal(path)
        n_bytes, seq = old.n_bytes, old.n_lines
        if n_records is not None and n_records < len(old.records):
            n_bytes, seq = old.end_of(n_records), old.records[n_records - 1]["seq"] if n_records else 0
        header = old.header
        journal = cls(
            path.parent, labels_hash=header.labels_hash, n_spikes=header.n_spikes, dataset=header.dataset
        )  # fmt: skip
        journal._folder = path.parent
        journal.path, journal._size, journal._seq = path, n_bytes, seq
        try:
            if old.n_lost or n_bytes < old.n_bytes:
                _keep_rest(path)
            journal._reopen(path)
        except OSError as error:
            raise JournalError(f"{path} cannot be continued ({reason(error)}); check its rights.") from None
        return journal

    def append(self, record: Mapping[str, Any]) -> int:
        """Write one action and wait until it is on the disk.

        Parameters
        ----------
        record : JSON-able values and integer arrays; `seq`, `time` and `crc32` are added

        Returns
        -------
        The sequence number, from 1

        Raises
        ------
        JournalError : it could not be written; the journal is as before
        """
        return self.append_all([record])

    def append_all(self, records: Iterable[Mapping[str, Any]]) -> int:
        """Write actions one after another and wait once until they are on the disk; return the last number.

        Raises
        ------
        JournalError : they could not be written; the journal is as before
        """
        records = list(records)
        if any(set(record) & set(_OWN_KEYS) for record in records):
            raise JournalError(f"An action may not use the names {', '.join(_OWN_KEYS)}; rename that entry.")
        with self._lock:
            now = iso_time()
            lines = [encode_line({"seq": self._seq + i, "time": now, **r}) for i, r in enumerate(records, 1)]
            try:
                if self.path is None:
                    self._create()
                elif self._descriptor is None:
                    self._reopen(self.path)
                self._write(b"".join(lines))
            except OSError as error:
                raise JournalError(
                    f"The journal in {self._folder} could not be written ({reason(error)}), so nothing was changed; "
                    "free space or correct the rights and try again."
                ) from None
            self._seq += len(lines)
            return self._seq

    def mark_saving(self, labels_hash: str) -> None:
        """Note what a save is about to write: should nothing follow, the next opening knows that it was done."""
        self._mark(SAVING, labels_hash)

    def mark_saved(self, labels_hash: str) -> None:
        """Close the current journal as saved; the next action starts a new one on the given labels."""
        self._mark(SAVED, labels_hash)
        self.close()
        self._labels_hash = labels_hash

    def _mark(self, kind: str, labels_hash: str) -> None:
        """Write a line about a save; that it cannot be written is no reason not to save."""
        if self.path is not None:
            try:
                self.append({"kind": kind, "labels_hash": labels_hash})
            except JournalError as error:
                logger.warning("The journal could not be marked as %s: %s", kind, error)

    def close(self) -> None:
        """Close the file; unsaved actions stay in it."""
        with self._lock:
            self._let_go()
            self.path, self._size, self._seq = None, 0, 0

    def _let_go(self) -> None:
        """Close the file, to be opened again at the next action."""
        if self._descriptor is not None:
            with suppress(OSError):  # of a drive that is gone
                os.close(self._descriptor)
        self._descriptor = None

    def _reopen(self, path: Path) -> None:
        """Open the journal where it was left; what is torn at its end is cut off."""
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
            self._cut()
        except FileNotFoundError:
            raise self._gone() from None
        except OSError:
            self._let_go()
            raise

    def _create(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{time_stamp()}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._descriptor, self.path, self._size = os.open(path, flags, 0o666), path, 0
        header = {
            "journal": "phy_medicine",
            "version": VERSION,
            "created": iso_time(),
            "user": user_name(),
            "host": host_name(),
            "dataset": self._dataset,
            "labels_hash": self._labels_hash,
            "n_spikes": self._n_spikes,
        }
        try:
            self._write(encode_line(header))
            for folder in (self._folder, self._folder.parent, self._folder.parent.parent):
                sync_folder(folder)
        except OSError:
            self._let_go()
            self.path = None
            with suppress(OSError):
                path.unlink(missing_ok=True)  # a journal without its first line could not be read
            raise

    def _write(self, lines: bytes) -> None:
        assert self._descriptor is not None
        self._cut()
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError, JournalError):  # otherwise before the next line
                self._cut()
            self._let_go()  # of a drive that went and came back, this handle stays dead
            raise
        self._size += len(lines)

    def _cut(self) -> None:
        """Take away what a write that failed left behind: it would hide every later line from the reader.

        Raises
        ------
        OSError : the disk refuses
        JournalError : lines are missing, so that later ones could not be read
        """
        assert self._descriptor is not None
        facts = os.fstat(self._descriptor)
        if facts.st_nlink == 0 or facts.st_size < self._size:
            self._let_go()
            raise self._gone()
        if facts.st_size > self._size:
            os.ftruncate(self._descriptor, self._size)

    def _gone(self) -> JournalError:
        return JournalError(
            f"The journal {self.path} was removed or cut short by another program, so nothing was changed; save, which "
            "keeps what was done so far, then go on."
        )


def discard(path: Path) -> None:
    """Mark the actions of a journal as not wanted; the file stays.

    Raises
    ------
    JournalError : the mark cannot be written
    """
    journal = Journal.resume(path)
    try:
        journal.append({"kind": DISCARDED})
    finally:
        journal.close()


def rest_of(path: Path) -> Path:
    """Where a journal is kept as it was before what could not be done again was cut off."""
    return path.with_suffix(".rest")


def _keep_rest(path: Path) -> None:
    """Keep a journal as it is; the first version stays, which is the longest."""
    rest = rest_of(path)
    if not rest.exists():
        draft = rest.with_suffix(".rest.new")
        draft.unlink(missing_ok=True)
        write_new(draft, [path.read_bytes()])
        draft.rename(rest)
        sync_folder(path.parent)
