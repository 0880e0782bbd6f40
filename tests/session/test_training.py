"""A training from the sorter's mistakes to the truth, and its report in words, as a table and as a page."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.app.build import open_training
from phy_medicine.base.errors import DatasetError
from phy_medicine.io.simulate import training as trainings
from phy_medicine.io.simulate.training import LEVELS, MARK, make_training, read_truth
from phy_medicine.session.training_text import as_html, as_text, as_tsv, in_words, write_report

SMALL = {
    name: dataclasses.replace(
        LEVELS["medium"], channels=8, units=8, duration_s=12.0, oversplit=0.25, overmerge=0.25, rate_hz=8.0, raw=False,
        artifacts=1, far_clusters=1,
    )
    for name in LEVELS
}  # fmt: skip


@pytest.fixture(scope="module")
def small_training(brief_folder):
    with brief_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainings, "LEVELS", SMALL)
        yield make_training(folder / "training", "easy", 4)


@pytest.fixture
def session(small_training: Path):
    session = open_training(small_training)
    yield session
    session.discard_journal()
    session.close()


def test_mending_every_mistake_gives_a_hundred(session):
    training = session.training
    report = training.report()
    truth = read_truth(session.model.dir_path, session.model.n_spikes)
    assert report.score == 0
    assert (report.done("missed merge"), report.done("missed split")) == ((0, 2), (0, 1))
    for mistake in report.left:
        if mistake.kind == "missed split":
            spikes = np.flatnonzero(truth.spike_sources == mistake.sources[0])
            session.split(spikes)
        else:
            session.merge(mistake.clusters)
    for check in training.report().labels:
        session.label("group", check.expected, [check.cluster])
    report = training.report()
    assert report.after.mean == 1 > report.before.mean
    assert (report.done("missed merge"), report.done("missed split"), report.left) == ((2, 2), (1, 1), ())
    assert report.score == pytest.approx(100)
    assert "Nothing" in as_html(report)


def test_what_the_curator_did_wrong_is_told(session):
    labels = session.training.report().after
    a, b = (int(c) for c in labels.cluster_ids[labels.accuracy == 1][:2])
    session.merge([a, b])
    report = session.training.report()
    (wrong,) = [m for m in report.left if m.kind == "wrong merge"]
    new = max(session.cluster_ids)
    assert in_words(report, wrong) == f"cluster {new} joins neuron {wrong.sources[0]} and neuron {wrong.sources[1]}"
    assert report.made("wrong merge") == 1
    assert report.score == 0


def test_the_report_as_text_table_and_page(session, tmp_path):
    report = session.training.report()
    rows = [line.split("\t") for line in as_tsv(report).splitlines()]
    assert {len(row) for row in rows} == {8}
    assert sum(row[0] == "neuron" for row in rows) == 8
    assert ["score", "merges_to_do", "", "2", "", "", "", ""] in rows
    assert "Merges done: 0 of 2" in as_text(report)
    page = tmp_path / "report.html"
    write_report(report, page)
    assert "<h2>Still wrong</h2><table>" in page.read_text()
    assert "http" not in page.read_text()
    with pytest.raises(DatasetError, match="neither"):
        write_report(report, tmp_path / "report.pdf")


def test_a_training_goes_on_where_it_was_unless_a_fresh_one_is_wanted(brief_folder, monkeypatch):
    monkeypatch.setattr(trainings, "LEVELS", SMALL)
    with brief_folder() as folder:
        params = make_training(folder / "t", "easy", 1)
        labels = params.parent / "spike_clusters.npy"
        np.save(labels, np.load(labels) + 1)
        own = params.parent / ".phy_medicine"
        own.mkdir()
        before = labels.read_bytes()
        assert make_training(folder / "t", "easy", 1) == params
        assert labels.read_bytes() == before
        with pytest.raises(DatasetError, match="easy, seed 1"):
            make_training(folder / "t", "hard", 1)
        make_training(folder / "t", "hard", 2, fresh=True)
        assert labels.read_bytes() != before
        assert not own.exists()
        assert json.loads((folder / "t" / MARK).read_text()) == {"level": "hard", "seed": 2}


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(DatasetError, match="not empty"):
        make_training(tmp_path, "easy", 1, fresh=True)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_not_the_truth_of_these_spikes_is_refused(dataset):
    truth = dataset.parent / "ground_truth.npz"
    arrays = dict(np.load(truth))
    n = len(arrays["spike_units"])
    with pytest.raises(DatasetError, match="not the truth"):
        read_truth(dataset.parent, n + 1)
    np.savez(truth, **{**arrays, "spike_units": arrays["spike_units"] + 100})
    with pytest.raises(DatasetError, match="not the truth"):
        read_truth(dataset.parent, n)
    truth.unlink()
    with pytest.raises(DatasetError, match=r"no ground_truth\.npz"):
        open_training(dataset)
