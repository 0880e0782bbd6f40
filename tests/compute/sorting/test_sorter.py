"""The sorter on small simulated recordings, from the raw data to units."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.model import LEAST_ENERGY
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.sorter import sort
from phy_medicine.compute.sorting.stages import Stages
from phy_medicine.io.simulate import SimulationSettings, simulate_probe

N_CHANNELS, VISIBLE_UV = 16, 60.0
SHOWN = ("times", "units", "amplitudes", "gains", "residuals", "features")
SIMULATED = SimulationSettings(
    channels=N_CHANNELS, units=5, duration_s=15.0, rate_hz=8.0, oversplit=0.0, overmerge=0.0, hash=0.0, seed=2
)


@dataclass(frozen=True)
class Memory:
    """A recording in memory, (T, N)."""

    data: np.ndarray
    sample_rate: float = 30_000.0

    @property
    def n_samples(self):
        return self.data.shape[0]

    @property
    def n_channels(self):
        return self.data.shape[1]

    def read(self, start, stop):
        return self.data[start:stop]


@dataclass(frozen=True)
class Known:
    """A recording and what is true of it."""

    simulation: object
    recording: Memory
    channels: SortedChannels

    @classmethod
    def of(cls, folder, settings):
        simulation = simulate_probe(folder, settings)
        data = np.array(simulation.recording.read(0, simulation.recording.n_samples))
        channels = SortedChannels(np.arange(N_CHANNELS), simulation.positions_um, simulation.shanks)
        return cls(simulation, Memory(data), channels)

    def sort(self, **how):
        settings = SortingSettings(**{"drift": "none", **how.pop("settings", {})})
        recording, channels = how.pop("recording", self.recording), how.pop("channels", self.channels)
        return sort(recording, channels, settings, gain_uv=self.simulation.gain_uv, **how)

    @property
    def visible(self):
        s = self.simulation
        sizes = [np.median(s.spike_amplitudes_uv[s.spike_units == k]) for k in range(s.n_units)]
        return np.flatnonzero(np.array(sizes) >= VISIBLE_UV)

    def accuracy(self, found):
        """Of each true unit that is well visible."""
        s = self.simulation
        nothing = np.ones((s.n_units, found.templates.shape[1], 3))
        of_found = Spikes(found.spikes.times, found.spikes.units, found.templates)
        return evaluate(Spikes(s.spike_samples, s.spike_units, nothing), of_found).accuracy[self.visible]


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    return Known.of(tmp_path_factory.mktemp("still") / "simulated", SIMULATED)


@pytest.fixture(scope="module")
def two_shanks(tmp_path_factory):
    """Tissue that moves along two shanks."""
    settings = replace(SIMULATED, probe="multi-shank", n_shanks=2, drift="zigzag", drift_um=16.0, seed=1)
    return Known.of(tmp_path_factory.mktemp("shanks") / "simulated", settings)


@pytest.fixture(scope="module")
def found(still):
    return still.sort()


def same(one, other):
    return all(np.array_equal(getattr(one.spikes, name), getattr(other.spikes, name)) for name in SHOWN)


def test_all_units_that_are_well_visible_are_found(still, found):
    assert len(still.visible) >= 4
    assert still.accuracy(found).min() > 0.9
    assert np.isin(found.units["label"], ["good", "mua", "noise"]).all()


def test_a_bank_of_filters_finds_them_too(still):
    found = still.sort(settings={"detect": "bank", "rounds": 2})
    assert still.accuracy(found).min() > 0.9


def test_waveforms_are_followed_in_windows_and_what_changes_is_kept(still, found, tmp_path):
    asked = SortingSettings(drift="none", change_window_s=5.0)
    stages = Stages(tmp_path, asked)
    followed = still.sort(settings={"change_window_s": 5.0}, stages=stages)
    assert stages.kept() == ("motion", "templates", "changes", "spikes")
    # Nothing changes in this recording.
    assert same(found, followed)


def test_units_are_in_the_order_of_depth_and_spikes_in_that_of_time(still, found):
    energies = np.einsum("knd,knd->kn", found.templates, found.templates)
    assert (np.diff(energies @ found.channels.positions[:, 1] / energies.sum(axis=1)) >= 0).all()
    assert (np.diff(found.spikes.times) >= 0).all()
    assert found.spikes.units.min() == 0 and found.spikes.units.max() < len(found.templates)


def test_templates_have_norm_1_and_their_trough_at_its_sample(found):
    np.testing.assert_allclose(np.linalg.norm(found.templates, axis=(1, 2)), 1, atol=1e-4)
    for template in found.templates:
        main = template[np.abs(template).max(axis=1).argmax()]
        assert abs(int(np.abs(main).argmax()) - found.trough) <= 1


def test_features_are_in_the_mean_those_of_the_template_times_the_amplitude(found):
    s = found.spikes
    own = np.einsum("knd,pd->kpn", found.templates, found.feature_shapes)
    for k, channels in enumerate(found.feature_channels):
        of_k, real = s.units == k, channels >= 0
        expected = float(s.amplitudes[of_k].mean()) * own[k][:, channels[real]]
        left = np.linalg.norm(s.features[of_k].mean(axis=0)[:, real] - expected, axis=0)
        # On the others less is to be seen than makes a channel part of a template.
        limit = np.where(np.linalg.norm(expected, axis=0) > 0, 1.3, 1.05 * np.sqrt(LEAST_ENERGY))
        assert (left < limit).all()


def test_the_likelihood_rises(found):
    assert found.log_likelihood[-2] > found.log_likelihood[0]
    assert found.log_likelihood[-1] == pytest.approx(found.log_likelihood[-2], abs=0.01)


def test_neither_threads_nor_another_run_change_what_is_found(still, found):
    assert same(found, still.sort())
    assert same(found, still.sort(n_threads=2))


_LOOK = """
from threadpoolctl import threadpool_info
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.sorter import Sorter
class Look(Sorter):
    def _run(self):
        import sklearn.cluster
        print(sorted({library["num_threads"] for library in threadpool_info()}))
