from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from phy_medicine.base.errors import ReadOnlyError
from phy_medicine.io.lock import DatasetLock


def forge(lock: DatasetLock, **facts: object) -> None:
    lock.path.parent.mkdir(exist_ok=True)
    owner = {"host": "elsewhere", "user": "anna", "pid": 1, "time": "2026-01-02T03:04:05", "started": ""}
    lock.path.write_text(json.dumps(owner | facts))


def test_nothing_is_written_before_acquire(tmp_path: Path):
    assert DatasetLock(tmp_path).owner() is None
    assert list(tmp_path.iterdir()) == []


def test_a_second_opener_is_told_who_holds_it(tmp_path: Path):
    first, second = DatasetLock(tmp_path), DatasetLock(tmp_path)
    first.acquire()
    first.acquire()
    with pytest.raises(ReadOnlyError, match=r"is being curated by .* on "):
        second.acquire()
    first.release()
    second.acquire()
    assert (first.held, second.held) == (False, True)


def test_a_lock_of_another_machine_is_respected_until_forced(tmp_path: Path):
    lock = DatasetLock(tmp_path)
    forge(lock)
    with pytest.raises(ReadOnlyError, match="anna on elsewhere since 2026-01-02 03:04 UTC"):
        lock.acquire()
    lock.acquire(force=True)
    assert lock.held
    assert [path.name for path in lock.path.parent.iterdir()] == ["lock"]


def test_the_lock_of_a_process_that_ended_is_taken_over(tmp_path: Path):
    code = (
        "import sys, pathlib; from phy_medicine.io.lock import DatasetLock as L; L(pathlib.Path(sys.argv[1])).acquire()"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=environment)
    lock = DatasetLock(tmp_path)
    assert lock.path.exists()
    assert lock.owner() is None
    lock.acquire()
    assert lock.held


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_a_process_number_used_again_does_not_hold_the_lock(tmp_path: Path):
    import socket

    lock = DatasetLock(tmp_path)
    forge(lock, host=socket.gethostname(), pid=os.getpid(), started="1")
    assert lock.owner() is None


def test_an_unreadable_lock_is_taken_over(tmp_path: Path):
    lock = DatasetLock(tmp_path)
    forge(lock)
    lock.path.write_text("{")
    lock.acquire()
    assert lock.held


def test_release_leaves_a_lock_that_somebody_took_over(tmp_path: Path):
    lock = DatasetLock(tmp_path)
    lock.acquire()
    forge(lock)
    lock.release()
    assert lock.path.exists()


def test_a_folder_that_cannot_be_written_is_read_only(tmp_path: Path):
    (tmp_path / ".phy_medicine").write_text("in the way")
    with pytest.raises(ReadOnlyError, match="read-only"):
        DatasetLock(tmp_path).acquire()
