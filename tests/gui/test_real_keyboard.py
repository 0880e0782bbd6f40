"""Keys pressed by the X server in a window of another process, checked by its title and by the files it saves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

LIMIT_S = 60.0

pytestmark = pytest.mark.skipif(
    not (shutil.which("xdotool") and shutil.which("Xvfb")), reason="xdotool and Xvfb are needed to press real keys"
)


def wait_for(condition: Callable[[], object], what: str) -> object:
    """Poll until a condition holds, and return its value."""
    end = time.monotonic() + LIMIT_S
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {LIMIT_S:.0f} s"
        time.sleep(0.02)
    return found


@pytest.fixture
def display() -> Iterator[str]:
    """A virtual display of its own, so that nothing else takes the keyboard."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


class Window:
    """A window of a child process, reached only through the display."""

    def __init__(self, params: Path, display: str) -> None:
        self.environment = {**os.environ, "DISPLAY": display}
        command = [sys.executable, "-m", "phy_medicine", "template-gui", str(params), "--size", "1280x800"]
        self.process = subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)
        self.name = params.parent.name
        self.id = str(wait_for(lambda: self._tool("search", "--name", f"{self.name} .*phy-medicine"), "The window"))
        wait_for(self._focus, "The focus")

    def _tool(self, *args: str) -> str:
        assert self.process.poll() is None, self.process.stderr.read() if self.process.stderr else ""
        done = subprocess.run(["xdotool", *args], env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout.strip().partition("\n")[0]

    def _focus(self) -> bool:
        """There is no window manager to do it; a window that is not mapped yet does not take it."""
        self._tool("windowfocus", self.id)
        return self._tool("getwindowfocus") == self.id

    def title(self) -> str:
        return self._tool("getwindowname", self.id)

    def press(self, *keys: str) -> None:
        self._tool("key", "--delay", "60", *keys)

    def type(self, text: str) -> None:
        self._tool("type", "--delay", "30", text)

    def press_until(self, condition: Callable[[], object], *keys: str) -> None:
        """Press keys once and wait for what they lead to."""
        self.press(*keys)
        wait_for(condition, f"What {', '.join(keys)} leads to")

    @property
    def dirty(self) -> bool:
        return self.title().startswith("\N{BLACK CIRCLE}")


@pytest.fixture
def window(dataset: Path, display: str) -> Iterator[Window]:
    window = Window(dataset, display)
    yield window
    if window.process.poll() is None:
        window.process.kill()
        window.process.wait()


def saved_labels(dataset: Path) -> np.ndarray:
    return np.load(dataset.parent / "spike_clusters.npy").ravel()


def test_keys_of_the_display_curate_and_save(window: Window, dataset: Path) -> None:
    before = saved_labels(dataset)
    ids, counts = np.unique(before, return_counts=True)
    largest = int(ids[np.argmax(counts)])
    new = int(before.max()) + 1

    window.press_until(lambda: window.dirty, "space", "space", "g")
    window.press_until(lambda: not window.dirty, "ctrl+s")
    merged = saved_labels(dataset)
    assert (merged == new).sum() > counts.max()
    assert len(np.unique(merged)) == len(ids) - 1
    assert largest not in merged

    window.press_until(lambda: window.dirty, "ctrl+z")
    window.press_until(lambda: not window.dirty, "ctrl+s")
    assert (saved_labels(dataset) == before).all()

    window.press_until(lambda: window.dirty, "alt+g")
    window.press_until(lambda: not window.dirty, "ctrl+s")
    groups = (dataset.parent / "cluster_group.tsv").read_text().splitlines()
    assert f"{largest}\tgood" in groups

    a, b = (int(c) for c in ids[:2])
    window.press("colon")
    window.type(f"c {a} {b}")
    window.press_until(lambda: window.dirty, "Return", "g")
    window.press_until(lambda: not window.dirty, "ctrl+s")
    by_id = saved_labels(dataset)
    assert (by_id[np.isin(before, (a, b))] == new + 1).all()
    assert (by_id[~np.isin(before, (a, b))] == before[~np.isin(before, (a, b))]).all()

    window.press("ctrl+q")
    assert window.process.wait(timeout=LIMIT_S) == 0
