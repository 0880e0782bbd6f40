"""One worker process: started, listened to, ended, with all the processes it started itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from phy_medicine.compute.job_events import Event, as_text, lines, parse
from phy_medicine.compute.worker import PARENT

# -P: the folder it is started in, which is a job's, is not searched for modules.
WORKER = (sys.executable, "-P", "-m", "phy_medicine.compute.worker")


class JobProcess:
    """A worker at work.

    Parameters
    ----------
    command : of the worker, to which the path of the job file is added
    job_file : what it is to do; its folder is where the worker runs
    on_event, on_line : called in threads of their own with each event, and with each other line for the log

    Raises
    ------
    OSError : the process cannot be started
    """

    def __init__(
        self,
        command: Sequence[str],
        job_file: Path,
        on_event: Callable[[Event], object],
        on_line: Callable[[str], object],
    ) -> None:
        self._process = subprocess.Popen(
            [*command, str(job_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=job_file.parent,
            env=_environment(),
            **_own_group(),  # type: ignore[call-overload]
        )
        out, err = self._process.stdout, self._process.stderr
        self._readers = [
            threading.Thread(target=_listen, args=(out, on_event, on_line), name="job-events", daemon=True),
            threading.Thread(target=_listen, args=(err, None, on_line), name="job-log", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        """Of the worker, which is also its group's."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> bool:
        """Return whether it ended within this time."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def terminate(self) -> None:
        """Ask the worker and its children to end."""
        self._signal("SIGTERM")

    def kill(self) -> None:
        """End the worker and its children."""
        self._signal("SIGKILL")

    def finish(self, read_s: float) -> int:
        """Take everything down after the end of the worker, and return its exit code.

        read_s : how long to wait for what it said last

        Children that outlived it are ended, or they would hold the pipes open and go on computing for nobody.
        """
        self.kill()
        code = self._process.wait()
        for reader in self._readers:
            reader.join(read_s)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None and not any(r.is_alive() for r in self._readers):
                with contextlib.suppress(OSError):
                    pipe.close()
        return code

    def _signal(self, name: str) -> None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, getattr(signal, name))
            else:
                self._process.kill()


def _own_group() -> dict[str, object]:
    """Return how the worker gets a process group of its own.

    Not a session of its own: where Linux groups processes by session for its scheduler, a worker in another session
    would get half of the machine however low its priority is.
    """
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"process_group": 0}


def _environment() -> dict[str, str]:
    """The environment of this process; the worker finds the same modules, also in a checkout and in a test."""
    paths = [str(Path(p).absolute()) if p else str(Path.cwd()) for p in sys.path]
    return {
        **os.environ,
        PARENT: str(os.getpid()),
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }


def _listen(stream: BinaryIO, on_event: Callable[[Event], object] | None, on_line: Callable[[str], object]) -> None:
    """Read a pipe to its end."""
    with contextlib.suppress(OSError, ValueError):
        for line in lines(stream):
            event = parse(line) if on_event is not None else None
            if event is not None and on_event is not None:
                on_event(event)
            elif line.strip():
                on_line(as_text(line))
