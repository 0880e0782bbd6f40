"""Kwik files of every form are read alike, whatever is odd about them is said, and reading writes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from phy_medicine.base.errors import DatasetError
from phy_medicine.io.kwik_model import KwikModel
from phy_medicine.session.session import Session
from tests.io import kwik_miniatures as mini
from tests.io.kwik_miniatures import Form

FORMS = (
    Form(),
    Form(groups=(0, 1, 3), n_pcs=4, kwx="chunked", style="name", traces="dat"),
    Form(groups=(2,), cluster_dtype="uint32", time_dtype="int64", style="array", traces="kwd-chunked", texts="vlen"),
    Form(clusterings=("original",), extra_columns=1, texts="padded", style="name"),
    Form(clusterings=("backup-0", "other"), cluster_dtype="uint16", kwx="chunked", extra_columns=1),
)


def fingerprints(folder: Path) -> dict[str, str]:
    """Hash of every file."""
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read(tmp_path: Path, form: Form):
    path = mini.write(tmp_path, form)
    before = fingerprints(tmp_path)
    for group in form.groups:
        model = KwikModel.open(path, channel_group=group)
        every = np.arange(mini.N_SPIKES)
        assert model.clustering == form.clusterings[0] and model.channel_groups == form.groups
        assert model.spike_samples.tolist() == mini.joined_samples(group).tolist()
        assert model.spike_clusters.tolist() == mini.labels_of(group, model.clustering).tolist()
        assert model.channel_map.tolist() == mini.order_of(group).tolist()
        assert np.array_equal(model.channel_positions, mini.positions_of(group))
        assert model.channel_labels == tuple(str(c) for c in mini.order_of(group))
        assert dict(model.metadata.fields["group"]) == mini.READ_GROUPS
        assert model.metadata.fields["isolation_distance"][9] == 4.5
        assert np.array_equal(model.features.get(every, np.arange(4)), mini.features_of(group, form.n_pcs))
        assert np.array_equal(model.features.masks_of(every), mini.masks_of(group))
        assert model.features.get([5, 3, 5], [2, 0]).tolist() == (
            mini.features_of(group, form.n_pcs)[[5, 3, 5]][:, [2, 0]].tolist()
        )
        assert np.array_equal(model.traces.read(2990, 3010), mini.raw_data()[2990:3010, mini.order_of(group)])
        assert model.duration_s == sum(mini.LENGTHS) / mini.SAMPLE_RATE
        assert model.events["stimulus"].times_s.tolist() == [100 / 2e4, 200 / 2e4, 3050 / 2e4]
        assert model.features.mapped == (form.kwx == "contiguous")
        assert {check.severity for check in model.checks} <= {"note"}
        model.describe().to_text()
    assert fingerprints(tmp_path) == before


def test_the_group_with_spikes_and_main_are_opened_first(tmp_path: Path):
    path = mini.write(tmp_path, Form(groups=(1, 2), clusterings=("a", "main", "original")))
    model = KwikModel.open(path)
    assert (model.channel_group, model.clustering, model.clusterings) == (1, "main", ("main", "a", "original"))
    assert model.name == "rec.kwik, group 1"
    with pytest.raises(DatasetError, match="no channel group 0; it has 1, 2"):
        KwikModel.open(path, channel_group=0)
    with pytest.raises(DatasetError, match="no clustering b; it has main, a, original"):
        KwikModel.open(path, clustering="b")


def test_without_traces_recordings_end_at_their_last_spike(tmp_path: Path):
    model = KwikModel.open(mini.write(tmp_path, Form(traces="")))
    samples, recordings = mini.samples_of(0), mini.recordings_of(0)
    expected = samples + recordings.astype(int) * (samples[recordings == 0].max() - 1)
    assert model.spike_samples.tolist() == expected.tolist()
    assert model.traces is None and "rec.raw.kwd" in model.traces_missing
    assert model.duration_s == expected[-1] / mini.SAMPLE_RATE


def test_without_traces_recordings_begin_where_the_file_says(tmp_path: Path):
    path = mini.write(tmp_path, Form(traces=""))
    with h5py.File(path, "r+") as file:
        file["recordings/0"].attrs["start_sample"] = 0
        file["recordings/1"].attrs["start_sample"] = mini.LENGTHS[0]
    assert KwikModel.open(path).spike_samples.tolist() == mini.joined_samples(0).tolist()


def test_times_that_step_back_a_little_are_raised_and_others_refused(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    samples = mini.samples_of(0)
    samples[20], samples[30:33] = samples[19] - 1, samples[29] - np.array([1, 0, 2])
    with h5py.File(path, "r+") as file:
        file["channel_groups/0/spikes/time_samples"][...] = samples
    model = KwikModel.open(path)
    slow = (samples + np.array([0, mini.LENGTHS[0]])[mini.recordings_of(0)]).tolist()
    for i in range(1, len(slow)):
        slow[i] = max(slow[i], slow[i - 1])
    assert model.spike_samples.tolist() == slow
    assert any("stepped back by up to 2" in check.message for check in model.checks)
    with h5py.File(path, "r+") as file:
        file["channel_groups/0/spikes/time_samples"][...] = samples[::-1]
        del file["channel_groups/0/spikes/recording"]
    with pytest.raises(DatasetError, match="not in the order of time"):
        KwikModel.open(path)


def test_raw_data_that_do_not_fit_are_left_out(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    with h5py.File(tmp_path / "rec.raw.kwd", "r+") as file:
        del file["recordings/0/data"]
        file["recordings/0/data"] = mini.raw_data()[:100]
    model = KwikModel.open(path)
    assert model.traces is None and "does not fit" in model.traces_missing
    with h5py.File(tmp_path / "rec.raw.kwd", "r+") as file:
        del file["recordings/1/data"]
    assert "recordings/1/data" in KwikModel.open(path).traces_missing


def test_a_dat_file_of_the_same_name_serves_a_file_without_recordings(tmp_path: Path):
    path = mini.write(tmp_path, Form(traces=""))
    with h5py.File(path, "r+") as file:
        del file["recordings"]
        file["channel_groups/0/spikes/recording"][...] = 0
        file["channel_groups/0/spikes/time_samples"][...] = mini.joined_samples(0)
    mini.raw_data().tofile(tmp_path / "rec.dat")
    assert np.array_equal(KwikModel.open(path).traces.read(0, 50), mini.raw_data()[:50, list(mini.ORDER)])


def test_what_is_no_kwik_file_of_version_2_is_refused(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    with h5py.File(path, "r+") as file:
        file.attrs["kwik_version"] = 1
    with pytest.raises(DatasetError, match="version 1; only version 2"):
        KwikModel.open(path)
    with h5py.File(path, "r+") as file:
        del file.attrs["kwik_version"]
    with pytest.raises(DatasetError, match="no Kwik file"):
        KwikModel.open(path)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("channel_groups", "no channel groups"),
        ("channel_groups/0/spikes", "no clusterings"),
        ("channel_groups/0/spikes/time_samples", "has no spikes"),
        ("channel_groups/0/spikes/clusters", "no clusterings"),
        ("application_data", "no sample rate"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, missing: str, sentence: str):
    path = mini.write(tmp_path, Form())
    with h5py.File(path, "r+") as file:
        del file[missing]
    with pytest.raises(DatasetError, match=sentence):
        KwikModel.open(path)


@pytest.mark.parametrize("damaged", ["clusters", "cluster_groups", "channels"])
def test_damaged_parts_cost_only_what_they_say(tmp_path: Path, damaged: str):
    path = mini.write(tmp_path, Form())
    with h5py.File(path, "r+") as file:
        del file[f"channel_groups/0/{damaged}"]
    model = KwikModel.open(path)
    assert model.n_spikes == mini.N_SPIKES
    assert (
        dict(model.metadata.fields["group"])
        == {
            "clusters": {},
            "cluster_groups": {2: "noise", 3: "mua", 5: "good", 9: "group_5"},
            "channels": mini.READ_GROUPS,
        }[damaged]
    )


def test_files_cut_short_give_one_sentence_or_no_features(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    whole, features = path.read_bytes(), (tmp_path / "rec.kwx").read_bytes()
    for n_bytes in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:n_bytes])
        with pytest.raises(DatasetError, match=r"\.$"):
            KwikModel.open(path)
    path.write_bytes(whole)
    for n_bytes in range(0, len(features), len(features) // 20):
        (tmp_path / "rec.kwx").write_bytes(features[:n_bytes])
        model = KwikModel.open(path)
        assert model.features is None and any(check.file == "rec.kwx" for check in model.checks)


def test_features_of_another_number_are_noticed(tmp_path: Path):
    path = mini.write(tmp_path, Form())
    with h5py.File(path, "r+") as file:
        file["application_data/spikedetekt"].attrs["n_features_per_channel"] = 5
    model = KwikModel.open(path)
    assert model.features.n_pcs == 3 and any("3 features" in check.message for check in model.checks)
    with h5py.File(tmp_path / "rec.kwx", "r+") as file:
        data = file["channel_groups/0/features_masks"][:-1]
        del file["channel_groups/0/features_masks"]
        file["channel_groups/0/features_masks"] = data
    assert KwikModel.open(path).features is None


def test_best_channels_are_those_of_the_mean_mask(tmp_path: Path):
    session = Session.open(mini.write(tmp_path, Form()))
    for cluster in session.cluster_ids:
        spikes = np.flatnonzero(mini.labels_of(0, "main") == cluster)
        means = mini.masks_of(0)[spikes].mean(axis=0)
        expected = sorted((c for c in range(4) if means[c] > 0.1), key=lambda c: -means[c])
        assert session.data.best_channels(cluster).tolist() == expected
    session.split([0, 1, 2])
    session.data.best_channels(session.cluster_ids[-1])
    session.close()


def test_spikes_are_as_large_as_their_masked_scores(tmp_path: Path):
    model = KwikModel.open(mini.write(tmp_path, Form()))
    expected = (np.linalg.norm(mini.features_of(0, 3), axis=2) * mini.masks_of(0)).max(axis=1)
    assert np.allclose(model.spike_strengths(), expected)
    depths = model.features.depths_um(np.arange(5), model.channel_positions[:, 1])
    weights = (mini.features_of(0, 3)[:5, :, 0] * mini.masks_of(0)[:5]) ** 2
    assert np.allclose(depths, (weights * mini.positions_of(0)[:, 1]).sum(axis=1) / weights.sum(axis=1))


@pytest.mark.parametrize("filtered", [True, False])
def test_waveforms_are_cut_and_filtered_as_the_file_says(tmp_path: Path, filtered: bool):
    params = {
        "filter_low": 400.0,
        "filter_high_factor": 0.3,
        "filter_butter_order": 2,
        "waveform_filter": filtered,
        "waveform_scale_factor": 0.5,
        "waveform_dc_offset": 3.0,
    }
    session = Session.open(mini.write(tmp_path, Form(params=params)))
    waveforms = session.data.waveforms(5, (2, 0))
    b, a = butter(2, (400 / 1e4, 0.3 * 2e4 / 1e4), "bandpass")
    raw = mini.raw_data()[:, [7, 5]].astype(float)
    assert waveforms.n_before == mini.BEFORE and waveforms.data.shape[1] == mini.BEFORE + mini.AFTER
    for spike, found in zip(waveforms.spike_ids, waveforms.data, strict=True):
        at = mini.joined_samples(0)[spike]
        cut = raw[at - mini.BEFORE - 6 : at + mini.AFTER + 6]
        expected = (filtfilt(b, a, cut, axis=0) if filtered else cut - np.median(cut, axis=0))[6:-6]
        if not filtered:
            cut = cut[6:-6]
            expected = cut - np.median(raw[at - mini.BEFORE - 6 : at + mini.AFTER + 6], axis=0)
        assert np.allclose(found, (expected - 3) * 0.5, atol=0.02)
    session.close()


def test_without_features_mean_waveforms_say_where_and_what_a_cluster_is(tmp_path: Path):
    raw, shape = np.zeros((sum(mini.LENGTHS), mini.N_COLUMNS)), np.array([0, -400, -900, -300, 300, 150, 0])
    for at, cluster in zip(mini.joined_samples(0), mini.labels_of(0, "main"), strict=True):
        for k, share in ((cluster % 4, 1.0), ((cluster + 1) % 4, 0.5)):
            raw[at - 2 : at + 5, mini.ORDER[k]] += share * shape
    path = mini.write(tmp_path, Form(kwx="", traces="dat"))
    for r, piece in enumerate(np.split(raw, [mini.LENGTHS[0]])):
        piece.astype(np.int16).tofile(tmp_path / f"rec_{r}.dat")
    session = Session.open(path)
    peaks = {cluster: session.data.best_channels(cluster).tolist() for cluster in session.cluster_ids}
    assert peaks == {c: [c % 4, (c + 1) % 4] for c in session.cluster_ids}
    values = session.similar.rows(5)  # 9 is on the channels of 5, the others are beside them
    assert next(iter(values)) == 9 and values[9] > 0.9 and max(v for c, v in values.items() if c != 9) < 0.7
    session.close()


def test_waveforms_stored_by_older_programs_are_shown(tmp_path: Path):
    path = mini.write(tmp_path, Form(traces=""))
    stored = np.random.default_rng(1).integers(-99, 99, (mini.N_SPIKES, 30, 4)).astype(np.int16)
    with h5py.File(tmp_path / "rec.kwx", "r+") as file:
        file.create_dataset("channel_groups/0/waveforms_filtered", data=stored, chunks=(8, 30, 4))
    session = Session.open(path)
    waveforms = session.data.waveforms(5, (3, 1))
    assert np.array_equal(waveforms.data, stored[waveforms.spike_ids][:, :, [3, 1]])
    data, channels, spike_ids = session.model.waveform_subset.part(3, 5)
    assert np.array_equal(data, stored[3:5]) and channels.tolist() == [[0, 1, 2, 3]] * 2
    assert spike_ids.tolist() == [3, 4]
    session.close()


def test_a_file_without_anything_else_can_be_curated(tmp_path: Path):
    session = Session.open(mini.write(tmp_path, replace(Form(), kwx="", traces="")))
    session.select([2, 3])
    session.merge()
    assert "No features: rec.kwx" in session.model.missing("features")
    assert len(session.similarity_table.rows_for(5)) > 0
    session.close()
