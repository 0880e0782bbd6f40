"""While a hold is taken, clusters and selection stay as they are, and everything that would change them says why."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.base.errors import ActionError
from phy_medicine.session.session import Session

CHANGES = {
    "select": lambda s: s.select([s.cluster_ids[2]]),
    "similar": lambda s: s.select_similar([s.cluster_ids[2]]),
    "next": lambda s: s.next(),
    "next best": lambda s: s.next_best(),
    "last": lambda s: s.last(),
    "unselect": lambda s: s.unselect_similar(),
    "merge": lambda s: s.merge(),
    "split": lambda s: s.split(s.facts.spikes(s.cluster_ids[0])[:5]),
    "move": lambda s: s.move("good"),
    "label": lambda s: s.label("note", "x"),
    "undo": lambda s: s.undo(),
    "redo": lambda s: s.redo(),
    "recover": lambda s: s.recover(),
}


@pytest.fixture
def held(dataset):
    session = Session.open(dataset)
    session.move("good", cluster_ids=session.cluster_ids[-2:-1])
    session.move("mua", cluster_ids=session.cluster_ids[-1:])
    session.undo()
    session.select(session.cluster_ids[:1], session.cluster_ids[1:2])
    session.hold.take("Wait a moment.")
    yield session
    session.close()


def _state(session):
    journal = session.storage.journal_path
    return session.selection.current, session.spike_clusters().tolist(), journal.read_bytes(), session.history.position


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_refused_with_the_sentence(held, name):
    before = _state(held)
    with pytest.raises(ActionError, match=r"Wait a moment\."):
        CHANGES[name](held)
    assert _state(held) == before


def test_a_filter_hides_rows_and_leaves_the_selection(held):
    before = held.selection.current
    held.filter(f"id == {held.cluster_ids[-1]}")
    assert held.cluster_table.visible_ids() == held.cluster_ids[-1:]
    assert held.selection.current == before


def test_saving_goes_on(held):
    held.save()
    assert not held.dirty


def test_after_the_release_changes_are_accepted(held):
    held.hold.release()
    new = held.merge().added
    assert held.selection.cluster_ids == new and np.isin(new, held.cluster_ids).all()
