"""Ctrl+C in a command that runs in a process of its own."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

Interrupt = Callable[..., tuple[int, str]]


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """Runs a command, sends it Ctrl+C when it has said some words, and returns its exit code and what it said after.

    A command that ends before is a failure with all that it said. None goes on after its test.
    """
    started: list[subprocess.Popen[str]] = []

    def run(command: Sequence[str], words: str, **options: Any) -> tuple[int, str]:
        # What a shell starts in the background inherits that Ctrl+C is ignored.
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL), **options
        )  # fmt: skip
        started.append(process)
        assert process.stderr is not None
        heard = []
        while not heard or words not in heard[-1]:
            heard.append(process.stderr.readline())
            if not heard[-1]:
                pytest.fail(f"It ended with {process.wait(10)} before it said {words!r}:\n{''.join(heard)}")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        return process.returncode, said

    yield run
    for process in started:
        process.kill()
        process.communicate()
