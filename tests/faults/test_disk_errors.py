"""A disk that says no at any call of a save or of an action: nothing is lost, nothing half-written, and it goes on."""

from __future__ import annotations

import errno
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.amount import LONG, parts
from tests.faults.zygote import COUNT, FAIL, FULL, GONE, SHORT, Zygote
from tests.io.kwik_miniatures import Form
from tests.io.kwik_miniatures import write as write_kwik
from tests.io.miniatures import kilosort4

N_PARTS = 4
pytestmark = pytest.mark.timeout(0 if LONG else 180)
ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.ESTALE, errno.ENOTCONN)
FAULTS = (*((FAIL, error) for error in ERRORS), (FULL, errno.ENOSPC), (SHORT, 0), (GONE, errno.ESTALE))
Make = Callable[[Path], Path]


class Cases:
    """Runs one operation again and again, each time with a fault at another call."""

    def __init__(self, zygote: Zygote, make: Make, folder: Path, call: str, **arguments: Any) -> None:
        self._zygote, self._folder, self._call, self._arguments = zygote, folder, call, arguments
        self._pristine = make(folder / "pristine")

    def run_all(self, every: int, part: int) -> Counter[str]:
        """Each call with each fault, or of all these each so manieth; return how many there were."""
        calls = self._run(COUNT, 0, 0)["calls"]
        cases = [(nth, mode, error) for nth in range(1, len(calls) + 1) for mode, error in FAULTS]
        # Steps that no number of faults divides, so that every fault meets many calls.
        chosen = cases[part::N_PARTS] if LONG else cases[::every]
        counts = Counter({"calls": len(calls) * (part == 0), "faults": len(chosen)})
        for nth, mode, error in chosen:
            refused = bool(self._run(mode, nth, error)["message"])
            assert not (refused and mode == SHORT), "a short write is no failure"
            counts["refused"] += refused
        return counts

    def _run(self, mode: int, nth: int, error: int) -> dict[str, Any]:
        shutil.rmtree(self._folder / "case", ignore_errors=True)
        shutil.copytree(self._pristine.parent, self._folder / "case")
        path = self._folder / "case" / self._pristine.name
        told: dict[str, Any] = {}
        for answer in self._zygote.run(self._call, path=str(path), mode=mode, nth=nth, error=error, **self._arguments):
            told |= answer
        where = f"{told.get('calls', [''])[nth - 1 :][:1]} with mode {mode}, {errno.errorcode.get(error)}"
        assert "failed" not in told, f"{where}:\n{told['failed']}"
        assert told["ended"] == 0, f"{where}: the process ended with {told['ended']}"
        return told


def _template(folder: Path) -> Path:
    return kilosort4(folder)


def _kwik(folder: Path) -> Path:
    folder.mkdir()
    return write_kwik(folder, Form())


@pytest.mark.parametrize("part", parts(N_PARTS))
@pytest.mark.parametrize("make", [_template, _kwik])
def test_a_save_on_a_disk_that_fails(zygote: Zygote, tmp_path: Path, counted, make: Make, part: int):
    cases = Cases(zygote, make, tmp_path, "tests.faults.disk_cases:save_case")
    counted(f"save{make.__name__} on a disk that fails", cases.run_all(61, part))


@pytest.mark.parametrize("part", parts(N_PARTS))
@pytest.mark.parametrize("first", [True, False])
def test_an_action_on_a_disk_that_fails(zygote: Zygote, tmp_path: Path, counted, first: bool, part: int):
    cases = Cases(zygote, _template, tmp_path, "tests.faults.disk_cases:action_case", first=first)
    counted("action on a disk that fails", cases.run_all(11, part))