Look(None, None, SortingSettings(device="cpu")).run()
"""


def test_no_library_has_threads_of_its_own_while_a_recording_is_sorted():
    # In a process of its own: here some libraries are loaded before.
    words, environment = [sys.executable, "-c", _LOOK], {**os.environ, "OMP_NUM_THREADS": "3"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1]"


class WithTemplates(Stages):
    """Stages that have templates already, and keep what is found with them."""

    def __init__(self, templates):
        super().__init__()
        self.templates, self.found = templates, {}

    def get(self, name, compute, **more):
        self.found[name] = self.templates if name == "templates" and self.templates else super().get(name, compute)
        return self.found[name]


def test_spikes_do_not_depend_on_the_length_of_stretches(still):
    first = WithTemplates(None)
    still.sort(stages=first)

    def spikes(batch_s):
        stages = WithTemplates(first.found["templates"])
        still.sort(stages=stages, settings={"batch_s": batch_s})
        return set(zip(*(stages.found["spikes"][name].tolist() for name in ("times", "units")), strict=True))

    expected = spikes(1.0)
    for batch_s in (0.5, 2.0):
        other = spikes(batch_s)
        assert len(expected & other) >= 0.999 * len(expected | other)


def test_a_sort_that_was_interrupted_goes_on_to_the_same(still, found, tmp_path):
    def stop(stage, fraction):
        if stage == "spikes" and fraction > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        still.sort(stages=Stages(tmp_path, found.settings), progress=stop)
    told = []
    again = still.sort(stages=Stages(tmp_path, found.settings), progress=lambda *at: told.append(at))
    assert same(found, again)
    assert not [at for at in told if at[0] == "templates" and 0 < at[1] < 1]


@pytest.mark.parametrize("drift", ["templates", "data"])
def test_units_are_followed_along_two_shanks_that_none_spans(two_shanks, drift):
    drifts = two_shanks.simulation.drift
    motion = Motion(drifts.displacement_um, drifts.temporal_bins_s, drifts.spatial_bins_um)
    sorted_ = two_shanks.sort(settings={"drift": drift}, motion=motion)
    assert two_shanks.accuracy(sorted_).min() > 0.9
    assert len(sorted_.motion["displacement_um"])
    for template in sorted_.templates:
        assert len(set(sorted_.channels.shanks[np.abs(template).max(axis=1) > 0].tolist())) == 1


def test_a_dead_channel_is_left_out_and_named(still):
    data = still.recording.data.copy()
    data[:, 6] = 3
    lines = []
    sorted_ = still.sort(recording=Memory(data), log=lines.append)
    assert list(sorted_.channels.left_out) == [6]
    assert 6 not in sorted_.channels.map
    assert sorted_.templates.shape[1] == N_CHANNELS - 1
    assert [line for line in lines if line.startswith("Channel 6 is left out: dead")]
    assert (still.accuracy(sorted_) > 0.9).sum() >= len(still.visible) - 1


def test_a_recording_without_spikes_is_refused(still):
    noise = (30 * np.random.default_rng(0).normal(size=(60_000, N_CHANNELS))).astype(np.int16)
    with pytest.raises(PhyMedError, match=r"^No (spikes|units) were found: .* times the noise\. Lower the threshold"):
        still.sort(recording=Memory(noise), settings={"detect_threshold": 9.0})


def test_peaks_of_noise_are_no_units(still):
    noise = (30 * np.random.default_rng(0).normal(size=(60_000, N_CHANNELS))).astype(np.int16)
    with pytest.raises(PhyMedError, match=r"^No units were found: of \d+ groups of peaks none is a neuron \(\d+ "):
        still.sort(recording=Memory(noise), settings={"detect_threshold": 3.0})


@pytest.mark.parametrize("n_samples", [1, 30, 300])
def test_a_recording_that_is_too_short_is_refused(still, n_samples):
    with pytest.raises(PhyMedError):
        still.sort(recording=Memory(still.recording.data[:n_samples]))


@pytest.mark.parametrize("drift", ["none", "templates"])
def test_what_a_graphics_card_would_do_finds_the_same_units_and_spikes(still, two_shanks, drift):
    known, threads = (still if drift == "none" else two_shanks), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        on_card, found = (
            known.sort(settings={"drift": drift, "rounds": 1, "device": name}) for name in ("torch:cpu", "cpu")
        )
    finally:
        torch.set_num_threads(threads)
    assert len(on_card.templates) == len(found.templates)
    np.testing.assert_allclose(known.accuracy(on_card), known.accuracy(found), atol=0.005)
    same = Spikes(found.spikes.times, found.spikes.units, found.templates)
    on_card = Spikes(on_card.spikes.times, on_card.spikes.units, on_card.templates)
    assert evaluate(same, on_card, tolerance=1).accuracy.min() > 0.995


def test_a_device_that_is_not_there_is_refused(still):
    with pytest.raises(PhyMedError, match="The device cuda:77 is not available to torch here"):
        still.sort(settings={"device": "cuda:77"})
