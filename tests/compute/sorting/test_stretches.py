"""Stretches of a recording, and what is kept of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.sorting.step_file import STEP
from phy_medicine.compute.sorting.stretches import Stretch, Surroundings, spread, stretches

DATA = np.random.default_rng(0).normal(0, 3, (4, 1000)).astype(np.float32)


class Reader:
    """Reads DATA and remembers what was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, start, stop):
        self.asked.append((start, stop))
        return DATA[:, start:stop].copy()


@given(n=st.integers(1, 500), length=st.integers(1, 99), edges=st.lists(st.integers(-5, 600), max_size=5))
def test_stretches_cover_each_sample_once_and_end_at_edges(n, length, edges):
    every = stretches(n, length, tuple(edges))
    assert [t for s in every for t in range(s.start, s.stop)] == list(range(n))
    assert max(s.stop - s.start for s in every) <= length
    assert {edge for edge in edges if 0 < edge < n} <= {s.start for s in every}


@given(n=st.integers(1, 60), most=st.integers(1, 60))
def test_some_stretches_are_spread_over_all(n, most):
    every = stretches(10 * n, 10)
    some = spread(every, most)
    assert len(some) == len(set(some)) == min(n, most)
    assert some == sorted(some, key=lambda s: s.start)
    gaps = [b.start - a.start for a, b in pairwise(some)] or [0]
    assert max(gaps) - min(gaps) <= 10
    assert some[0] == every[0] and (len(some) == 1 or some[-1] == every[-1])


def test_a_stretch_comes_with_what_is_around_it_within_the_recording():
    source = Surroundings(Reader(), 1000, 20, kept_bytes=0)
    for stretch, bounds in {
        Stretch(0, 100): (0, 120), Stretch(500, 600): (480, 620), Stretch(900, 1000): (880, 1000)
    }.items():  # fmt: skip
        assert source.bounds(stretch) == bounds
        np.testing.assert_array_equal(source(stretch), DATA[:, slice(*bounds)])


def test_what_was_read_is_kept_in_steps_and_read_once():
    reader = Reader()
    source = Surroundings(reader, 1000, 20)
    first = source(Stretch(100, 200))
    np.testing.assert_allclose(first, DATA[:, 80:220], atol=STEP / 2)
    first[:] = 0
    again = source(Stretch(100, 200))
    np.testing.assert_allclose(again, DATA[:, 80:220], atol=STEP / 2)
    assert reader.asked == [(80, 220)]


def test_no_more_is_kept_than_there_is_room_for():
    reader = Reader()
    source = Surroundings(reader, 1000, 0, kept_bytes=2 * 4 * 250)
    every = stretches(1000, 100)
    for _ in range(2):
        for stretch in every:
            source(stretch)
    assert len(reader.asked) == 2 * 10 - 2
    # What does not fit is rounded too: results do not depend on what was read first.
    steps = source(every[-1]) / STEP
    np.testing.assert_array_equal(steps, np.rint(DATA[:, 900:] / np.float32(STEP)))


def test_threads_read_the_same():
    source = Surroundings(Reader(), 1000, 10, kept_bytes=5000)
    every = stretches(1000, 50) * 4
    with ThreadPoolExecutor(4) as pool:
        for stretch, data in zip(every, pool.map(source, every), strict=True):
            np.testing.assert_allclose(data, DATA[:, slice(*source.bounds(stretch))], atol=STEP / 2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    data = DATA.copy()
    data[2, 150] = value
    source = Surroundings(lambda a, b: data[:, a:b].copy(), 1000, 20)
    source(Stretch(200, 300))
    with pytest.raises(PhyMedError, match="not finite between samples 80 and 220"):
        source(Stretch(100, 200))
