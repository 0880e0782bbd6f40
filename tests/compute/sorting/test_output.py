"""The dataset of a sorting: opened again without a remark, with what the sorter found in its place."""

from __future__ import annotations

import errno
import json
import logging
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phy_medicine
from phy_medicine.base.errors import DatasetError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting import output
from phy_medicine.compute.sorting.output import centres, dataset_of, seen_depths, similar_templates
from phy_medicine.io import sorting_output
from phy_medicine.io.sorting_output import check_output, finish, is_unfinished, write_sorting
from phy_medicine.io.template_model import TemplateModel
from tests.compute.sorting.made_sortings import N_SAMPLES, RATE, TROUGH, WIDTH, random_sorting, true_sorting
from tests.conftest import BriefFolder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sorted")
    found, raw = true_sorting(folder / "raw.dat")
    return write_sorting(folder / "out", dataset_of(found, raw, log=["a", "b"], facts={"probe": "p.json"}))


def test_it_opens_without_a_remark(written: Path) -> None:
    model = TemplateModel.open(written)
    assert model.template(0) is not None and model.whitening_inverse is not None
    assert model.checks == ()
    assert (model.n_spikes, model.n_templates, model.n_channels) == (409, 3, 8)
    assert (model.duration_s, model.sample_rate) == (N_SAMPLES / RATE, RATE)


def test_a_session_opens_it_with_its_motion_and_labels(written: Path) -> None:
    session = phy_medicine.open(written, read_only=True)
    try:
        assert session.store.problem == ""
        assert [(run.kind, run.inputs.keys()) for run in session.store.runs()] == [
            ("motion", {str(written.parent.parent / "raw.dat")}),
            ("sorting", {str(written.parent.parent / "raw.dat")}),
        ]
        assert session.motion.current is not None
        assert session.motion.current.displacement.tolist() == [[1.0], [-1.0]]
        table = {row["id"]: row for row in session.clusters.to_dicts()}
        assert [table[k]["group"] for k in range(3)] == ["good", "good", "mua"]
        assert (table[0]["snr"], table[1].get("snr"), table[2]["reason"]) == (12.0, None, "c d")
        assert session.store.run("sorting 1").params["seed"] == 0
    finally:
        session.close()


def test_waveforms_of_the_raw_file_are_amplitude_times_template(written: Path) -> None:
    model = TemplateModel.open(written)
    assert model.traces is not None and model.amplitudes is not None
    before = model.waveform_rule.before
    for spike in range(0, model.n_spikes, 7):
        template = model.template(int(model.spike_templates[spike]))
        start = int(model.spike_samples[spike]) - before
        window = model.traces.read(start, start + len(template.data), template.channel_ids).astype(float)
        inside = np.abs(template.data).max(axis=1) > 0  # the rest is padding
        expected = model.amplitudes[spike] * template.data[inside]
        assert _cosine(window[inside], expected) > 0.9
        assert np.linalg.norm(expected) == pytest.approx(np.linalg.norm(window[inside]), rel=0.2)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))


def test_features_say_where_spikes_are_and_how_like_other_templates(written: Path) -> None:
    model = TemplateModel.open(written)
    depths = model.spike_attributes["positions"][:, 1]
    for unit, depth in enumerate([10.0, 70.0, 130.0]):
        assert np.median(depths[model.spike_templates == unit]) == pytest.approx(depth, abs=8)
    scores = np.load(written.parent / "template_features.npy")
    index = np.load(written.parent / "template_feature_ind.npy")
    assert index[:, 0].tolist() == [0, 1, 2]
    assert scores[:, 0] == pytest.approx(model.amplitudes, rel=0.25)


