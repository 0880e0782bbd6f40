"""What the recorder writes of a session, with a clock of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from phy_medicine.base.errors import ReadOnlyError
from phy_medicine.io.viewing_record import read_viewings, record_path
from phy_medicine.session.record import Recorder
from phy_medicine.session.session import Session


class Clock:
    """A clock that the test turns."""

    def __init__(self):
        self.s = 0.0

    def __call__(self):
        return self.s


@pytest.fixture
def session(dataset: Path):
    session = Session.open(dataset)
    yield session
    session.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def recorder(session, clock):
    return Recorder(session, clock=clock, now=lambda: f"at {clock.s:g}")


def rows(session):
    return [(v.time, v.clusters, v.similar, v.seconds, v.keys, v.decision, v.of, v.new, v.value)
            for v in read_viewings(session.model.dir_path)[0]]  # fmt: skip


def test_it_is_off_and_writes_nothing_until_it_is_started(session):
    session.select([0])
    session.move("good")
    session.record.flush()
    assert not session.record.on
    assert not record_path(session.model.dir_path).exists()


def test_what_was_shown_how_long_and_what_came_of_it(session, clock, recorder):
    recorder.start()
    recorder.activate(True)
    session.select([3], [5])
    clock.s = 10
    recorder.touch(key=True)
    clock.s = 12
    session.merge()
    (new,) = session.selection.best_ids
    clock.s = 15
    recorder.touch(key=True)
    session.move("good")
    clock.s = 16
    session.undo()
    session.label("note", "x", [new])
    recorder.stop()
    session.select([0])
    found = rows(session)
    assert found[0] == ("at 0", (3,), (5,), 12.0, 1, "merge", (3, 5), (new,), "")
    assert found[1] == ("at 12", (new,), (), 3.0, 1, "group", (new,), (), "good")
    assert found[2][3:] == (1.0, 0, "undo group", (new,), (), "")
    assert found[3][5:] == ("label", (new,), (), "note=x")
    assert len(found) == 4


def test_time_counts_with_the_window_active_and_somebody_there_only(session, clock, recorder):
    recorder.start()
    session.select([3])
    clock.s = 100
    recorder.activate(True)
    clock.s = 1000  # nobody for 900 s: one minute counts
    recorder.touch()
    clock.s = 1005
    recorder.activate(False)
    clock.s = 2000
    session.select([5])
    assert rows(session) == [("at 0", (3,), (), 65.0, 0, "", (), (), "")]


def test_clusters_that_were_passed_over_leave_their_keys_to_the_next(session, clock, recorder):
    recorder.start()
    recorder.activate(True)
    for cluster in (1, 2, 3):
        recorder.touch(key=True)
        session.select([cluster])
    clock.s = 5
    recorder.flush()
    assert [(row[1], row[4]) for row in rows(session)] == [((3,), 3)]


def test_a_dataset_that_is_only_read_gets_none(dataset):
    session = Session.open(dataset, read_only=True)
    with pytest.raises(ReadOnlyError):
        session.record.start()
    session.close()
    assert not record_path(dataset.parent).exists()


def test_a_record_that_cannot_be_written_costs_nothing_but_itself(session, clock, recorder):
    recorder.start()
    recorder.activate(True)
    record_path(session.model.dir_path).mkdir(parents=True)
    session.select([3])
    session.move("good")
    assert session.manager.labels.get("group", 3) == "good"
    assert not recorder.on
