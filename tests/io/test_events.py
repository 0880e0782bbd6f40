"""Events read from the files beside a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phy_medicine.io.checks import CheckList
from phy_medicine.io.events import event_train, read_events

RATE = 1000.0


def read(folder: Path, checks: CheckList | None = None):
    return read_events(folder, RATE, CheckList() if checks is None else checks)


def times(train) -> list[float]:
    return train.times_s.tolist()


def test_rows_of_a_table_without_header_are_kinds_named_by_the_file_of_labels(tmp_path: Path):
    (tmp_path / "events.csv").write_text("3.5,1.25,\n2,,\n")
    (tmp_path / "event_labels.csv").write_text("press\nreward\n")
    found = read(tmp_path)
    assert {name: times(train) for name, train in found.items()} == {"press": [1.25, 3.5], "reward": [2.0]}
    assert not found["press"].has_ends and found["press"].file == "events.csv"


def test_labels_may_stand_in_one_line_and_be_too_few(tmp_path: Path):
    (tmp_path / "events.csv").write_text("1,2\n3,4\n5,6\n")
    (tmp_path / "event_labels.csv").write_text("a,b\n")
    assert list(read(tmp_path)) == ["a", "b", "event 2"]


def test_one_column_of_numbers_is_one_kind(tmp_path: Path):
    (tmp_path / "events.csv").write_text("2\n1\n\n3\n")
    assert {name: times(train) for name, train in read(tmp_path).items()} == {"events": [1.0, 2.0, 3.0]}


def test_a_header_makes_rows_events_with_labels_and_ends(tmp_path: Path):
    (tmp_path / "events.csv").write_text("Label,Time,duration\ntone,4,0.5\nlight,1,\ntone,2,0.25\n,9,1\nlight,x,1\n")
    found = read(tmp_path)
    assert {name: times(train) for name, train in found.items()} == {
        "tone": [2.0, 4.0], "light": [1.0], "events": [9.0],
    }  # fmt: skip
    assert found["tone"].ends_s.tolist() == [2.25, 4.5]
    assert np.isnan(found["light"].ends_s).all() and found["events"].ends_s.tolist() == [10.0]


def test_a_table_of_tabs_may_give_ends(tmp_path: Path):
    (tmp_path / "events.tsv").write_text("onset\ttrial_type\tend\n1\tgo\t1.5\n")
    assert read(tmp_path)["go"].ends_s.tolist() == [1.5]


def test_arrays_of_whole_numbers_are_samples_and_two_columns_are_onset_and_end(tmp_path: Path):
    np.save(tmp_path / "events_lick.npy", np.array([2500, 1000]))
    np.save(tmp_path / "event_opto.npy", np.array([[3.0, 3.5], [1.0, 1.25]]))
    found = read(tmp_path)
    assert times(found["lick"]) == [1.0, 2.5]
    assert times(found["opto"]) == [1.0, 3.0] and found["opto"].ends_s.tolist() == [1.25, 3.5]


def test_rising_edges_of_ttl_lines_end_with_the_next_falling_edge(tmp_path: Path):
    (tmp_path / "TTL").mkdir()
    np.save(tmp_path / "TTL/sample_numbers.npy", np.array([1000, 1500, 2000, 2200, 3000]))
    np.save(tmp_path / "TTL/states.npy", np.array([1, 2, -1, -2, 1], dtype=np.int16))
    found = read(tmp_path)
    assert times(found["TTL 1"]) == [1.0, 3.0] and times(found["TTL 2"]) == [1.5]
    assert found["TTL 1"].ends_s[0] == 2.0 and np.isnan(found["TTL 1"].ends_s[1])
    assert found["TTL 2"].ends_s.tolist() == [2.2]


def test_lines_of_a_catgt_file_are_seconds(tmp_path: Path):
    (tmp_path / "run_g0_tcat.nidq.xd_8_4_500.txt").write_text("0.5\n1.5\n")
    assert times(read(tmp_path)["run_g0_tcat.nidq.xd_8_4_500"]) == [0.5, 1.5]


def test_a_kind_in_two_files_is_kept_twice(tmp_path: Path):
    (tmp_path / "events.csv").write_text("time,label\n1,tone\n")
    np.save(tmp_path / "events_tone.npy", np.array([2.0]))
    assert {name: times(train) for name, train in read(tmp_path).items()} == {
        "tone": [1.0], "tone (events_tone.npy)": [2.0],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [("events.csv", b"when,what\n1,2\n"), ("events.npy", b"not an array"), ("a.xd_1.txt", b"one\ntwo\n")],
)
def test_what_cannot_be_read_is_said_and_left_out(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "events_good.npy", np.array([2.0]))
    checks = CheckList()
    assert list(read(tmp_path, checks)) == ["good"]
    assert [check.file for check in checks.all()] == [name]
    assert "left out" in checks.all()[0].message


def test_empty_files_and_folders_hold_no_events(tmp_path: Path):
    (tmp_path / "events.csv").write_text("\n")
    (tmp_path / "events.npy").mkdir()
    checks = CheckList()
    assert read(tmp_path, checks) == {} and checks.all() == ()


def test_events_without_a_time_are_dropped():
    train = event_train("x", np.array([2.0, np.nan, 1.0]), np.array([3.0, 4.0, 5.0]))
    assert times(train) == [1.0, 2.0] and train.ends_s.tolist() == [5.0, 3.0]
