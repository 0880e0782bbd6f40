"""The watch of the record against one that looks at every second."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.curation.stopwatch import Stopwatch

EVENTS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["activate", "deactivate", "touch", "lap"])))


def slow_laps(events: list[tuple[int, str]], idle: int) -> list[int]:
    """Count second by second."""
    laps, counted, active, sign, done = [], 0, False, 0, 0
    for second in range(62):
        while done < len(events) and events[done][0] == second:
            what = events[done][1]
            if what == "lap":
                laps.append(counted)
                counted = 0
            elif what == "touch":
                sign = second
            else:
                active, sign = what == "activate", second if what == "activate" else sign
            done += 1
        counted += active and second - sign < idle
    return laps


@given(EVENTS, st.integers(1, 20))
def test_the_watch_counts_the_active_seconds_in_which_somebody_was_there(events, idle):
    events = sorted(events, key=lambda e: e[0])
    watch = Stopwatch(idle)
    laps = []
    for moment, what in events:
        found = getattr(watch, what)(float(moment))
        if what == "lap":
            laps.append(found)
    assert laps == slow_laps(events, idle)


def test_a_coffee_break_is_not_counted():
    watch = Stopwatch(60)
    watch.activate(0)
    watch.touch(10)
    watch.touch(900)
    assert watch.lap(905) == 10 + 60 + 5
