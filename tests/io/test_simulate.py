"""The simulated dataset: files, truth against signal, cancelling, other programs."""

from __future__ import annotations

import filecmp
import json
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.base.errors import DatasetError, PhyMedError
from phy_medicine.io.simulate import (
    SimulationSettings,
    displacement_at,
    open_simulation,
    simulate,
    simulate_probe,
)
from phy_medicine.io.simulate.dataset import OWN_FILES

SMALL = SimulationSettings(
    events=10, channels=24, units=8, duration_s=12.0, drift="zigzag", oversplit=0.25, overmerge=0.25, seed=3
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(tmp_path_factory.mktemp("simulated") / "small", SMALL).parent


@pytest.fixture(scope="module")
def still_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = SimulationSettings(channels=24, units=8, duration_s=8.0, oversplit=0.0, overmerge=0.0, seed=5)
    return simulate(tmp_path_factory.mktemp("simulated") / "still", settings).parent


def load(folder: Path, name: str) -> np.ndarray:
    return np.load(folder / f"{name}.npy")


def truth(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "ground_truth.npz") as file:
        return dict(file)


def raw_uv(folder: Path, n_channels: int) -> np.ndarray:
    return np.fromfile(folder / "recording.dat", dtype=np.int16).reshape(-1, n_channels) * SMALL.gain_uv


def templates_uv(folder: Path) -> np.ndarray:
    return load(folder, "templates") @ load(folder, "whitening_mat_inv") * SMALL.gain_uv


def test_every_own_file_is_written_and_nothing_else(folder: Path):
    assert sorted(p.name for p in folder.iterdir()) == sorted(OWN_FILES)


def test_shapes_agree_with_each_other(folder: Path):
    n = len(load(folder, "spike_times"))
    assert load(folder, "spike_times").dtype == np.int64
    assert load(folder, "spike_clusters").dtype == np.int32
    assert load(folder, "pc_features").shape == (n, 3, 16)
    assert load(folder, "amplitudes").shape == (n,)
    assert load(folder, "spike_positions").shape == (n, 2)
    n_templates = load(folder, "spike_templates").max() + 1
    assert load(folder, "templates").shape == (n_templates, 82, 24)
    assert load(folder, "similar_templates").shape == (n_templates, n_templates)
    assert load(folder, "pc_feature_ind").shape == (n_templates, 16)
    assert (folder / "recording.dat").stat().st_size == 12 * 30000 * 24 * 2
    assert np.isfinite(load(folder, "pc_features")).all()


def test_spike_times_ascend_within_the_recording(folder: Path):
    times = load(folder, "spike_times")
    assert (np.diff(times) >= 0).all() and times[0] > 61 and times[-1] < 12 * 30000 - 61


def test_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path):
    simulate(tmp_path / "again", SMALL)
    same, different, odd = filecmp.cmpfiles(folder, tmp_path / "again", OWN_FILES, shallow=False)
    assert (len(same), different, odd) == (len(OWN_FILES), [], [])


def test_another_seed_gives_other_spikes(folder: Path, tmp_path: Path):
    other = SimulationSettings(channels=24, units=8, duration_s=12.0, seed=4, raw=False)
    simulate(tmp_path / "other", other)
    assert not np.array_equal(load(folder, "spike_times"), load(tmp_path / "other", "spike_times"))


def test_no_unit_fires_within_its_refractory_period(folder: Path):
    known, times = truth(folder), load(folder, "spike_times")
    for unit, refractory in enumerate(known["unit_refractory_s"]):
        assert np.diff(times[known["spike_units"] == unit]).min() >= refractory * 30000


def test_clusters_hold_the_units_that_the_truth_names(folder: Path):
    known, clusters = truth(folder), load(folder, "spike_clusters")
    for cluster, units in enumerate(known["cluster_units"]):
        assert set(known["spike_units"][clusters == cluster]) == set(units[units >= 0])


def test_oversplit_pairs_are_one_unit_and_overmerged_clusters_two(folder: Path):
    known = truth(folder)
    first, second = known["oversplit_pairs"].T
    assert len(first) == 2
    assert (known["cluster_units"][first] == known["cluster_units"][second]).all()
    assert len(known["overmerged_clusters"]) == 1
    assert (known["overmerged_units"] >= 0).all()


def test_halves_of_a_moving_unit_are_apart_in_displacement(folder: Path):
    known, clusters = truth(folder), load(folder, "spike_clusters")
    for a, b in known["oversplit_pairs"]:
        means = [known["spike_displacement_um"][clusters == c].mean() for c in (a, b)]
        assert abs(means[0] - means[1]) > 10


