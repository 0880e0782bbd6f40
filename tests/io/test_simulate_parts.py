"""The pieces of the simulator: drift, trains, footprints, noise, chunks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from phy_medicine.io.simulate import SimulationSettings, displacement_at
from phy_medicine.io.simulate.dataset import _build
from phy_medicine.io.simulate.drift import make_drift
from phy_medicine.io.simulate.footprints import make_footprints
from phy_medicine.io.simulate.noise import NoiseStream
from phy_medicine.io.simulate.probe import make_probe
from phy_medicine.io.simulate.recording import write_measured
from phy_medicine.io.simulate.settings import Clock
from phy_medicine.io.simulate.sorting import make_sorting, similarity_matrix
from phy_medicine.io.simulate.stimuli import evoked, make_stimuli
from phy_medicine.io.simulate.trains import _respect_refractory, make_spikes
from phy_medicine.io.simulate.units import make_units

SETTINGS = SimulationSettings(channels=24, units=10, duration_s=60.0, drift="zigzag", drift_um=40.0)
SPAN = (0.0, 600.0)


def with_(**values: object) -> SimulationSettings:
    return dataclasses.replace(SETTINGS, **values)


def test_no_drift_is_zero_everywhere():
    assert not make_drift(with_(drift="none"), SPAN).displacement_um.any()


@pytest.mark.parametrize("kind", ["zigzag", "jump", "walk", "nonrigid"])
def test_drift_has_the_asked_range_and_finite_bins(kind: str):
    drift = make_drift(with_(drift=kind), SPAN)
    assert drift.displacement_um.shape == (len(drift.temporal_bins_s), len(drift.spatial_bins_um))
    assert np.ptp(drift.displacement_um, axis=0).max() == pytest.approx(40.0)
    assert np.isfinite(drift.displacement_um).all()


@pytest.mark.parametrize("kind", ["zigzag", "jump", "walk"])
def test_rigid_drift_is_the_same_at_all_depths(kind: str):
    field = make_drift(with_(drift=kind), SPAN).displacement_um
    assert np.array_equal(field, np.repeat(field[:, :1], field.shape[1], axis=1))


def test_zigzag_moves_at_constant_speed_after_a_rest():
    field = make_drift(with_(drift="zigzag"), SPAN).displacement_um[:, 0]
    speeds = np.abs(np.diff(field[70:])) / 0.1
    assert not field[:60].any()
    assert np.median(speeds) == pytest.approx(2 * 40.0 / 27.0, rel=0.01)


def test_jump_is_over_within_a_second():
    field = make_drift(with_(drift="jump"), SPAN).displacement_um[:, 0]
    assert (np.abs(np.diff(field)) > 0.1).sum() <= 10


def test_nonrigid_drift_is_larger_at_the_top():
    field = make_drift(with_(drift="nonrigid"), SPAN).displacement_um
    assert np.ptp(field[:, -1]) > 1.3 * np.ptp(field[:, 0])


def test_displacement_is_interpolated_in_time_and_depth_and_constant_beyond():
    field = np.array([[0.0, 10.0], [4.0, 30.0]])
    times, depths = np.array([0.5, 0.0, 9.0, -1.0]), np.array([50.0, 25.0, 500.0, -5.0])
    values = displacement_at(field, np.array([0.0, 1.0]), np.array([0.0, 100.0]), times, depths)
    assert values.tolist() == [11.0, 2.5, 30.0, 0.0]


def test_refractory_rule_drops_the_spike_that_is_too_close_to_the_kept_one():
    samples = np.array([100, 130, 155, 200, 220, 300])
    assert samples[_respect_refractory(samples, 50)].tolist() == [100, 155, 220, 300]


def test_rates_follow_the_settings_and_differ_between_units():
    settings = with_(units=60, duration_s=100.0, rate_hz=4.0)
    units = make_units(settings, make_probe(settings))
    spikes = make_spikes(settings, units, Clock(30000.0))
    measured = np.bincount(spikes.units, minlength=60) / 100.0
    assert np.median(measured / units.rates_hz) == pytest.approx(1.0, abs=0.15)
    assert np.median(units.rates_hz) == pytest.approx(4.0, rel=0.5)
    assert units.rates_hz.max() / units.rates_hz.min() > 5


def test_later_spikes_of_a_burst_are_smaller():
    settings = with_(units=40, bursty=0.7)
    units = make_units(settings, make_probe(settings))
    spikes = make_spikes(settings, units, Clock(30000.0))
    first, later = [], []
    for unit in np.flatnonzero(units.bursty):
        own = spikes.units == unit
        after = np.diff(spikes.samples[own], prepend=-(10**6)) < 0.01 * 30000
        first.append(spikes.scales[own][~after])
        later.append(spikes.scales[own][after])
    assert np.concatenate(later).mean() < 0.9 * np.concatenate(first).mean()


def test_peaks_of_the_units_lie_between_40_and_300_uv_and_footprints_agree():
    probe = make_probe(SETTINGS)
    units = make_units(SETTINGS, probe)
    footprints = make_footprints(units, probe, None, Clock(30000.0))
    assert units.peaks_uv.min() >= 40.0 and units.peaks_uv.max() <= 300.0
    assert np.allclose(-footprints.waveforms.min(axis=(1, 2, 3)), units.peaks_uv, rtol=1e-3)


def test_footprint_moves_with_the_displacement():
    probe = make_probe(with_(probe="linear"))
    units = make_units(with_(probe="linear"), probe)
    drift = make_drift(SETTINGS, probe.depth_range_um)
    footprints = make_footprints(units, probe, drift, Clock(30000.0))
    unit = int(np.argmin(np.abs(units.positions_um[:, 1] - 280.0)))
    used = footprints.channels[unit] >= 0
    size = np.ptp(footprints.waveforms[unit], axis=1)[:, used]
    y = probe.positions_um[footprints.channels[unit, used], 1]
    centre = (size**2 @ y) / (size**2).sum(axis=1)
    assert centre[-1] - centre[0] == pytest.approx(40.0, abs=6.0)
    assert (np.diff(centre) > 0).all()


def test_noise_does_not_depend_on_how_it_is_read():
    settings = with_(channels=8)
    probe, clock = make_probe(settings), Clock(30000.0)
    one = NoiseStream(settings, probe, clock).take(40000)
    stream = NoiseStream(settings, probe, clock)
    many = np.concatenate([stream.take(n) for n in (1, 16000, 20000, 3999)])
    assert np.array_equal(one, many)


def test_noise_has_its_spread_and_is_shared_by_neighbours():
    settings = with_(hash=0.0, noise_uv=12.0)
    noise = NoiseStream(settings, make_probe(settings), Clock(30000.0)).take(60000)
    correlation = np.corrcoef(noise.T)
    assert noise.std(axis=0).mean() == pytest.approx(12.0, rel=0.05)
    assert 0.2 < correlation[0, 2] < 0.5
    assert correlation[0, 23] < 0.15


def test_far_away_spikes_add_to_the_noise():
    settings = with_(noise_uv=5.0)
    probe = make_probe(settings)
    quiet, busy = (NoiseStream(with_(noise_uv=5.0, hash=h), probe, Clock(30000.0)).take(30000) for h in (0.0, 200.0))
    assert busy.std() > 1.1 * quiet.std()


def test_raw_file_does_not_depend_on_the_chunk_length(tmp_path: Path):
    scene, _, _ = _build(with_(channels=12, units=5, duration_s=2.0), lambda share, text: None, make_sorting)
    for name, length in (("short", 7001), ("long", 60000)):
        (tmp_path / name).mkdir()
        write_measured(tmp_path / name, scene, lambda share: None, chunk_length=length)
    short, long = tmp_path / "short", tmp_path / "long"
    assert (short / "recording.dat").read_bytes() == (long / "recording.dat").read_bytes()
    assert np.allclose(np.load(short / "pc_features.npy"), np.load(long / "pc_features.npy"), atol=1e-3)
    assert np.allclose(np.load(short / "amplitudes.npy"), np.load(long / "amplitudes.npy"), atol=1e-3)


def test_similarity_is_one_with_itself_and_sees_a_shifted_copy():
    rng = np.random.default_rng(0)
    first = np.zeros((30, 4), dtype=np.float32)
    first[8:20] = rng.standard_normal((12, 4))
    templates = np.stack([first, np.roll(first, 2, axis=0), np.roll(first, 2, axis=1)])
    similarity = similarity_matrix(templates)
    assert np.allclose(np.diag(similarity), 1.0)
    assert similarity[0, 1] == pytest.approx(1.0, abs=1e-5)
    assert np.allclose(similarity, similarity.T)
    assert (similarity >= 0).all()


def test_multi_shank_probe_keeps_shanks_apart():
    probe = make_probe(with_(probe="multi-shank", channels=32, n_shanks=4))
    assert np.bincount(probe.shanks).tolist() == [8, 8, 8, 8]
    assert set(probe.shanks[probe.nearest_channels(9, 8)]) == {1}


def test_waveform_of_thirty_kilohertz_has_61_samples_and_pads_to_82():
    clock = Clock(30000.0)
    assert (clock.n_before, clock.n_samples, clock.n_samples + clock.n_padding) == (20, 61, 82)


def test_some_units_answer_stimuli_and_the_rest_of_the_trains_stays():
    settings = with_(events=40, units=24)
    probe, clock = make_probe(settings), Clock(30000.0)
    units, stimuli = make_units(settings, probe), make_stimuli(settings)
    plain, answering = make_spikes(settings, units, clock), make_spikes(settings, units, clock, stimuli)
    extra = [evoked(settings, stimuli, unit) for unit in range(units.n_units)]
    assert 0 < sum(len(times) > 0 for times in extra) < units.n_units
    for unit, times in enumerate(extra):
        before, after = (s.samples[s.units == unit] for s in (plain, answering))
        if not len(times):
            assert np.array_equal(before, after)
        else:
            onsets = stimuli.times_s[np.searchsorted(stimuli.times_s, times, side="right") - 1]
            assert ((times - onsets) > 0.01).all() and len(after) > len(before)


def test_stimuli_are_in_order_and_inside_the_recording():
    times = make_stimuli(with_(events=200, duration_s=3.0)).times_s
    assert len(times) == 200 and (np.diff(times) > 0).all() and times[0] > 0 and times[-1] < 3.0


def intervals_of(settings: SimulationSettings) -> np.ndarray:
    """Intervals of all units that fire no bursts, over the mean of each."""
    units = make_units(settings, make_probe(settings))
    spikes = make_spikes(settings, units, Clock(30000.0))
    found = []
    for unit in range(units.n_units):
        own = np.diff(spikes.samples[spikes.units == unit]) / 30000.0
        assert own.min() >= units.refractory_s[unit]
        found.append(own / own.mean())
    return np.concatenate(found)


def test_log_normal_intervals_have_the_rate_and_longer_tails_than_gamma():
    settings = with_(units=30, duration_s=100.0, rate_hz=8.0, bursty=0.0)
    plain, tailed = intervals_of(settings), intervals_of(dataclasses.replace(settings, intervals="log-normal"))
    assert tailed.size == pytest.approx(plain.size, rel=0.15)
    assert np.quantile(tailed, 0.999) > 1.2 * np.quantile(plain, 0.999)
    assert np.median(tailed) < np.median(plain)


@pytest.mark.parametrize(("name", "least"), [("jitter", 0.15), ("modulation", 0.05)])
def test_amplitudes_vary_as_much_as_asked(name: str, least: float):
    still = with_(units=6, bursty=0.0, jitter=0.0, modulation=0.0)
    for value, low, high in ((0.0, 0.0, 1e-6), (0.2, least, 0.3)):
        settings = dataclasses.replace(still, **{name: value})
        spikes = make_spikes(settings, make_units(settings, make_probe(settings)), Clock(30000.0))
        assert low <= spikes.scales.std() <= high


def test_far_spikes_come_from_as_many_units_as_asked():
    settings = with_(far_units=200, hash=100.0, noise_uv=0.1)
    noise = NoiseStream(settings, make_probe(settings), Clock(30000.0))
    assert len(noise._far.channels) == 200
    assert noise.take(3000).std() > 1.0
