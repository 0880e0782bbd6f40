"""Decisions on merges that are kept for all datasets of a user."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.io import decision_pool
from phy_medicine.io.decision_pool import DecisionPool, pool_path
from phy_medicine.io.suggestion_files import Decision

A, B = Decision("merge-5.ab-7.cd", "accepted", {"cosine": 0.5}), Decision("merge-1.ef-2.aa", "rejected", {})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "of the user" / "decisions.jsonl"


def test_it_lies_in_the_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHY_MEDICINE_HOME", str(tmp_path))
    assert pool_path() == tmp_path / "merge_decisions.jsonl"
    assert DecisionPool().decisions == ()
    assert not pool_path().exists()


def test_a_decision_that_comes_twice_is_written_once(path: Path) -> None:
    for _ in range(2):
        DecisionPool(path).keep(A)
    assert len(path.read_text().splitlines()) == 1


steps = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["accepted", "rejected", ""])), max_size=12)


@given(steps=steps, most=st.sampled_from([2, 50]))
def test_what_is_read_again_is_the_last_that_was_said_of_each_pair(
    steps: list[tuple[str, str]], most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, expected = tmp_path_factory.mktemp("pool") / "decisions.jsonl", []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decision_pool, "MOST", most)
        pool = DecisionPool(path)
        for key, verdict in steps:
            same = (key, verdict) in expected
            if not same:
                expected = [(k, v) for k, v in expected if k != key] + ([(key, verdict)] if verdict else [])
            if verdict:
                pool.keep(Decision(key, verdict))
            else:
                pool.drop(key)
        for read in (pool, DecisionPool(path), DecisionPool(path)):
            assert [(d.key, d.verdict) for d in read.decisions] == expected[-most:]


def test_lines_that_are_no_decisions_are_left_out(path: Path) -> None:
    DecisionPool(path).keep(A)
    with path.open("ab") as file:
        file.write(b'\xff\xfe\n[1]\n{"key": 3}\n{"verdict": "accepted"}\n{"key": "x", "verdict"')
    pool = DecisionPool(path)
    pool.keep(B)
    assert DecisionPool(path).decisions == (A, B)


def test_forgotten_decisions_are_gone_from_the_disk(path: Path) -> None:
    pool = DecisionPool(path)
    pool.keep(A)
    assert (pool.forget(), pool.forget(), path.exists()) == (1, 0, False)
    pool.keep(B)
    assert DecisionPool(path).decisions == (B,)


def test_where_nothing_can_be_written_it_is_noted_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "home").write_text("in the way")
    pool = DecisionPool(tmp_path / "home" / "decisions.jsonl")
    pool.keep(A)
    assert pool.decisions == (A,)
    assert "Could not keep a decision" in caplog.text
