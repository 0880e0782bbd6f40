"""What is made ready before it is asked for: within its limits, dropped when it is not wanted, and the same."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.configuration import Configuration, Configured
from phy_medicine.compute.pool import Pool, Priority
from phy_medicine.session.cache import Ahead, ArrayCache, NotWanted
from phy_medicine.session.prefetch import Prefetch, ask_ahead
from phy_medicine.session.session import Session


@pytest.fixture
def pool():
    pool = Pool(1)
    yield pool
    pool.shutdown()


def block(key, n_bytes=100):
    return np.full(n_bytes, key, dtype=np.uint8)


def get(cache, key, n_bytes=100):
    return cache.get(key, lambda: block(key, n_bytes))


def get_ahead(cache, round_, keys):
    with cache.ahead(round_):
        for key in keys:
            get(cache, key)


# The limit


def test_what_was_made_ready_and_not_asked_for_stays_within_its_own_limit():
    cache = ArrayCache(10_000)
    get_ahead(cache, Ahead(250), [1, 2])
    assert cache.n_bytes_ahead == 200
    get(cache, 1)
    assert (cache.n_bytes_ahead, cache.n_bytes) == (100, 200)


def test_a_round_without_room_ends_and_keeps_what_it_has():
    cache, round_ = ArrayCache(10_000), Ahead(250)
    with pytest.raises(NotWanted):
        get_ahead(cache, round_, [1, 2, 3, 4])
    assert round_.full
    assert [key in cache for key in (1, 2, 3, 4)] == [True, True, False, False]


def test_a_new_round_drops_the_oldest_of_the_rounds_before():
    cache = ArrayCache(10_000)
    get_ahead(cache, Ahead(250), [1, 2])
    get_ahead(cache, Ahead(250), [3, 2])
    assert [key in cache for key in (1, 2, 3)] == [False, True, True]


def test_making_ready_takes_at_most_half_of_the_cache_and_nothing_of_what_is_shown():
    cache = ArrayCache(1000)
    for key in range(5):
        get(cache, key)
    with pytest.raises(NotWanted):
        get_ahead(cache, Ahead(1 << 30), range(5, 20))
    assert cache.n_bytes_ahead == 500
    assert all(key in cache for key in range(5))


@given(
    st.lists(st.tuples(st.sampled_from(["ask", "ahead", "round", "clear"]), st.integers(0, 9)), max_size=60),
    st.integers(100, 900),
    st.integers(200, 1000),
)
def test_any_order_gives_the_same_arrays_within_both_limits(steps, ahead_bytes, max_bytes):
    cache, round_ = ArrayCache(max_bytes), Ahead(ahead_bytes)
    for what, key in steps:
        n_bytes = 30 + 17 * key
        if what == "ask":
            assert get(cache, key, n_bytes).tolist() == [key] * n_bytes
        elif what == "ahead":
            try:
                with cache.ahead(round_):
                    assert get(cache, key, n_bytes).tolist() == [key] * n_bytes
            except NotWanted:
                assert round_.full
        elif what == "round":
            round_ = Ahead(ahead_bytes)
        else:
            cache.clear()
        held = [30 + 17 * k for k in range(10) if k in cache]
        assert cache.n_bytes == sum(held) <= max_bytes
        assert cache.n_bytes_ahead <= min(ahead_bytes, max_bytes // 2)


def test_the_limits_are_settings(dataset):
    given_ = Configuration({name: Configured(name, n, "a file") for name, n in (("prefetch", 5), ("prefetch_mb", 7))})
    session = Session.open(dataset, configuration=given_)
    assert (session.prefetch.n_ahead, session.prefetch.max_bytes) == (5, 7 << 20)
    session.close()


# Going elsewhere


def test_what_runs_ends_between_two_arrays_once_the_curator_goes_elsewhere(pool):
    cache = ArrayCache()
    prefetch, begun, go = Prefetch(lambda: pool, cache), threading.Event(), threading.Event()

    def first():
        begun.set()
        go.wait(5)
        return block(1)

    def step():
        cache.get(1, first)
        cache.get(2, lambda: block(2))

    prefetch.begin()
    prefetch.add("running", step)
    prefetch.add("waiting", get, cache, 3)
    assert begun.wait(5)
    prefetch.cancel()
    go.set()
    pool.sync(5)
    assert [key in cache for key in (1, 2, 3)] == [True, False, False]


def test_a_new_round_takes_the_place_of_the_one_before(pool):
    cache, go = ArrayCache(), threading.Event()
    prefetch = Prefetch(lambda: pool, cache)
    pool.submit("hold", go.wait, 5)
    prefetch.begin()
    prefetch.add("old", get, cache, 1)
    prefetch.begin()
    prefetch.add("new", get, cache, 2)
    go.set()
    pool.sync(5)
    assert [key in cache for key in (1, 2)] == [False, True]


def test_what_others_make_ready_is_left_alone(pool):
    go, done = threading.Event(), []
    prefetch = Prefetch(lambda: pool, ArrayCache())
    pool.submit("hold", go.wait, 5)
    pool.submit("parts of a split", done.append, 1, priority=Priority.PREFETCH)
    prefetch.begin()
    prefetch.add("a", done.append, 2)
    prefetch.cancel()
    go.set()
    pool.sync(5)
    assert done == [1]


def test_what_a_view_asks_for_is_no_more_ahead_even_while_a_round_runs(pool):
    cache = ArrayCache()
    prefetch = Prefetch(lambda: pool, cache)
    prefetch.begin()
    prefetch.add("a", get, cache, 1)
    pool.sync(5)
    assert prefetch.n_bytes == 100
    get(cache, 1)
    assert prefetch.n_bytes == 0


# What the tables show


def test_the_metrics_of_the_candidates_are_computed_before_those_of_others(dataset, monkeypatch):
    session = Session.open(dataset)
    measured = []
    values = session.quality._values
    compute = values._compute
    monkeypatch.setattr(values, "_compute", lambda name, cluster: (measured.append(cluster), compute(name, cluster)))
    session.quality.hold()
    session.quality.ask_all()
    shallowest = max(session.cluster_ids, key=session.quality._depth)
    ask_ahead([session.request_for([shallowest])], session.quality, session.similar)
    session.quality.release()
    session.quality.wait(60)
    assert measured[:4] == [shallowest] * 4
    assert set(measured[4:]) == {*session.cluster_ids} - {shallowest}
    session.close()
