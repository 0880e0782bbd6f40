"""Pieces of work for tests of executors; a module of its own, so that workers can import it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from phy_medicine.base.errors import PhyMedError


def square(number: int) -> int:
    """Return the square; larger numbers are ready first."""
    time.sleep(max(0.0, 0.02 * (5 - number)))
    return number * number


def refuse_three(number: int) -> int:
    """Refuse the number 3."""
    if number == 3:
        raise PhyMedError("Three is not taken.")
    return number


def divide(number: int) -> float:
    """Fail for 0."""
    return 1 / number


def killed_once(item: tuple[Path, int]) -> int:
    """Kill its own process at the number 2, the first time, as the system does when the memory is full."""
    folder, number = item
    if number == 2:
        try:
            (folder / "killed").touch(exist_ok=False)
        except FileExistsError:
            return number
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def deadly_two(number: int) -> int:
    """Kill its own process at the number 2, every time."""
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def seen(item: tuple[Path, int]) -> int:
    """Leave a file."""
    folder, number = item
    (folder / str(number)).touch()
    return number
