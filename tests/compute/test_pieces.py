"""Work in pieces: in order, with room for others in between, and nothing after it was cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from phy_medicine.compute.pieces import Pieces
from phy_medicine.compute.pool import Pool


@pytest.fixture(params=[1, 2])
def pool(request) -> Iterator[Pool]:
    pool = Pool(request.param)
    yield pool
    pool.shutdown()


class Heard:
    """What was called, in order."""

    def __init__(self, pool: Pool, items) -> None:
        self.calls: list[object] = []
        note = self.calls.append
        self.pieces = Pieces(
            pool, items, on_item=note, on_end=lambda: note("end"), on_error=lambda error: note(str(error))
        )


def test_all_items_come_in_order_and_then_the_end(pool):
    heard = Heard(pool, iter(range(50)))
    heard.pieces.start()
    pool.sync(10)
    assert heard.calls == [*range(50), "end"]


def test_without_items_the_end_comes_at_once(pool):
    heard = Heard(pool, iter(()))
    heard.pieces.start()
    pool.sync(10)
    assert heard.calls == ["end"]


def test_another_task_gets_the_only_thread_between_two_items():
    pool, begun, go_on = Pool(1), threading.Event(), threading.Event()

    def items():
        for i in range(3):
            begun.set()
            go_on.wait(10)
            yield i

    heard = Heard(pool, items())
    heard.pieces.start()
    begun.wait(10)
    pool.submit("other", heard.calls.append, "other")
    go_on.set()
    pool.sync(10)
    pool.shutdown()
    assert heard.calls == [0, "other", 1, 2, "end"]


def test_nothing_is_called_after_a_cancel(pool):
    begun, go_on, drawn = threading.Event(), threading.Event(), []

    def items():
        for i in range(10):
            if i == 2:
                begun.set()
                go_on.wait(10)
            drawn.append(i)
            yield i

    heard = Heard(pool, items())
    heard.pieces.start()
    begun.wait(10)
    heard.pieces.cancel()
    go_on.set()
    pool.sync(10)
    assert heard.calls == [0, 1] and drawn == [0, 1, 2]


def test_what_is_raised_ends_it(pool):
    def items():
        yield 1
        raise OSError("The disk is gone.")

    heard = Heard(pool, items())
    heard.pieces.start()
    pool.sync(10)
    assert heard.calls == [1, "The disk is gone."]
