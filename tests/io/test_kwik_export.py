"""A dataset written as Kwik files reopens identically, in this program; all files are written, or none."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phy_medicine.base.errors import DatasetError
from phy_medicine.io import h5
from phy_medicine.io.export import kwik as kwik_export
from phy_medicine.io.export.kwik import export_kwik
from phy_medicine.io.kwik_model import KwikModel
from phy_medicine.io.kwik_write import KwikChannelGroup, KwikClustering, KwikContent, KwikRecording, write_kwik
from phy_medicine.io.template_model import TemplateModel
from phy_medicine.session.session import Session
from tests.io.miniatures import EXPORTERS
from tests.io.small_disk import small_disk


@pytest.mark.parametrize("exporter", EXPORTERS)
@pytest.mark.parametrize("raw", ["link", "copy"])
def test_a_dataset_of_any_sorter_reopens_identically(tmp_path: Path, exporter: str, raw: str):
    (tmp_path / "data").mkdir()
    original = TemplateModel.open(EXPORTERS[exporter](tmp_path / "data"))
    export_kwik(original, tmp_path / "out" / "rec.kwik", raw=raw)
    model = KwikModel.open(tmp_path / "out" / "rec.kwik")
    every, channels = np.arange(original.n_spikes), np.arange(original.n_channels)
    assert np.array_equal(model.spike_samples, original.spike_samples)
    assert np.array_equal(model.spike_times, original.spike_samples / original.sample_rate)
    assert np.array_equal(model.spike_clusters, original.spike_clusters)
    assert np.array_equal(model.spike_templates, original.spike_templates)
    assert np.array_equal(model.channel_map, original.channel_map)
    assert np.array_equal(model.channel_positions, original.channel_positions)
    assert np.array_equal(model.channel_shanks, original.channel_shanks)
    assert np.array_equal(model.amplitudes, original.amplitudes)
    living = set(np.unique(original.spike_clusters).tolist())
    for name, values in original.metadata.fields.items():
        kept = {c: v for c, v in values.items() if c in living and v != "unsorted"}
        found = dict(model.metadata.fields.get(name, {}))
        assert repr(found) == repr(kept)  # NaN is not equal to itself
    if original.features is not None:
        expected = original.features.get(every, channels)
        assert np.array_equal(model.features.get(every, channels), expected, equal_nan=True)
    if original.traces is not None:
        assert np.array_equal(model.traces.read(0, 500), original.traces.read(0, 500))
        assert model.duration_s == original.duration_s
    else:
        assert model.traces is None


def test_clusters_have_the_same_best_channels(dataset: Path, tmp_path: Path):
    export_kwik(TemplateModel.open(dataset), tmp_path / "rec.kwik")
    kwik, original = Session.open(tmp_path / "rec.kwik"), Session.open(dataset)
    for cluster in original.cluster_ids:
        assert kwik.data.peak_channel(cluster) == original.data.peak_channel(cluster)
    kwik.close()
    original.close()


def test_the_dataset_itself_is_not_touched(dataset: Path, tmp_path: Path):
    before = {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")}
    report = export_kwik(TemplateModel.open(dataset), tmp_path / "folder")
    assert [p.name for p in report.files] == ["dataset.kwik", "dataset.kwx"]
    assert {p: p.stat().st_mtime_ns for p in dataset.parent.rglob("*")} == before


def test_nothing_is_overwritten(dataset: Path, tmp_path: Path):
    (tmp_path / "rec.kwx").write_text("mine")
    with pytest.raises(DatasetError, match=r"rec\.kwx exists already"):
        export_kwik(TemplateModel.open(dataset), tmp_path / "rec.kwik")
    assert [p.name for p in tmp_path.iterdir() if p.name != "dataset"] == ["rec.kwx"]


@pytest.mark.parametrize("n_writes", [0, 1, 5, 30])
def test_a_full_disk_leaves_nothing(dataset: Path, tmp_path: Path, n_writes: int, monkeypatch: pytest.MonkeyPatch):
    counted = iter(range(1000))
    write_attr = h5.H5File.write_attr

    def fail(self: h5.H5File, path: str, name: str, value: object) -> None:
        if next(counted) >= n_writes:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_attr(self, path, name, value)

    monkeypatch.setattr(h5.H5File, "write_attr", fail)
    with pytest.raises(DatasetError, match="no space left on device"):
        export_kwik(TemplateModel.open(dataset), tmp_path / "out", raw="copy")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_that_is_really_full_leaves_nothing(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    usage = type("usage", (), {"free": 1 << 40})
    monkeypatch.setattr(kwik_export.shutil, "disk_usage", lambda _path: usage)
    with small_disk(tmp_path / "disk", "100k") as disk:
        with pytest.raises(DatasetError, match="no space left on device"):
            export_kwik(TemplateModel.open(dataset), disk / "out")
        assert list((disk / "out").iterdir()) == []


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_the_space_is_taken_before_hdf5_needs_it_and_given_back(
    tmp_path: Path, exporter: str, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "data").mkdir()
    reserved: dict[Path, int] = {}
    real = h5.reserve
    monkeypatch.setattr(h5, "reserve", lambda at, n: (reserved.update({at: n}), real(at, n)))
    report = export_kwik(TemplateModel.open(EXPORTERS[exporter](tmp_path / "data")), tmp_path / "out", raw="copy")
    assert sorted(reserved) == sorted(report.files)
    assert all(path.stat().st_size <= n for path, n in reserved.items())


def test_raw_data_that_cannot_be_named_are_refused(dataset: Path, tmp_path: Path):
    dataset.write_text(dataset.read_text() + "\noffset = 320\n")
    with pytest.raises(DatasetError, match="--raw copy"):
        export_kwik(TemplateModel.open(dataset), tmp_path / "out")
    export_kwik(TemplateModel.open(dataset), tmp_path / "out", raw="none", features=False)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["dataset.kwik"]


LABEL = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text("abc µ'é/", min_size=1), st.just("good")
)


@settings(max_examples=30, deadline=None)
@given(
    labels=hnp.arrays(np.int32, st.integers(1, 40), elements=st.integers(0, 12)),
    fields=st.dictionaries(st.text("ab_µ", min_size=1), st.dictionaries(st.integers(0, 12), LABEL), max_size=3),
    groups=st.dictionaries(st.integers(0, 12), st.sampled_from(["good", "noise", "mua", "Axon", "x y"])),
)
def test_any_content_comes_back(
    brief_folder,
    labels: np.ndarray,
    fields: dict[str, dict[int, object]],
    groups: dict[int, str],
):
    recordings = (np.arange(len(labels)) * 2 // len(labels)).astype(np.int32)
    samples = np.arange(len(labels)) * 7 - recordings * 3
    clustering = KwikClustering(labels, groups, fields)
    group = KwikChannelGroup(np.array([3, 1]), np.array([[0.0, 1], [2, 3]]), samples, {"main": clustering}, recordings)
    with brief_folder() as folder:
        path = folder / "a.kwik"
        write_kwik(path, KwikContent("a", 1000.0, {4: group}, (KwikRecording(), KwikRecording(5000))))
        model, living = KwikModel.open(path), set(labels.tolist())
        assert model.spike_clusters.tolist() == labels.tolist()
        assert model.spike_samples.tolist() == (samples + recordings * 5000).tolist()
        assert dict(model.metadata.fields["group"]) == {c: g for c, g in sorted(groups.items()) if c in living}
        for name, values in fields.items():
            found = dict(model.metadata.fields.get(name, {}))
            assert found == {c: v for c, v in values.items() if c in living}
            assert [type(v) for v in found.values()] == [type(values[c]) for c in found]


def test_content_that_is_not_consistent_is_refused(tmp_path: Path):
    good = KwikClustering(np.array([0, 1]))
    group = KwikChannelGroup(np.array([0]), np.zeros((1, 2)), np.array([5, 6, 7]), {"main": good})
    with pytest.raises(DatasetError, match="2 labels for 3 spikes"):
        write_kwik(tmp_path / "a.kwik", KwikContent("a", 1.0, {0: group}))
    group = KwikChannelGroup(np.array([0]), np.zeros((2, 2)), np.array([5, 6]), {"main": good})
    with pytest.raises(DatasetError, match="positions of the shape"):
        write_kwik(tmp_path / "b.kwik", KwikContent("a", 1.0, {0: group}))
