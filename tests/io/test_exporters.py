from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.io.describe import describe
from phy_medicine.io.template_model import TemplateModel
from tests.io import miniatures as mini


def warnings(model: TemplateModel) -> list[str]:
    return [str(check) for check in model.checks if check.severity == "warning"]


def state_of(folder: Path) -> dict[str, tuple[str, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(p): (hashlib.sha1(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in files}


@pytest.fixture(params=mini.EXPORTERS)
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make: Callable[[Path], Path] = mini.EXPORTERS[request.param]
    return make(tmp_path / request.param)


def test_every_exporter_opens_without_warnings(exported: Path):
    model = TemplateModel.open(exported)
    assert warnings(model) == []
    assert (model.n_spikes, model.n_templates, model.n_channels, model.n_samples_template) == (200, 5, 8, 21)
    assert model.spike_samples.tolist() == mini.spike_times().tolist()
    assert model.spike_templates.tolist() == mini.spike_templates().tolist()
    assert model.spike_clusters.tolist() == mini.spike_templates().tolist()
    assert np.allclose(model.spike_times, mini.spike_times() / mini.SAMPLE_RATE)
    assert (model.spike_samples.dtype, model.spike_templates.dtype) == (np.int64, np.int32)
    assert (model.spike_clusters.dtype, model.spike_times.dtype) == (np.int32, np.float64)


def test_every_exporter_has_its_peak_channels(exported: Path):
    model = TemplateModel.open(exported)
    assert model.template_peak_channels.tolist() == mini.PEAKS.tolist()
    for template_id, peak in enumerate(mini.PEAKS):
        assert model.template_channels(template_id)[0] == peak
        shown = model.template(template_id)
        assert np.allclose(shown.amplitudes, np.ptp(shown.data, axis=0))
        assert (np.diff(shown.amplitudes) <= 1e-5).all()
        assert model.template_amplitudes[template_id] == pytest.approx(shown.amplitudes[0], rel=1e-5)


def test_opening_and_reading_everything_changes_no_file(exported: Path):
    before = state_of(exported.parent)
    model = TemplateModel.open(exported)
    describe(model).to_text()
    _ = model.template_amplitudes, model.spikes.depth_um, model.whitening_inverse, model.labels_hash()
    assert state_of(exported.parent) == before


def test_arrays_cannot_be_written_to(exported: Path):
    model = TemplateModel.open(exported)
    arrays = [model.spike_samples, model.spike_times, model.spike_templates, model.spike_clusters, model.amplitudes]
    arrays += [model.channel_map, model.channel_positions, model.template_amplitudes, model.template(0).data]
    assert not any(array.flags.writeable for array in arrays)


def test_kilosort_label_copy_leaves_the_clusters_unsorted(tmp_path: Path):
    model = TemplateModel.open(mini.kilosort2(tmp_path))
    assert sorted(model.metadata.fields) == ["ContamPct", "KSLabel"]
    assert model.metadata.fields["KSLabel"][1] == "good"


def test_kilosort4_positions_are_columns_and_attributes(tmp_path: Path):
    model = TemplateModel.open(mini.kilosort4(tmp_path))
    x, y = mini.channel_positions()[mini.PEAKS][mini.spike_templates()].T
    assert model.spikes.x_um.tolist() == x.tolist()
    assert model.spikes.depth_um.tolist() == y.tolist()
    assert sorted(model.spike_attributes) == ["detection_templates", "positions"]


def test_spikeinterface_groups_are_shanks_and_none_is_no_raw_data(tmp_path: Path):
    model = TemplateModel.open(mini.spikeinterface(tmp_path))
    assert model.channel_shanks.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert model.traces is None
    assert model.traces_missing == "No raw data: params.py names no recording."
    assert model.metadata.fields["snr"][0] == 5.295705639454357
    assert 2 not in model.metadata.fields["snr"]


def test_circus_padding_keeps_the_features_of_channel_0(tmp_path: Path):
    model = TemplateModel.open(mini.circus(tmp_path))
    got = model.features.get(np.array([6]), np.array([0, 1, 2, 3]))
    assert got[0, :3].tolist() == mini.pc_features()[6, :, :3].T.tolist()
    assert np.isnan(got[0, 3]).all()
    assert not model.features.complete
    assert np.isnan(model.features.get(np.array([7]), np.array([0]))).all()
    assert [c.file for c in model.checks if "padding" in c.message] == ["pc_feature_ind.npy"]


def test_circus_without_clusters_starts_from_the_templates(tmp_path: Path):
    model = TemplateModel.open(mini.circus(tmp_path))
    assert model.clusters_name == "spike_clusters.npy"
    assert not (tmp_path / "spike_clusters.npy").exists()


def test_alf_names_are_kept_for_saving(tmp_path: Path):
    model = TemplateModel.open(mini.alf(tmp_path))
    assert model.clusters_name == "spikes.clusters.npy"
    assert model.duration_s == pytest.approx(mini.spike_times()[-1] / mini.SAMPLE_RATE)
    assert model.spikes.depth_um[-1] == 60
    assert model.spikes.x_um is None
    stored = model.waveform_subset.get(np.array([9, 4]), np.array([3, 0]))
    assert stored.shape == (2, 21, 2)
    assert stored[0, 0].tolist() == [84.0, 87.0]
    assert stored[1, 0].tolist() == [0.0, 0.0 + 0]
    assert stored[1, 1].tolist() == [0.0, 4.0]


def test_alf_seconds_alone_become_samples(tmp_path: Path):
    params = mini.alf(tmp_path)
    (tmp_path / "spikes.samples.npy").unlink()
    assert TemplateModel.open(params).spike_samples.tolist() == mini.spike_times().tolist()


def test_alf_names_may_carry_a_label(tmp_path: Path):
    params = mini.alf(tmp_path)
    for name in ("spikes.times", "spikes.clusters", "templates.waveforms"):
        (tmp_path / f"{name}.npy").rename(tmp_path / f"{name}.probe00.npy")
    model = TemplateModel.open(params)
    assert (model.n_spikes, model.has_templates, model.clusters_name) == (200, True, "spikes.clusters.probe00.npy")


@pytest.mark.parametrize("name", ["kilosort4_small", "si_export_small"])
def test_real_datasets_open_without_warnings(shared_data: Path, name: str):
    model = TemplateModel.open(shared_data / name / "params.py")
    assert warnings(model) == []
    assert (model.n_templates, model.features.complete, model.traces_missing) == (14, True, "")
    assert model.template_channels(3)[0] == model.template_peak_channels[3]
    assert "Spikes:" in describe(model).to_text()
