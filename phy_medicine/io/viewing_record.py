"""The record of a curation: which clusters were shown, how long, and what was decided; one line for each viewing.

`.phy_medicine/record.jsonl` only grows, a line at once, so that what was written survives whatever ends the program.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from phy_medicine.base.errors import DatasetError
from phy_medicine.base.json_text import WRONG_CONTENT, parse_json
from phy_medicine.base.paths import OwnFiles
from phy_medicine.io.durable import reason
from phy_medicine.io.export.output import ExportReport, new_file
from phy_medicine.io.line_file import append_line
from phy_medicine.io.plain_file import read_plain

MOST_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Viewing:
    """One stretch in which the same clusters were shown, until something was decided or others were shown.

    sitting : when the window was opened, which names the sitting
    time : when these clusters came up, ISO 8601 in UTC
    clusters, similar : selected in the cluster table and in the similarity table
    seconds : with the window active and somebody there
    keys : key presses meanwhile
    decision : "merge", "split", "group", "label", "restore", each also with "undo " or "redo " before it; "" for none
    of : clusters that were decided on; new : those that came of it
    value : the group, or field and value of a label
    """

    sitting: str
    time: str
    clusters: tuple[int, ...]
    similar: tuple[int, ...]
    seconds: float
    keys: int
    decision: str = ""
    of: tuple[int, ...] = ()
    new: tuple[int, ...] = ()
    value: str = ""


COLUMNS = tuple(f.name for f in fields(Viewing))


def record_path(dataset_dir: Path) -> Path:
    """Return where the record of a dataset lies, whether or not there is one."""
    return OwnFiles(dataset_dir).root / "record.jsonl"


def append_viewing(dataset_dir: Path, viewing: Viewing) -> None:
    """Add a viewing to the record, by one call of the system.

    Raises
    ------
    OSError : it cannot be written, or what is there is no file
    """
    append_line(record_path(dataset_dir), asdict(viewing))


def read_viewings(dataset_dir: Path) -> tuple[tuple[Viewing, ...], int]:
    """Return the record, the oldest first, and how many of its lines cannot be read; nothing where there is none.

    Raises
    ------
    DatasetError : the file cannot be read
    """
    path = record_path(dataset_dir)
    try:
        content = read_plain(path, MOST_BYTES)
    except FileNotFoundError:
        return (), 0
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}.") from None
    lines = [line for line in content.split(b"\n") if line.strip()]
    viewings = [viewing for line in lines if (viewing := _viewing(line)) is not None]
    return tuple(viewings), len(lines) - len(viewings)


def delete_record(dataset_dir: Path) -> bool:
    """Delete the record; return whether there was one.

    Raises
    ------
    DatasetError : it cannot be deleted
    """
    path = record_path(dataset_dir)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DatasetError(f"{path} cannot be deleted: {reason(error)}.") from None
    return True


def as_tsv(viewings: Iterable[Viewing]) -> str:
    """Return a record as a table with one row for each viewing; ids are separated by commas."""
    rows = ["\t".join(COLUMNS), *("\t".join(map(_cell, asdict(v).values())) for v in viewings)]
    return "\n".join(rows) + "\n"


def export_record(viewings: Iterable[Viewing], path: Path, *, force: bool = False) -> ExportReport:
    """Write a record as TSV.

    Raises
    ------
    DatasetError : the file exists and `force` is not set, or it cannot be written
    """
    text = as_tsv(viewings)
    with new_file(path, force=force, n_bytes=len(text)) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return ExportReport((path,))


def _viewing(line: bytes) -> Viewing | None:
    try:
        values = parse_json(line.decode("utf-8"))
        return _checked(values) if isinstance(values, dict) else None
    except WRONG_CONTENT:
        return None


def _checked(values: Mapping[str, Any]) -> Viewing:
    sitting, time, decision, value = (_text(values[name]) for name in ("sitting", "time", "decision", "value"))
    clusters, similar, of, new = (tuple(map(_whole, values[name])) for name in ("clusters", "similar", "of", "new"))
    seconds = float(values["seconds"])
    if not 0 <= seconds < math.inf:
        raise ValueError(seconds)
    return Viewing(sitting, time, clusters, similar, seconds, _whole(values["keys"]), decision, of, new, value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise ValueError(value)
    return value


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:.1f}" if isinstance(value, float) else " ".join(str(value).split())
