"""The model of phy against phylib's own on the same datasets."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from phy_medicine.app.phy_compat import ephys
from phy_medicine.app.phy_compat.model import TemplateModel, get_template_params, load_model
from phy_medicine.base.errors import ActionError, ReadOnlyError
from phy_medicine.session.session import Session

theirs = pytest.importorskip("phylib.io.model")

# What phylib and this program read differently is compared with this tolerance.
SINGLE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.fixture(scope="module", params=["simulated", "kilosort4_small", "si_export_small"])
def both(request, brief_folder, simulated_dataset):
    """The same copy of a dataset, opened by us and by phylib, which writes into the folder."""
    if request.param == "simulated":
        source = simulated_dataset.parent
    else:
        source = request.getfixturevalue("shared_data") / request.param
    with brief_folder() as folder:
        shutil.copytree(source, folder / "dataset")
        params = next(folder.rglob("params.py"))
        yield load_model(params), theirs.load_model(params)


EQUAL = [
    "spike_samples", "spike_times", "spike_templates", "spike_clusters", "template_ids", "cluster_ids",
    "channel_mapping", "channel_positions", "channel_shanks", "channel_probes", "probes", "n_probes", "sample_rate",
    "duration", "n_spikes", "n_channels", "n_channels_dat", "n_templates", "n_samples_waveforms", "n_closest_channels",
    "amplitude_threshold", "dtype", "offset", "n_features_per_channel", "n_channels_loc", "n_clusters",
]  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_an_attribute_is_that_of_phylib(both, name):
    ours, reference = both
    if not hasattr(reference, name):
        pytest.skip("phylib has none for this dataset")
    assert_array_equal(getattr(ours, name), getattr(reference, name))


@pytest.mark.parametrize("name", ["amplitudes", "wm", "wmi", "similar_templates", "spike_times_reordered"])
def test_an_array_of_numbers_is_that_of_phylib(both, name):
    ours, expected = (getattr(model, name) for model in both)
    if expected is None:
        assert ours is None
    elif name == "similar_templates" and not (ours.any() and expected.any()):
        assert not ours.any() and np.ptp(expected) == 0  # one value everywhere tells nothing
    else:
        assert_allclose(ours, expected, **SINGLE)


@pytest.mark.parametrize("name", ["sparse_templates", "sparse_features", "sparse_template_features"])
def test_sparse_arrays_are_bunches_of_data_columns_and_rows(both, name):
    ours, expected = (getattr(model, name) for model in both)
    if expected is None:
        assert ours is None
        return
    assert ours.data.shape == expected.data.shape
    assert_allclose(np.nan_to_num(ours.data[:50]), np.nan_to_num(expected.data[:50]), **SINGLE)
    assert (ours.cols is None) == (expected.cols is None)
    if ours.cols is not None:
        assert ours.cols.shape == expected.cols.shape
    assert (ours.get("rows") is None) == (expected.get("rows") is None)


def _some_spikes(model) -> np.ndarray:
    return np.sort(np.random.default_rng(3).choice(model.n_spikes, 60, replace=False))


def test_features_are_those_of_phylib_and_rows_can_be_taken_by_spike(both):
    ours, reference = both
    if reference.sparse_features is None:
        pytest.skip("no features")
    spikes = _some_spikes(ours)
    if ours.sparse_features.rows is not None:
        spikes = np.intersect1d(spikes, ours.sparse_features.rows)
    else:
        assert_array_equal(ours._load_features().data[spikes], reference._load_features().data[spikes])
        assert_array_equal(ours.features[spikes, 0, :2], reference.features[spikes, 0, :2])
    channels = np.array([5, 2, 7])
    assert_allclose(ours.get_features(spikes, channels), reference.get_features(spikes, channels), **SINGLE)


def test_waveforms_are_raw_and_zero_outside_of_the_recording(both):
    ours, reference = both
    spikes = np.unique([0, 1, *_some_spikes(ours), ours.n_spikes - 1])
    expected = reference.get_waveforms(spikes, np.array([3, 1]))
    found = ours.get_waveforms(spikes, [3, 1])
    if expected is None:
        assert found is None
        return
    assert_allclose(found, expected)
    assert ours.get_waveforms(spikes, None).shape[2] == ours.n_channels
    found[:] = 0
    assert ours.get_waveforms(spikes, [3, 1]).any()


def _on_common_channels(ours, waveforms, reference, expected):
    """Both on the channels they share; channels as far from the peak as the last one are a matter of taste."""
    common = np.intersect1d(ours, reference)
    assert len(common) >= len(reference) - 2 and len(ours) == len(reference)
    mine, other = (np.argsort(ids)[np.searchsorted(np.sort(ids), common)] for ids in (ours, reference))
    assert_allclose(waveforms[:, mine], expected[:, other], **SINGLE)


def test_templates_lie_on_their_best_channels_largest_first(both):
    ours, reference = both
    for template_id in reference.template_ids[:20]:
        a, b = ours.get_template(template_id), reference.get_template(template_id)
        assert a.best_channel == b.best_channel == a.channel_ids[0]
        _on_common_channels(a.channel_ids, a.template, b.channel_ids, b.template)
        assert_allclose(a.amplitude, np.ptp(a.template, axis=0), **SINGLE)
        assert (np.diff(a.amplitude) <= 1e-4).all()
        assert_array_equal(ours.get_template_channels(template_id), a.channel_ids)
        sparse = ours.sparse_templates
        own = np.arange(ours.n_channels) if sparse.cols is None else sparse.cols[template_id]
        raw = ours.get_template(template_id, unwhiten=False)
        for i, channel in enumerate(raw.channel_ids):
            assert_array_equal(raw.template[:, i], sparse.data[template_id][:, own == channel][:, 0])
    some = ours.get_template(int(reference.template_ids[0]), amplitude_threshold=0.5)
    assert (some.amplitude >= 0.5 * some.amplitude.max()).all()
    waveforms = ours.get_template_waveforms(int(reference.template_ids[0]))
    assert_array_equal(waveforms.data, ours.get_template(int(reference.template_ids[0])).template)
    assert type(waveforms.data) is np.ndarray
    given = ours.get_template(int(reference.template_ids[0]), channel_ids=np.array([2, 1]))
    assert given.template.shape[1] == 2 and given.channel_ids.tolist() == [2, 1]


def test_spikes_and_templates_of_clusters_on_disk(both):
    ours, reference = both
    for cluster_id in reference.cluster_ids[:8]:
        assert_array_equal(ours.get_cluster_spikes(cluster_id), reference.get_cluster_spikes(cluster_id))
        assert_array_equal(ours.get_template_counts(cluster_id), reference.get_template_counts(cluster_id))
        assert ours.get_cluster_channels(cluster_id)[0] == reference.get_cluster_channels(cluster_id)[0]
        a, b = ours.get_cluster_mean_waveforms(cluster_id), reference.get_cluster_mean_waveforms(cluster_id)
        if len(np.flatnonzero(ours.get_template_counts(cluster_id))) == 1:
            _on_common_channels(a.channel_ids, a.mean_waveforms, b.channel_ids, b.mean_waveforms)
    template_id = int(reference.template_ids[0])
    assert_array_equal(ours.get_template_spikes(template_id), reference.get_template_spikes(template_id))


def test_template_features_depths_and_true_amplitudes(both):
    ours, reference = both
    spikes = _some_spikes(ours)
    expected = reference.get_template_features(spikes)
    found = ours.get_template_features(spikes)
    assert found is None if expected is None else np.allclose(found, expected, **SINGLE)
    padded = reference.sparse_features is None or reference.sparse_features.cols.min() < 0  # phylib fails on these
    depths = None if padded else reference.get_depths()
    if depths is not None and reference.sparse_features.rows is None:
        assert_allclose(ours.get_depths(), depths, rtol=1e-3, atol=0.1)
    if reference.sparse_templates.cols is None and reference.amplitudes is not None:
        for a, b in zip(ours.get_amplitudes_true(2.0), reference.get_amplitudes_true(2.0), strict=True):
            assert_allclose(a, b, rtol=1e-3, atol=1e-5 * np.abs(b[np.isfinite(b)]).max())


def test_metadata_are_the_label_files(both):
    ours, reference = both
    for name in set(ours.metadata) & set(reference.metadata):
        assert ours.metadata[name] == reference.metadata[name]
    assert set(ours.metadata) >= {name for name, values in reference.metadata.items() if values}


def test_the_recording_is_read_like_an_array(both):
    ours, reference = both
    if reference.traces is None:
        assert ours.traces is None
        return
    a, b = ours.traces, reference.traces
    assert a.shape == (b.n_samples, ours.n_channels) and a.dtype == b.dtype and a.duration == b.duration
    assert a.chunk_bounds == b.chunk_bounds
    assert_array_equal(a[100:200], b[100:200])
    assert_array_equal(a[:, [2, 0]][100:200], b[100:200][:, [2, 0]])
    assert_array_equal(a[[5, 3, 9]], b[3:10][[2, 0, 6]])
    assert_array_equal(a[-10:, 1], b[a.n_samples - 10 : a.n_samples][:, [1]])
    assert_array_equal(a[7], b[7:8])


def test_params_are_read_with_absolute_paths(both):
    ours, _ = both
    params, expected = (f(ours._model.path) for f in (get_template_params, theirs.get_template_params))
    assert params["dtype"] == expected["dtype"] and params["dir_path"] == expected["dir_path"]
    assert [Path(p).resolve() for p in params["dat_path"]] == [Path(p).resolve() for p in expected["dat_path"]]
    assert TemplateModel(**params).n_spikes == ours.n_spikes


# With a session


def test_metadata_change_when_the_session_saves(session):
    model = TemplateModel.of(session.model, session)
    session.move("good", cluster_ids=[session.cluster_ids[0]])
    assert model.metadata.get("group", {}).get(session.cluster_ids[0]) != "good"
    session.save()
    model.refresh_metadata()
    assert model.metadata["group"][session.cluster_ids[0]] == "good"


def test_best_channels_of_all_views_follow_the_settings_of_the_model(session):
    model = TemplateModel.of(session.model, session)
    cluster_id = session.cluster_ids[0]
    assert len(session.data.best_channels(cluster_id)) > 3
    model.n_closest_channels = 3
    assert len(session.data.best_channels(cluster_id)) == 3 == len(model.get_cluster_channels(cluster_id))
    model.amplitude_threshold = 1.0
    assert len(session.data.best_channels(cluster_id)) == 1


def test_labels_of_columns_go_through_the_session_and_others_to_a_file(session):
    model = TemplateModel.of(session.model, session)
    a, b = session.cluster_ids[:2]
    model.save_metadata("group", {a: "good", b: "mua"})
    assert (session.manager.group(a), session.manager.group(b)) == ("good", "mua") and session.can_undo
    model.save_metadata("quality", {b: 2, a: None})
    assert (model.dir_path / "cluster_quality.tsv").read_text() == f"cluster_id\tquality\n{b}\t2\n"


def test_only_the_labels_of_the_session_can_be_saved(session):
    model = TemplateModel.of(session.model, session)
    labels = session.spike_clusters()
    with pytest.raises(ActionError, match=r"supervisor\.merge"):
        model.save_spike_clusters(labels + 1)
    session.merge(session.cluster_ids[:2])
    model.save_spike_clusters(session.spike_clusters())
    assert not session.dirty


def test_a_dataset_that_is_read_only_is_not_written(dataset):
    session = Session.open(dataset, read_only=True)
    with pytest.raises(ReadOnlyError):
        TemplateModel.of(session.model, session).save_metadata("quality", {1: 2})
    session.close()


def test_waveforms_are_stored_as_phylib_reads_them(dataset):
    model = load_model(dataset)
    model.save_spikes_subset_waveforms(20, 6)
    reference = theirs.load_model(dataset)
    spikes = reference.spike_waveforms.spike_ids
    assert len(spikes) > 20
    channels = np.arange(model.n_channels)
    stored, raw = reference.get_waveforms(spikes[:30], channels), model.get_waveforms(spikes[:30], channels)
    own = np.array([np.isin(channels, row) for row in reference.spike_waveforms.spike_channels[:30]])
    assert_allclose(stored, np.where(own[:, np.newaxis], raw, 0))
    again = load_model(dataset)
    assert_allclose(again.get_waveforms(spikes[:30], [4, 1]), reference.get_waveforms(spikes[:30], np.array([4, 1])))


def test_waveforms_are_cut_out_of_any_array():
    reference = pytest.importorskip("phylib.io.traces")
    data = np.random.default_rng(0).integers(-99, 99, (500, 4)).astype(np.int16)
    samples, channels = np.array([2, 250, 498]), np.array([3, -1, 0])
    found = ephys.extract_waveforms(data, samples, channels, 20)
    expected = reference.extract_waveforms(
        reference.get_ephys_reader(data, sample_rate=100.0), samples, np.maximum(channels, 0), 20
    )
    expected[:, :, 1] = 0
    assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="n_samples_waveforms"):
        ephys.extract_waveforms(data, samples, channels)


def test_recordings_are_opened_by_path(tmp_path: Path):
    data = np.arange(60, dtype=np.int16).reshape(20, 3)
    data.tofile(tmp_path / "a.dat")
    np.save(tmp_path / "b.npy", data)
    flat = ephys.get_ephys_reader(tmp_path / "a.dat", n_channels_dat=3, dtype=np.int16, sample_rate=1 / 60)
    assert flat.shape == (20, 3) and flat.chunk_bounds == [0, 10, 20]
    assert_array_equal(flat[:], data)
    assert_array_equal(ephys.get_ephys_reader(tmp_path / "b.npy", sample_rate=10.0)[3:5], data[3:5])
    two = ephys.get_ephys_reader([tmp_path / "a.dat"] * 2, n_channels_dat=3, dtype=np.int16, sample_rate=10.0)
    assert_array_equal(two[18:22], np.vstack([data[18:], data[:2]]))
    assert ephys.get_ephys_reader(tmp_path / "none.dat") is None
