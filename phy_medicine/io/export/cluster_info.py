"""The cluster table as a file, with the columns of phy's `cluster_info.tsv`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from phy_medicine.io.export.handover import ID, Handover
from phy_medicine.io.export.output import ExportReport, new_file
from phy_medicine.io.metadata import format_cluster_info

NAME = "cluster_info.tsv"


def export_cluster_info(content: Handover, out: Path, *, force: bool = False) -> ExportReport:
    """Write the cluster table.

    Parameters
    ----------
    out : a `.tsv` or `.csv` file, or a folder, which gets a `cluster_info.tsv`

    Raises
    ------
    DatasetError : the file exists and `force` is not set, or it cannot be written
    """
    path = out if out.suffix.lower() in (".tsv", ".csv", ".txt") and not out.is_dir() else out / NAME
    text = format_cluster_info(content.rows) if content.rows else f"{ID}\r\n"
    if path.suffix.lower() == ".csv":
        text = with_commas(text)
    with (
        new_file(path, force=force, n_bytes=len(text)) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        file.write(text)
    return ExportReport((path,))


def with_commas(text: str) -> str:
    """Return a table of cells between tabs with commas instead."""
    out = io.StringIO()
    csv.writer(out).writerows(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    return out.getvalue()
