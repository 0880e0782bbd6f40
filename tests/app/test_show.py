"""The window on a session of one's own: from IPython's prompt, and from a script."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("IPython")
pytest.importorskip("PyQt5")

ROOT = Path(__file__).parents[2]
_LONG_S = 60
_LOOK_AGAIN_S = 0.1
"""A prompt that is typed into all the time leaves the window none."""


class Prompt:
    """IPython in a terminal of its own; lines are typed, and answered by what `say` prints."""

    def __init__(self, home: Path) -> None:
        import pty

        self.terminal, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "IPYTHONDIR": str(home)}
        command = [sys.executable, "-m", "IPython", "--no-banner", "--no-confirm-exit", "--colors=nocolor"]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=environment)
        os.close(slave)
        self.heard = ""
        self._hear(r"In \[1\]")

    def _hear(self, words: str) -> re.Match[str]:
        """Wait until the terminal shows what a pattern matches, behind what was heard before."""
        begin, end = len(self.heard), time.monotonic() + _LONG_S
        while (found := re.compile(words).search(self.heard, begin)) is None:
            assert time.monotonic() < end and self.process.poll() is None, self.heard[-2000:]
            if select.select([self.terminal], [], [], 1.0)[0]:
                self.heard += os.read(self.terminal, 65536).decode("utf-8", "replace")
        return found

    def say(self, expression: str) -> str:
        """Type an expression, and return what it is."""
        os.write(self.terminal, f"print('<<' + str({expression}) + '>>')\r".encode())
        return self._hear(r"<<([^'+]*?)>>")[1]

    def do(self, line: str) -> None:
        """Type a line, and wait until the prompt is back."""
        os.write(self.terminal, f"{line}\r".encode())
        assert self.say("1 + 1") == "2"

    def wait(self, expression: str) -> None:
        """Ask again and again until an expression is true; the window works while the prompt waits."""
        end = time.monotonic() + _LONG_S
        while self.say(expression) != "True":
            assert time.monotonic() < end, self.heard[-2000:]
            time.sleep(_LOOK_AGAIN_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.fixture
def prompt(tmp_path: Path) -> Iterator[Prompt]:
    prompt = Prompt(tmp_path / "ipython")
    yield prompt
    prompt.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")
def test_the_prompt_of_ipython_comes_back_and_drives_the_window(prompt, dataset):
    prompt.do("%gui qt")
    prompt.do(f"import phy_medicine as pm; session = pm.open({str(dataset)!r}); window = pm.show(session)")
    prompt.do("window.scripted = True")
    prompt.wait("window.isVisible() and window.at_rest")
    prompt.do("session.select([1, 2]); delta = session.merge()")
    prompt.wait("next(iter(window.panels)).view.cluster_ids == delta.added")
    prompt.do("window.commands.run('show_console'); console = window.console.widget")
    prompt.wait("bool(console._prompt) and not console._executing")
    prompt.do("import threading; window.console.inject(threading=threading)")
    prompt.do("console.execute('main = threading.current_thread() is threading.main_thread(); session.undo()')")
    prompt.wait("not console._executing and session.history.position == 0")
    assert prompt.say("console.kernel.shell.user_ns['main']") == "True"
    assert prompt.say("get_ipython() is console.kernel.shell") == "False"
    prompt.do("window.close(); session.close()")
    assert prompt.say("window.is_closed") == "True"
    os.write(prompt.terminal, b"exit\r")
    assert prompt.process.wait(_LONG_S) == 0


SCRIPT = """
import phy_medicine as pm
from phy_medicine.gui import app
session = pm.open({path!r})
app.create_app()
from phy_medicine.gui.qt import QtCore, QtWidgets

def close():
    for window in QtWidgets.QApplication.topLevelWidgets():
        if getattr(window, "at_rest", False):
            window.scripted = True
            window.close()

timer = QtCore.QTimer(interval=20)
timer.timeout.connect(close)
timer.start()
window = pm.show(session, block={block})
print("closed:", window.is_closed)
session.close()
"""


@pytest.mark.parametrize("block", [True, False])
def test_a_script_waits_for_the_window_or_goes_on_and_ends_cleanly(dataset, block):
    code = SCRIPT.format(path=str(dataset), block=block)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=_LONG_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"closed: {block}"]
