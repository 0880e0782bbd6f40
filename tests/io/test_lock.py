from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from phy_medicine.base.errors import ReadOnlyError
from phy_medicine.io.durable import host_name, machine_id
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


def test_a_damaged_lock_is_respected_while_it_may_be_written_and_then_taken_over(tmp_path: Path):
    lock = DatasetLock(tmp_path)
    forge(lock)
    lock.path.write_text("{")
    with pytest.raises(ReadOnlyError, match="somebody on an unknown machine"):
        lock.acquire()
    os.utime(lock.path, (1e9, 1e9))
    lock.acquire()
    assert lock.held


def test_a_machine_of_the_same_name_is_another_machine(tmp_path: Path):
    import socket

    lock = DatasetLock(tmp_path)
    ended = 2**22 + 1  # no system gives a process so large a number
    forge(lock, host=socket.gethostname(), pid=ended, machine="another")
    assert (lock.owner() is None) == (machine_id() == "")
    forge(lock, host=socket.gethostname(), pid=ended, machine=machine_id())
    assert lock.owner() is None


def test_who_was_taken_over_is_told_and_can_do_no_more(tmp_path: Path):
    first, second = DatasetLock(tmp_path), DatasetLock(tmp_path)
    first.acquire()
    second.acquire(force=True)
    with pytest.raises(ReadOnlyError, match=r"took over .* what was done before is in the journal"):
        first.acquire()
    first.release()
    second.acquire()
    second.release()
    assert not second.path.exists()


def test_a_lock_that_somebody_removed_is_made_again(tmp_path: Path):
    lock = DatasetLock(tmp_path)
    lock.acquire()
    lock.path.unlink()
    lock.acquire()
    assert lock.path.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("n", [2, 5])
@pytest.mark.parametrize("left", ["nothing", "stale", "damaged"])
def test_of_those_that_race_for_the_lock_one_wins(tmp_path: Path, left: str, n: int):
    lock = DatasetLock(tmp_path)
    with racers(tmp_path, n) as race:
        for _ in range(200):
            if left != "nothing":
                forge(lock, host=host_name(), pid=2**22 + 1)
            if left == "damaged":
                lock.path.write_text("{")
                os.utime(lock.path, (1e9, 1e9))
            assert sorted(race()) == [b"0"] * (n - 1) + [b"1"]
            assert list(lock.path.parent.iterdir()) == []


@contextmanager
def racers(folder: Path, n: int) -> Iterator[Callable[[], list[bytes]]]:
    """Processes that take the lock at the same time when told, say whether they got it, and give it back when told."""
    orders, answers = [os.pipe() for _ in range(n)], os.pipe()
    children = []
    for read, _ in orders:
        child = os.fork()
        if child == 0:
            for _, write in orders:
                os.close(write)
            _race(folder, read, answers[1])
        children.append(child)

    def race() -> list[bytes]:
        for _, write in orders:
            os.write(write, b"t")
        won = [os.read(answers[0], 1) for _ in orders]
        for _, write in orders:
            os.write(write, b"g")
        for _ in orders:
            os.read(answers[0], 1)
        return won

    yield race
    for read, write in (*orders, answers):
        os.close(read), os.close(write)
    for child in children:
        os.waitpid(child, 0)


def _race(folder: Path, orders: int, answers: int) -> NoReturn:
    while os.read(orders, 1):
        lock = DatasetLock(folder)
        try:
            lock.acquire()
        except ReadOnlyError:
            os.write(answers, b"0")
        else:
            os.write(answers, b"1")
        os.read(orders, 1)
        lock.release()
        os.write(answers, b"r")
    os._exit(0)


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
