"""The append-only log of actions: one checked JSON line each, on disk before the action is applied."""

from __future__ import annotations

import base64
import binascii
import json
import os
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.errors import JournalError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.base.types import IntArray
from phy_medicine.io.durable import host_name, iso_time, reason, sync_folder, time_stamp, user_name

VERSION = 1
_CLOSING = ("saved", "discarded")
_OWN_KEYS = ("seq", "time", "crc32")
_CRC = b',"crc32":"'
_ARRAY = "__ints__"


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """What a journal starts from.

    labels_hash : SHA-1 of the labels the first action was applied to
    """

    version: int
    created: str
    user: str
    host: str
    labels_hash: str
    n_spikes: int


@dataclass(frozen=True, slots=True)
class JournalFile:
    """The longest valid beginning of a journal.

    records : actions in order, each with `seq` and `time`; closing records are left out
    closed : "saved", "discarded", or "" when the actions were neither
    torn : whether something unreadable follows
    n_bytes : length of the valid beginning
    """

    path: Path
    header: JournalHeader
    records: tuple[Mapping[str, Any], ...]
    closed: str
    torn: bool
    n_bytes: int


class Journal:
    """Writes the actions of one session; the file is made at the first one.

    path : the current file, None before the first action
    """

    def __init__(self, dataset_dir: Path, *, labels_hash: str, n_spikes: int) -> None:
        self._folder = OwnFiles(dataset_dir).journal
        self._labels_hash = labels_hash
        self._n_spikes = n_spikes
        self._descriptor: int | None = None
        self._size = 0
        self._seq = 0
        self._lock = threading.Lock()
        self.path: Path | None = None

    @classmethod
    def resume(cls, path: Path) -> Journal:
        """Go on writing a journal whose actions were replayed; what is torn at its end is cut off.

        Raises
        ------
        JournalError : unreadable, or it cannot be written
        """
        old = read_journal(path)
        journal = cls(path.parent, labels_hash=old.header.labels_hash, n_spikes=old.header.n_spikes)
        journal._folder = path.parent
        try:
            journal._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
            os.ftruncate(journal._descriptor, old.n_bytes)
        except OSError as error:
            raise JournalError(f"{path} cannot be continued ({reason(error)}); check its rights.") from None
        journal.path, journal._size, journal._seq = path, old.n_bytes, len(old.records) + bool(old.closed)
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
        if set(record) & set(_OWN_KEYS):
            raise JournalError(f"An action may not use the names {', '.join(_OWN_KEYS)}; rename that entry.")
        with self._lock:
            try:
                if self._descriptor is None:
                    self._create()
                self._write(encode_line({"seq": self._seq + 1, "time": iso_time(), **record}))
            except OSError as error:
                raise JournalError(
                    f"The journal in {self._folder} could not be written ({reason(error)}), so nothing was changed; "
                    "free space or correct the rights and try again."
                ) from None
            self._seq += 1
            return self._seq

    def mark_saved(self, labels_hash: str) -> None:
        """Close the current journal as saved; the next action starts a new one on the given labels."""
        if self._descriptor is not None:
            self.append({"kind": "saved", "labels_hash": labels_hash})
        self.close()
        self._labels_hash = labels_hash

    def close(self) -> None:
        """Close the file; unsaved actions stay in it."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
            self._descriptor, self.path, self._size, self._seq = None, None, 0, 0

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
            "labels_hash": self._labels_hash,
            "n_spikes": self._n_spikes,
        }
        try:
            self._write(encode_line(header))
        except OSError:
            os.close(self._descriptor)
            self._descriptor, self.path = None, None
            path.unlink(missing_ok=True)  # a journal without its first line could not be read
            raise
        for folder in (self._folder, self._folder.parent, self._folder.parent.parent):
            sync_folder(folder)

    def _write(self, line: bytes) -> None:
        assert self._descriptor is not None
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._descriptor, left) :]
            os.fsync(self._descriptor)
        except OSError:
            # A half-written line would hide every later one from the reader.
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(line)


def read_journal(path: Path) -> JournalFile:
    """Read the longest valid beginning of a journal.

    Raises
    ------
    JournalError : the file is missing or its first line is not valid
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path} cannot be read ({reason(error)}); check the file and its rights.") from None
    lines = content.split(b"\n")
    header = _header(decode_line(lines[0]) if len(lines) > 1 else None, path)
    n_bytes = len(lines[0]) + 1
    records: list[dict[str, Any]] = []
    for line in lines[1:-1]:  # the part after the last newline is no complete line
        record = decode_line(line)
        if record is None or record.get("seq") != len(records) + 1:
            break
        records.append(record)
        n_bytes += len(line) + 1
    closed = str(records[-1].get("kind")) if records and records[-1].get("kind") in _CLOSING else ""
    actions = tuple(record for record in records if record.get("kind") not in _CLOSING)
    return JournalFile(path, header, actions, closed, torn=n_bytes < len(content), n_bytes=n_bytes)


