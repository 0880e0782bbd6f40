"""The journals of a dataset, read back: listed, followed from the sorter's labels, refused where they do not fit."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.base.errors import ActionError, DatasetError, JournalError
from phy_medicine.io.journal_reader import journals, read_journal
from phy_medicine.io.open_model import open_model
from phy_medicine.session.compared import Comparison, read_side
from phy_medicine.session.past import (
    fresh_manager,
    manager_after,
    past_journals,
    replay_files,
    replay_into,
    saved_chain,
)
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4

from .any_steps import any_steps, take


def curate(params: Path, *steps, save: bool = True) -> tuple[list[int], dict[int, str]]:
    """Do steps in a session of its own; return labels and groups at its end."""
    session = Session.open(params)
    for step in steps:
        step(session)
    if save:
        session.save()
    labels = session.spike_clusters().tolist()
    groups = {c: str(g) for c, g in session.manager.labels.values("group").items()}
    session.close()
    return labels, groups


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sorted")
    kilosort4(folder)
    return folder


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "copy")) / "params.py"


def merge(session: Session) -> None:
    session.merge(session.cluster_ids[:2])


def move(session: Session) -> None:
    session.move("good", cluster_ids=session.cluster_ids[-1:])


def split(session: Session) -> None:
    session.split(session.facts.spikes(session.cluster_ids[0])[::2])


def undo(session: Session) -> None:
    session.undo()


@settings(max_examples=10, deadline=None)
@given(st.lists(any_steps("v"), min_size=1, max_size=4))
def test_the_whole_history_on_the_sorters_labels_gives_those_of_now(original, sessions):
    with tempfile.TemporaryDirectory() as tmp:
        params = Path(shutil.copytree(original, Path(tmp) / "curated")) / "params.py"
        for steps in sessions:
            session = Session.open(params)
            for kind, i, j in steps:
                if kind == "v":
                    session.save()
                take(session, kind, i, j)
            session.move("good", cluster_ids=session.cluster_ids[:1])
            session.save()
            session.close()
        now, start = open_model(params), open_model(original / "params.py")
        chain = saved_chain(past_journals(now)[0], start.labels_hash())
        manager = replay_files(start, fresh_manager(start), chain)
        assert manager.assignment.labels().tolist() == now.spike_clusters.tolist()
        assert dict(manager.labels.values("group")) == dict(now.metadata.fields["group"])
        assert len(chain) == len(journals(params.parent))
        last = manager_after(now, chain[-1].path)
        assert last.assignment.labels().tolist() == now.spike_clusters.tolist()


def test_journals_are_listed_with_what_became_of_them(copy):
    curate(copy, merge, move)
    curate(copy, split, save=False)
    Session.open(copy, recover=False).close()
    curate(copy, split, undo, save=False)
    found, problems = past_journals(open_model(copy))
    assert [(j.state, len(j.file.records)) for j in found] == [("saved", 2), ("discarded", 1), ("unsaved", 2)]
    assert [(e.entry.what, e.fate) for e in found[2].entries] == [("Split", "undone"), ("Undo: split", "done")]
    assert problems == ()


def test_a_file_that_is_no_journal_is_named_and_the_others_are_listed(copy):
    curate(copy, merge)
    (copy.parent / ".phy_medicine" / "journal" / "zzz.jsonl").write_text("no journal\n")
    found, (problem,) = past_journals(open_model(copy))
    assert [j.state for j in found] == ["saved"]
    assert "zzz.jsonl" in problem


def test_numbers_of_clusters_that_were_undone_before_a_save_are_given_again(copy, original):
    curate(copy, merge, split, undo)
    curate(copy, split)
    start = open_model(original / "params.py")
    chain = saved_chain(past_journals(open_model(copy))[0], start.labels_hash())
    labels = replay_files(start, fresh_manager(start), chain).assignment.labels()
    assert labels.tolist() == open_model(copy).spike_clusters.tolist()


def test_a_journal_is_replayed_into_a_session_as_actions_that_can_be_undone(copy, original, tmp_path):
    labels, groups = curate(copy, merge, move, split, undo)
    (path,) = journals(copy.parent)
    fresh = Path(shutil.copytree(original, tmp_path / "fresh")) / "params.py"
    session = Session.open(fresh)
    replay_into(session, read_journal(path))
    assert session.spike_clusters().tolist() == labels
    assert [item.kind for item in session.history.items] == ["merge", "group", "split"]
    with pytest.raises(ActionError, match="as they were opened"):
        replay_into(session, read_journal(path))
    session.storage.close()
    again = Session.open(fresh, recover=True)
    assert again.spike_clusters().tolist() == labels
    assert dict(again.manager.labels.values("group")) == groups
    again.close()


def test_a_journal_of_other_labels_is_refused_and_nothing_changes(copy, original, tmp_path):
    curate(copy, merge)
    curate(copy, split)
    fresh = Path(shutil.copytree(original, tmp_path / "fresh")) / "params.py"
    session = Session.open(fresh)
    with pytest.raises(JournalError, match="begins with other labels than fresh has, so nothing was changed"):
        replay_into(session, read_journal(journals(copy.parent)[1]))
    assert not session.history.items
    assert journals(fresh.parent) == ()
    session.close()


def test_the_state_after_each_journal_is_found_by_the_backups(copy):
    states = [curate(copy, merge, move), curate(copy, split, move), curate(copy, merge, undo, split)]
    model = open_model(copy)
    for path, (labels, groups) in zip(journals(copy.parent), states, strict=True):
        manager = manager_after(model, path)
        assert manager.assignment.labels().tolist() == labels
        assert dict(manager.labels.values("group")) == groups
    first, last = (read_side(journals(copy.parent)[i]) for i in (0, 2))
    assert (first.labels.tolist(), last.labels.tolist()) == (states[0][0], states[2][0])
    assert (dict(first.groups), dict(last.groups)) == (states[0][1], states[2][1])


def test_a_journal_whose_beginning_is_kept_nowhere_says_so(copy):
    curate(copy, merge)
    curate(copy, split, save=False)
    labels = np.load(copy.parent / "spike_clusters.npy")
    np.save(copy.parent / "spike_clusters.npy", labels[::-1].copy())
    shutil.rmtree(copy.parent / ".phy_medicine" / "backups")
    (copy.parent / "spike_templates.npy").write_bytes((copy.parent / "spike_clusters.npy").read_bytes())
    with pytest.raises(JournalError, match="are not kept"):
        manager_after(open_model(copy), journals(copy.parent)[1])


def test_curations_of_other_spikes_are_not_compared(copy, tmp_path):
    np.save(tmp_path / "few.npy", np.arange(3, dtype=np.int32))
    with pytest.raises(DatasetError, match=r"has 200 spikes and .*few.npy has 3;"):
        Comparison.of(read_side(copy), read_side(tmp_path / "few.npy"))
