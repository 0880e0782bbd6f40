"""What a reader may not do while it reads: write, remove, run, import, connect, wait, or fill the memory."""

from __future__ import annotations

import contextlib
import encodings
import importlib
import os
import pkgutil
import pwd  # noqa: F401 - what asks for a home folder imports it
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

LIMIT_S = 1.0
"""Of processor time for one input."""
MORE_MEMORY = 1 << 30
"""Bytes that reading may take beside what the process has when it begins; the inputs are of some kilobytes."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_FORBIDDEN = frozenset(
    {
        "exec",
        "code.__new__",
        "pickle.find_class",
        "marshal.loads",
        "import",
        "builtins.input",
        "builtins.breakpoint",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.link",
        "os.symlink",
        "os.truncate",
        "os.chmod",
        "os.chown",
        "os.utime",
        "os.setxattr",
        "os.removexattr",
        "os.kill",
        "os.killpg",
        "os.putenv",
        "os.unsetenv",
        "os.chdir",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.spawn",
        "os.posix_spawn",
        "os.startfile",
        "pty.spawn",
        "subprocess.Popen",
        "shutil.copyfile",
        "shutil.copytree",
        "shutil.move",
        "shutil.rmtree",
        "tempfile.mkstemp",
        "tempfile.mkdtemp",
        "socket.__new__",
        "socket.connect",
        "socket.bind",
        "socket.getaddrinfo",
        "urllib.Request",
        "ctypes.dlopen",
        "ctypes.dlsym",
        "webbrowser.open",
        "sqlite3.connect",
    }
)


class Hang(BaseException):
    """Reading took longer than the limit; no reader may catch it."""


class Forbidden(BaseException):
    """A reader did what none may do."""


class Guard:
    """Watches the process; there is one, since an audit hook stays for ever.

    seen : what was forbidden and happened during the last reading, also where the reader caught the exception
    allowed : events that the reader of now is for, such as asking the system whether a process lives
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.allowed: frozenset[str] = frozenset()
        self._armed = False
        load_codecs()
        sys.addaudithook(self._audit)
        signal.signal(signal.SIGPROF, self._too_long)

    @contextlib.contextmanager
    def watching(self, allowed: frozenset[str]) -> Iterator[None]:
        """Watch what is done inside."""
        self.seen, self.allowed, self._armed = [], allowed, True
        # Processor time, which a busy machine does not shorten.
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
        try:
            yield
        finally:
            self._armed = False
            signal.setitimer(signal.ITIMER_PROF, 0)

    def _too_long(self, signal_number: int, frame: FrameType | None) -> None:
        if self._armed:
            raise Hang(f"more than {LIMIT_S:g} s")

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._armed or event in self.allowed:
            return
        if event == "open":
            path, mode, flags = args
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & _WRITING:
                self._refuse(f"open {path!r} for writing")
        elif event == "import" and str(args[0]).startswith("encodings."):
            return  # a codec that there is not: a file of Python may name any
        elif event in _FORBIDDEN:
            self._refuse(f"{event} {args!r:.200}")

    def _refuse(self, what: str) -> None:
        self.seen.append(what)
        raise Forbidden(what)


def load_codecs() -> None:
    """Import every codec now: a file of Python names one in its first line."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(ImportError):  # of another system
            importlib.import_module(f"encodings.{module.name}")


def limit_memory(more: int = MORE_MEMORY) -> None:
    """Let this process take so much more memory than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def listing(folder: Path) -> tuple[tuple[str, int, int, int, int], ...]:
    """Return name, size, time, place and rights of everything in a folder and below."""
    found = []
    for entry in os.scandir(folder):
        facts = entry.stat(follow_symlinks=False)
        found.append((entry.path, facts.st_size, facts.st_mtime_ns, facts.st_ino, facts.st_mode))
        if entry.is_dir(follow_symlinks=False):
            found += listing(Path(entry.path))
    return tuple(sorted(found))
