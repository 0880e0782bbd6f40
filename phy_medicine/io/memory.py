"""How much memory there is, asked before something large is read: a file may claim any size."""

from __future__ import annotations

import sys
from pathlib import Path

from phy_medicine.base.errors import DatasetError

_CONTAINER = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """Return the memory that the system can give without taking it from programs; None where it does not say."""
    try:
        facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(facts["MemAvailable"].split()[0]) << 10
    except (OSError, ValueError, KeyError):
        return None
    return max(0, min([available, *_left_in_container(), *_left_of_process()]))


def check_memory(name: str, n_bytes: int) -> None:
    """Refuse to read what does not fit into the memory.

    name : of the file, or of what is in it

    Raises
    ------
    DatasetError : it is larger than all memory that there is; where the system does not say, than any array can be
    """
    available = available_bytes()
    most = sys.maxsize if available is None else available
    if n_bytes > most:
        raise DatasetError(
            f"{name} needs {n_bytes / 1e9:,.1f} GB of memory and there are {most / 1e9:,.1f} GB; its header may be "
            "damaged: export it again, or use a larger machine."
        )


def _left_in_container() -> list[int]:
    """What the limit of a container leaves; files in the cache of the system make room when need be."""
    try:
        facts = dict(line.split() for line in (_CONTAINER / "memory.stat").read_text().splitlines())
        return [int((_CONTAINER / "memory.max").read_text()) - int(facts["anon"])]
    except (OSError, ValueError, KeyError):  # no container, or one without a limit
        return []


def _left_of_process() -> list[int]:
    try:
        import resource
    except ImportError:  # Windows
        return []
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return []
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    return [limit - mapped]
