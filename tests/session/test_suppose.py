"""What if: what is supposed is what comes of the action, bit for bit, and nothing changes before."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

BINS = {"bin_s": 0.001, "window_s": 0.05}
FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("suppose")
    kilosort4(folder)
    return folder


@pytest.fixture
def session(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "d")
    session = Session.open(tmp_path / "d" / "params.py")
    yield session
    session.close()


def everything(session: Session, cluster_ids) -> list:
    """Whatever views ask of clusters."""
    data, ids = session.data, list(cluster_ids)
    found = [data.correlogram(a, b, **BINS).tolist() for a in ids for b in ids]
    for c in ids:
        stats = session.facts.stats(c)
        found += [
            data.spikes(c).tolist(),
            stats.template_ids.tolist(),
            stats.template_counts.tolist(),
            stats.n_spikes,
            stats.amplitude_median,
            np.diff(data.spike_times[data.spikes(c)]).tolist(),
            session.facts.pick(c, 7).tolist(),
            data.best_channels(c).tolist(),
            data.amplitudes(c).values.tolist(),
        ]
    return found


def state(session: Session) -> tuple:
    manager = session.manager
    return (
        session.spike_clusters().tolist(),
        session.clusters.to_dicts(),
        manager.assignment.next_id,
        session.can_undo,
        session.can_redo,
        session.dirty,
        session.selection.current,
        session.cluster_table.visible_ids(),
    )


def tree(folder: Path) -> dict[str, str]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {str(p): hashlib.sha1(p.read_bytes()).hexdigest() for p in files}


@FEW
@given(st.data())
def test_a_supposed_merge_is_what_the_merge_gives(folder, data):
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copytree(folder, Path(tmp) / "d")
        session = Session.open(Path(tmp) / "d" / "params.py")
        ids = data.draw(st.lists(st.sampled_from(session.cluster_ids), min_size=2, max_size=4, unique=True))
        if data.draw(st.booleans()):  # parts that are at hand are added up, others are counted
            everything(session, ids)
        (supposed,) = session.suppose.merge(ids).ids
        rest = [c for c in session.cluster_ids if c not in ids][:1]
        seen = everything(session, [supposed, *rest])
        (new,) = session.suppose.accept().added
        assert everything(session, [new, *rest]) == seen
        session.close()
        fresh = Session.open(Path(tmp) / "d" / "params.py", recover=True)  # nothing is kept there
        assert everything(fresh, [new, *rest]) == seen
        fresh.close()


@FEW
@given(st.data())
def test_a_supposed_split_is_what_the_split_gives(folder, data):
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copytree(folder, Path(tmp) / "d")
        session = Session.open(Path(tmp) / "d" / "params.py")
        of = data.draw(st.lists(st.sampled_from(session.cluster_ids), min_size=1, max_size=2, unique=True))
        spikes = np.concatenate([session.facts.spikes(c) for c in of])
        chosen = data.draw(st.lists(st.sampled_from(spikes.tolist()), min_size=1, max_size=30, unique=True))
        n_labels = data.draw(st.integers(1, 3))
        labels = None if n_labels == 1 else np.arange(len(chosen)) % n_labels
        try:
            supposed = session.suppose.split(chosen, labels)
        except ActionError:
            return
        seen = everything(session, supposed.ids)
        delta = session.suppose.accept()
        assert len(delta.added) == len(supposed.ids)
        assert everything(session, delta.added) == seen
        session.close()


@FEW
@given(
    st.lists(
        st.tuples(st.sampled_from(["merge", "split", "what merge", "what split", "undo", "look"]), st.integers(0, 99))
    )
)
def test_suppositions_leave_no_trace(folder, steps):
    states = []
    for with_suppositions in (True, False):
        with tempfile.TemporaryDirectory() as tmp:
            shutil.copytree(folder, Path(tmp) / "d")
            session = Session.open(Path(tmp) / "d" / "params.py")
            for kind, number in steps:
                if not kind.startswith("what") or with_suppositions:
                    one_step(session, kind, number)
            session.suppose.nothing()
            states.append(state(session)[:-2])
            session.close()
    assert states[0] == states[1]


def one_step(session: Session, kind: str, number: int) -> None:
    ids = session.cluster_ids
    pair = [ids[number % len(ids)], ids[(number + 1) % len(ids)]]
    spikes = session.facts.spikes(pair[0])[: 1 + number % 5]
    try:
        match kind:
            case "merge":
                session.merge(pair)
            case "split":
                session.split(spikes)
            case "what merge":
                session.suppose.merge(pair)
            case "what split":
                session.suppose.split(spikes)
            case "undo":
                session.undo()
            case "look":
                session.request()
    except ActionError:
        return


def test_nothing_changes_while_something_is_supposed(session):
    folder = session.model.dir_path
    session.select(session.cluster_ids[:2])
    before, files = state(session), tree(folder)
    supposed = session.suppose.merge()
    everything(session, supposed.ids)
    assert state(session) == before
    assert tree(folder) == files
    session.suppose.nothing()
    assert state(session) == before


def test_a_supposed_cluster_reads_as_what_it_is_made_of(session):
    a, b = session.cluster_ids[:2]
    (whole,) = session.suppose.merge([b, a]).ids
    assert f"{whole}" == str(whole) == f"{a}+{b}"
    parts = session.suppose.split(session.facts.spikes(a)[:5]).ids
    assert [str(c) for c in parts] == [f"{a}a", f"{a}b"]
    both = session.suppose.split([session.facts.spikes(a)[0], session.facts.spikes(b)[0]]).ids
    assert [str(c) for c in both] == [f"{a}+{b}a", f"rest of {a}", f"rest of {b}"]


def test_no_id_is_used_twice(session):
    pair = session.cluster_ids[:2]
    ids = [int(session.suppose.merge(pair).ids[0]) for _ in range(5)]
    assert len(set(ids)) == 5
    assert not set(ids) & set(session.cluster_ids)


def test_what_is_supposed_is_what_views_are_asked_for(session):
    a, b = session.cluster_ids[:2]
    session.select([a, b])
    (whole,) = session.suppose.merge().ids
    request = session.request()
    assert request.cluster_ids == (whole,)
    assert request.spike_ids[0].tolist() == sorted([*session.facts.spikes(a), *session.facts.spikes(b)])
    parts = session.request(of_parts=True)
    assert parts.cluster_ids == (a, b)
    assert parts.colors.tolist() == [request.colors[0].tolist()] * 2
    assert session.candidate_requests() == []


def test_in_a_time_range_the_spikes_of_the_range_are_shown(session):
    a, b = session.cluster_ids[:2]
    end = session.model.duration_s / 2
    session.set_time_range(0, end)
    session.suppose.merge([a, b])
    times = session.model.spike_times[session.request().spike_ids[0]]
    assert len(times)
    assert times.max() <= end


@pytest.mark.parametrize("end", ["select", "undo", "merge", "label", "nothing"])
def test_a_supposition_ends(session, end):
    a, b, c = session.cluster_ids[:3]
    session.merge([b, c])
    session.select([a])
    heard = []
    session.suppose.changed.connect(lambda: heard.append(session.suppose.current))
    session.suppose.merge([a, session.cluster_ids[-1]])
    match end:
        case "select":
            session.select([session.cluster_ids[-1]])
        case "undo":
            session.undo()
        case "merge":
            session.merge(session.cluster_ids[:2])
        case "label":
            session.label("note", "x", [a])
        case "nothing":
            session.suppose.nothing()
    assert session.suppose.current is None
    assert [h is None for h in heard] == ([False, True] if end == "nothing" else [False])


def test_what_cannot_be_done_cannot_be_supposed(session):
    with pytest.raises(ActionError, match="at least two"):
        session.suppose.merge(session.cluster_ids[:1])
    with pytest.raises(ActionError, match="Nothing is supposed"):
        session.suppose.accept()
    session.hold.take("Not now.")
    with pytest.raises(ActionError, match="Not now"):
        session.suppose.merge(session.cluster_ids[:2])


def test_a_read_only_session_supposes(session):
    other = Session.open(session.model.dir_path / "params.py", read_only=True)
    assert len(other.suppose.merge(other.cluster_ids[:2]).ids) == 1
    other.close()