def test_provenance_is_written(written: Path) -> None:
    folder = written.parent
    facts = json.loads((folder / "sorter_settings.json").read_text())
    assert facts["settings"]["rounds"] == 3
    assert (facts["probe"], facts["channels_left_out"]) == ("p.json", {"0": "dead"})
    assert (folder / "sorter_log.txt").read_text() == "a\nb\n"
    assert (folder / "suggested_merges.tsv").read_text() == "first\tsecond\tscore\treason\n0\t1\t0.5000\talike\n"
    assert np.load(folder / "log_likelihood.npy").tolist() == [-1.5, -1.42]
    assert np.load(folder / "motion" / "displacement.npy").shape == (2, 1)
    assert "dat_path = '../raw.dat'" in written.read_text()
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [".phy_medicine", ".sorting", "motion"]


@pytest.mark.skipif(find_spec("phylib") is None, reason="phylib, the library of phy, is not installed here")
def test_it_opens_in_phylib_without_a_warning(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    from phylib.io.model import load_model

    with caplog.at_level(logging.WARNING):
        model = load_model(written)
        model.get_features(np.arange(5), np.arange(3))
        model.get_template_features(np.arange(5))
        model.get_waveforms(np.arange(5), np.arange(3))
    # Of stored waveforms, which only save reading the raw file; phylib says so of every dataset without them.
    known = "Skipping spike waveforms that do not exist"
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [line for line in said if not line.startswith(known)] == []


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000), n_spikes=st.integers(2, 60), n_units=st.integers(1, 20), n_channels=st.integers(2, 9),
    n_local=st.integers(1, 6),
)  # fmt: skip
def test_what_was_found_is_read_back_in_its_order(
    brief_folder: BriefFolder, seed: int, n_spikes: int, n_units: int, n_channels: int, n_local: int
) -> None:
    found, raw = random_sorting(seed, n_spikes, n_units, n_channels, n_local)
    with brief_folder() as folder:
        model = TemplateModel.open(write_sorting(folder / "out", dataset_of(found, raw)))
        assert [c for c in model.checks if c.severity == "warning"] == []
        assert np.array_equal(model.spike_samples, found.spikes.times)
        assert np.array_equal(model.spike_clusters, found.spikes.units)
        assert np.array_equal(model.spike_templates, found.spikes.units)
        assert np.array_equal(model.amplitudes, found.spikes.amplitudes)
        assert np.array_equal(model.channel_map, found.channels.map)
        assert np.array_equal(model.channel_positions, found.channels.positions)
        assert np.array_equal(model.channel_shanks, found.channels.shanks)
        assert np.array_equal(model.spike_attributes["gain"], found.spikes.gains)
        _same_features(model, found)
        _same_templates(folder / "out", found)


def _same_features(model: TemplateModel, found: output.Sorting) -> None:
    assert model.features is not None
    for spike, unit in enumerate(found.spikes.units):
        for slot, channel in enumerate(found.feature_channels[unit]):
            if channel >= 0:
                read = model.features.get(np.array([spike]), np.array([channel]))[0, 0]
                assert np.array_equal(read, found.spikes.features[spike, :, slot])


def _same_templates(folder: Path, found: output.Sorting) -> None:
    data, path = np.load(folder / "templates.npy"), folder / "template_ind.npy"
    index = np.load(path) if path.exists() else np.tile(np.arange(data.shape[2]), (len(data), 1))
    dense = np.zeros((len(data), found.templates.shape[1] + 1, data.shape[1]), np.float32)
    for k, channels in enumerate(index):
        dense[k, channels] = data[k].T
    start = data.shape[1] // 2 - TROUGH
    assert np.array_equal(dense[:, :-1, start : start + WIDTH], found.templates)
    assert not dense[:, :, :start].any() and not dense[:, :, start + WIDTH :].any()


def test_templates_are_compared_at_the_best_lag() -> None:
    template = np.zeros((1, 2, 20), np.float32)
    template[0, 0, 8:11] = [1, -2, 1]
    later = np.roll(template, 3, axis=2)
    other = np.zeros_like(template)
    other[0, 1, 8] = 1
    both = np.concatenate([template, 2 * later, other, np.zeros_like(other)])
    found = similar_templates(both, 3)
    assert found == pytest.approx(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), abs=1e-6)
    assert similar_templates(both, 2)[0, 1] == pytest.approx(1 / 6)


