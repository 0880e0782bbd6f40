"""The same dataset read by phylib: it sees what we see, and reads back what we write."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phy_medicine.io.metadata import format_cluster_info, format_field
from phy_medicine.io.safe_write import SaveSet
from phy_medicine.io.template_model import TemplateModel
from tests.io import miniatures as mini

phylib_model = pytest.importorskip("phylib.io.model")
DATASETS = [*mini.EXPORTERS, "plain"]


@pytest.fixture(params=DATASETS)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[TemplateModel, Any]:
    make: Callable[[Path], Path] = mini.EXPORTERS.get(request.param, mini.plain)
    params = make(tmp_path / "ours")
    shutil.copytree(tmp_path / "ours", tmp_path / "theirs")  # phylib writes into what it opens
    logging.disable(logging.ERROR)
    theirs = phylib_model.load_model(tmp_path / "theirs" / "params.py")
    logging.disable(logging.NOTSET)
    return TemplateModel.open(params), theirs


def test_spikes_and_labels_are_those_of_phylib(both: tuple[TemplateModel, Any]):
    ours, theirs = both
    assert np.array_equal(ours.spike_samples, theirs.spike_samples)
    assert np.array_equal(ours.spike_times, theirs.spike_times)
    assert np.array_equal(ours.spike_templates, theirs.spike_templates)
    assert np.array_equal(ours.spike_clusters, theirs.spike_clusters)
    assert np.allclose(ours.amplitudes, theirs.amplitudes)
    assert np.array_equal(ours.channel_map, theirs.channel_mapping)
    assert {k: {c: str(x) for c, x in v.items()} for k, v in ours.metadata.fields.items()} == {
        k: {c: str(x) for c, x in v.items()} for k, v in theirs.metadata.items()
    }


def test_templates_are_those_of_phylib(both: tuple[TemplateModel, Any]):
    ours, theirs = both
    for i in range(ours.n_templates):
        b = theirs.get_template(i)
        a = ours.template(i)
        assert sorted(a.channel_ids.tolist()) == sorted(b.channel_ids.tolist())
        assert np.allclose(ours.template(i, b.channel_ids).data, b.template, rtol=1e-5, atol=1e-6)
        assert a.channel_ids[0] == b.best_channel


def test_features_are_those_of_phylib(both: tuple[TemplateModel, Any]):
    ours, theirs = both
    if ours.features is None or not ours.features.complete:
        pytest.skip("phylib has zeros or overwritten channels here")
    spikes, channels = np.arange(0, 200, 7), np.array([0, 3, 2])
    expected = theirs.get_features(spikes, channels)
    assert np.allclose(np.nan_to_num(ours.features.get(spikes, channels)), expected)


def test_raw_data_are_those_of_phylib(both: tuple[TemplateModel, Any]):
    ours, theirs = both
    if ours.traces is None:
        assert theirs.traces is None
        return
    assert np.array_equal(ours.traces.read(100, 130), theirs.traces[100:130])
    assert ours.duration_s == theirs.duration


def test_phylib_reads_back_a_curation(tmp_path: Path):
    model = TemplateModel.open(mini.plain(tmp_path))
    labels = model.spike_clusters.copy()
    labels[np.isin(labels, (1, 2))] = 5  # a merge
    labels[np.flatnonzero(labels == 3)[:10]] = 6  # a split
    files, ids = SaveSet(tmp_path, model.fingerprints), np.unique(labels)
    files.add_labels(model.clusters_name, labels)
    files.add("cluster_group.tsv", format_field("group", {5: "good", 6: "noise"}, ids))
    files.add("cluster_note.tsv", format_field("note", {5: "seen twice", 0: 3}, ids))
    files.add("cluster_info.tsv", format_cluster_info([{"cluster_id": int(i), "fr": 0.5} for i in ids]))
    files.commit()
    theirs = phylib_model.load_model(tmp_path / "params.py")
    assert theirs.spike_clusters.tolist() == labels.tolist()
    assert theirs.metadata == {"group": {5: "good", 6: "noise"}, "note": {5: "seen twice", 0: 3}}


def test_what_phylib_saves_is_read(tmp_path: Path):
    params = mini.plain(tmp_path)
    theirs = phylib_model.load_model(params)
    labels = np.where(theirs.spike_clusters == 0, 9, theirs.spike_clusters)
    theirs.save_spike_clusters(labels)
    theirs.save_metadata("group", {9: "good"})
    ours = TemplateModel.open(params)
    assert ours.spike_clusters.tolist() == labels.tolist()
    assert dict(ours.metadata.fields["group"]) == {9: "good"}
