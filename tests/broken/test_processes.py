"""Some broken datasets through the real command, in a process of its own with little memory."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.broken import drive
from tests.broken.case import Case
from tests.broken.catalogue import CASES

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {case.name: case for case in CASES}
DESCRIBED = (
    "calls_the_shell",
    "is_a_pipe_of_spike_times_npy",
    "has_giant_holes",
    "claims_giant_labels",
    "has_pickled_caches",
)
SHOWN = ("has_nan_features", "has_no_kwx")
NOT_SHOWN = ("is_pickled_spike_clusters_npy", "has_linked_spikes")
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
DESCRIBE_BYTES, WINDOW_BYTES = 4 << 30, 16 << 30


def run(case: Case, path: Path, *options: str, n_bytes: int = DESCRIBE_BYTES) -> drive.Told:
    """Run a command on a dataset, in 120 s and so much address space."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))
        if case.as_user:
            give_up_rights()

    words = [sys.executable, "-m", "phy_medicine", f"{case.command}-{options[0]}", str(path), *options[1:]]
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, timeout=150, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "xcb")},
        preexec_fn=limited,
    )  # fmt: skip
    return drive.told(done.returncode, done.stdout + done.stderr, path.parent)


def give_up_rights() -> None:
    """Make root, in what is started from here, a user like others: who may read and write what the rights say."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        for right in CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH:
            if libc.prctl(PR_CAPBSET_DROP, right, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "rights cannot be given up")


@pytest.mark.parametrize("name", DESCRIBED)
def test_it_is_described_in_a_process(name: str, tmp_path: Path, own_home: Path):
    case = BY_NAME[name]
    path = case.make(tmp_path / "place")
    before = drive.tree(tmp_path)
    told = run(case, path, "describe")
    assert (told.code, told.faults) == (int(case.refused), []), told.text
    assert told.says(case.says), told.text
    assert drive.tree(tmp_path) == before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="rights are given up as Linux does")
@pytest.mark.parametrize("case", [case for case in CASES if case.as_user], ids=lambda case: case.name)
def test_what_may_not_be_read_or_written_is_said(case: Case, tmp_path: Path, own_home: Path):
    path = case.make(tmp_path / "place")
    before = drive.tree(tmp_path)
    if case.read_only:
        pytest.importorskip("PyQt5")
        told = run(case, path, "gui", "--do", "c 0 1", "--do", "merge", "--quit", n_bytes=WINDOW_BYTES)
    else:
        told = run(case, path, "describe")
    assert told.code == int(case.refused or case.read_only) and told.faults == [], told.text
    assert told.says(case.says), told.text
    assert drive.tree(tmp_path) == before


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_curated_in_a_process(name: str, tmp_path: Path, own_home: Path):
    pytest.importorskip("PyQt5")
    case = BY_NAME[name]
    path = case.make(tmp_path / "place")
    picture = tmp_path / "picture.png"
    before = drive.tree(tmp_path / "place")
    steps = [word for line in ("start_wizard", "next", "merge", "undo") for word in ("--do", line)]
    told = run(case, path, "gui", *steps, "--screenshot", str(picture), "--quit", n_bytes=WINDOW_BYTES)
    assert (told.code, told.faults) == (0, []), told.text
    assert picture.stat().st_size > 10_000
    assert drive.tree(tmp_path / "place") == before


@pytest.mark.parametrize("name", NOT_SHOWN)
def test_it_is_refused_by_the_window_in_a_process(name: str, tmp_path: Path, own_home: Path):
    pytest.importorskip("PyQt5")
    case = BY_NAME[name]
    path = case.make(tmp_path / "place")
    before = drive.tree(tmp_path)
    told = run(case, path, "gui", "--screenshot", str(tmp_path / "x.png"), "--quit", n_bytes=WINDOW_BYTES)
    assert told.code == 1 and told.says(case.says) and told.faults == [], told.text
    assert drive.tree(tmp_path) == before
