"""Filters of plugins: what they see, what is made of what they return, and what is read again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.compute.signal_filters import HIGH_PASS, SIGNAL_FILTERS
from phy_medicine.session.cache import ArrayCache
from phy_medicine.session.extensions import Problem, TraceFilter
from phy_medicine.session.session import Session


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def add(session: Session, function, name: str = "mine", **more) -> None:
    session.extensions.filters.add(TraceFilter(name, function, **more))


def read(session: Session, filter: str, channels=(3, 1)) -> np.ndarray:
    return session.data.trace(1.0, 1.05, channels, filter=filter).data


def test_it_sees_all_channels_without_offset_and_with_its_margin(session):
    seen = []

    def function(data, rate):
        seen.append((data.shape, rate, data.dtype))
        assert abs(np.median(data, axis=0)).max() < 20
        return data - data.mean(axis=1, keepdims=True)

    add(session, function, margin_s=0.02)
    rate, n_channels = session.model.sample_rate, session.model.n_channels
    found = read(session, "mine")
    assert seen == [((round(0.05 * rate) + 2 * int(0.02 * rate), n_channels), rate, np.float32)]
    every = read(session, "mine", tuple(range(n_channels)))
    assert found == pytest.approx(every[:, [3, 1]]) and abs(every.mean(axis=1)).max() < 1e-3


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda data, rate: 1 / 0, "ZeroDivisionError"),
        (lambda data, rate: data[:-1], "instead of"),
        (lambda data, rate: None, "shape"),
        (lambda data, rate: np.full(data.shape, "x"), "ValueError"),
    ],
)
def test_one_that_fails_leaves_the_signal_as_it_is_and_is_told_of_once(session, function, sentence):
    problems: list[Problem] = []
    session.extensions.problem.connect(problems.append)
    add(session, function)
    raw = read(session, "none")
    for _ in range(3):
        found = read(session, "mine")
    assert found - np.median(found, axis=0) == pytest.approx(raw - np.median(raw, axis=0), abs=1.0)
    assert len(problems) == 1 and sentence in problems[0].sentence


def test_what_it_does_to_its_argument_reaches_nobody(session):
    before = read(session, "none")

    def function(data, rate):
        data[:] = 0
        return data

    add(session, function)
    assert not read(session, "mine").any()
    assert read(session, "none").tolist() == before.tolist()


@pytest.mark.parametrize("name", ["high-pass", "high_pass"])
def test_it_takes_the_place_of_the_programs_own_in_traces_and_waveforms(session, name):
    first = session.cluster_ids[0]
    own, waves = read(session, HIGH_PASS), session.data.waveforms(first, (2, 3)).data
    with session.extensions.owned_by("P"):
        add(session, lambda data, rate: np.full_like(data, 7.0), name, words="all sevens")
    assert session.data.filters.names == tuple(SIGNAL_FILTERS)
    assert session.data.filters[HIGH_PASS].words == "all sevens"
    assert (read(session, HIGH_PASS) == 7.0).all() and (read(session, "high_pass") == 7.0).all()
    assert (session.data.waveforms(first, (2, 3)).data == 7.0).all()
    session.extensions.remove_of("P")
    assert read(session, HIGH_PASS).tolist() == own.tolist()
    assert session.data.waveforms(first, (2, 3)).data.tolist() == waves.tolist()


def test_the_raw_signal_is_not_replaced_and_an_unknown_filter_is_raw(session):
    raw = read(session, "none")
    for name in ("raw", "none"):
        add(session, lambda data, rate: data * 0, name)
    assert read(session, "none").tolist() == read(session, "raw").tolist() == raw.tolist()
    assert read(session, "nothing").tolist() == raw.tolist()


def test_columns_kept_for_scrolling_are_read_again_through_another_filter(session):
    def columns():
        return session.data.trace(1.0, 3.0, (0, 1), filter="mine", n_points=400).data

    add(session, lambda data, rate: np.full_like(data, 1.0))
    assert (columns() == 1.0).all()
    add(session, lambda data, rate: np.full_like(data, 2.0))
    assert (columns() == 2.0).all()


def test_the_residual_is_that_of_the_filter(session):
    add(session, lambda data, rate: SIGNAL_FILTERS[HIGH_PASS].apply(data, rate), "copy", margin_s=0.01)
    channels = np.arange(session.model.n_channels)
    own = session.data.residual.read(1.0, 1.1, channels, filter=HIGH_PASS).data
    assert session.data.residual.read(1.0, 1.1, channels, filter="copy").data == pytest.approx(own, abs=2.0)


def test_what_was_being_computed_when_a_cache_is_cleared_is_not_kept():
    cache, begun, enough = ArrayCache(), threading.Event(), threading.Event()

    def old():
        begun.set()
        enough.wait(20)
        return "old"

    thread = threading.Thread(target=cache.get, args=("key", old))
    thread.start()
    assert begun.wait(20)
    cache.clear()
    enough.set()
    thread.join()
    assert cache.get("key", lambda: "new") == "new"
