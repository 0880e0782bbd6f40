"""Every file of a dataset: present, absent, another shape, another dtype, damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.describe import describe
from phy_medicine.io.template_model import TemplateModel
from tests.io import miniatures as mini

REQUIRED = ["spike_times.npy", "spike_templates.npy", "channel_map.npy", "channel_positions.npy"]
PER_SPIKE = ["spike_times.npy", "spike_templates.npy", "spike_clusters.npy", "amplitudes.npy"]
SWITCHES = {
    "amplitudes.npy": "amplitudes",
    "templates.npy": "templates",
    "similar_templates.npy": "similar_templates",
    "pc_features.npy": "features",
    "template_features.npy": "template_features",
}


def open_with(folder: Path, **changes: object) -> TemplateModel:
    return TemplateModel.open(mini.plain(folder, **changes))


def messages(model: TemplateModel, file: str) -> list[str]:
    return [check.message for check in model.checks if check.file == file and check.severity == "warning"]


def key(name: str) -> str:
    return name.replace(".", "__")


def test_the_plain_dataset_has_no_remarks(tmp_path: Path):
    assert open_with(tmp_path).checks == ()


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_file_that_is_absent_is_named(tmp_path: Path, name: str):
    with pytest.raises(DatasetError, match=name.replace(".", r"\.")):
        open_with(tmp_path, **{key(name): None})


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_file_of_the_wrong_shape_is_named(tmp_path: Path, name: str):
    with pytest.raises(DatasetError, match=name.replace(".", r"\.")):
        open_with(tmp_path, **{key(name): np.zeros((3, 5, 2), dtype=int)})


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_file_of_text_is_named(tmp_path: Path, name: str):
    with pytest.raises(DatasetError, match=name.replace(".", r"\.")):
        open_with(tmp_path, **{key(name): np.array(["a"] * mini.N_SPIKES)})


def test_another_number_of_spikes_is_told_with_both_numbers(tmp_path: Path):
    with pytest.raises(DatasetError, match=r"spike_templates\.npy has 199 values, expected 200"):
        open_with(tmp_path, spike_templates__npy=mini.spike_templates()[:-1])


@pytest.mark.parametrize("name", SWITCHES)
def test_an_optional_file_that_is_absent_is_none(tmp_path: Path, name: str):
    model = open_with(tmp_path, **{key(name): None})
    assert getattr(model, SWITCHES[name]) is None
    assert describe(model).n_spikes == 200


@pytest.mark.parametrize("name", SWITCHES)
def test_an_optional_file_of_the_wrong_shape_is_switched_off_with_a_sentence(tmp_path: Path, name: str):
    model = open_with(tmp_path, **{key(name): np.zeros((3, 7), dtype=np.float32)})
    assert getattr(model, SWITCHES[name]) is None
    assert len(messages(model, name)) == 1
    assert "(3, 7)" in messages(model, name)[0] or "rows" in messages(model, name)[0]


@pytest.mark.parametrize("name", [*SWITCHES, "whitening_mat_inv.npy"])
def test_an_optional_file_that_is_cut_short_is_switched_off(tmp_path: Path, name: str):
    params = mini.plain(tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-10])
    assert "cut short" in messages(TemplateModel.open(params), name)[0]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_file_that_is_cut_short_is_named(tmp_path: Path, name: str):
    params = mini.plain(tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1])
    with pytest.raises(DatasetError, match="cut short"):
        TemplateModel.open(params)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no numpy file at all, but long enough to be one"])
def test_a_file_that_is_no_npy_is_named(tmp_path: Path, content: bytes):
    params = mini.plain(tmp_path)
    (tmp_path / "channel_map.npy").write_bytes(content)
    with pytest.raises(DatasetError, match="not a valid"):
        TemplateModel.open(params)


def test_pickled_objects_are_never_loaded(tmp_path: Path):
    params = mini.plain(tmp_path)
    np.save(tmp_path / "spike_times.npy", np.array([{}, {}]), allow_pickle=True)
    with pytest.raises(DatasetError, match="Python objects"):
        TemplateModel.open(params)


@pytest.mark.parametrize(
    "dtype", ["uint16", "uint32", "int32", "int64", "uint64", "float32", "float64", ">i4", "int16"]
)
@pytest.mark.parametrize("shape", [(-1,), (-1, 1), (1, -1)])
def test_index_arrays_of_any_dtype_and_row_or_column_are_the_same(tmp_path: Path, dtype: str, shape: tuple[int, ...]):
    plain = mini.plain_arrays()
    changes = {key(n): plain[n].reshape(shape).astype(dtype) for n in PER_SPIKE[1:3]}
    changes["channel_map__npy"] = mini.CHANNEL_MAP.reshape(shape).astype(dtype)
    model = open_with(tmp_path, spike_times__npy=plain["spike_times.npy"].reshape(shape), **changes)
    assert model.spike_templates.tolist() == mini.spike_templates().tolist()
    assert model.spike_clusters.tolist() == mini.spike_templates().tolist()
    assert model.channel_map.tolist() == mini.CHANNEL_MAP.tolist()
    assert model.spike_templates.dtype == np.int32


@pytest.mark.parametrize("bad", [0.5, np.nan, -1.0])
def test_index_arrays_with_fractions_or_negatives_are_refused(tmp_path: Path, bad: float):
    clusters = mini.spike_templates().astype(float)
    clusters[3] = bad
    with pytest.raises(DatasetError, match=r"spike_clusters\.npy"):
        open_with(tmp_path, spike_clusters__npy=clusters)


def test_unsorted_times_are_named_with_their_spike(tmp_path: Path):
    times = mini.spike_times()
    times[50] = times[49] - 1
    with pytest.raises(DatasetError, match="spike 50"):
        open_with(tmp_path, spike_times__npy=times)


def test_no_spikes_at_all_is_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="no spikes"):
        open_with(tmp_path, spike_times__npy=np.zeros(0, dtype=int))


def test_two_files_of_clusters_are_refused(tmp_path: Path):
    with pytest.raises(DatasetError, match="both exist"):
        open_with(tmp_path, spikes__clusters__npy=mini.spike_templates())


def test_amplitudes_that_are_nan_are_0_and_told(tmp_path: Path):
    amplitudes = np.ones(mini.N_SPIKES)
    amplitudes[[3, 4]] = np.nan, np.inf
    model = open_with(tmp_path, amplitudes__npy=amplitudes)
    assert model.amplitudes[[2, 3, 4]].tolist() == [1, 0, 0]
    assert "2 of 200" in messages(model, "amplitudes.npy")[0]


def test_only_the_channels_that_share_a_place_are_moved(tmp_path: Path):
    positions = mini.channel_positions()
    positions[5] = positions[2]
    model = open_with(tmp_path, channel_positions__npy=positions)
    moved = np.flatnonzero((model.channel_positions != positions).any(axis=1))
    assert moved.tolist() == [5]
    assert model.channel_positions[5].tolist() == [4.0, 20.0]
    assert messages(model, "channel_positions.npy") == [
        "1 of 8 channels share a place or have none and are drawn aside: 5."
    ]


def test_all_channels_at_one_place_are_all_kept_apart(tmp_path: Path):
    model = open_with(tmp_path, channel_positions__npy=np.zeros((8, 2)))
    assert len({tuple(row) for row in model.channel_positions.tolist()}) == 8


def test_a_wrong_shank_file_is_one_group(tmp_path: Path):
    model = open_with(tmp_path, channel_shanks__npy=np.zeros(3))
    assert model.channel_shanks.tolist() == [0] * 8
    assert len(messages(model, "channel_shanks.npy")) == 1


def test_template_ids_without_template_are_told_and_empty(tmp_path: Path):
    templates = mini.spike_templates()
    templates[7] = 9
    model = open_with(tmp_path, spike_templates__npy=templates)
    assert (model.n_templates, model.similar_templates.shape) == (10, (10, 10))
    assert "1 spikes name 1 others" in messages(model, "templates.npy")[0]
    assert model.template_amplitudes[9] == 0
    assert model.template(9).data.shape == (21, 8)
    assert np.isnan(model.features.get(np.array([7]), np.array([0]))).all()


def test_channel_index_beyond_the_map_is_ignored_and_told(tmp_path: Path):
    index = mini.local_channels()
    index[1, 0] = 8
    model = open_with(tmp_path, pc_feature_ind__npy=index)
    assert "beyond the 8 known" in messages(model, "pc_feature_ind.npy")[0]
    assert 8 not in model.features.local_channels(1)


def test_constant_similarity_is_not_used(tmp_path: Path):
    model = open_with(tmp_path, similar_templates__npy=np.zeros((5, 5)))
    assert model.similar_templates is None
    assert "same value" in messages(model, "similar_templates.npy")[0]


def test_spikes_past_the_end_are_counted(tmp_path: Path):
    times = mini.spike_times()
    times[-3:] = mini.N_RECORDED + 5
    model = open_with(tmp_path, spike_times__npy=times)
    assert "3 of 200 spikes lie after the end" in messages(model, "recording.dat")[0]


def test_raw_column_beyond_the_file_leaves_the_traces_out(tmp_path: Path):
    model = open_with(tmp_path, channel_map__npy=np.arange(3, 11))
    assert model.traces is None
    assert "raw column 10" in model.traces_missing


def test_missing_raw_file_is_a_sentence(tmp_path: Path):
    params = mini.plain(tmp_path)
    (tmp_path / "recording.dat").unlink()
    assert TemplateModel.open(params).traces_missing == "No raw data: recording.dat not found."


def test_nan_templates_are_zero_in_memory_only(tmp_path: Path):
    templates = mini.dense_templates()
    templates[2] = np.nan
    templates[3, 4, 1] = np.nan
    params = mini.plain(tmp_path, templates__npy=templates)
    before = (tmp_path / "templates.npy").read_bytes()
    model = TemplateModel.open(params)
    assert model.template_amplitudes[2] == 0
    assert not model.template(2).data.any()
    assert np.isfinite(model.template(3).data).all()
    assert (tmp_path / "templates.npy").read_bytes() == before


def test_an_attribute_of_another_length_is_left_out(tmp_path: Path):
    model = open_with(tmp_path, spike_depths__npy=np.arange(200.0)[:, np.newaxis], spike_x__npy=np.arange(7))
    assert list(model.spike_attributes) == ["depths"]
    assert model.spike_attributes["depths"].shape == (200,)
    assert len(messages(model, "spike_x.npy")) == 1


def test_reordered_times_are_seconds(tmp_path: Path):
    model = open_with(tmp_path, spike_times_reordered__npy=np.arange(200)[::-1] * 20)
    assert model.spike_times_reordered[:2].tolist() == [0.199, 0.198]
    assert model.spike_attributes == {}


def test_without_templates_channels_come_from_the_features(tmp_path: Path):
    model = open_with(tmp_path, templates__npy=None)
    assert model.template_channels(3).tolist() == mini.local_channels()[3].tolist()
    assert model.template_peak_channels.tolist() == mini.PEAKS.tolist()
    assert (model.n_templates, model.n_samples_template, model.has_templates) == (5, 55, False)
    with pytest.raises(DatasetError, match=r"no templates\.npy"):
        model.template(0)


def test_without_templates_and_features_channels_come_from_the_stored_waveforms(tmp_path: Path):
    params = mini.alf(tmp_path)
    (tmp_path / "templates.waveforms.npy").unlink()
    model = TemplateModel.open(params)
    template = int(model.spike_templates[100])
    assert model.template_channels(template)[0] in (0, 3, 7)
    assert model.n_samples_template == 21


def test_an_incomplete_waveform_subset_is_not_used(tmp_path: Path):
    params = mini.alf(tmp_path)
    (tmp_path / "_phy_spikes_subset.spikes.npy").unlink()
    model = TemplateModel.open(params)
    assert model.waveform_subset is None
    assert len(messages(model, "_phy_spikes_subset.spikes.npy")) == 1


@pytest.mark.parametrize("missing", ["whitening_mat_inv.npy", "whitening_mat.npy"])
def test_the_inverse_is_read_or_computed(tmp_path: Path, missing: str):
    model = open_with(tmp_path, **{key(missing): None})
    assert np.allclose(model.whitening_inverse, np.linalg.inv(mini.whitening()))
    assert not (tmp_path / missing).exists()


def test_a_singular_whitening_matrix_is_told(tmp_path: Path):
    model = open_with(tmp_path, whitening_mat_inv__npy=None, whitening_mat__npy=np.zeros((8, 8)))
    assert model.whitening_inverse is None
    assert len(messages(model, "whitening_mat.npy")) == 1


def test_labels_are_raw_columns_or_indices(tmp_path: Path):
    params = mini.plain(tmp_path)
    assert TemplateModel.open(params).channel_labels == ("8", "1", "2", "3", "4", "5", "6", "9")
    params.write_text(params.read_text() + "show_mapped_channels = False\n")
    assert TemplateModel.open(params).channel_labels == ("0", "1", "2", "3", "4", "5", "6", "7")


def test_a_description_is_json(tmp_path: Path):
    text = json.dumps(describe(open_with(tmp_path)).to_dict())
    assert json.loads(text)["n_clusters"] == 5


def test_a_later_change_of_the_clusters_file_does_not_reach_the_model(tmp_path: Path):
    model = open_with(tmp_path)
    with (tmp_path / "spike_clusters.npy").open("r+b") as file:
        file.seek(128)
        file.write(b"\xff" * 400)
    assert model.spike_clusters.tolist() == mini.spike_templates().tolist()
