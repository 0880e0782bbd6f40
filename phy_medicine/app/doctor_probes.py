"""Questions that may end the process that asks them, or take seconds: each is asked by a program of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

OPENGL, TORCH = "phy_medicine.gui.gl_probe", "phy_medicine.compute.torch_probe"
TIMEOUT_S = 60.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said, or in words why it said nothing."""

    facts: dict[str, Any]
    error: str = ""


class Probe:
    """A module that prints JSON, running from the moment it is asked."""

    def __init__(self, module: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._end = time.monotonic() + timeout_s
        self._timeout_s = timeout_s
        self._process = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace",
        )  # fmt: skip

    def wait(self, tick: Callable[[], object] = lambda: None) -> Answer:
        """Return the answer; `tick` is called again and again meanwhile."""
        while True:
            try:
                said, error = self._process.communicate(timeout=_POLL_S)
            except subprocess.TimeoutExpired:
                tick()
                if time.monotonic() > self._end:
                    self._process.kill()
                    self._process.communicate()
                    return Answer({}, f"no answer after {self._timeout_s:.0f} s")
                continue
            return _answer(self._process.returncode, said, error)


def _answer(code: int, said: str, error: str) -> Answer:
    lines = said.strip().splitlines()
    with suppress(ValueError, IndexError):
        facts = json.loads(lines[-1])
        return Answer(facts, str(facts.get("error", "")))
    if code < 0:
        with suppress(ValueError):
            return Answer({}, f"the process was ended by {signal.Signals(-code).name}")
    words = [line.strip() for line in error.strip().splitlines() if line.strip()]
    return Answer({}, (words[-1] if words else f"exit code {code}").rstrip("."))
