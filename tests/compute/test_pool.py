from __future__ import annotations

import logging
import threading
import weakref
from concurrent.futures import CancelledError

import pytest

from phy_medicine.compute.pool import Pool, Priority

WAIT_S = 10


@pytest.fixture
def pool():
    pool = Pool(2)
    yield pool
    pool.shutdown()


class Gate:
    """A task that says when it has started and returns once it is let go."""

    def __init__(self):
        self.started, self.opened = threading.Event(), threading.Event()

    def __call__(self, value=None):
        self.started.set()
        assert self.opened.wait(WAIT_S)
        return value


def occupy(pool, n):
    """Fill n threads with tasks that wait for their gate."""
    gates = [Gate() for _ in range(n)]
    for k, gate in enumerate(gates):
        pool.submit(("gate", k), gate)
        assert gate.started.wait(WAIT_S)
    return gates


def test_result_comes_from_another_thread(pool):
    name = pool.submit("a", lambda: threading.current_thread().name).result(WAIT_S)
    assert name.startswith("phy-medicine")


def test_arguments_are_passed_and_the_callback_gets_the_result_in_the_worker(pool):
    seen = []
    pool.submit("a", pow, 2, 5, on_done=lambda value: seen.append((value, threading.current_thread().name)))
    pool.sync(WAIT_S)
    assert [value for value, _ in seen] == [32]
    assert seen[0][1] != threading.current_thread().name


def test_two_tasks_run_side_by_side(pool):
    barrier = threading.Barrier(2)
    both = [pool.submit(key, barrier.wait, WAIT_S) for key in "ab"]
    assert sorted(future.result(WAIT_S) for future in both) == [0, 1]


def test_a_waiting_task_is_replaced_by_the_newest_of_its_key(pool):
    gates, ran = occupy(pool, 2), []
    futures = [pool.submit("a", ran.append, k) for k in range(3)]
    for gate in gates:
        gate.opened.set()
    pool.sync(WAIT_S)
    assert ran == [2]
    assert [future.cancelled() for future in futures] == [True, True, False]


def test_the_result_of_a_running_task_is_dropped_when_a_newer_one_comes(pool):
    gate, seen = Gate(), []
    old = pool.submit("a", gate, "old", on_done=seen.append)
    assert gate.started.wait(WAIT_S)
    new = pool.submit("a", lambda: "new", on_done=seen.append)
    assert new.result(WAIT_S) == "new"
    gate.opened.set()
    pool.sync(WAIT_S)
    assert seen == ["new"]
    with pytest.raises(CancelledError):
        old.result(WAIT_S)


def test_tasks_of_other_keys_are_left_alone(pool):
    assert [pool.submit(k, lambda k=k: k).result(WAIT_S) for k in range(5)] == [0, 1, 2, 3, 4]


def test_interactive_tasks_overtake_waiting_prefetches(pool):
    gates, ran = occupy(pool, 2), []
    pool.submit("p", ran.append, "prefetch", priority=Priority.PREFETCH)
    pool.submit("a", ran.append, "first")
    pool.submit("b", ran.append, "second")
    gates[0].opened.set()
    assert pool.submit("c", ran.append, "third").result(WAIT_S) is None
    gates[1].opened.set()
    pool.sync(WAIT_S)
    assert ran[:3] == ["first", "second", "third"]
    assert ran[3:] == ["prefetch"]


def test_prefetches_leave_one_thread_free(pool):
    first, second = Gate(), Gate()
    pool.submit("p1", first, priority=Priority.PREFETCH)
    pool.submit("p2", second, priority=Priority.PREFETCH)
    assert first.started.wait(WAIT_S)
    assert pool.submit("a", lambda: "now").result(WAIT_S) == "now"
    assert not second.started.is_set()
    first.opened.set()
    assert second.started.wait(WAIT_S)
    second.opened.set()


def test_a_single_thread_also_prefetches():
    pool = Pool(1)
    assert pool.submit("p", lambda: 1, priority=Priority.PREFETCH).result(WAIT_S) == 1
    pool.shutdown()


def test_a_prefetch_asked_for_again_as_interactive_no_longer_waits(pool):
    gate = Gate()
    pool.submit("p1", gate, priority=Priority.PREFETCH)
    assert gate.started.wait(WAIT_S)
    waiting = pool.submit("p2", lambda: "later", priority=Priority.PREFETCH)
    assert pool.submit("p2", lambda: "now").result(WAIT_S) == "now"
    assert waiting.cancelled()
    gate.opened.set()


def test_a_task_is_pending_until_its_callback_returned(pool):
    begin, end = threading.Event(), threading.Event()
    assert not pool.pending("a", "b")
    pool.submit("a", begin.wait, 20, on_done=lambda _: end.wait(20))
    assert pool.pending("a") and pool.pending("b", "a") and not pool.pending("b")
    begin.set()
    assert pool.pending("a")
    end.set()
    pool.sync(20)
    assert not pool.pending("a")


def test_it_is_hurried_while_something_interactive_waits_or_runs(pool):
    background = Gate()
    pool.submit("later", background, priority=Priority.BACKGROUND)
    assert background.started.wait(WAIT_S) and not pool.hurried
    gate = occupy(pool, 1)[0]
    assert pool.hurried
    gate.opened.set()
    background.opened.set()
    pool.sync(WAIT_S)
    assert not pool.hurried


def test_what_still_runs_is_named_when_the_wait_is_over(pool):
    gate = Gate()
    pool.submit("slow drive", gate, priority=Priority.BACKGROUND)
    assert gate.started.wait(WAIT_S)
    pool.cancel("slow drive")
    with pytest.raises(TimeoutError, match=r"still busy after 0\.01 s with slow drive\."):
        pool.sync(0.01)
    gate.opened.set()


