"""Looking at the files of a save without the program: each is wholly of one generation, and all of the same."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np

from tests.faults.replica import State


def labels_of(path: Path) -> list[int]:
    """Read an npy file of labels; one that is cut short fails here."""
    labels = np.load(path, allow_pickle=False)
    assert labels.dtype == np.int32
    return labels.tolist()


def table_of(path: Path) -> list[list[str]]:
    """Read a TSV file; every row must be complete."""
    text = path.read_bytes().decode()
    assert text.endswith("\n"), f"{path.name} is cut short"
    rows = list(csv.reader(text.splitlines(), delimiter="\t"))
    assert len({len(row) for row in rows}) == 1, f"{path.name} is cut short"
    return rows


def look_at_template_files(path: Path, states: list[State]) -> None:
    """Assert that each file of a dataset is that of one of the states, whichever, and none of it cut short."""
    assert labels_of(path.with_name("spike_clusters.npy")) in [labels for labels, _ in states]
    look_at_tables(path.parent, states)


def look_at_kwik_files(path: Path, states: list[State]) -> None:
    """Assert the same of a Kwik file and the tables beside it."""
    with h5py.File(path, "r") as file:
        labels = file["channel_groups/0/spikes/clusters/main"][()].tolist()
        assert labels in [labels for labels, _ in states]
        (table,) = [table for known, table in states if known == labels][:1]
        nodes = file["channel_groups/0/clusters/main"]
        notes = {int(c): bytes(nodes[c]["user_data"].attrs["note"][0]).decode() for c in nodes if _has_note(nodes[c])}
        assert {c: note for c, note in notes.items() if c in labels} in [t.get("note", {}) for _, t in states], table
    look_at_tables(path.parent, states)


def _has_note(node: h5py.Group) -> bool:
    return "user_data" in node and "note" in node["user_data"].attrs


def look_at_tables(folder: Path, states: list[State]) -> None:
    """Assert that each table is that of one of the states."""
    for file in folder.glob("cluster_*.tsv"):
        rows = table_of(file)
        name = rows[0][-1]
        if file.name == "cluster_info.tsv":
            clusters = [int(row[0]) for row in rows[1:]]
            assert clusters in [sorted(set(labels)) for labels, _ in states]
        elif file.name == f"cluster_{name}.tsv":  # the others are the sorter's own
            written = {int(cluster): value for cluster, value in rows[1:]}
            assert written in [{c: str(v) for c, v in table.get(name, {}).items()} for _, table in states], file.name
