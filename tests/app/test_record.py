"""`phy-med record`: printed, written, deleted."""

from __future__ import annotations

import json

from click.testing import CliRunner

from phy_medicine.app.cli import cli
from phy_medicine.io.viewing_record import Viewing, append_viewing, record_path

VIEWING = Viewing("s", "t", (3,), (5,), 2.25, 1, "merge", (3, 5), (9,))


def record(*args):
    return CliRunner().invoke(cli, ["record", *map(str, args)])


def test_a_dataset_without_a_record_has_an_empty_table(dataset):
    assert record(dataset).output.split("\t")[:2] == ["sitting", "time"]
    assert len(record(dataset).output.splitlines()) == 1
    assert "no record" in record(dataset, "--delete").output


def test_the_record_is_printed_written_and_deleted(dataset, tmp_path):
    append_viewing(dataset.parent, VIEWING)
    with record_path(dataset.parent).open("a") as file:
        file.write("half a li")
    assert json.loads(record(dataset, "--json").stdout)[0]["new"] == [9]
    assert "1 lines" in record(dataset).stderr
    out = tmp_path / "record.tsv"
    assert record(dataset, "--out", out).exit_code == 0
    assert out.read_text().splitlines()[1] == "s\tt\t3\t5\t2.2\t1\tmerge\t3,5\t9\t"
    again = record(dataset, "--out", out, "--delete")
    assert again.exit_code == 1
    assert "exists already" in again.output
    assert record_path(dataset.parent).exists()
    assert record(dataset, "--out", out, "--delete", "--force").exit_code == 0
    assert not record_path(dataset.parent).exists()
