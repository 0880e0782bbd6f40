"""A process that has everything loaded and forks a child for each case, so that a case does not pay for the start.

It reads one JSON object a line, `{"call": "module:function", ...arguments}`, and answers with lines of JSON: what the
child tells with `tell`, then `{"ended": exit code}`. A line that is cut short by a kill counts as not told.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
OFF, COUNT, FAIL, GONE, SHORT, FULL, DIE, DIE_HALFWAY = range(8)
"""What happens at the call: see disk_faults.c."""

_answers = 1


def tell(**what: Any) -> None:
    """Write one line to the parent."""
    line = json.dumps(what).encode() + b"\n"
    while line:
        line = line[os.write(_answers, line) :]


class Disk:
    """The disk under a folder, as disk_faults.c makes it fail; needs that library preloaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder.resolve()).encode()
        self._library = ctypes.CDLL(None)
        self._library.faults_calls.restype = ctypes.c_char_p
        self._library.faults_count.restype = ctypes.c_long
        self._library.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_long, ctypes.c_int]

    def arm(self, mode: int, nth: int = 0, error: int = 0) -> None:
        """Count the calls that change something from here on, and let `mode` happen at the n-th."""
        self._library.faults_arm(self._folder, mode, nth, error)

    def disarm(self) -> None:
        """Be an ordinary disk again."""
        self._library.faults_disarm()

    @property
    def calls(self) -> list[str]:
        """The calls since `arm`: what was done, a space, and the path below the folder."""
        return self._library.faults_calls().decode().splitlines()


class Zygote:
    """The parent's end; use it in a `with` statement."""

    def __init__(self, library: Path) -> None:
        environment = os.environ | {"LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = str(REPOSITORY)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, env=environment, bufsize=0,
        )  # fmt: skip
        self._unread = b""

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    @property
    def answers(self) -> int:
        """Descriptor that answers come from."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def start(self, call: str, **arguments: Any) -> None:
        """Fork a child that calls a function."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"call": call, **arguments}).encode() + b"\n")

    def read(self) -> list[dict[str, Any]]:
        """Wait for answers and return them."""
        more = os.read(self.answers, 1 << 16)
        if not more:
            raise RuntimeError("The zygote ended; its last words are on stderr.")
        *lines, self._unread = (self._unread + more).split(b"\n")
        return [answer for line in lines if (answer := _parsed(line)) is not None]

    def run(self, call: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Call a function in a child and yield what it tells, to its end."""
        self.start(call, **arguments)
        while True:
            for answer in self.read():
                yield answer
                if "ended" in answer:
                    return


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def main() -> None:
    """Fork for each request; the children share nothing but what was loaded before."""
    global _answers
    import phy_medicine.io.kwik_model
    import phy_medicine.io.template_model
    import phy_medicine.session.session  # noqa: F401

    _answers = os.dup(1)
    os.dup2(2, 1)  # what a child prints must not be taken for an answer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        module, _, function = request.pop("call").partition(":")
        child = os.fork()
        if child == 0:
            _be_child(module, function, request)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(_answers, b"\n")  # ends a line that a kill cut short
        tell(ended=status)


def _be_child(module: str, function: str, arguments: dict[str, Any]) -> None:
    status = 1
    try:
        tell(pid=os.getpid())
        getattr(importlib.import_module(module), function)(**arguments)
        status = 0
    except BaseException:
        tell(failed=traceback.format_exc())
    finally:
        os._exit(status)


if __name__ == "__main__":
    from tests.faults import zygote

    zygote.main()