def test_cancel_drops_waiting_and_running_tasks(pool):
    gates, seen = occupy(pool, 2), []
    waiting = pool.submit("a", seen.append, 1)
    assert [pool.cancel("a"), pool.cancel("a"), pool.cancel(("gate", 0))] == [True, False, True]
    for gate in gates:
        gate.opened.set()
    pool.sync(WAIT_S)
    assert waiting.cancelled()
    assert seen == []


def test_cancel_all_drops_one_priority_only(pool):
    gates = occupy(pool, 2)
    prefetches = [pool.submit(k, int, priority=Priority.PREFETCH) for k in range(3)]
    kept = pool.submit("a", int)
    patient = pool.submit("b", int, priority=Priority.BACKGROUND)
    pool.cancel_all(Priority.PREFETCH)
    for gate in gates:
        gate.opened.set()
    assert (kept.result(WAIT_S), patient.result(WAIT_S)) == (0, 0)
    assert all(future.cancelled() for future in prefetches)


def test_a_future_cancelled_by_its_owner_is_not_run(pool):
    gates, seen = occupy(pool, 2), []
    pool.submit("a", seen.append, 1).cancel()
    for gate in gates:
        gate.opened.set()
    pool.sync(WAIT_S)
    assert seen == []


def test_exceptions_reach_the_future_and_the_callback(pool):
    seen = []
    future = pool.submit("a", lambda: 1 // 0, on_error=seen.append)
    with pytest.raises(ZeroDivisionError):
        future.result(WAIT_S)
    pool.sync(WAIT_S)
    assert isinstance(seen[0], ZeroDivisionError)


def test_exceptions_without_callback_go_to_the_pools_handler():
    seen = []
    pool = Pool(on_error=lambda key, error: seen.append((key, str(error))))
    pool.submit("a", lambda: 1 // 0)
    pool.submit("b", int, on_done=lambda value: [][value])
    pool.sync(WAIT_S)
    pool.shutdown()
    assert sorted(seen) == [("a", "integer division or modulo by zero"), ("b", "list index out of range")]


def test_failures_are_logged_by_default_and_the_thread_lives_on(pool, caplog):
    with caplog.at_level(logging.ERROR, logger="phy_medicine"):
        pool.submit("a", lambda: 1 // 0)
        pool.submit("b", lambda: 1 // 0)
        pool.sync(WAIT_S)
    assert caplog.text.count("ZeroDivisionError") == 2
    assert pool.submit("c", lambda: "alive").result(WAIT_S) == "alive"


def test_a_handler_that_fails_is_logged_and_the_thread_lives_on(caplog):
    def fail(key, error):
        raise LookupError("handler")

    pool = Pool(1, on_error=fail)
    with caplog.at_level(logging.ERROR, logger="phy_medicine"):
        pool.submit("a", lambda: 1 // 0)
        pool.sync(WAIT_S)
    assert "LookupError: handler" in caplog.text
    assert pool.submit("b", int).result(WAIT_S) == 0
    pool.shutdown()


def test_what_a_finished_task_was_given_is_let_go(pool):
    class Arrays:
        pass

    arrays, gone = Arrays(), threading.Event()
    weakref.finalize(arrays, gone.set)
    pool.submit("a", lambda given: None, arrays)
    del arrays
    assert gone.wait(WAIT_S)


def test_sync_waits_for_callbacks_and_for_what_they_submit(pool):
    seen = []
    pool.submit("a", lambda: 1, on_done=lambda value: pool.submit("b", seen.append, value))
    pool.sync(WAIT_S)
    assert seen == [1]


def test_sync_gives_up_with_the_names_of_the_busy_tasks(pool):
    (gate,) = occupy(pool, 1)
    with pytest.raises(TimeoutError, match="gate"):
        pool.sync(0.0)
    gate.opened.set()


def test_sync_inside_a_task_is_refused(pool):
    with pytest.raises(RuntimeError, match="cannot wait for the pool"):
        pool.submit("a", pool.sync, on_error=lambda error: None).result(WAIT_S)


def test_shutdown_cancels_what_waits_and_refuses_more():
    pool = Pool(2)
    gates, seen = occupy(pool, 2), []
    waiting = pool.submit("a", seen.append, 1)
    for gate in gates:
        gate.opened.set()
    pool.shutdown()
    assert waiting.cancelled() or seen == [1]
    assert not any(thread.is_alive() for thread in pool._threads)
    with pytest.raises(RuntimeError, match="was shut down"):
        pool.submit("b", int)


def test_shutdown_without_waiting_returns_while_a_task_runs():
    pool = Pool(2)
    gate, seen = Gate(), []
    future = pool.submit("a", gate, on_done=seen.append)
    assert gate.started.wait(WAIT_S)
    pool.shutdown(wait=False)
    assert future.cancelled()
    gate.opened.set()
    pool.shutdown()
    assert seen == []


def test_a_pool_without_threads_is_refused():
    with pytest.raises(ValueError, match="at least one thread"):
        Pool(0)


def test_many_submitters_get_every_result(pool):
    futures, lock = [], threading.Lock()

    def submit(k):
        for j in range(50):
            with lock:
                futures.append((pool.submit((k, j), lambda k=k, j=j: (k, j)), (k, j)))

    threads = [threading.Thread(target=submit, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(future.result(WAIT_S) == expected for future, expected in futures)
    assert len(futures) == 200
