"""The log that stays: made at the first line, bounded, and never in the way of the work."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from phy_medicine.base import log_file
from phy_medicine.base.log import logger
from phy_medicine.base.log_file import LOG_NAME, N_OLD, hold_log, keep_log, stop_log


@pytest.fixture(autouse=True)
def all_lines() -> Iterator[None]:
    logger.setLevel(logging.INFO)
    yield


def test_a_window_that_has_nothing_to_say_writes_no_file(tmp_path: Path):
    stop_log(keep_log(tmp_path / "log", "head"))
    assert list(tmp_path.iterdir()) == []


def test_the_head_comes_before_the_first_line_once(tmp_path: Path):
    log = keep_log(tmp_path / "log", "phy-medicine 1.0")
    logger.info("Saved %d files.", 3)
    logger.warning("Odd.")
    logger.debug("Not for this file.")
    stop_log(log)
    logger.info("After the end.")
    lines = (tmp_path / "log" / LOG_NAME).read_text().splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == ["phy-medicine 1.0", "Saved 3 files.", "Odd."]


def test_lines_before_the_file_was_known_are_in_it(tmp_path: Path):
    hold_log()
    logger.info("Recovered %d actions.", 2)
    log = keep_log(tmp_path, "head")
    logger.info("Later.")
    stop_log(log)
    lines = (tmp_path / LOG_NAME).read_text().splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == ["head", "Recovered 2 actions.", "Later."]


def test_lines_that_waited_for_no_file_are_forgotten(tmp_path: Path):
    hold_log()
    logger.info("The dataset cannot be opened.")
    stop_log()
    stop_log(keep_log(tmp_path, "head"))
    assert list(tmp_path.iterdir()) == []


def test_the_files_stay_below_their_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log_file, "MAX_BYTES", 1000)
    log = keep_log(tmp_path, "head")
    for n in range(500):
        logger.info("Line %d", n)
    stop_log(log)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + N_OLD
    assert all(path.stat().st_size <= 1000 for path in files)
    assert "Line 499" in (tmp_path / LOG_NAME).read_text()


def test_a_log_that_cannot_be_written_says_so_once_and_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "log").write_text("a file where the folder should be")
    log = keep_log(tmp_path / "log", "head")
    logger.info("one")
    logger.info("two")
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "cannot be written" in line]) == 1
    assert log not in logger.handlers
    stop_log(log)