def test_peak_channel_of_a_template_is_the_contact_nearest_the_unit(still_folder: Path):
    known, positions = truth(still_folder), load(still_folder, "channel_positions")
    peaks = np.ptp(templates_uv(still_folder), axis=1).argmax(axis=1)
    for cluster, (unit, _) in enumerate(known["cluster_units"]):
        x, y, z = known["unit_positions_um"][unit]
        distance = np.sqrt((positions[:, 0] - x) ** 2 + (positions[:, 1] - y) ** 2 + z**2)
        assert distance[peaks[cluster]] <= distance.min() + 4.0


def test_trough_of_the_templates_is_their_middle_sample(still_folder: Path):
    templates = templates_uv(still_folder)
    peaks = np.ptp(templates, axis=1).argmax(axis=1)
    troughs = templates[np.arange(len(peaks)), :, peaks].argmin(axis=1)
    assert np.abs(troughs - 41).max() <= 2


def test_mean_spike_of_the_raw_file_is_the_template(still_folder: Path):
    raw, times = raw_uv(still_folder, 24), load(still_folder, "spike_times")
    clusters, templates = load(still_folder, "spike_clusters"), templates_uv(still_folder)
    for cluster, template in enumerate(templates):
        channel = np.ptp(template, axis=0).argmax()
        windows = times[clusters == cluster][:, None] + np.arange(-41, 41)
        waveforms = raw[windows, channel]
        mean = (waveforms - np.median(waveforms, axis=1, keepdims=True)).mean(axis=0)
        # Seven to a hundred spikes with 35 uV of slow field around templates of 40 uV and more.
        assert np.corrcoef(mean, template[:, channel])[0, 1] > 0.9
        assert np.ptp(mean) == pytest.approx(np.ptp(template[:, channel]), rel=0.3)


def test_displacement_moves_the_spikes_along_the_probe(folder: Path):
    known, positions = truth(folder), load(folder, "spike_positions")
    unit = np.argmax(known["unit_peaks_uv"] * (np.abs(known["unit_positions_um"][:, 1] - 110) < 60))
    own = known["spike_units"] == unit
    moved = known["spike_displacement_um"][own]
    assert np.ptp(moved) > 30
    assert np.corrcoef(positions[own, 1], moved)[0, 1] > 0.8


def test_displacement_at_gives_what_the_spikes_saw(folder: Path):
    known, times = truth(folder), load(folder, "spike_times") / 30000
    depths = known["unit_positions_um"][known["spike_units"], 1]
    field = known["displacement"], known["temporal_bins_s"], known["spatial_bins_um"]
    assert np.allclose(displacement_at(*field, times, depths), known["spike_displacement_um"], atol=1e-3)


def test_features_tell_units_apart_and_hold_noise_of_order_one(still_folder: Path):
    features, clusters = load(still_folder, "pc_features"), load(still_folder, "spike_clusters")
    largest = np.bincount(clusters).argmax()
    far = features[clusters == largest][:, 2, -1]
    near = features[clusters == largest][:, 0, 0]
    assert 0.5 < far.std() < 3.0
    assert near.mean() > 5.0


def test_whitened_noise_has_unit_variance(still_folder: Path):
    from scipy.signal import butter, sosfiltfilt

    raw = raw_uv(still_folder, 24)[:60000] / SMALL.gain_uv
    quiet = sosfiltfilt(butter(3, 300, "highpass", fs=30000, output="sos"), raw, axis=0)
    spread = np.median(np.abs(quiet @ load(still_folder, "whitening_mat")), axis=0) / 0.6745
    assert spread.min() > 0.6 and spread.max() < 1.1


def test_without_raw_file_features_are_drawn_alike(still_folder: Path, tmp_path: Path):
    settings = SimulationSettings(channels=24, units=8, duration_s=8.0, oversplit=0.0, overmerge=0.0, seed=5, raw=False)
    drawn = simulate(tmp_path / "drawn", settings).parent
    assert not (drawn / "recording.dat").exists()
    assert "dat_path = []" in (drawn / "params.py").read_text()
    assert np.array_equal(load(drawn, "spike_clusters"), load(still_folder, "spike_clusters"))
    clusters = load(drawn, "spike_clusters")
    largest = np.bincount(clusters).argmax()
    pair = [load(f, "pc_features")[clusters == largest] for f in (drawn, still_folder)]
    assert np.allclose(pair[0].mean(axis=0), pair[1].mean(axis=0), atol=1.0)
    assert np.median(pair[0].std(axis=0)) == pytest.approx(np.median(pair[1].std(axis=0)), rel=0.2)


