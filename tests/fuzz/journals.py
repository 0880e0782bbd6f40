"""The journal: its file, its lines, and actions with the right checksum that no window would have written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from phy_medicine.base.errors import JournalError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.curation.actions import Merge, SetGroup, Split, to_record
from phy_medicine.curation.cluster_manager import ClusterManager
from phy_medicine.io.journal_lines import decode_ids, decode_line, encode_ids, encode_line
from phy_medicine.io.journal_reader import journals, read_journal, unsaved_work
from phy_medicine.io.metadata import format_field
from phy_medicine.session.recovery import replay
from tests.fuzz import shapes
from tests.fuzz.target import Target, in_file, texts

LABELS = np.arange(200) % 5
HEADER = {
    "journal": "phy_medicine",
    "version": 1,
    "created": "",
    "user": "u",
    "host": "h",
    "labels_hash": "abc",
    "n_spikes": 200,
}
_ACTIONS = (
    to_record(Merge((0, 1), 5)),
    to_record(Split(np.array([2, 7]), None, (6,), (2,), ((2, 7),))),
    to_record(SetGroup((3,), "good")),
    {"kind": "undo"},
    {"kind": "redo"},
    to_record(Split(np.array([3, 8]), None, (8,), (3,), ((3, 9),), "off outliers", (("group", 8, "noise"),))),
)


def _journal(*records: object) -> bytes:
    lines = [encode_line(HEADER)]
    lines += [encode_line({"seq": n, "time": "", **record}) for n, record in enumerate(records, 1)]
    return b"".join(lines)


_SEEDS = (
    _journal(),
    _journal(*_ACTIONS),
    _journal(*_ACTIONS[:3], {"kind": "saved", "labels_hash": "x"}),
    _journal(*_ACTIONS[:1])[:-9],
)
_WORDS = texts(
    '"seq":',
    '"kind":',
    "merge",
    "split",
    "restore",
    '{"__ints__":"',
    '"crc32":"',
    "i1:",
    "i8:",
    "\n",
    "}",
    "{",
    "[" * 2000,
    "1e999",
    "9" * 5000,
)


def _file(data: bytes, folder: Path) -> None:
    (path,) = journals(folder)
    found = read_journal(path)
    assert 0 < found.n_bytes <= len(data) and found.torn == (found.n_bytes < len(data))
    assert len(found.ends) == len(found.records) + 1
    assert unsaved_work(folder, "abc") is not None


def _lay(folder: Path) -> None:
    OwnFiles(folder).journal.mkdir(parents=True)


def _again(data: bytes, folder: Path) -> None:
    """Every line of the input gets the right checksum and number, and is done again on clusters."""
    (path,) = journals(folder)
    manager = ClusterManager(LABELS)
    n_done, why = replay(manager, records := read_journal(path).records)
    assert n_done == len(records) or why
    labels = manager.assignment.labels()
    assert len(labels) == 200 and set(labels.tolist()) == set(manager.cluster_ids)
    for field in manager.labels.fields:
        format_field(field, manager.labels.values(field), manager.cluster_ids)
    while manager.history.can_undo:
        manager.undo()
    assert np.array_equal(manager.assignment.labels(), LABELS)
    if why:
        raise JournalError(f"{why}" if why.endswith(".") else f"{why}.")


def _put_checked(data: bytes, folder: Path) -> None:
    """Write a journal of the lines, each with the checksum and the number that it should have."""
    lines = [shapes.journal_line(HEADER)]
    for line in data.split(b"\n"):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            lines.append(shapes.journal_line({**record, "seq": len(lines), "time": ""}))
    (OwnFiles(folder).journal / "a.jsonl").write_bytes(b"".join(lines))


def _line(data: bytes, folder: Path) -> None:
    record = decode_line(data)
    assert record is None or isinstance(record, dict)
    decode_ids(data.decode("utf-8", "surrogateescape"))


def targets() -> tuple[Target, ...]:
    """Return the readers of journals."""
    bodies = tuple(b"\n".join(json.dumps(_plain(r)).encode() for r in _ACTIONS[:n]) for n in (1, 2, 5, 6))
    return (
        Target(
            "journal",
            "journal",
            _file,
            in_file(".phy_medicine/journal/a.jsonl"),
            lay=_lay,
            seeds=_SEEDS,
            words=_WORDS,
            shapes=shapes.journals(HEADER),
        ),
        Target(
            "journal_line",
            "lines and lists of the journal",
            _line,
            seeds=(
                shapes.journal_line({"a": 1})[:-1],
                encode_ids(np.arange(9)).encode(),
                encode_ids(np.array([5, 1, 2**40])).encode(),
            ),
            words=_WORDS,
            shapes=shapes.records.map(lambda record: shapes.journal_line(record)[:-1]),
            errors=(JournalError,),
        ),
        Target(
            "replay",
            "actions of a journal, done again",
            _again,
            _put_checked,
            lay=_lay,
            seeds=bodies,
            words=_WORDS,
            shapes=st.lists(shapes.records, max_size=5).map(
                lambda found: b"\n".join(json.dumps(r).encode() for r in found)
            ),
        ),
    )


def _plain(record: object) -> object:
    """A record as JSON has it."""
    line = decode_line_text(record)
    return {name: value for name, value in json.loads(line).items() if name != "crc32"}


def decode_line_text(record: object) -> bytes:
    """The line of a record."""
    return encode_line(record)  # type: ignore[arg-type]
