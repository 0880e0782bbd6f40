"""Labels of the clusters: reading every TSV and CSV file, and the text of those we write."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np

from phy_medicine.base.types import LabelValue
from phy_medicine.io.array_files import DatasetFolder
from phy_medicine.io.checks import Check, CheckList
from phy_medicine.io.durable import reason
from phy_medicine.io.plain_file import open_plain

GROUP = "group"
METRICS_FILE = "cluster_metrics.tsv"
"""The quality metrics, which are computed again and not read; unless another program wrote them."""
_OUR_METRICS = frozenset({"contamination_many", "drift_std_corrected"})
_OLDER = "latin-1"
_LONGEST_LINE, _LONGEST_NAME, _MOST_COLUMNS, _MOST_WORDS = 1 << 20, 200, 500, 10_000
_LEGACY_GROUPS = {0: "noise", 1: "mua", 2: "good", 3: "unsorted"}  # phy 1 wrote numbers into cluster_groups.csv


@dataclass(frozen=True, slots=True)
class Metadata:
    """Label columns of the clusters.

    fields : field -> cluster id -> value; values of `group` are text
    files : field -> name of the file it came from
    """

    fields: Mapping[str, Mapping[int, LabelValue]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def read_metadata(source: Path | DatasetFolder) -> tuple[Metadata, tuple[Check, ...]]:
    """Read the labels of a dataset folder.

    All `*.csv`, then all `*.tsv`, by name; every column beside `cluster_id` is a field named by the header. A field
    found again replaces the earlier one as a whole, but nothing replaces the one of `cluster_<field>.tsv`, which is
    what a save writes. `cluster_info` is skipped, and a `cluster_metrics.tsv` of the program's own. A file that cannot
    be read is left out with a remark.
    """
    folder = source if isinstance(source, DatasetFolder) else DatasetFolder(source)
    checks = CheckList()
    fields: dict[str, dict[int, LabelValue]] = {}
    files: dict[str, str] = {}
    for name in [*folder.matching("*.csv"), *folder.matching("*.tsv")]:
        if Path(name).stem == "cluster_info":
            continue
        for key, values in _read_table(folder.where(name), name, checks).items():
            if name == "cluster_group.tsv" and key == "KSLabel":
                checks.note(name, "repeats KSLabel and holds no groups, so all clusters start unsorted.")
            if files.get(key) != f"cluster_{key}.tsv":
                fields[key], files[key] = values, name
    if GROUP in fields:
        groups = {cluster: _group(value) for cluster, value in fields[GROUP].items()}
        fields[GROUP] = {cluster: name for cluster, name in groups.items() if name}
    return Metadata(fields, files), checks.all()


def _read_table(
    path: Path, name: str, checks: CheckList, encoding: str = "utf-8-sig"
) -> dict[str, dict[int, LabelValue]]:
    try:
        with TextIOWrapper(open_plain(path), encoding=encoding, newline="") as file:
            first = file.readline(_LONGEST_LINE)
            delimiter = "\t" if "\t" in first else ","
            header = next(csv.reader([first], delimiter=delimiter), [])
            if "cluster_id" not in header:  # some other table; it is not read any further, whatever its size
                if name.startswith("cluster_") and first:
                    checks.warn(name, "names no cluster_id in its first line and is left out.")
                return {}
            if name == METRICS_FILE and _OUR_METRICS.issubset(header):
                return {}
            return _read_rows(csv.reader(file, delimiter=delimiter), header, name, checks)
    except UnicodeError:
        if encoding == _OLDER:
            raise
        checks.warn(name, "is not written in UTF-8 and is read as Latin-1; a save writes UTF-8.")
        return _read_table(path, name, checks, _OLDER)
    except OSError as error:
        checks.warn(name, f"cannot be read ({reason(error)}) and is left out.")
        return {}
    except csv.Error as error:
        checks.warn(name, f"cannot be read ({error}) and is left out.")
        return {}


def _read_rows(
    rows: Iterable[list[str]], header: list[str], name: str, checks: CheckList
) -> dict[str, dict[int, LabelValue]]:
    fields: dict[str, dict[int, LabelValue]] = {key: {} for key in _columns(header, name, checks)}
    id_column = header.index("cluster_id")
    columns = [(i, fields[key]) for i, key in enumerate(header) if key in fields]
    words: dict[str, LabelValue] = {}  # a table has a million cells and three words
    seen: set[int] = set()
    n_bad = n_again = n_lines = 0
    for row in rows:
        cluster = parse_value(row[id_column]) if len(row) > id_column else ""
        if not isinstance(cluster, int):
            n_bad += any(row)
            continue
        n_again += cluster in seen
        seen.add(cluster)
        for i, values in columns:
            cell = row[i] if i < len(row) else ""
            if cell == "":
                continue
            n_lines += "\n" in cell
            if cell not in words:
                if len(words) >= _MOST_WORDS:
                    words.clear()
                words[cell] = parse_value(cell)
            values[cluster] = words[cell]
    for n, what in (
        (n_bad, "rows have no cluster number and are left out"),
        (n_again, "rows name a cluster again; the last one counts"),
        (n_lines, "values go over several lines: is a quote never closed?"),
    ):
        if n:
            checks.warn(name, f"{n:,} {what}{'' if what.endswith('?') else '.'}")
    return fields


def _columns(header: Sequence[str], name: str, checks: CheckList) -> list[str]:
    """The columns that become labels."""
    wanted = [key for key in dict.fromkeys(header) if key not in ("cluster_id", "")]
    good = [key for key in wanted if is_field_name(key)]
    if len(good) < len(wanted):
        checks.warn(name, f"{len(wanted) - len(good)} columns have names that no file can have and are left out.")
    if len(good) > _MOST_COLUMNS:
        checks.warn(name, f"has {len(good):,} columns; the first {_MOST_COLUMNS} are read.")
    return good[:_MOST_COLUMNS]


def is_field_name(name: str) -> bool:
    """Return whether labels of this name can be saved as `cluster_<name>.tsv`, in this folder and nowhere else."""
    return len(name.encode()) <= _LONGEST_NAME and name.isprintable() and not set(name) & set("/\\")


def parse_value(text: str) -> LabelValue:
    """Return a cell as whole number, else as number, else as text.

    An underscore makes it text: Python would read 1_0 as ten and the label would come back changed.
    """
    if "_" in text or (text[:1].isalpha() and text[:1] not in "iInN"):  # of the words only inf and nan are numbers
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


@lru_cache(maxsize=1000, typed=True)
def _group(value: LabelValue) -> str:
    if isinstance(value, int):
        return _LEGACY_GROUPS.get(value, str(value))
    return group_name(str(value))


def group_name(text: str) -> str:
    """Return a name of a group as one line that can be seen, "" when nothing is left of it."""
    visible = "".join(sign if sign.isprintable() else " " for sign in text[:_LONGEST_NAME])
    return " ".join(visible.split())


def format_field(name: str, values: Mapping[int, LabelValue | None], cluster_ids: Iterable[int]) -> str:
    """Return the text of `cluster_<name>.tsv`, byte for byte as phy writes it.

    Parameters
    ----------
    name : the field, which is the header of the second column
    values : cluster id -> value; None and absent clusters get no row
    cluster_ids : the clusters that exist
    """
    rows = [(c, _plain(values[c])) for c in sorted(int(c) for c in cluster_ids) if values.get(c) is not None]
    return format_table(["cluster_id", name], rows)


def format_cluster_info(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of `cluster_info.tsv`: first `cluster_id`, then every other key in ASCII order.

    Parameters
    ----------
    rows : one mapping per cluster with the key `cluster_id`; floats are written with 8 digits after the point, None
        as an empty cell, and `is_masked` is left out
    """
    keys = sorted({key for row in rows for key in row} - {"cluster_id", "is_masked"})
    cells = [[_info_cell(row.get(key)) for key in ("cluster_id", *keys)] for row in rows]
    return format_table(["cluster_id", *keys], cells)