def journals(dataset_dir: Path) -> tuple[Path, ...]:
    """Return the journals of a dataset, oldest first."""
    return tuple(sorted(OwnFiles(dataset_dir).journal.glob("*.jsonl")))


def unsaved(dataset_dir: Path, labels_hash: str) -> Path | None:
    """Return the newest journal with actions on exactly these labels that were neither saved nor discarded."""
    for path in reversed(journals(dataset_dir)):
        try:
            with path.open("rb") as file:
                first = file.readline()
            if _header(decode_line(first.rstrip(b"\n")), path).labels_hash != labels_hash:
                continue
            journal = read_journal(path)
        except (JournalError, OSError):
            continue  # torn before its first action: nothing to recover
        if journal.records and not journal.closed:
            return path
    return None


def discard(path: Path) -> None:
    """Mark the actions of a journal as not wanted; the file stays.

    Raises
    ------
    JournalError : the mark cannot be written
    """
    journal = Journal.resume(path)
    try:
        journal.append({"kind": "discarded"})
    finally:
        journal.close()


def encode_ids(ids: IntArray) -> str:
    """Return whole numbers as short text: differences in the smallest integer type, compressed; best when ascending."""
    ids = np.asarray(ids, dtype=np.int64)
    steps = np.diff(ids, prepend=np.int64(0))
    low, high = (int(steps.min()), int(steps.max())) if len(steps) else (0, 0)
    kind = next(k for k in ("i1", "i2", "i4", "i8") if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
    packed = zlib.compress(steps.astype(f"<{kind}").tobytes(), 1)
    return f"{kind}:{base64.b64encode(packed).decode()}"


def decode_ids(text: str) -> IntArray:
    """Return the (n,) int64 numbers of `encode_ids`.

    Raises
    ------
    JournalError : the text is damaged
    """
    kind, _, packed = text.partition(":")
    try:
        if kind not in ("i1", "i2", "i4", "i8"):
            raise ValueError(kind)
        steps = np.frombuffer(zlib.decompress(base64.b64decode(packed, validate=True)), dtype=f"<{kind}")
    except (ValueError, binascii.Error, zlib.error):
        raise JournalError("A list of spikes in the journal is damaged and cannot be read.") from None
    return np.cumsum(steps, dtype=np.int64)


def encode_line(record: Mapping[str, Any]) -> bytes:
    """Return a record as one line of JSON that ends with its own checksum.

    Raises
    ------
    JournalError : a value that JSON has no form for
    """
    try:
        body = json.dumps(_plain(record), separators=(",", ":"), allow_nan=True).encode()
    except (TypeError, ValueError) as error:
        raise JournalError(f"An action cannot be written to the journal ({error}); nothing was changed.") from None
    return body[:-1] + _CRC + f"{zlib.crc32(body):08x}".encode() + b'"}\n'


def decode_line(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line without its checksum, or None when the line is damaged."""
    start, mark, rest = line.rpartition(_CRC)
    body = start + b"}"
    if not mark or rest != f"{zlib.crc32(body):08x}".encode() + b'"}':
        return None
    try:
        record = _arrays(json.loads(body))
    except (ValueError, JournalError):
        return None
    return record if isinstance(record, dict) else None


def _header(record: Mapping[str, Any] | None, path: Path) -> JournalHeader:
    if record is None or record.get("journal") != "phy_medicine" or record.get("version") != VERSION:
        raise JournalError(f"{path} is no journal of this version; it is left as it is.")
    return JournalHeader(
        version=int(record["version"]),
        created=str(record["created"]),
        user=str(record["user"]),
        host=str(record["host"]),
        labels_hash=str(record["labels_hash"]),
        n_spikes=int(record["n_spikes"]),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.ndim != 1 or value.dtype.kind not in "iub":
            raise TypeError(f"an array of {value.dtype} with {value.ndim} axes")
        return {_ARRAY: encode_ids(value)}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _arrays(value: Any) -> Any:
    if isinstance(value, dict):
        return decode_ids(value[_ARRAY]) if set(value) == {_ARRAY} else {k: _arrays(v) for k, v in value.items()}
    return [_arrays(item) for item in value] if isinstance(value, list) else value
