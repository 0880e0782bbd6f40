"""`phy-med metrics`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from click.testing import CliRunner, Result

from phy_medicine.app.cli import cli
from phy_medicine.session.quality_columns import TABLE
from phy_medicine.session.session import Session


def metrics(*words: str) -> Result:
    return CliRunner().invoke(cli, ["metrics", *words])


def test_a_table_is_printed_and_nothing_in_the_dataset_changes(dataset: Path):
    before = {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")}
    result = metrics(str(dataset))
    rows = list(csv.DictReader(io.StringIO(result.stdout), delimiter="\t"))
    assert result.exit_code == 0 and list(rows[0]) == ["cluster_id", *TABLE]
    assert [int(row["cluster_id"]) for row in rows] == list(Session.open(dataset, read_only=True).cluster_ids)
    assert {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")} == before


def test_some_metrics_as_json(dataset: Path):
    result = metrics(str(dataset), "--names", "snr, num_spikes", "--json")
    rows = json.loads(result.stdout)
    assert set(rows[0]) == {"cluster_id", "snr", "num_spikes"} and rows[0]["num_spikes"] > 0


def test_a_file_is_written_once(dataset: Path, tmp_path: Path):
    out = tmp_path / "m.csv"
    assert metrics(str(dataset), "--names", "contamination", "--out", str(out)).stdout == f"{out}\n"
    assert out.read_text().splitlines()[0] == "cluster_id,contamination"
    again = metrics(str(dataset), "--names", "contamination", "--out", str(out))
    assert again.exit_code == 1 and "exists already" in again.stderr and again.stderr.count("\n") == 1


def test_an_unknown_metric_is_refused_in_a_sentence(dataset: Path):
    result = metrics(str(dataset), "--names", "snr,loudness")
    assert result.exit_code == 1 and result.stderr.startswith("Error: There is no metric loudness; available: ")