def test_a_spike_lies_at_the_centre_of_its_energy() -> None:
    features = np.array([[[1.0, 1.0, 5.0]], [[0.0, 0.0, 0.0]]], np.float32)
    channels = np.array([[0, 1, -1], [1, 0, -1]])
    positions = np.array([[0.0, 0.0], [10.0, 40.0]], np.float32)
    assert centres(features, channels, positions).tolist() == [[5, 20], [10, 40]]


def test_depths_are_those_that_the_motion_brings_to_rest() -> None:
    times, depths = np.array([0.0, 1.0, 2.0]), np.array([0.0, 50.0, 100.0])
    motion = Motion(np.array([[-5.0, 5.0], [10.0, 20.0]]), np.array([0.0, 2.0]), np.array([0.0, 100.0]))
    assert motion.corrected(times, seen_depths(motion, times, depths)) == pytest.approx(depths, abs=0.01)


def test_the_window_takes_the_motion_out_of_depths(tmp_path: Path) -> None:
    found, raw = true_sorting(tmp_path / "raw.dat")
    still = write_sorting(tmp_path / "still", dataset_of(replace(found, motion={}), raw)).parent
    moved = write_sorting(tmp_path / "moved", dataset_of(found, raw)).parent
    at_rest, seen = (np.load(folder / "spike_positions.npy") for folder in (still, moved))
    assert np.abs(seen[:, 1] - at_rest[:, 1]).max() == pytest.approx(1, abs=1e-4)
    motion = Motion.from_arrays(output.motion_arrays(found))
    assert motion.corrected(found.spikes.times / RATE, seen[:, 1]) == pytest.approx(at_rest[:, 1], abs=1e-4)
    assert np.array_equal(seen[:, 0], at_rest[:, 0])


def test_features_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, raw = random_sorting(1, 50, 4, 5, 3)
    write_sorting(tmp_path / "whole", dataset_of(found, raw))
    monkeypatch.setattr(output, "PIECE", 7)
    write_sorting(tmp_path / "pieces", dataset_of(found, raw))
    for name in ("pc_features", "template_features", "spike_positions"):
        whole, pieces = (np.load(tmp_path / folder / f"{name}.npy") for folder in ("whole", "pieces"))
        assert whole == pytest.approx(pieces, abs=1e-5)


def test_only_a_new_folder_or_an_unfinished_sort_is_written_to(tmp_path: Path) -> None:
    check_output(tmp_path / "new")
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="is a file"):
        check_output(tmp_path / "file")
    with pytest.raises(DatasetError, match="is not empty; name a new folder"):
        check_output(tmp_path)
    with pytest.raises(DatasetError, match="holds no unfinished sorting"):
        check_output(tmp_path, resume=True)
    (tmp_path / "begun" / ".sorting").mkdir(parents=True)
    check_output(tmp_path / "begun", resume=True)
    with pytest.raises(DatasetError, match="go on with --resume"):
        check_output(tmp_path / "begun")


def test_a_finished_sort_is_not_resumed(tmp_path: Path) -> None:
    found, raw = random_sorting(1, 5, 2, 3, 2)
    write_sorting(tmp_path / "out", dataset_of(found, raw))
    assert not is_unfinished(tmp_path / "out")
    with pytest.raises(DatasetError, match="holds no unfinished sorting"):
        check_output(tmp_path / "out", resume=True)
    finish(tmp_path / "out")
    assert not (tmp_path / "out" / ".sorting").exists()


def test_a_full_disk_leaves_no_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sorting_output, "sync_file", full)
    found, raw = random_sorting(1, 5, 2, 3, 2)
    with pytest.raises(DatasetError, match=r"could not be written to .*: no space left"):
        write_sorting(tmp_path / "out", dataset_of(found, raw))
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".sorting"]
    assert is_unfinished(tmp_path / "out")


def test_writing_a_sorting_needs_no_torch() -> None:
    code = "import phy_medicine.compute.sorting.output, sys; print({'torch', 'spikeinterface'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
