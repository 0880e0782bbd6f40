"""`phy-med recluster`: a table, suggestions, and splits only where they are asked for."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import phy_medicine
from phy_medicine.app.cli import cli
from phy_medicine.app.job_command import JobOutcome
from phy_medicine.base.paths import OwnFiles
from phy_medicine.compute.mixture.settings import ReclusterSettings
from phy_medicine.session import unfinished


def run(*words: object):
    return CliRunner().invoke(cli, ["recluster", *(str(word) for word in words)])


def labels_of(dataset: Path):
    return np.load(dataset.parent / "spike_clusters.npy").ravel()


@pytest.fixture
def merged(dataset: Path):
    """A dataset in which two distant clusters are one, number 99, in the group mua."""
    session = phy_medicine.open(dataset)
    model, labels = session.model, session.spike_clusters()
    depths = model.channel_positions[model.template_peak_channels[model.spike_templates], 1]
    mean = {c: depths[labels == c].mean() for c in np.unique(labels) if (labels == c).sum() > 80}
    delta = session.merge([int(min(mean, key=mean.get)), int(max(mean, key=mean.get))])
    session.move("mua", cluster_ids=delta.added)
    session.save()
    session.close()
    return dataset, delta.added[0]


def test_an_interrupted_one_is_gone_on_with_and_its_split_is_a_suggestion(merged, tmp_path):
    dataset, cluster_id = merged
    before = labels_of(dataset).tolist()
    asked = asdict(ReclusterSettings(clusters=str(cluster_id))) | {"device": "auto"}
    kept = unfinished.begin(OwnFiles(dataset.parent).unfinished, "recluster", asked)
    (kept / "7-of-other-settings.npz").write_bytes(b"")
    result = run(dataset, "--resume", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    head, row, *_ = result.stdout.splitlines()
    assert head.split() == ["cluster", "spikes", "parts", "sizes", "valley", "log", "evidence", "verdict"]
    assert row.split()[0] == str(cluster_id) and row.endswith("split into 2")
    assert "1 of 1 cluster may be split" in result.stdout and "Kept as 'recluster 1'" in result.stdout
    assert labels_of(dataset).tolist() == before and not kept.exists()
    assert (tmp_path / "out" / "recluster.tsv").read_text().splitlines()[1].endswith("split into 2")
    assert np.load(tmp_path / "out" / "parts.npy").shape == (before.count(cluster_id),)
    suggested = json.loads(CliRunner().invoke(cli, ["suggest", str(dataset), "--kinds", "split", "--json"]).stdout)
    assert [s["source"] for s in suggested if s["clusters"] == [cluster_id]] == ["mixture model, recluster 1"]


def test_splits_of_a_group_are_done_and_saved_where_that_is_asked_for(merged):
    dataset, cluster_id = merged
    before = labels_of(dataset)
    result = run(dataset, "--group", "mua", "--apply", "--save", "--no-store", "--json")
    assert result.exit_code == 0, result.output
    (facts,) = json.loads(result.stdout)["clusters"]
    after, own = labels_of(dataset), before == cluster_id
    assert sorted(set(after[own].tolist())) == facts["became"] and len(facts["became"]) == 2
    assert sorted(np.unique(after[own], return_counts=True)[1].tolist(), reverse=True) == facts["sizes"]
    assert after[~own].tolist() == before[~own].tolist()
    assert not (dataset.parent / ".phy_medicine" / "store.kwik").exists()


def test_splits_that_are_not_saved_wait_as_unsaved_work(merged, monkeypatch):
    dataset, cluster_id = merged
    before = labels_of(dataset)
    spikes = np.flatnonzero(before == cluster_id)
    arrays = {
        "cluster_ids": [cluster_id], "n_spikes": [len(spikes)], "depth": [0.5], "log_evidence": [9.0], "pair": [[0, 1]],
        "n_uncertain": [0], "pairs": [0], "expected": [0.0], "together": [1.0], "first_row": [0, len(spikes)],
        "spike_ids": spikes, "parts": np.arange(len(spikes)) % 2, "certainty": np.ones(len(spikes)),
    }  # fmt: skip
    outcome = JobOutcome("recluster", None, {k: np.array(v) for k, v in arrays.items()}, {}, {}, {}, "cpu", 1.0)
    monkeypatch.setattr("phy_medicine.app.recluster.run_job", lambda *_, **__: outcome)
    result = run(dataset, "--clusters", cluster_id, "--apply", "--no-store")
    assert result.exit_code == 0 and f"Cluster {cluster_id} became " in result.stdout
    assert "Not saved yet" in result.stdout and labels_of(dataset).tolist() == before.tolist()
    again = run(dataset, "--clusters", cluster_id, "--apply")
    assert again.exit_code == 1 and "has unsaved work" in again.output
    session = phy_medicine.open(dataset, recover=True)
    now = session.spike_clusters()
    assert len(set(now[spikes[::2]])) == len(set(now[spikes[1::2]])) == 1 and now[spikes[0]] != now[spikes[1]]
    session.undo()
    assert session.spike_clusters().tolist() == before.tolist()
    session.close()


def test_ctrl_c_leaves_no_run(dataset, interrupt):
    words = ["recluster", str(dataset), "--all", "--executor", "local:1", "--log"]
    code, said = interrupt([sys.executable, "-m", "phy_medicine", *words], "By 1 process")
    assert code == 1 and "was cancelled" in said
    assert not (dataset.parent / ".phy_medicine" / "store.kwik").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "--clusters, --group and --all"), (["--all", "--clusters", "3"], 2, "--clusters, --group and --all"),
        (["--all", "--save"], 2, "--apply"), (["--resume", "--all"], 2, "leave them out"),
        (["--resume", "--no-store"], 2, "leave out --resume"), (["--resume"], 1, "no interrupted job"),
        (["--group", "mine"], 1, "no cluster in the group mine; the groups with clusters are: "),
        (["--clusters", "x"], 1, "Clusters are numbers"), (["--all", "--executor", "moon"], 1, "Workers are local"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(dataset, words, code, said):
    result = run(dataset, *words)
    assert result.exit_code == code and said in result.output, result.output
