"""The ring of the last events: bounded, free of text from data, and readable after its process is gone."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from phy_medicine.base.events import EventHandler, EventRing, read_events


def _without_time(lines) -> list[str]:
    return [line[:7] + line[16:] for line in lines]


def test_only_the_last_events_are_kept():
    ring = EventRing(3)
    for n in range(5):
        ring.note("select", n=n)
    assert _without_time(ring.lines) == ["000002 select n=2", "000003 select n=3", "000004 select n=4"]


def test_many_ids_are_shortened_and_seconds_rounded():
    ring = EventRing()
    ring.note("merge", removed=range(20), seconds=0.123456789)
    assert _without_time(ring.lines) == ["000000 merge removed=0,1,2,3,4,5,6,7... seconds=0.123457"]


def test_a_fact_cannot_be_text():
    with pytest.raises(ValueError):
        EventRing().note("label", value="SECRET")  # type: ignore[arg-type]


def test_the_file_has_the_same_events_also_after_it_went_around(tmp_path: Path):
    ring = EventRing(4)
    ring.note("before")
    ring.keep_in(tmp_path / "events")
    for n in range(9):
        ring.note("select", n=n)
    assert read_events(tmp_path / "events") == ring.lines
    assert (tmp_path / "events").stat().st_size == 4 * 160


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_disk_that_is_full_costs_the_file_and_no_event(tmp_path: Path):
    ring = EventRing()
    (tmp_path / "events").symlink_to("/dev/full")
    ring.keep_in(tmp_path / "events")
    ring.note("select", n=1)
    ring.note("select", n=2)
    assert _without_time(ring.lines) == ["000000 select n=1", "000001 select n=2"]


def test_a_warning_of_the_log_is_noted_without_its_words():
    ring = EventRing()
    log = logging.Logger("own")
    log.addHandler(EventHandler(ring))
    log.info("nothing")
    log.warning("The label %s of /data/mouse is odd", "SECRET")
    try:
        raise KeyError("SECRET")
    except KeyError:
        log.exception("SECRET")
    first, second = _without_time(ring.lines)
    assert first.startswith("000000 warning from test_events line=")
    assert second.startswith("000001 error of a KeyError from test_events line=")
