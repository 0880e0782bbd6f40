"""Small files as `phylib.utils._misc` reads and writes them: JSON, pickles, Python, text, tables."""

from __future__ import annotations

import base64
import csv
import json
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any, TextIO

import numpy as np

from phy_medicine.app.phy_compat.bunch import _is_integer
from phy_medicine.base.log import logger

Row = dict[str, Any]


@contextmanager
def _replacing(path: str | Path, **options: Any) -> Iterator[TextIO]:
    """A file that takes the place of another when it is complete; its folder is made."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "w", **options) as file:
            yield file
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# JSON


class _Encoder(json.JSONEncoder):
    """Arrays of up to ten numbers as lists, others in base64, as phy writes them."""

    def default(self, o: Any) -> Any:
        if isinstance(o, np.ndarray):
            if o.ndim == 1 and len(o) <= 10:
                return o.tolist()
            data = base64.b64encode(np.ascontiguousarray(o).data).decode()
            return {"__ndarray__": data, "dtype": str(o.dtype), "shape": o.shape}
        if type(o).__name__ == "QByteArray":
            return {"__qbytearray__": bytes(o.toBase64()).decode()}
        return o.item() if isinstance(o, np.generic) else super().default(o)


def _decode(values: dict[str, Any]) -> Any:
    if "__ndarray__" in values:
        data = base64.b64decode(values["__ndarray__"])
        return np.frombuffer(data, values["dtype"]).reshape(values["shape"])
    if "__qbytearray__" in values:
        return base64.b64decode(values["__qbytearray__"])
    return values


def load_json(path: str | Path) -> dict[Any, Any]:
    """Read a dictionary; keys that are whole numbers become numbers.

    Raises
    ------
    OSError : there is no such file
    """
    text = Path(path).read_text()
    found = json.loads(text, object_hook=_decode) if text else {}
    return {int(k) if isinstance(k, str) and k.isdigit() else k: v for k, v in found.items()}


def save_json(path: str | Path, data: Mapping[Any, Any]) -> None:
    """Write a dictionary, arrays in it included."""
    named = {str(k) if _is_integer(k) else k: v for k, v in data.items()}
    with _replacing(path) as file:
        json.dump(named, file, cls=_Encoder, indent=2, sort_keys=True)


# Pickles


def load_pickle(path: str | Path) -> Any:
    """Read what `save_pickle` wrote; a pickle can run code, so read none of people you do not trust."""
    from joblib import load

    return load(path)


def save_pickle(path: str | Path, data: Any) -> Any:
    """Write any object."""
    from joblib import dump

    return dump(data, path)


# Text


def read_python(path: str | Path) -> dict[str, Any]:
    """Run a Python file and return its variables, names in lower case."""
    found: dict[str, Any] = {}
    exec(compile(Path(path).read_text(), str(path), "exec"), {}, found)
    return {name.lower(): value for name, value in found.items()}


def write_python(path: str | Path, data: Mapping[str, Any]) -> None:
    """Write variables as a Python file."""
    with _replacing(path) as file:
        for name, value in data.items():
            file.write(f'{name} = "{value}"\n' if isinstance(value, str) else f"{name} = {value}\n")


def read_text(path: str | Path) -> str:
    """Read a text file."""
    return Path(path).read_text()


def write_text(path: str | Path, contents: str) -> None:
    """Write a text file, indentation common to all lines taken out."""
    with _replacing(path) as file:
        file.write(dedent(contents))


# Tables


def _delimiter(path: Path) -> str:
    return "\t" if path.suffix == ".tsv" else ","


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def read_tsv(path: str | Path) -> list[Row]:
    """Read a table with tabs or commas; empty cells are left out of their rows, no file gives no rows."""
    path = Path(path)
    if not path.exists():
        return []
    with path.open(newline="") as file:
        delimiter = "\t" if "\t" in file.readline() else ","
        file.seek(0)
        header, *rows = csv.reader(file, delimiter=delimiter)
    return [{k: _number(v) for k, v in zip(header, row, strict=False) if v != ""} for row in rows]


def write_tsv(
    path: str | Path,
    data: Sequence[Row],
    first_field: str | None = None,
    exclude_fields: Collection[str] = (),
    n_significant_figures: int = 4,
) -> None:
    """Write rows, columns in alphabetical order after the first."""
    names = sorted({name for row in data for name in row} - set(exclude_fields))
    if first_field in names:
        names = [first_field, *(n for n in names if n != first_field)]
    with _replacing(path, newline="") as file:
        if not data:
            logger.info("There were no rows to write to %s.", path)
            return
        writer = csv.writer(file, delimiter=_delimiter(Path(path)))
        writer.writerow(names)
        writer.writerows([_pretty_floats(row.get(n), n_significant_figures) for n in names] for row in data)


def _pretty_floats(value: Any, n: int = 2) -> Any:
    """Floats as text with n digits after the point, also inside of lists and dictionaries."""
    if isinstance(value, float | np.float32):
        return f"{value:.{n}f}"
    if isinstance(value, dict):
        return {k: _pretty_floats(v) for k, v in value.items()}
    return [_pretty_floats(v) for v in value] if isinstance(value, list | tuple) else value


def read_tsv_simple(path: str | Path) -> tuple[str, dict[int, Any]] | dict[int, Any]:
    """Read a table of cluster ids and one field: its name, and cluster -> value; {} without the file."""
    if not Path(path).exists():
        return {}
    with Path(path).open(newline="") as file:
        delimiter = "\t" if "\t" in file.readline() else ","
        file.seek(0)
        (_, name), *rows = csv.reader(file, delimiter=delimiter)
    return name, {int(cluster_id): _number(value) for cluster_id, value in rows}


def write_tsv_simple(path: str | Path, field_name: str, data: Mapping[int, Any]) -> None:
    """Write a table of cluster ids and one field, ids ascending."""
    with _replacing(path, newline="") as file:
        writer = csv.writer(file, delimiter=_delimiter(Path(path)))
        writer.writerow(["cluster_id", field_name])
        writer.writerows((c, data[c]) for c in sorted(data))


def _fullname(o: Any) -> str:
    """Module and name of a function or class."""
    return f"{o.__module__}.{o.__name__}" if o.__module__ else str(o.__name__)