def format_metrics(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of `cluster_metrics.tsv`, `cluster_id` first, an empty cell where a value cannot be had.

    names : the columns in order; rows : one mapping for each cluster, with the key `cluster_id`
    """
    names = ("cluster_id", *names)
    return format_table(names, [[_metrics_cell(row.get(name)) for name in names] for row in rows])


def has_foreign_metrics(folder: Path) -> bool:
    """Tell whether a `cluster_metrics.tsv` is there that another program wrote."""
    try:
        with TextIOWrapper(open_plain(folder / METRICS_FILE), encoding="utf-8-sig", errors="replace") as file:
            return not _OUR_METRICS.issubset(file.readline(_LONGEST_LINE).rstrip("\r\n").split("\t"))
    except OSError:
        return (folder / METRICS_FILE).exists()


def format_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return the text of a table, `cluster_id` first."""
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter="\t")  # ends lines with CR LF, as phy's files do
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _info_cell(value: Any) -> Any:
    value = _plain(value)
    if isinstance(value, float):
        return f"{value:.8f}" if math.isfinite(value) else str(value)
    return value


def _metrics_cell(value: Any) -> Any:
    value = _plain(value)
    if isinstance(value, float):
        return f"{value:.8g}" if math.isfinite(value) else ""
    return "" if value is None else value
