"""The quality metrics of all clusters as a file of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from phy_medicine.io.export.cluster_info import with_commas
from phy_medicine.io.export.output import ExportReport, new_file
from phy_medicine.io.metadata import METRICS_FILE, format_metrics

_SUFFIXES = (".tsv", ".csv", ".txt", ".json")


def export_metrics(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], out: Path, *, force: bool = False
) -> ExportReport:
    """Write metrics.

    Parameters
    ----------
    names : columns in order; rows : one mapping for each cluster, with the key `cluster_id`
    out : a `.tsv`, `.csv` or `.json` file, or a folder, which gets a `cluster_metrics.tsv`

    Raises
    ------
    DatasetError : the file exists and `force` is not set, or it cannot be written
    """
    path = out if out.suffix.lower() in _SUFFIXES and not out.is_dir() else out / METRICS_FILE
    suffix = path.suffix.lower()
    text = as_json(names, rows) if suffix == ".json" else format_metrics(names, rows)
    with (
        new_file(path, force=force, n_bytes=len(text)) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        file.write(with_commas(text) if suffix == ".csv" else text)
    return ExportReport((path,))


def as_json(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Return metrics as JSON: a list with an object for each cluster, null where a value cannot be had."""
    return json.dumps([{name: row.get(name) for name in ("cluster_id", *names)} for row in rows], indent=1) + "\n"
