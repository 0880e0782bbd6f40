"""Any curation, for tests of what must be right after it: steps that hypothesis chooses, and how one is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from phy_medicine.session.session import Session

_NUMBERS = st.integers(0, 10_000)


def any_steps(more: str = "") -> st.SearchStrategy[list[tuple[str, int, int]]]:
    """At most 12 steps: merge, split, noise, reassign, undo, redo, or a letter of `more`; and two numbers for each."""
    return st.lists(st.tuples(st.sampled_from("msnaur" + more), _NUMBERS, _NUMBERS), max_size=12)


def take(session: Session, kind: str, i: int, j: int) -> None:
    """Do one step if it can be done now."""
    ids = session.cluster_ids
    a, b = ids[i % len(ids)], ids[j % len(ids)]
    spikes = session.facts.spikes(a)
    if kind == "m" and a != b:
        session.merge([a, b])
    elif kind == "s" and len(spikes) > 1:
        session.split(spikes[: 1 + j % (len(spikes) - 1)])
    elif kind == "n" and len(spikes) > 1:
        session.split_to("noise", spikes[: 1 + j % (len(spikes) - 1)])
    elif kind == "a" and a != b and len(spikes) > 1:
        session.reassign(spikes[: 1 + j % (len(spikes) - 1)], [b] * (1 + j % (len(spikes) - 1)))
    elif kind == "u" and session.can_undo:
        session.undo()
    elif kind == "r" and session.can_redo:
        session.redo()


@contextmanager
def unwritten(params: Path) -> Iterator[Session]:
    """A session whose actions are not written, on a dataset that other tests use too."""
    session = Session.open(params)
    session.storage.log = session.storage.log_travel = lambda *a, **k: None
    try:
        yield session
    finally:
        session.close()
