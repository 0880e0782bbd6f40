"""Every reader is fed what was once too much for it, and some thousands of new inputs; `make fuzz` feeds a million."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError
from tests.fuzz.attempt import Trial
from tests.fuzz.guard import Guard, limit_memory
from tests.fuzz.table import table
from tests.fuzz.target import Read, Target, in_file

ROOT = Path(__file__).resolve().parents[2]
N_INPUTS = 2_000

pytestmark = pytest.mark.fuzz


@pytest.mark.timeout(1200)
def test_no_reader_fails_on_what_no_program_writes(tmp_path):
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "tests.fuzz", "--engine", "short", "--inputs", str(N_INPUTS), "--seed", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [*command, "--report", str(report)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads(report.read_text())
    assert set(counts) == set(table())
    assert all(count["inputs"] > 0 and not count["faults"] for count in counts.values())
    assert sum(count["inputs"] for count in counts.values()) > N_INPUTS


def judged(read: Read, *inputs: bytes) -> set[str]:
    """Return the kinds of faults that are found in a reader; in a process of its own, where the watching ends."""
    coming, going = os.pipe()
    process = os.fork()
    if process == 0:
        target = Target("bad", "", read, in_file("input"))
        with Trial(target, Guard()) as trial:
            limit_memory()
            for data in inputs:
                trial.feed(data)
            os.write(going, json.dumps(sorted(trial.findings)).encode())
        os._exit(0)
    os.close(going)
    os.waitpid(process, 0)
    with os.fdopen(coming, "rb") as pipe:
        return set(json.loads(pipe.read()))


def raising(error: Exception) -> Read:
    def read(data: bytes, folder: Path) -> None:
        raise error

    return read


def for_ever(data: bytes, folder: Path) -> None:
    while True:
        len(data)


def swallowing(data: bytes, folder: Path) -> None:
    try:
        (folder / "other").write_bytes(data)
    except BaseException:
        return


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (raising(ValueError("x")), "ValueError"),
        (raising(DatasetError("Two lines,\nnot one.")), "is no sentence"),
        (raising(DatasetError("x" * 5000 + ".")), "is no sentence"),
        (raising(DatasetError("")), "is no sentence"),
        (lambda data, folder: (folder / "input").write_bytes(b"changed"), "forbidden: open"),
        (lambda data, folder: (folder / "input").unlink(), "forbidden: os.remove"),
        (lambda data, folder: (folder / "new").mkdir(), "forbidden: os.mkdir"),
        (lambda data, folder: os.utime(folder / "input", (1, 1)), "forbidden: os.utime"),
        (lambda data, folder: os.system("true"), "forbidden: os.system"),
        (lambda data, folder: subprocess.run(["true"], check=True), "forbidden: subprocess.Popen"),
        (lambda data, folder: exec("x = 1"), "forbidden: exec"),
        (lambda data, folder: __import__("this"), "forbidden: import"),
        (lambda data, folder: np.ones(1 << 32), "MemoryError"),
        (for_ever, "Hang"),
        (swallowing, "forbidden: open"),
    ],
)
def test_a_reader_that_does_what_none_may_is_found(read, kind):
    assert any(kind in found for found in judged(read, b"a"))


def test_a_reader_that_refuses_in_a_sentence_is_right():
    assert judged(raising(DatasetError("a.npy is cut short; copy it again.")), b"a", b"b") == set()
    assert judged(lambda data, folder: (folder / "input").read_bytes(), b"a", b"") == set()


def test_every_reader_has_inputs_to_begin_with():
    for target in table().values():
        assert target.seeds or target.shapes is not None, target.name
