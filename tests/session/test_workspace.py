"""Collecting clusters for one merge: the workspace against a slow, obvious copy of it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.curation.selection import Selection
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    kilosort4(folder)
    return folder


@pytest.fixture
def session(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "d")
    session = Session.open(tmp_path / "d" / "params.py")
    yield session
    session.close()


def begin(session: Session) -> tuple[int, tuple[int, ...]]:
    """A reference, and the rows that resemble it."""
    reference = session.cluster_table.visible_ids()[0]
    session.select([reference])
    return reference, session.similarity_table.visible_ids()


def test_candidates_are_collected_one_after_the_other(session):
    reference, rows = begin(session)
    session.next()
    session.collect()
    assert session.selection.current == Selection((reference, rows[0]), (rows[1],), True)
    session.next()
    session.collect()
    assert session.selection.best_ids == (reference, rows[0], rows[2])
    assert session.selection.reference_id == reference


def test_the_merge_joins_what_is_collected_not_what_is_looked_at(session):
    reference, rows = begin(session)
    session.next()
    session.collect()
    delta = session.merge()
    assert set(delta.removed) == {reference, rows[0]}
    assert not session.selection.current.workspace


def test_undo_brings_the_workspace_back(session):
    reference, rows = begin(session)
    session.next()
    session.collect()
    before = session.selection.current
    session.merge()
    session.undo()
    assert session.selection.current == before
    session.merge()
    session.undo()
    session.leave_workspace()
    assert session.selection.current == Selection((reference,), (rows[0],))


def test_leaving_restores_exactly_what_was_selected(session):
    a, b, c = session.cluster_table.visible_ids()[:3]
    session.select([a, b], [c])
    session.collect()
    assert session.selection.best_ids == (b, a, c)
    session.take_out()
    session.turn_workspace()
    session.leave_workspace()
    assert session.selection.current == Selection((a, b), (c,))


def test_the_last_one_is_taken_out_and_looked_at_again(session):
    reference, rows = begin(session)
    session.next()
    session.collect()
    session.take_out()
    assert session.selection.current == Selection((reference,), (rows[0],), True)
    with pytest.raises(ActionError, match="Only the reference is left"):
        session.take_out()


def test_the_order_is_chosen_and_the_first_is_the_reference(session):
    a, b, c = session.cluster_table.visible_ids()[:3]
    session.select([a], [b, c])
    session.collect()
    session.order_workspace([c, a])
    assert session.selection.best_ids == (c, a, b)
    assert session.selection.reference_id == c
    assert c not in session.similarity_table.visible_ids()
    session.turn_workspace()
    assert session.selection.best_ids == (a, b, c)
    with pytest.raises(ActionError, match="is not in the workspace"):
        session.order_workspace([999])


def test_the_table_goes_on_comparing_with_the_reference(session):
    _, rows = begin(session)
    session.next()
    session.collect()
    assert session.similarity_table.visible_ids() == tuple(c for c in rows if c != rows[0])


def test_moving_a_candidate_goes_on_in_the_workspace(session):
    reference, rows = begin(session)
    session.next()
    session.collect()
    session.move("good", "similar")
    assert session.selection.current == Selection((reference, rows[0]), (rows[2],), True)


def test_another_selection_leaves_it(session):
    begin(session)
    session.next()
    session.collect()
    session.select(session.cluster_ids[:1])
    assert not session.selection.current.workspace
    for step in (session.take_out, session.turn_workspace, session.leave_workspace):
        with pytest.raises(ActionError, match="Nothing is collected"):
            step()


def test_nothing_is_collected_around_nothing(session):
    session.select([])
    with pytest.raises(ActionError, match="Select a cluster first"):
        session.collect()


def test_what_if_supposes_the_merge_of_what_is_collected(session):
    reference, rows = begin(session)
    session.next()
    session.collect()
    assert session.suppose.merge().parts == tuple(sorted((reference, rows[0])))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["collect", "next", "take out", "turn", "leave", "merge", "undo"]), max_size=14))
def test_any_steps_do_what_is_obvious(folder, steps):
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copytree(folder, Path(tmp) / "d")
        session = Session.open(Path(tmp) / "d" / "params.py")
        session.select(session.cluster_table.visible_ids()[:1])
        collected: list[int] = []
        kept: list[list[int]] = []
        for step in steps:
            now = session.selection.current
            try:
                match step:
                    case "collect":
                        session.collect()
                        collected = [*(collected or now.best_ids[-1:]), *now.similar_ids]
                    case "next":
                        session.next()
                    case "take out":
                        session.take_out()
                        collected.pop()
                    case "turn":
                        session.turn_workspace()
                        collected.append(collected.pop(0))
                    case "leave":
                        session.leave_workspace()
                        collected = []
                    case "merge":
                        session.merge()
                        kept.append(collected)
                        collected = []
                    case "undo":
                        session.undo()
                        collected = kept.pop()
            except ActionError:
                continue
            current = session.selection.current
            assert current.workspace == bool(collected)
            if collected:
                assert list(current.best_ids) == collected
            assert not set(current.similar_ids) & set(current.best_ids)
        session.close()
