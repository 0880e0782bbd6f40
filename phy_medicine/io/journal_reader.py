"""Reading the journals of a dataset: the valid beginning of each, and which of them hold unsaved work."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import JournalError
from phy_medicine.base.json_text import WRONG_CONTENT
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import reason
from phy_medicine.io.journal_lines import decode_line
from phy_medicine.io.plain_file import is_plain, read_plain

VERSION = 1
SAVING, SAVED, DISCARDED = "saving", "saved", "discarded"
"""Kinds of the records that are no actions."""
_TAIL = 4096
_LONGEST_HEADER = 1 << 16
_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """What a journal starts from.

    labels_hash : SHA-1 of the labels the first action was applied to
    dataset : what is curated in that folder, "" where it is not told
    """

    version: int
    created: str
    user: str
    host: str
    labels_hash: str
    n_spikes: int
    dataset: str = ""


@dataclass(frozen=True, slots=True)
class JournalFile:
    """The longest valid beginning of a journal.

    records : actions in order, each with `seq` and `time`
    ends : length of the journal up to and with the header, and each action
    closed : "saved", "discarded", or "" when the actions were neither
    saved_hash : of the labels that were saved, or were being saved when the journal ended; else ""
    torn : whether something unreadable follows
    n_lost : lines that follow and were complete once: a damaged one, and those behind it, which need it
    n_bytes, n_lines : of the valid beginning, the header is no line
    """

    path: Path
    header: JournalHeader
    records: tuple[Mapping[str, Any], ...]
    ends: tuple[int, ...]
    closed: str
    saved_hash: str
    torn: bool
    n_lost: int
    n_bytes: int
    n_lines: int

    def end_of(self, n_records: int) -> int:
        """Return the length of the journal with so many actions."""
        return self.ends[n_records]


def read_journal(path: Path) -> JournalFile:
    """Read the longest valid beginning of a journal.

    Raises
    ------
    JournalError : the file is missing or its first line is not valid
    """
    try:
        content = read_plain(path, _MOST_BYTES)
    except OSError as error:
        raise JournalError(f"{path} cannot be read ({reason(error)}); check the file and its rights.") from None
    return parse_journal(content, path)


def parse_journal(content: bytes, path: Path) -> JournalFile:
    """Return the longest valid beginning of the content of a journal.

    Raises
    ------
    JournalError : its first line is not valid
    """
    lines = content.split(b"\n")
    header = _header(decode_line(lines[0]) if len(lines) > 1 else None, path)
    n_bytes = len(lines[0]) + 1
    records: list[dict[str, Any]] = []
    ends, last, n_lines = [n_bytes], dict[str, Any](), 0
    for line in lines[1:-1]:  # the part after the last newline is no complete line
        record = decode_line(line)
        if record is None or record.get("seq") != n_lines + 1:
            break
        n_lines, n_bytes, last = n_lines + 1, n_bytes + len(line) + 1, record
        if record.get("kind") not in (SAVING, SAVED, DISCARDED):
            records.append(record)
            ends.append(n_bytes)
    behind = lines[n_lines + 1 : -1]
    # What was saved was saved, whatever happened to the journal later.
    last = next((record for line in reversed(behind) if (record := decode_line(line)) is not None), last)
    kind = last.get("kind")
    return JournalFile(
        path=path,
        header=header,
        records=tuple(records),
        ends=tuple(ends),
        closed=str(kind) if kind in (SAVED, DISCARDED) else "",
        saved_hash=str(last.get("labels_hash", "")) if kind in (SAVING, SAVED) else "",
        torn=n_bytes < len(content),
        n_lost=len(behind),
        n_bytes=n_bytes,
        n_lines=n_lines,
    )


def journals(dataset_dir: Path) -> tuple[Path, ...]:
    """Return the journals of a dataset, oldest first."""
    return tuple(sorted(filter(is_plain, OwnFiles(dataset_dir).journal.glob("*.jsonl"))))


def was_saved(journal: JournalFile, later_hashes: Collection[str]) -> bool:
    """Say whether the actions of a journal are in the files of the dataset.

    A process that ends after it replaced the files, and before it wrote so, leaves a journal that only says what it was
    saving: then it counts what the files hold, or what a later journal began with.

    later_hashes : of the labels of now, and of those that later journals begin with; earlier ones tell nothing, for a
    dataset may come back to labels that it had
    """
    saving = journal.saved_hash
    return journal.closed == SAVED or (saving in later_hashes and saving != journal.header.labels_hash)


@dataclass(frozen=True, slots=True)
class UnsavedWork:
    """Journals whose actions were neither saved nor discarded.

    offered : the newest one that begins with the labels of now, None without
    stale : those of this dataset that begin with other labels, or of which no action can be read, oldest first
    """

    offered: Path | None = None
    stale: tuple[JournalFile, ...] = ()


def unsaved_work(dataset_dir: Path, labels_hash: str, dataset: str = "") -> UnsavedWork:
    """Return the unsaved work of earlier sessions on a dataset.

    labels_hash : of its labels now; dataset : as in the headers of its journals
    """
    paths = journals(dataset_dir)
    headers = {path: header for path in paths if (header := _header_of(path)) is not None}
    later = {labels_hash}
    offered: Path | None = None
    stale = []
    saved_since = False
    for path, header in reversed(headers.items()):
        fits, closed = header.labels_hash == labels_hash, _closing_of(path)
        saved_since |= fits and closed == SAVED
        known = frozenset(later)
        later.add(header.labels_hash)
        if (fits and offered) or (not fits and header.dataset != dataset) or closed:
            continue
        try:
            journal = read_journal(path)
        except JournalError:
            continue
        if not (journal.records or journal.n_lost) or journal.closed or was_saved(journal, known):
            continue
        # A journal that was being saved, of groups and labels only, may be older than what was saved later.
        overtaken = saved_since and journal.saved_hash == header.labels_hash
        if fits and journal.records and not overtaken:
            offered = path
        else:
            stale.append(journal)
    return UnsavedWork(offered, tuple(reversed(stale)))


def _closing_of(path: Path) -> str:
    """What the last line says became of the actions, "" when it does not; quick, as journals may be long."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            lines = file.read().split(b"\n")
    except OSError:
        return ""
    record = decode_line(lines[-2]) if len(lines) > 1 and not lines[-1] else None
    kind = None if record is None else record.get("kind")
    return str(kind) if kind in (SAVED, DISCARDED) else ""


def _header_of(path: Path) -> JournalHeader | None:
    """The first line of a journal, None when it was torn before the first action or is of another program."""
    try:
        with path.open("rb") as file:
            return _header(decode_line(file.readline(_LONGEST_HEADER).rstrip(b"\n")), path)
    except (JournalError, OSError):
        return None


def _header(record: Mapping[str, Any] | None, path: Path) -> JournalHeader:
    if record is None or record.get("journal") != "phy_medicine" or record.get("version") != VERSION:
        raise JournalError(f"{path} is no journal of this version; it is left as it is.")
    try:
        return JournalHeader(
            version=int(record["version"]),
            created=str(record["created"]),
            user=str(record["user"]),
            host=str(record["host"]),
            labels_hash=str(record["labels_hash"]),
            n_spikes=int(record["n_spikes"]),
            dataset=str(record.get("dataset", "")),
        )
    except WRONG_CONTENT:
        raise JournalError(f"{path} is no journal: its first line lacks something; it is left as it is.") from None
