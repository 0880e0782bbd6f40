"""Groups taken from a column of labels that the sorter wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.session.session import Session
from phy_medicine.session.sorter_groups import columns_with_groups, groups_from

SAID = st.sampled_from(["good", "Good ", "mua", "NOISE", "unsorted", "sua", None])
HAVE = st.sampled_from([None, None, "good", "mua", "unsorted"])


@pytest.fixture
def session(dataset: Path):
    session = Session.open(dataset)
    yield session
    session.close()


def groups_of(session: Session) -> list[str | None]:
    return [session.manager.group(cluster) for cluster in session.cluster_ids]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_unsorted_clusters_get_the_group_that_is_named_and_undo_takes_it_back(session, data):
    start = session.history.position
    ids = session.cluster_ids
    said = {c: data.draw(SAID) for c in ids}
    have = {c: data.draw(HAVE) for c in ids}
    for cluster in ids:
        session.label("KSLabel", said[cluster], [cluster])
        session.label("group", have[cluster], [cluster])
    session.select(ids[:2])
    before, position = groups_of(session), session.history.position
    slow = []
    for cluster in ids:
        text = (said[cluster] or "").strip().lower()
        unsorted = have[cluster] in (None, "unsorted")
        slow.append(text if unsorted and text in ("good", "mua", "noise") else have[cluster])
    if slow == before:
        with pytest.raises(ActionError, match="names no group of a cluster that has none"):
            groups_from(session, "KSLabel")
    else:
        n = groups_from(session)
        assert n == sum(a != b for a, b in zip(slow, before, strict=True))
        assert groups_of(session) == slow and session.selection.best_ids == ids[:2]
        session.jump_to(position)
    assert groups_of(session) == before
    session.jump_to(start)


def test_it_is_an_action_with_a_sentence_and_the_column_may_be_named(session):
    said: list[str] = []
    session.message.connect(said.append)
    a, b, c, *_ = session.cluster_ids
    session.label("KSLabel", None, session.cluster_ids)
    session.label("verdict", "mua", [a, b])
    session.label("verdict", "good", [c])
    assert columns_with_groups(session) == ("verdict",)
    groups_from(session, "verdict")
    assert said[-1] == "3 clusters have the group that verdict names: 2 mua, 1 good."
    with pytest.raises(ActionError, match="no column nothing"):
        groups_from(session, "nothing")
    with pytest.raises(ActionError, match="no column group"):
        groups_from(session, "group")


def test_what_was_saved_is_read_by_others(session, dataset: Path):
    session.label("KSLabel", "mua", session.cluster_ids)
    session.label("KSLabel", "good", session.cluster_ids[:1])
    groups_from(session)
    session.save()
    rows = (dataset.parent / "cluster_group.tsv").read_text().split("\n")[1:-1]
    assert [row.split("\t")[1] for row in rows] == ["good"] + ["mua"] * (len(session.cluster_ids) - 1)
