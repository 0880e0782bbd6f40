"""The sorter on a graphics card with CUDA: the same spikes, the same each time, and faster than the recording."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from phy_medicine.compute import kernels
from phy_medicine.compute.device import exact_products
from phy_medicine.compute.sorting.evaluate import Spikes, evaluate
from phy_medicine.compute.sorting.matching import Matcher
from phy_medicine.compute.sorting.priors import TruncatedNormal
from phy_medicine.compute.sorting.pursuit import PursuitOptions
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.simulate import simulate
from phy_medicine.compute.sorting.sorter import sort
from phy_medicine.compute.sorting.sparse_templates import compress
from phy_medicine.compute.sorting.torch_matching import TorchMatcher
from phy_medicine.io.simulate import SimulationSettings, simulate_probe

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card with CUDA"),
]
DURATION_S, RATE = 60.0, 30_000.0


@dataclass(frozen=True)
class Memory:
    """A recording in memory, (T, N)."""

    data: np.ndarray
    sample_rate: float = RATE

    @property
    def n_samples(self):
        return self.data.shape[0]

    @property
    def n_channels(self):
        return self.data.shape[1]

    def read(self, start, stop):
        return self.data[start:stop]


def pairs(found):
    return set(zip(found.times.tolist(), found.units.tolist(), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_a_card_finds_the_spikes_of_the_processor_and_the_same_each_time(seed):
    sim = simulate(90_000, 64, 61, 40, seed=seed, sample_rate=RATE, rate_hz=20.0, mean_amplitude=18.0)
    prior, options = TruncatedNormal(18.0, 10.0, 0.001), PursuitOptions(between_from=15.0)
    matcher = Matcher(compress(sim.templates), [prior] * 40, options=options)
    data, expected = torch.as_tensor(sim.data, device="cuda"), matcher.find_all(sim.data)
    with exact_products("cuda:0"):
        (one, _), (other, _) = (TorchMatcher(matcher, "cuda:0").find([data])[0] for _ in range(2))
    assert pairs(one) == pairs(other) and (one.amplitudes == other.amplitudes).all()
    assert len(pairs(one) & pairs(expected)) >= 0.995 * len(pairs(one) | pairs(expected))


@pytest.mark.timeout(600)
def test_384_channels_are_sorted_in_real_time(tmp_path, capsys):
    settings = SimulationSettings(
        channels=384, units=200, duration_s=DURATION_S, oversplit=0.0, overmerge=0.0, seed=0
    )  # fmt: skip
    made = simulate_probe(tmp_path / "simulated", settings)
    recording = Memory(np.array(made.recording.read(0, made.recording.n_samples)))
    channels = SortedChannels(np.arange(384), made.positions_um, made.shanks)
    kernels.warm_up()

    def sorted_(some):
        return sort(some, channels, SortingSettings(device="cuda"), gain_uv=made.gain_uv, n_threads=8)

    sorted_(Memory(recording.data[: 4 * 30_000]))  # loads and compiles what is needed
    began = time.perf_counter()
    found = sorted_(recording)
    factor = DURATION_S / (time.perf_counter() - began)
    with capsys.disabled():
        print(f"\n384 channels on {torch.cuda.get_device_name()}: {factor:.2f} times real time, {found.timings}")
    truth = Spikes(made.spike_samples, made.spike_units, np.ones((made.n_units, found.templates.shape[1], 3)))
    scored = evaluate(truth, Spikes(found.spikes.times, found.spikes.units, found.templates))
    sizes = np.array([np.median(made.spike_amplitudes_uv[made.spike_units == k]) for k in range(made.n_units)])
    assert np.median(scored.accuracy[sizes >= 60.0]) > 0.9
    assert torch.cuda.max_memory_allocated() < 4e9
    assert factor >= 1
