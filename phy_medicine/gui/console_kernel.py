"""A Python kernel in the window's own process and thread, which leaves the rest of the program as it found it.

IPython thinks of one shell for each process, with threads, environment and `__main__` of its own. Here every window
has a shell, made when its console is first opened, and it is the current one of IPython only while a cell runs.
"""

from __future__ import annotations

import asyncio
import atexit
import io
import itertools
import logging
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

from ipykernel.inprocess.ipkernel import InProcessInteractiveShell, InProcessKernel
from ipykernel.iostream import BackgroundSocket, IOPubThread
from IPython.core.application import ProfileDir
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDirError
from traitlets import Type, default

from phy_medicine.base.errors import PhyMedError
from phy_medicine.base.paths import user_dir
from phy_medicine.curation.actions import Delta

_BUFFER = 8192
_numbers = itertools.count(1)


class ConsoleShell(InProcessInteractiveShell):  # type: ignore[misc]
    """A shell that is not the only one, and keeps its hands off the environment of the program."""

    @classmethod
    def instance(cls, *args: Any, **options: Any) -> ConsoleShell:
        """Return a new shell: IPython would return the one of another window, or refuse beside one of a terminal."""
        return cls(*args, **options)

    def init_environment(self) -> None:
        """Leave TERM, PAGER and others as they are: jobs inherit them."""

    def init_ipython_dir(self, ipython_dir: str | None) -> None:
        super().init_ipython_dir(ipython_dir or self.kernel.profile_dir.location)


class ConsoleKernel(InProcessKernel):  # type: ignore[misc]
    """Runs cells; what they print and show goes out at once, in the same thread and in order."""

    debugger_class = Type(object)  # see `_without_debugger`
    around_cells: Any = staticmethod(nullcontext)
    """Makes a context manager that is entered for each cell."""

    @default("shell_class")
    def _default_shell_class(self) -> type[ConsoleShell]:
        return ConsoleShell

    @default("iopub_thread")
    def _default_iopub_thread(self) -> IOPubThread:
        return _Direct(self._underlying_iopub_socket)

    @default("stdout")
    def _default_stdout(self) -> _Stream:
        return _Stream(self, "stdout")

    @default("stderr")
    def _default_stderr(self) -> _Stream:
        return _Stream(self, "stderr")

    def _redirected_io(self) -> Any:
        return _redirected(self.stdout, self.stderr)

    @property
    def kernel_info(self) -> dict[str, Any]:
        """What a front end is told at the start."""
        with _without_debugger():
            info: dict[str, Any] = super().kernel_info
            return info

    @property
    def banner(self) -> str:
        """Nothing: the console says itself what is there."""
        return ""

    async def execute_request(self, stream: Any, ident: Any, parent: Any) -> None:
        """Run a cell."""
        with self.around_cells():
            await super().execute_request(stream, ident, parent)

    def send(self, kind: str, content: Mapping[str, Any]) -> None:
        """Send a message as part of what the running cell says."""
        self.session.send(self.iopub_socket, kind, dict(content), parent=self.get_parent("shell"))


class _Direct(IOPubThread):  # type: ignore[misc]
    """Stands where ipykernel has a thread that sends messages; here it is never started."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.background_socket = BackgroundSocket(self)
        self.thread = threading.Thread(name="never started", daemon=True)
        self._event_pipes = {}

    def schedule(self, f: Callable[[], object]) -> None:
        """Call it now."""
        f()

    def _really_send(self, msg: Any, *args: Any, **options: Any) -> None:
        if self.socket is not None:
            self.socket.send_multipart(msg, *args, **options)


class _Stream(io.TextIOBase):
    """Standard output of cells: sent when there is much of it, and when the cell ends."""

    def __init__(self, kernel: ConsoleKernel, name: str) -> None:
        self._kernel, self._name = kernel, name
        self._pieces: list[str] = []
        self._size = 0
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with self._lock:
            self._pieces.append(text)
            self._size += len(text)
        if self._size > _BUFFER:
            self.flush()
        return len(text)

    def flush(self) -> None:
        with self._lock:
            text, self._pieces, self._size = "".join(self._pieces), [], 0
        if text:
            self._kernel.send("stream", {"name": self._name, "text": text})


@contextmanager
def _redirected(stdout: Any, stderr: Any) -> Iterator[None]:
    """Send what is printed to the console; without one, as under pythonw, it is lost before and after."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = stdout, stderr
    try:
        yield
    finally:
        stdout.flush()
        stderr.flush()
        sys.stdout, sys.stderr = before