def test_only_overmerged_clusters_may_look_contaminated(folder: Path):
    rows = (folder / "cluster_ContamPct.tsv").read_text().splitlines()
    assert rows[0] == "cluster_id\tContamPct"
    contamination = {int(i): float(v) for i, v in (row.split("\t") for row in rows[1:])}
    merged = set(truth(folder)["overmerged_clusters"].tolist())
    assert all(value == 0 for cluster, value in contamination.items() if cluster not in merged)


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="is not empty"):
        simulate(tmp_path, SMALL)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_overwriting_keeps_files_of_other_names(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "cluster_info.tsv").write_text("old")
    tiny = SimulationSettings(channels=8, units=2, duration_s=1.0, raw=False)
    simulate(tmp_path, tiny, overwrite=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert not (tmp_path / "cluster_info.tsv").exists()


def test_cancelling_leaves_no_file_behind(tmp_path: Path):
    shares = []

    def cancel(share: float, text: str) -> None:
        shares.append(share)
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "out", SMALL, progress=cancel)
    assert list((tmp_path / "out").iterdir()) == []
    assert shares == sorted(shares)


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    def full(share: float, text: str) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(DatasetError, match="No space left on device"):
        simulate(tmp_path / "out", SMALL, progress=full)


def test_a_setting_out_of_range_is_named(tmp_path: Path):
    with pytest.raises(PhyMedError, match="oversplit"):
        simulate(tmp_path / "out", SimulationSettings(oversplit=1.5))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("probe", ["linear", "multi-shank"])
def test_other_probes_and_rates_make_a_dataset(tmp_path: Path, probe: str):
    settings = SimulationSettings(
        channels=16, units=5, duration_s=2.0, probe=probe, sample_rate_hz=20000.0, drift="nonrigid"
    )
    out = simulate(tmp_path / "out", settings).parent
    assert (out / "recording.dat").stat().st_size == 2 * 20000 * 16 * 2
    assert load(out, "channel_shanks").max() == (3 if probe == "multi-shank" else 0)


def test_phylib_opens_the_dataset(folder: Path, tmp_path: Path):
    model_module = pytest.importorskip("phylib.io.model")
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")  # phylib writes into what it opens
    model = model_module.load_model(copy / "params.py")
    assert model.n_spikes == len(load(folder, "spike_times"))
    assert model.duration == 12.0
    assert model.get_template(0).template.shape[0] == 82
    assert model.get_features(np.arange(5), np.arange(4)).shape == (5, 4, 3)
    assert np.abs(model.traces[:3000]).max() > 0
    assert set(model.metadata) >= {"KSLabel", "ContamPct", "Amplitude"}
    model.close()


def test_probeinterface_reads_the_probe(folder: Path):
    probeinterface = pytest.importorskip("probeinterface")
    probe = probeinterface.read_probeinterface(folder / "probe.json").probes[0]
    assert np.array_equal(probe.contact_positions, load(folder, "channel_positions"))
    assert probe.device_channel_indices.tolist() == list(range(24))
    assert json.loads((folder / "probe.json").read_text())["specification"] == "probeinterface"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory):
    settings = SimulationSettings(
        channels=24, units=6, duration_s=10.0, drift="jump", drift_um=20.0, oversplit=0.0, overmerge=0.0, noise_uv=0.5,
        lfp_uv=0.0, hash=0.0, bursty=0.0, seed=7,
    )  # fmt: skip
    return simulate_probe(tmp_path_factory.mktemp("simulated") / "probe", settings)


def test_the_truth_of_a_recording_is_seen_in_its_signal(simulated):
    unit = int(np.argmax(np.bincount(simulated.spike_units)))
    own = np.flatnonzero(simulated.spike_units == unit)[:50]
    troughs = np.array(
        [simulated.recording.read(s, s + 1).min() * simulated.gain_uv for s in simulated.spike_samples[own]]
    )
    np.testing.assert_allclose(np.median(-troughs / simulated.spike_amplitudes_uv[own]), 1, atol=0.05)
    assert simulated.n_units == 6 and simulated.recording.n_channels == 24
    assert simulated.positions_um.shape == (24, 2) and simulated.shanks.tolist() == [0] * 24


def test_units_move_along_the_probe_by_the_drift(simulated):
    times = np.array([0.1, 9.9])
    moved = simulated.drift.at(times, np.full(2, 100.0))
    assert 10 < abs(moved[1] - moved[0]) <= 20


def test_a_simulation_is_opened_again(simulated):
    again = open_simulation(simulated.params_path.parent)
    assert np.array_equal(again.spike_samples, simulated.spike_samples)
    assert np.array_equal(again.recording.read(0, 100), simulated.recording.read(0, 100))


def test_a_dataset_that_was_not_simulated_is_refused(tmp_path: Path):
    (tmp_path / "params.py").write_text("dat_path = []\nn_channels_dat = 4\nsample_rate = 30000.0\n")
    with pytest.raises(DatasetError, match="holds no recording of phy-med simulate"):
        open_simulation(tmp_path)


def test_a_simulation_without_a_recording_is_refused(tmp_path: Path):
    simulate(tmp_path / "bare", SimulationSettings(channels=8, units=2, duration_s=2.0, raw=False))
    with pytest.raises(DatasetError, match="without a recording"):
        open_simulation(tmp_path / "bare")
