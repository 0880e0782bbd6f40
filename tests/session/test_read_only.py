"""A read-only session leaves the folder of its dataset exactly as it was, whatever is asked of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from phy_medicine.base.errors import PhyMedError, ReadOnlyError
from phy_medicine.base.paths import OwnFiles
from phy_medicine.session.session import Session
from tests.io.kwik_miniatures import Form
from tests.io.kwik_miniatures import write as write_kwik
from tests.io.miniatures import kilosort4

CHANGES: dict[str, Callable[[Session], object]] = {
    "merge": lambda s: s.merge(s.cluster_ids[:2]),
    "split": lambda s: s.split(s.manager.assignment.spikes(s.cluster_ids[0])[:2]),
    "move": lambda s: s.move("good", cluster_ids=[s.cluster_ids[0]]),
    "label": lambda s: s.label("note", "x", [s.cluster_ids[0]]),
    "save": lambda s: s.save(),
    "job": lambda s: s.jobs.start("localize"),
    "claim": lambda s: s.storage.claim(),
}


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Number, size and time of everything in a folder: nothing can be written that does not change one of them."""
    facts = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {str(p): (f.st_ino, f.st_size, f.st_mtime_ns) for p, f in facts.items()}


def by_option(_: Path) -> bool:
    return True


def by_lock(folder: Path) -> bool:
    lock = OwnFiles(folder).lock
    lock.parent.mkdir(exist_ok=True)
    lock.write_text(json.dumps({"host": "lab3", "user": "anna", "pid": 1, "time": "2026-01-02T03:04:05"}))
    return False


@pytest.mark.parametrize("make", [kilosort4, lambda folder: write_kwik(folder, Form())])
@pytest.mark.parametrize("why", [by_option, by_lock])
def test_nothing_is_written(tmp_path: Path, make: Callable[[Path], Path], why: Callable[[Path], bool]):
    path = make(tmp_path)
    first = Session.open(path)  # with a journal to recover, a save, and a backup
    first.merge(first.cluster_ids[:2])
    first.save()
    first.move("good", cluster_ids=[first.cluster_ids[0]])
    first.close()
    read_only = why(tmp_path)
    before = listing(tmp_path)
    session = Session.open(path, read_only=read_only)
    for name, change in CHANGES.items():
        with pytest.raises(ReadOnlyError if name != "job" else PhyMedError):
            change(session)
    with pytest.raises(ReadOnlyError):
        session.recover()
    session.discard_journal()
    session.select(session.cluster_ids[:1])
    session.next_best()
    session.warm_up()
    session.clusters.compute_all()
    session.similarity_table.rows_for(session.cluster_ids[0])
    session.pool.sync()
    session.close()
    assert listing(tmp_path) == before
