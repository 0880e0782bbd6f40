"""Similarities of plugins: rows, the wizard, the matrix, functions that fail or take long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from phy_medicine.base.errors import ActionError
from phy_medicine.session.extensions import Problem, Similarity
from phy_medicine.session.plugin_similarity import plain_row
from phy_medicine.session.session import Session

from .any_steps import any_steps, take, unwritten


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def by_id(session: Session):
    """Clusters with near ids are similar."""
    return lambda c: sorted(((i, -float(abs(i - c))) for i in session.cluster_ids), key=lambda p: -p[1])


def use(session: Session, function, name="near", **more) -> None:
    session.extensions.similarities.add(Similarity(name, function, **more))
    session.similar.metric = name


def test_the_table_and_the_wizard_follow_the_similarity_of_a_plugin(session):
    use(session, by_id(session), title="near ids")
    reference = session.cluster_ids[4]
    session.select([reference])
    expected = sorted((c for c in session.cluster_ids if c != reference), key=lambda c: (abs(c - reference), c))
    assert list(session.similar.rows(reference)) == expected
    assert session.similarity_table.visible_ids()[0] == expected[0]
    assert session.similarity_table.value(expected[0], "similarity") == -1.0
    session.next()
    assert session.selection.similar_ids == (expected[0],)
    assert session.similar.title == "near ids" and session.similar.shown_metric == "near"


def test_a_row_is_computed_once_until_clusters_change(session):
    calls: list[int] = []

    def function(c):
        calls.append(c)
        return by_id(session)(c)

    use(session, function)
    a, b, c = session.cluster_ids[:3]
    session.similar.rows(a)
    session.similar.rows(a)
    session.move("good", cluster_ids=[b])
    session.similar.rows(a)
    assert calls.count(a) == 1
    new = session.merge([b, c]).added[0]
    assert new in session.similar.rows(a) and b not in session.similar.rows(a)
    assert calls.count(a) == 2


def test_gone_ids_itself_duplicates_and_nan_are_left_out(session):
    a, b, c = session.cluster_ids[:3]
    pairs = [
        (b, 0.5),
        (a, 1.0),
        (np.int32(b), 0.1),
        (10_000, 2.0),
        (c, np.float32(0.75)),
        (session.cluster_ids[3], np.nan),
    ]
    use(session, lambda _c: pairs)
    assert session.similar.rows(a) == {c: 0.75, b: 0.5}


def test_at_most_99_are_listed():
    assert len(plain_row((i, i) for i in range(500))) == 500
    assert list(plain_row([(1, 0.1), (2, 0.2)])) == [2, 1]


def test_one_that_raises_gives_way_to_the_template_similarity(session):
    problems: list[Problem] = []
    session.extensions.problem.connect(problems.append)
    reference = session.cluster_ids[0]
    template = session.similar.rows(reference)
    use(session, lambda c: 1 / 0, "bad")
    assert session.similar.rows(reference) == template
    assert session.similar.rows(session.cluster_ids[1])
    assert session.similar.title == "template similarity, bad failed" and session.similar.shown_metric == "template"
    assert len(problems) == 1 and "ZeroDivisionError" in problems[0].sentence


def test_a_slow_one_is_waited_for_but_a_moment_where_somebody_looks(session):
    enough = threading.Event()
    session.similarity_values.patience_s = 0.01
    reference = session.cluster_ids[0]
    template = session.similar.rows(reference)
    changed = threading.Event()
    use(session, lambda c: enough.wait(20) and by_id(session)(c))
    session.similar.changed.connect(changed.set)
    assert session.similar.rows(reference) == template
    assert session.similar.title == "template similarity, near soon"
    enough.set()
    session.pool.sync()
    assert changed.is_set()
    assert session.similar.rows(reference) != template and session.similar.title == "near"


def test_a_quick_one_is_there_at_once_where_somebody_looks(session):
    session.similarity_values.patience_s = 20.0
    use(session, by_id(session))
    session.similar.rows(session.cluster_ids[2])
    assert session.similar.shown_metric == "near"


def test_one_that_goes_gives_way_to_the_usual_one_and_says_so(session):
    said: list[str] = []
    session.message.connect(said.append)
    with session.extensions.owned_by("P"):
        use(session, by_id(session))
    session.extensions.remove_of("P")
    assert session.similar.metric == "template" and session.similar.automatic
    assert said == ["The similarity near is gone with its plugin; clusters are compared by template similarity."]
    with pytest.raises(ActionError, match="template, drift, combined, auto"):
        session.similar.metric = "near"


def test_a_plugin_may_replace_the_template_similarity(session):
    reference = session.cluster_ids[0]
    template = session.similar.rows(reference)
    session.extensions.similarities.add(Similarity("template", by_id(session)))
    assert session.similar.names == ("template", "drift", "combined")
    assert session.similar.rows(reference) == by_id_row(session, reference)
    session.extensions.similarities.remove("template")
    assert session.similar.rows(reference) == template


def by_id_row(session, reference):
    return {c: value for c, value in by_id(session)(reference) if c != reference}


def test_the_matrix_fills_in_the_background_and_agrees_with_the_rows(session):
    use(session, by_id(session))
    ids = session.cluster_ids
    title, values = session.data.table.similarity(ids)
    assert title == "near, 0%" and np.isnan(values).all()
    session.pool.sync()
    title, values = session.data.table.similarity(ids)
    assert title == "near"
    for row, reference in enumerate(ids):
        assert {c: values[row, ids.index(c)] for c in session.similar.rows(reference)} == by_id_row(session, reference)


def test_asking_in_the_midst_of_an_action_does_not_hang(session):
    use(session, by_id(session))
    seen: list[dict[int, float]] = []
    session.clusters.changed.connect(lambda delta: seen.append(session.similar.rows(delta.added[0])))
    session.merge(session.cluster_ids[:2])
    assert len(seen) == 1


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=any_steps("q"))
def test_rows_are_right_after_any_actions(simulated_dataset, steps):
    with unwritten(simulated_dataset) as session:
        use(session, by_id(session))
        for kind, i, j in steps:
            if kind == "q":
                session.data.table.similarity(session.cluster_ids)
            else:
                take(session, kind, i, j)
            reference = session.cluster_ids[j % len(session.cluster_ids)]
            assert session.similar.rows(reference) == by_id_row(session, reference)
