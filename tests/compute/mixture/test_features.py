"""Waveforms from a flat file, their projection on a few numbers, and a mixture of these from end to end."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import subspace_angles

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.mixture import gmm
from phy_medicine.compute.mixture.features import (
    RecordingReader,
    autoencoder,
    clear_spikes,
    learned_projection,
    load_projection,
    pca,
    rotation,
    spike_features,
)

LINE = np.array([[0.0, 20.0 * c] for c in range(4)])


def written(tmp_path, data, **values):
    path = tmp_path / "raw.bin"
    np.asarray(data, dtype=np.int16).tofile(path)
    return RecordingReader(path, np.shape(data)[1], "int16", values.pop("geometry", LINE), **values)


@pytest.fixture
def ramp(tmp_path):
    """Sample t of channel c is 10 t + c."""
    return written(tmp_path, 10 * np.arange(30)[:, None] + np.arange(4), window=2, neighbor_radius=20.0)


def test_waveforms_are_read_in_the_order_of_the_times(ramp):
    found = ramp.read_waveforms([20, 5], [3, 0])
    assert found.shape == (2, 5, 2) and found.dtype == np.float32
    assert found[0, :, 0].tolist() == [183, 193, 203, 213, 223] and found[1, :, 1].tolist() == [30, 40, 50, 60, 70]
    assert ramp.read_waveform(5).tolist() == ramp.read_waveforms([5])[0].tolist()


def test_flat_waveforms_are_channel_by_channel(ramp):
    flat = ramp.read_waveforms([5], [0, 1], flatten=True)
    assert flat.tolist() == [[30, 40, 50, 60, 70, 31, 41, 51, 61, 71]]


def test_what_is_outside_is_zero_and_flagged(ramp):
    assert ramp.read_waveform(1, [0])[:, 0].tolist() == [0, 0, 10, 20, 30]
    assert ramp.read_waveform(29, [0])[:, 0].tolist() == [270, 280, 290, 0, 0]
    assert ramp.incomplete([1, 2, 27, 28, 500]).tolist() == [True, False, False, True, True]


def test_or_it_is_refused(tmp_path):
    reader = written(tmp_path, np.zeros((30, 4)), window=2, edges="raise")
    assert reader.read_waveform(2).shape == (5, 4)
    with pytest.raises(PhyMedError, match="at sample 28 reaches out"):
        reader.read_waveforms([3, 28])


def test_a_detector_that_is_late_is_corrected_by_a_shift(tmp_path):
    reader = written(tmp_path, 10 * np.arange(30)[:, None] + np.zeros(4), window=0, time_shift=-3)
    assert reader.read_waveform(10, [0]).tolist() == [[70]] and reader.incomplete([2, 3]).tolist() == [True, False]


def test_neighbors_are_within_the_radius(ramp):
    assert ramp.neighbors_for_channel(0).tolist() == [0, 1] and ramp.neighbors_for_channel(2).tolist() == [1, 2, 3]
    assert ramp.read_waveform_around_channel(5, 0).tolist() == ramp.read_waveform(5, [0, 1]).tolist()


def test_geometry_comes_from_text_npy_or_a_probe(tmp_path):
    from probeinterface import Probe

    np.savetxt(tmp_path / "g.txt", LINE)
    np.save(tmp_path / "g.npy", LINE)
    probe = Probe(ndim=2)
    probe.set_contacts(LINE[::-1])
    probe.set_device_channel_indices([3, 2, 1, 0])
    for geometry in (tmp_path / "g.txt", str(tmp_path / "g.npy"), probe):
        assert written(tmp_path, np.zeros((9, 4)), geometry=geometry).positions_um.tolist() == LINE.tolist()


def test_what_is_wrong_with_files_is_said(tmp_path, ramp):
    (tmp_path / "g.txt").write_text("a b\n")
    for geometry, said in (
        (LINE[:3], "4 pairs"),
        (tmp_path / "g.txt", "pair of numbers"),
        (tmp_path / "no.npy", "cannot"),
    ):
        with pytest.raises(PhyMedError, match=said):
            written(tmp_path, np.zeros((9, 4)), geometry=geometry)
    with pytest.raises(PhyMedError, match="no whole number of samples"):
        RecordingReader(ramp.path, 7, "int16", LINE)
    with pytest.raises(PhyMedError, match="cannot be read"):
        RecordingReader(tmp_path / "none", 4, "int16", LINE)
    with pytest.raises(PhyMedError, match="no channel 4"):
        ramp.read_waveform(5, [4])


@given(
    st.lists(st.tuples(st.integers(0, 40), st.lists(st.integers(-1, 4), min_size=2, max_size=2)), max_size=12),
    st.integers(0, 6),
)
def test_clear_spikes_have_no_other_near_them_on_their_channels(spikes, window):
    times, channels = [t for t, _ in spikes], np.array([c for _, c in spikes]).reshape(len(spikes), 2)
    wanted = [
        not any(
            i != j and abs(times[i] - times[j]) <= window and (set(channels[i]) & set(channels[j])) - {-1}
            for j in range(len(times))
        )
        for i in range(len(times))
    ]
    assert clear_spikes(np.array(times, dtype=int), channels, window).tolist() == wanted


def waves(n=600, n_samples=31, seed=0):
    """Waveforms of three shapes in very different amounts, and a little noise."""
    rng, t = np.random.default_rng(seed), np.arange(n_samples)
    shapes = np.array([np.exp(-0.5 * ((t - c) / w) ** 2) for c, w in ((15, 2), (20, 4), (9, 3))])
    return rng.normal(size=(n, 3)) * [30, 12, 6] @ shapes + 0.5 * rng.normal(size=(n, n_samples))


@pytest.mark.parametrize("tied", [True, False])
def test_the_linear_autoencoder_spans_the_principal_components(tied):
    x = waves()
    found, wanted = autoencoder(x, tied=tied), pca(x)
    assert np.cos(subspace_angles(found.weights, wanted.weights)).min() > 0.99
    np.testing.assert_allclose(found.weights.T @ found.weights, np.eye(3), atol=1e-9)


def test_principal_components_are_orthonormal_with_their_largest_entry_positive():
    x = waves()
    weights = pca(x).weights
    np.testing.assert_allclose(weights.T @ weights, np.eye(3), atol=1e-9)
    assert (weights[np.abs(weights).argmax(axis=0), range(3)] > 0).all()
    spread = ((x @ weights) ** 2).sum(axis=0)
    assert spread[0] > spread[1] > spread[2]


def test_noise_taught_away_is_left_out_of_the_map():
    """Noise of one shape, stronger than the second signal: the denoising map turns away from it."""
    rng = np.random.default_rng(0)
    clean = rng.normal(size=(400, 2)) * [10, 3] @ np.eye(31)[[5, 15]]
    noise = 40 * rng.normal(size=(500, 1)) * (np.eye(31)[[15]] + np.eye(31)[[25]])
    with_noise = autoencoder(clean, 1, noise=noise, tied=False).weights[:, 0]
    assert abs(with_noise[15] + with_noise[25]) < 0.05 * np.abs(with_noise).max()
    assert np.abs(autoencoder(clean, 1).weights[5, 0]) > 0.99


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_other_activations_learn_too(activation):
    found = autoencoder(waves(), activation=activation)
    np.testing.assert_allclose(np.linalg.norm(found.weights, axis=0), 1)
    assert np.cos(subspace_angles(found.weights[:, :1], pca(waves(), 1).weights)).min() > 0.7


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 3), st.just(3)), elements=st.floats(-9, 9)))
def test_features_expanded_and_reduced_are_the_same(scores):
    projection = pca(waves()).scaled(np.random.default_rng(0).normal(size=(50, 31, 2)))
    np.testing.assert_allclose(projection.reduce(projection.expand(scores)), scores, atol=1e-8)
    flat = projection.reduce(projection.expand(scores), flatten=True)
    np.testing.assert_allclose(flat, scores.reshape(len(scores), -1), atol=1e-8)
    np.testing.assert_allclose(projection.expand(flat), projection.expand(scores), atol=1e-8)


def test_scaled_features_of_noise_have_variance_one():
    noise = 7 * np.random.default_rng(0).normal(size=(300, 31, 4))
    assert pca(waves()).scaled(noise).reduce(noise).std(axis=(0, 1)) == pytest.approx([1, 1, 1])
    with pytest.raises(PhyMedError, match="do not vary"):
        pca(waves()).scaled(np.zeros((5, 31, 1)))


def test_a_stored_projection_is_checked(tmp_path):
    path = tmp_path / "projection.npy"
    pca(waves(), sample_rate=30_000).scaled(np.random.default_rng(0).normal(size=(50, 31, 1))).save(path)
    found = load_projection(path, n_samples=31, sample_rate=30_000)
    assert found.weights.shape == (31, 3) == np.load(path).shape and found.scale.tolist() != [1, 1, 1]
    for values, said in (({"n_samples": 41}, "31 samples, these have 41"), ({"sample_rate": 20_000.0}, "30000 Hz")):
        with pytest.raises(PhyMedError, match=said):
            load_projection(path, **values)
    facts = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(facts | {"n_samples": 30}))
    with pytest.raises(PhyMedError, match="says"):
        load_projection(path)
    path.with_suffix(".json").write_text("{")
    with pytest.raises(PhyMedError, match="damaged"):
        load_projection(path)
    path.unlink()
    with pytest.raises(PhyMedError, match="cannot be read"):
        load_projection(path)


@pytest.mark.parametrize("learn", [pca, autoencoder])
def test_too_few_waveforms_are_refused(learn):
    with pytest.raises(PhyMedError, match="310 are needed"):
        learn(waves(309))
    with pytest.raises(PhyMedError, match="shape"):
        pca(waves()).reduce(np.zeros((2, 30, 1)))


def test_a_rotation_keeps_what_varies():
    x = np.random.default_rng(0).normal(size=(200, 60)) * np.r_[np.full(3, 50.0), np.ones(57)]
    found = rotation(x).apply(x)
    assert found.shape == (200, 40) and found[:, :3].var(axis=0).min() > 1000 > found[:, 3:].var(axis=0).max()
    assert rotation(x[:, :5]).apply(x[:, :5]).shape == (200, 5)


def test_seven_channels_and_21_features_from_a_flat_file_to_labels(tmp_path):
    rng, n_channels = np.random.default_rng(0), 7
    t = np.arange(31)
    shapes = -np.exp(-0.5 * ((t - 15) / 2.0) ** 2) + 0.5 * np.exp(-0.5 * ((t - 21) / 4.0) ** 2)
    depth = 25.0 * np.arange(n_channels)
    units = [300 * np.exp(-((depth - z) ** 2) / (2 * 30.0**2)) for z in (20.0, 70.0, 130.0)]
    times = np.arange(100, 24_000, 60)
    truth = rng.integers(3, size=len(times))
    data = rng.normal(scale=10, size=(24_100, n_channels))
    for time, unit in zip(times, truth, strict=True):
        data[time - 15 : time + 16] += shapes[:, None] * units[unit]
    geometry = np.column_stack([np.zeros(n_channels), depth])
    reader = written(tmp_path, data, geometry=geometry)
    projection = learned_projection(reader, times[::2], sample_rate=30_000)
    x = spike_features(reader, times, projection)
    assert x.shape == (len(times), 21)
    labels = gmm.fit(x, 3, samples=60, seed=0).predict(x)
    table = np.zeros((3, 3), dtype=int)
    np.add.at(table, (truth, labels), 1)
    assert sorted(table.argmax(axis=1)) == [0, 1, 2] and table.max(axis=1).sum() == len(times)
