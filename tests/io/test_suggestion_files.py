"""What is kept about suggestions beside a dataset, and the sorter's table of merges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.paths import OwnFiles
from phy_medicine.io import suggestion_files
from phy_medicine.io.suggestion_files import (
    Decision,
    SuggestedMerge,
    read_decisions,
    read_suggested_merges,
    write_decisions,
)

ROWS = (Decision("merge-5.ab-7.cd", "accepted", {"cosine": 0.5}), Decision("split-9.ef", "rejected"))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_decisions(tmp_path) == ()
    assert write_decisions(tmp_path, ROWS)
    assert read_decisions(tmp_path) == ROWS
    assert [p.name for p in OwnFiles(tmp_path).root.iterdir()] == ["suggestions.json"]


def test_only_the_latest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestion_files, "MOST", 1)
    write_decisions(tmp_path, ROWS)
    assert read_decisions(tmp_path) == ROWS[1:]


def test_where_nothing_can_be_written_it_is_noted_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".phy_medicine").write_text("in the way")
    assert not write_decisions(tmp_path, ROWS)
    assert "Could not keep" in caplog.text


@given(st.integers(0, 400), st.binary(max_size=3))
def test_a_damaged_file_gives_what_is_left_of_it_or_nothing(tmp_path_factory: pytest.TempPathFactory, at: int,
                                                            junk: bytes) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("damaged")
    write_decisions(folder, ROWS)
    path = OwnFiles(folder).suggestions
    content = path.read_bytes()
    path.write_bytes(content[:at] + junk + content[at + len(junk) :])
    for decision in read_decisions(folder):
        assert decision.verdict in ("accepted", "rejected")
    path.write_bytes(content[:at])
    assert read_decisions(folder) in ((), ROWS)


def test_strange_rows_are_left_out(tmp_path: Path) -> None:
    path = OwnFiles(tmp_path).suggestions
    path.parent.mkdir()
    rows = [{"key": "k", "verdict": "maybe"}, 7, {"key": 3, "verdict": "rejected"},
            {"key": "k", "verdict": "rejected", "values": {"a": 1, "b": "x", "d": float("nan")}}]  # fmt: skip
    path.write_text(json.dumps({"decisions": rows}))
    assert read_decisions(tmp_path) == (Decision("k", "rejected", {"a": 1.0}),)
    path.write_text("[1]")
    assert read_decisions(tmp_path) == ()


def test_merges_of_a_sorter_are_read_and_bad_rows_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_suggested_merges(tmp_path) == ()
    lines = ["first\tsecond\tscore\treason", "7\t3\t0.81\tcosine 0.93, dip", "x\t3\t0.5\t", "4\t4\t0.5\t",
             "1\t2\t7\ttoo much", "", "1\t2\t0.25"]  # fmt: skip
    (tmp_path / "suggested_merges.tsv").write_text("\n".join(lines))
    assert read_suggested_merges(tmp_path) == (
        SuggestedMerge(3, 7, 0.81, "cosine 0.93, dip"), SuggestedMerge(1, 2, 0.25, ""),
    )  # fmt: skip
    assert "3 rows" in caplog.text
