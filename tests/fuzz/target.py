"""One reader as both engines see it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError

Read = Callable[[bytes, Path], object]
Write = Callable[[bytes, Path], object]


def in_file(name: str) -> Write:
    """Return what puts an input into a file of the folder, as it is."""

    def put(data: bytes, folder: Path) -> None:
        file = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(file, data)
        os.close(file)

    return put


def nowhere(data: bytes, folder: Path) -> None:
    """Put an input into no file: the reader takes it as it is."""


@dataclass(frozen=True, slots=True)
class Target:
    """A reader, and what it is fed with.

    name : one word; part : what its row of the table in the docs is called
    read : takes the input and the folder that holds it; may raise `errors` only, and must change nothing
    put : writes the input to where it is read from
    lay : writes the files around it once, name -> content
    seeds : inputs that are good, or nearly
    words : what means something in the format
    shapes : inputs with the structure of the format and the wrong content
    errors : what the reader says of an input that it refuses, in one sentence
    allowed : audit events that belong to the reader's work
    share : how many inputs it gets, beside others
    coverage : whether an engine that follows the lines that are run can tell inputs apart: not in libraries of C
    memory : bytes that it may take
    """

    name: str
    part: str
    read: Read
    put: Write = nowhere
    lay: Callable[[Path], object] = field(default=lambda folder: None)
    seeds: tuple[bytes, ...] = ()
    words: tuple[bytes, ...] = ()
    shapes: st.SearchStrategy[bytes] | None = None
    errors: tuple[type[Exception], ...] = (PhyMedError,)
    allowed: frozenset[str] = frozenset()
    share: float = 1.0
    coverage: bool = True


def texts(*lines: str) -> tuple[bytes, ...]:
    """Return texts as inputs."""
    return tuple(line.encode("utf-8", "surrogatepass") for line in lines)


Files = Mapping[str, Any]
