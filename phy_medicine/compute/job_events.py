"""What a worker says, taken with care: lines that are too long, not JSON, or not what was agreed go to the log."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from phy_medicine.base.json_text import parse_json
from phy_medicine.base.types import AnyArray

LONGEST_LINE = 2 << 20
LONGEST_TEXT = 2000
_BLOCK = 1 << 16
_EVENTS = ("started", "progress", "log", "preview", "error", "cancelled", "result")


@dataclass(frozen=True, slots=True)
class Event:
    """One event, its fields checked.

    name : "started", "progress", "log", "preview", "error", "cancelled", "result"
    fraction : of a progress, 0..1
    text : of a progress, log or error; the device of "started"
    kind : of an error
    arrays : of a preview
    """

    name: str
    fraction: float = 0.0
    text: str = ""
    kind: str = ""
    arrays: Mapping[str, AnyArray] = field(default_factory=dict)


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Give the lines of a pipe; of one that is too long its beginning, so that no worker can fill the memory."""
    rest, skipping = bytearray(), False
    read = getattr(stream, "read1", stream.read)
    while block := read(_BLOCK):
        *whole, last = block.split(b"\n")
        for piece in whole:
            if not skipping:
                yield bytes(rest + piece)
            rest.clear()
            skipping = False
        if not skipping:
            rest += last
        if len(rest) > LONGEST_LINE:
            yield bytes(rest[:LONGEST_TEXT]) + b" ..."
            rest.clear()
            skipping = True
    if rest:
        yield bytes(rest)


def parse(line: bytes) -> Event | None:
    """Return the event of a line, None when it is none."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        content = parse_json(line)
        return _event(content) if isinstance(content, dict) and content.get("event") in _EVENTS else None
    except Exception:  # of the many that json, base64 and npy have for bytes that are none of theirs
        return None


def as_text(line: bytes) -> str:
    """Return a line for the log: readable, not too long, without control characters."""
    text = line[: 4 * LONGEST_TEXT].decode("utf-8", errors="replace").rstrip()
    return printable(text)


def printable(text: str) -> str:
    """Return the text cut to a length a list can show, control characters replaced."""
    shown = "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text[:LONGEST_TEXT])
    return shown + " ..." if len(text) > LONGEST_TEXT else shown


def _event(content: Mapping[str, Any]) -> Event:
    match content["event"]:
        case "progress":
            fraction = float(content["fraction"])
            if not math.isfinite(fraction):
                raise ValueError("not a number")
            message = printable(str(content.get("message", "")).replace("\n", " "))
            return Event("progress", min(max(fraction, 0.0), 1.0), message[:200])
        case "started":
            return Event("started", text=printable(str(content["device"]))[:40])
        case "log":
            return Event("log", text=str(content["text"])[: 20 * LONGEST_TEXT])
        case "error":
            return Event("error", text=printable(str(content["text"]).replace("\n", " ")), kind=str(content["kind"]))
        case "preview":
            return Event("preview", arrays=_preview(content))
        case name:
            return Event(name)


def _preview(content: Mapping[str, Any]) -> dict[str, AnyArray]:
    if "file" in content:
        with np.load(Path(content["file"]), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    return {
        str(name): np.load(io.BytesIO(base64.b64decode(packed, validate=True)), allow_pickle=False)
        for name, packed in content["arrays"].items()
    }
