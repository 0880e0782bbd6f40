"""The thread that reads what will be asked for next."""

from __future__ import annotations

import threading

from phy_medicine.session.read_ahead import ReadAhead


def held(reader):
    """Keep the thread busy until the returned event is set."""
    started, go = threading.Event(), threading.Event()
    reader.ask("hold", [lambda: (started.set(), go.wait(5))])
    assert started.wait(5)
    return go


def test_pieces_are_done_in_their_order_and_the_newest_wish_first():
    reader, done = ReadAhead(), []
    go = held(reader)
    reader.ask("old", [lambda: done.append("old 1"), lambda: done.append("old 2")])
    reader.ask("new", [lambda: done.append("new 1"), lambda: done.append("new 2")])
    go.set()
    reader.join()
    assert done == ["new 1", "new 2", "old 1", "old 2"]


def test_a_wish_takes_the_place_of_the_one_before():
    reader, done = ReadAhead(), []
    go = held(reader)
    reader.ask("a", [lambda: done.append(1)])
    reader.ask("a", [lambda: done.append(2)])
    reader.ask("b", [lambda: done.append(3)])
    reader.ask("b", [])
    go.set()
    reader.join()
    assert done == [2]


def test_a_wish_that_is_not_repeated_is_forgotten():
    reader, done = ReadAhead(), []
    go = held(reader)
    reader.ask("a", [lambda: done.append(1)], lasting_s=-1.0)
    go.set()
    reader.join()
    assert done == []


def test_after_a_piece_that_fails_the_next_is_done():
    reader, done = ReadAhead(), []
    reader.ask("a", [lambda: 1 / 0, lambda: done.append(1)])
    reader.join()
    reader.ask("a", [lambda: done.append(2)])
    reader.join()
    assert done == [1, 2]


def test_closing_forgets_what_is_left():
    reader, done = ReadAhead(), []
    go = held(reader)
    reader.ask("a", [lambda: done.append(1)])
    go.set()
    reader.close()
    reader.ask("a", [lambda: done.append(2)])
    reader.join()
    assert 2 not in done