def start_kernel(parent: Any, names: Mapping[str, Any]) -> ConsoleKernel:
    """Return a kernel in whose name space these names are; parent : its kernel manager."""
    module = ModuleType(f"phy_medicine_console_{next(_numbers)}", "What is typed in the console of a window.")
    with _without_debugger(), _current(InteractiveShell._instance):
        kernel = ConsoleKernel(
            parent=parent, session=parent.session, profile_dir=_profile(), user_module=module, user_ns=module.__dict__
        )
    kernel.shell.push(dict(names), interactive=False)
    # A cell with await on its top level runs to its end, as any other: the window has no event loop for it.
    kernel.shell.loop_runner = run_here
    kernel.shell.set_custom_exc((PhyMedError,), _show_sentence)
    kernel.shell.display_formatter.formatters["text/plain"].for_type(Delta, _write_delta)
    return kernel


def end_kernel(kernel: ConsoleKernel) -> None:
    """Forget all names, write the history, and leave nothing of the kernel in the process."""
    shell = kernel.shell
    atexit.unregister(shell.atexit_operations)
    kernel.raw_input_str = ""  # ends a cell that waits for input
    sys.modules.pop(shell.user_module.__name__, None)
    try:
        shell.atexit_operations()
    except sqlite3.Error as error:
        logging.getLogger("phy_medicine").warning("What was typed in the console could not be kept: %s.", error)
        shell.history_manager.save_thread.stop()
        shell.atexit_operations()  # what comes after the history
    kernel.frontends.clear()
    kernel.shell = None


def run_here(coroutine: Any) -> Any:
    """Run a coroutine to its end in this thread, also inside of a running loop, such as that of IPython's prompt."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()
        asyncio._set_running_loop(outer)


def dispatch(kernel: ConsoleKernel, message: Any) -> None:
    """Let the kernel work on a message; its shell is IPython's current one for so long."""
    with _current(kernel.shell):
        run_here(kernel.dispatch_shell(message))


@contextmanager
def _current(shell: Any) -> Iterator[None]:
    """Let `get_ipython` and `display` find this shell, and afterwards the one they found before, if any."""
    before = InteractiveShell._instance
    InteractiveShell._instance = shell
    try:
        yield
    finally:
        InteractiveShell._instance = before


@contextmanager
def _without_debugger() -> Iterator[None]:
    """Keep ipykernel from loading debugpy, which traces the whole process; a kernel in process cannot be debugged."""
    name = "ipykernel.debugger"
    known = sys.modules.get(name)
    stand_in = ModuleType(name)
    stand_in._is_debugpy_available = False  # type: ignore[attr-defined]
    sys.modules[name] = stand_in
    try:
        yield
    finally:
        sys.modules.pop(name, None)
        if known is not None:
            sys.modules[name] = known


def _profile() -> ProfileDir:
    """Return IPython's folder of history, one of the program's own."""
    try:
        (user_dir() / "console").mkdir(parents=True, exist_ok=True)
        return ProfileDir.create_profile_dir(str(user_dir() / "console"))
    except (OSError, ProfileDirError):
        return ProfileDir.create_profile_dir(str(Path(tempfile.mkdtemp(prefix="phy-medicine-"))))


def _write_delta(delta: Delta, printer: Any, cycle: bool) -> None:
    """Write what an action did in its sentence, not in arrays."""
    printer.text(delta.message or repr(delta))


def _show_sentence(shell: Any, kind: type, error: Exception, trace: Any, tb_offset: Any = None) -> list[str]:
    """Show an error that a person can act on as its sentence alone."""
    lines: list[str] = shell.InteractiveTB.get_exception_only(kind, error)
    shell._showtraceback(kind, error, lines)
    return lines
