"""`phy-med history`, `replay` and `diff`, as they are typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from phy_medicine.app.cli import cli
from phy_medicine.io.journal_reader import journals
from phy_medicine.session.session import Session
from tests.io.miniatures import kilosort4


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "original"
    folder.mkdir()
    kilosort4(folder)
    return folder / "params.py"


@pytest.fixture
def curated(original: Path, tmp_path: Path) -> Path:
    """A copy with two saved sessions and one action that was not saved."""
    params = Path(shutil.copytree(original.parent, tmp_path / "curated")) / "params.py"
    session = Session.open(params)
    a, b, c = session.cluster_ids[:3]
    session.merge([a, b])
    session.move("good", cluster_ids=[c])
    session.undo()
    session.save()
    session.split(session.facts.spikes(c)[::2])
    session.save()
    session.label("note", "later", session.cluster_ids[:1])
    session.close()
    return params


def test_history_lists_journals_and_actions(curated):
    said = run("history", curated).output
    first, second, third = journals(curated.parent)
    for path, state, n in (
        (first, "saved", "2 actions"),
        (second, "saved", "1 action"),
        (third, "unsaved", "1 action"),
    ):
        (head,) = [line for line in said.splitlines() if path.name in line]
        assert f": {n}, {state}" in head
    lines = [line.split() for line in said.splitlines()]
    assert ["1", "Merge"] in [[line[0], line[2]] for line in lines if len(line) > 3]
    assert any(line[2:5] == ["Move", "to", "good"] and line[-1] == "undone" for line in lines)
    assert "Undo: move to good" in said


def test_history_as_json_has_ids_and_counts(curated):
    found = json.loads(run("history", curated, "--json", "--journal", journals(curated.parent)[0].name).output)
    assert [(j["state"], j["n_unreadable"]) for j in found] == [("saved", 0)]
    merge, group, undo = found[0]["actions"]
    labels = np.load(curated.parent.parent / "original" / "spike_clusters.npy").ravel()
    assert merge["kind"] == "merge"
    assert merge["counts"] == {str(c): int((labels == c).sum()) for c in merge["before"]}
    assert (group["fate"], undo["kind"]) == ("undone", "undo")


def test_history_of_nothing_and_of_no_such_journal(original, curated):
    assert run("history", original).output == "Nothing was done to this dataset yet.\n"
    missing = run("history", curated, "--journal", "1999")
    assert missing.exit_code == 1
    assert "There is no journal '1999'" in missing.output


def test_a_dry_replay_touches_nothing_and_a_saved_one_gives_the_files_of_the_first(original, curated):
    before = files_of(original.parent)
    tried = run("replay", curated, original)
    assert tried.exit_code == 0
    assert "4 actions of 2 journals fit" in tried.output
    assert "Nothing was written" in tried.output
    assert files_of(original.parent) == before
    saved = run("replay", curated, original, "--save")
    assert saved.output.rstrip().endswith("Saved.")
    for name in ("spike_clusters.npy", "cluster_group.tsv"):
        assert (original.parent / name).read_bytes() == (curated.parent / name).read_bytes()
    states = [j["state"] for j in json.loads(run("history", original, "--json").output)]
    assert states == ["saved", "saved"]


def test_one_journal_is_replayed_by_its_file(original, curated):
    said = run("replay", journals(curated.parent)[0], original, "--save").output
    assert "3 actions of the journal fit" in said
    assert "Nothing was done" not in run("history", original).output


def test_a_journal_that_does_not_fit_is_refused_in_a_sentence(original, curated):
    before = files_of(original.parent)
    for journal in (journals(curated.parent)[1], journals(curated.parent)[2]):
        refused = run("replay", journal, original, "--save")
        assert refused.exit_code == 1
        assert "begins with other labels than original has, so nothing was changed" in refused.output
    assert run("replay", original, curated).exit_code == 1
    assert files_of(original.parent) == before


def test_replay_does_not_go_over_unsaved_work(original, curated):
    session = Session.open(original)
    session.move("mua", cluster_ids=session.cluster_ids[:1])
    session.close()
    refused = run("replay", curated, original, "--save")
    assert refused.exit_code == 1
    assert "unsaved work" in refused.output


def test_diff_of_two_datasets(original, curated):
    text = run("diff", original, curated).output
    assert "merged     0, 1 \N{RIGHTWARDS ARROW}" in text
    assert "split      2 \N{RIGHTWARDS ARROW}" in text
    assert "kappa" in text
    found = json.loads(run("diff", original, curated, "--json").output)
    assert sorted(c["kind"] for c in found["changes"]) == ["merged", "split"]
    a, b = (np.load(p.parent / "spike_clusters.npy").ravel() for p in (original, curated))
    pairs = zip(found["contingency"]["a"], found["contingency"]["b"], found["contingency"]["n_spikes"], strict=True)
    assert all(int(((a == i) & (b == j)).sum()) == n for i, j, n in pairs)
    assert sum(found["contingency"]["n_spikes"]) == len(a)
    assert all(0 < c["agreement"] <= 1 for c in found["clusters"])


def test_diff_of_a_file_of_labels_and_of_a_journal(original, curated):
    same = run("diff", original.parent / "spike_clusters.npy", original).output
    assert "Every cluster has the same spikes and the same number in both." in same
    last_saved = run("diff", journals(curated.parent)[1], curated).output
    assert "Every cluster has the same spikes and the same number in both." in last_saved


def test_diff_of_what_is_no_curation_is_a_sentence(curated, tmp_path):
    np.save(tmp_path / "wrong.npy", np.array([0.5, 1.5]))
    (tmp_path / "torn.jsonl").write_text("{")
    for path in (tmp_path / "wrong.npy", tmp_path / "torn.jsonl"):
        refused = run("diff", path, curated)
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: ")
        assert "fault of the program" not in refused.output
