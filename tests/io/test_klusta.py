"""Files of the klusta package itself: opened, curated, and read back by klusta where it is installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.io.kwik_model import KwikModel
from phy_medicine.session.session import Session

FOLDER = Path(__file__).parent.parent / "data" / "klusta_mock"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of the dataset that klusta generated."""
    shutil.copytree(FOLDER, tmp_path / "mock")
    return tmp_path / "mock" / "_test.kwik"


def test_a_file_of_klustas_own_generator_reads_as_in_klusta(path: Path):
    model = KwikModel.open(path)
    with np.load(FOLDER / "read_by_klusta.npz") as klusta:
        every = np.arange(model.n_spikes)
        assert model.spike_samples.tolist() == klusta["samples"].tolist()
        assert model.spike_clusters.tolist() == klusta["clusters"].tolist()
        assert model.channel_map.tolist() == klusta["channel_order"].tolist()
        assert np.array_equal(model.features.get(every, np.arange(4)), klusta["features"])
        assert np.array_equal(model.features.masks_of(every), klusta["masks"])
        groups = {c: str(g) for c, g in (pair.split(":") for pair in klusta["groups"].tolist())}
        ours = model.metadata.fields["group"]
        assert groups == {str(c): ours.get(c, "unsorted") for c in range(4)}
    assert model.clusterings == ("main", "original") and model.channel_group == 1
    assert model.checks == ()


def test_waveforms_are_those_of_klusta_but_for_its_lopsided_margin(path: Path):
    session = Session.open(path)
    with np.load(FOLDER / "read_by_klusta.npz") as klusta:
        for cluster in session.cluster_ids:
            found = session.data.waveforms(cluster, range(4))
            samples = session.model.spike_samples[found.spike_ids]
            inside = (samples > 60) & (samples < session.model.traces.n_samples - 60)
            ours, theirs = found.data[inside, 6:-6], klusta["waveforms"][found.spike_ids[inside], 6:-6]
            # The raw data are white noise, of which the margin decides more than of a spike.
            assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.97
    session.close()


def test_a_curated_klusta_file_reopens_identically(path: Path):
    session = Session.open(path)
    session.merge([0, 2])
    session.split(np.flatnonzero(session.spike_clusters() == 3)[:5])
    session.move("good", cluster_ids=[1])
    session.move("Axon", cluster_ids=[session.cluster_ids[-1]])
    session.label("note", "x", [1])
    session.save()
    labels, table = session.spike_clusters(), session.clusters.to_dicts()
    session.close()
    again = Session.open(path)
    assert np.array_equal(again.spike_clusters(), labels) and again.clusters.to_dicts() == table
    again.close()
    klusta = pytest.importorskip("klusta.kwik.model", reason="klusta is not installed")
    model = klusta.KwikModel(str(path))
    assert model.spike_clusters.tolist() == labels.tolist()
    assert model.cluster_groups[1] == "good"
