"""The cluster table as arrays, on a simulated dataset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.session.session import Session


@pytest.fixture
def session(dataset: Path) -> Iterator[Session]:
    session = Session.open(dataset)
    yield session
    session.close()


def test_rows_and_cells_are_those_of_the_table(session):
    table = session.data.table
    session.sort("depth", ascending=True)
    assert table.ids() == session.cluster_table.visible_ids()
    depths = table.numbers("depth", table.ids())
    assert depths.tolist() == sorted(depths.tolist()) and len(depths) == len(session.cluster_ids)
    session.filter(f"n_spikes > {sorted(table.numbers('n_spikes', table.ids()))[2]}")
    assert len(table.ids()) == len(session.cluster_ids) - 3


def test_the_version_grows_with_every_change(session):
    versions = [session.data.table.version]
    for act in (
        lambda: session.sort("fr"),
        lambda: session.filter("fr > 0"),
        lambda: session.merge(session.cluster_ids[:2]),
        session.undo,
        lambda: session.move("good", cluster_ids=session.cluster_ids[:1]),
    ):
        act()
        versions.append(session.data.table.version)
    assert (np.diff(versions) > 0).all()


def test_only_numbers_are_offered_and_text_is_no_number(session):
    table, first = session.data.table, session.cluster_ids[0]
    session.label("note", "strange", [first])
    names = [c.name for c in table.numeric_columns()]
    assert {"depth", "fr", "amp", "n_spikes"} <= set(names) and not {"group", "note"} & set(names)
    assert np.isnan(table.numbers("note", [first])).all() and np.isnan(table.numbers("nothing", [first])).all()


def test_a_group_has_its_colour(session):
    first, second = session.cluster_ids[:2]
    session.move("good", cluster_ids=[first])
    session.move("noise", cluster_ids=[second])
    colors = session.data.table.colors("cluster_group", [first, second])
    assert colors[0, :3] == pytest.approx((0.5254, 0.8196, 0.42745)) and colors[1, :3] == pytest.approx([0.4] * 3)
    assert [session.data.table.group(c) for c in (first, second)] == ["good", "noise"]


def test_a_cluster_that_is_gone_has_no_cells(session):
    a, b = session.cluster_ids[:2]
    session.merge([a, b])
    numbers = session.data.table.numbers("depth", [a, 10_000, session.cluster_ids[-1]])
    assert np.isnan(numbers[1]) and np.isfinite(numbers[2])


def test_the_similarity_of_all_pairs_is_that_of_the_similarity_table(session):
    ids = session.cluster_ids
    title, matrix = session.data.table.similarity(ids)
    assert title == session.similar.title
    for row, reference in enumerate(ids):
        rows = session.similar.rows(reference)
        assert all(matrix[row, ids.index(c)] == pytest.approx(value) for c, value in rows.items())
