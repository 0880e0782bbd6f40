"""Whether a process of this machine still runs."""

from __future__ import annotations

import os
from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether there is a process with this number; True where the system cannot tell."""
    if os.name == "nt":
        return True  # signal 0 ends a process on Windows
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def started(pid: int) -> str:
    """When a process began, in ticks since the machine did, which tells two with one number apart; "" without /proc."""
    try:
        # The name in brackets may hold spaces; the start time is the 20th field after it.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
