"""Passes, reading and peaks on a device of torch give what they give as compiled loops."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np
import pytest
import torch

from phy_medicine.base.errors import PhyMedError
from phy_medicine.compute.device import exact_products
from phy_medicine.compute.motion.motion import Motion
from phy_medicine.compute.sorting import stretch_data, torch_data, torch_pass
from phy_medicine.compute.sorting.bank import Bank, sample_of
from phy_medicine.compute.sorting.learning import PAD, run_pass
from phy_medicine.compute.sorting.place import Place
from phy_medicine.compute.sorting.preprocess import FilteredChannels, SortingRecording
from phy_medicine.compute.sorting.result import SortedChannels
from phy_medicine.compute.sorting.settings import SortingSettings
from phy_medicine.compute.sorting.spike_features import PeakFinder, threshold_detector
from phy_medicine.compute.sorting.stretches import Surroundings, stretches
from phy_medicine.compute.sorting.torch_pass import TorchSurroundings
from phy_medicine.compute.sorting.torch_preprocess import TorchRecording
from tests.compute.sorting.made_units import (
    CONTACTS,
    POSITIONS,
    RATE,
    TROUGH,
    WIDTH,
    Neuron,
    averages_of,
    follows,
    model_of,
    setting,
)
from tests.compute.sorting.second_device import SecondDevice

NEURONS = [Neuron((5.0, 110.0)), Neuron((4.0, 60.0), period=9.0), Neuron((12.0, 120.0), period=18.0)]
SIZES = np.array([30.0, 20.0, 25.0])
N_SAMPLES, MARGIN = 60_000, 3 * WIDTH + PAD
SAME = ("times", "units")


def moving():
    times = np.arange(0, 2, 0.25)
    return Motion((6 * np.sin(3 * times))[:, None], times, np.array([100.0]))


def crowded(motion=None, seed=0):
    """Data in which spikes of neurons that are near each other overlap, but for a second without any."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(len(POSITIONS), N_SAMPLES)).astype(np.float32)
    for unit, size in enumerate(SIZES):
        times = np.sort(rng.choice(np.arange(0, N_SAMPLES - WIDTH, 40), 90, replace=False))
        for time in times[(times < 10_000) | (times > 25_000)].tolist():
            away = float(motion.at(time / RATE, 100.0)) if motion is not None else 0.0
            waveform = NEURONS[unit].at(away) / np.linalg.norm(NEURONS[unit].at())
            data[:, time : time + WIDTH] += rng.normal(size, 0.1 * size) * waveform
    return data


def model(motion):
    if motion is None:
        return model_of(NEURONS, SIZES, [90] * 3)
    seen = averages_of(NEURONS, SIZES, np.full((3, 3), 200), (-6.0, 0.0, 6.0))
    return model_of(NEURONS, SIZES, [90] * 3, seen)


def on_device(data, **how):
    tensor = torch.as_tensor(data, device="cpu")
    return TorchSurroundings(lambda a, b: tensor[:, a:b], data.shape[1], MARGIN, "cpu", **how)


def passes(motion, data, every, source=None, **how):
    known = follows(motion) if motion is not None else setting()
    source = source or Surroundings(lambda a, b: data[:, a:b], data.shape[1], MARGIN)
    return run_pass(source, every, Bank(model(motion), known, sample_of(source, every)), known, **how)


def assert_same(one, other):
    for name in SAME:
        assert getattr(one.spikes, name).tolist() == getattr(other.spikes, name).tolist()
    np.testing.assert_allclose(one.spikes.amplitudes, other.spikes.amplitudes, rtol=1e-3)
    np.testing.assert_allclose(one.averages.sums, other.averages.sums, atol=1e-4 * np.abs(one.averages.sums).max())
    np.testing.assert_allclose(one.averages.energies, other.averages.energies, rtol=1e-4)
    assert (one.averages.counts == other.averages.counts).all()
    assert one.decoys.tolist() == other.decoys.tolist() and one.n_points == other.n_points
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("motion", [None, moving()], ids=["still", "moving"])
def test_a_pass_finds_the_same_spikes_and_means(motion, seed):
    data = crowded(motion, seed)
    edges = follows(motion).moved.edges(N_SAMPLES) if motion is not None else ()
    every = stretches(N_SAMPLES, 7_000, edges)
    assert motion is None or len(every) > 9
    expected = passes(motion, data, every)
    assert len(expected.spikes.times) > 150
    assert_same(expected, passes(motion, data, every, on_device(data)))


def test_stretches_without_spikes_at_the_ends_and_of_few_samples_are_no_matter():
    data, every = crowded(), stretches(N_SAMPLES, 6_000, (5, 12_000, 12_003, N_SAMPLES - 2))
    assert min(s.stop - s.start for s in every) == 2
    assert_same(passes(None, data, every), passes(None, data, every, on_device(data)))


def test_a_card_that_is_full_is_given_half(monkeypatch):
    data, every, batches = crowded(), stretches(N_SAMPLES, 5_000), []
    real = torch_pass._sort_some

    def full(source, some, *rest):
        batches.append(len(some))
        if len(some) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return real(source, some, *rest)

    monkeypatch.setattr(torch_pass, "_sort_some", full)
    source = on_device(data)
    assert_same(passes(None, data, every), passes(None, data, every, source))
    assert batches == [8, 4, 2, 2, 2, 2, 2, 2] and source.batch == 2


def test_other_errors_are_not_taken_for_a_full_card(monkeypatch):
    def broken(*_):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(torch_pass, "_sort_some", broken)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        passes(None, crowded(), stretches(N_SAMPLES, 5_000), on_device(crowded()))


def test_a_small_card_takes_fewer_stretches_at_once(monkeypatch):
    source, stretch = on_device(np.zeros((4, N_SAMPLES), np.float32)), stretches(N_SAMPLES, 30_000)[0]
    assert torch_pass.batch_for(source, stretch, 10) == torch_pass.MOST_STRETCHES
    monkeypatch.setattr(torch_pass, "free_bytes", lambda device: 2 << 30)
    assert torch_pass.batch_for(source, stretch, 300) == 2
    assert torch_pass.batch_for(source, stretch, 3000) == 1


@pytest.mark.parametrize("motion", [None, moving()], ids=["still", "moving"])
def test_nothing_of_the_host_is_mixed_with_what_is_on_a_device(motion):
    data = crowded(motion)
    edges = follows(motion).moved.edges(N_SAMPLES) if motion is not None else ()
    every = stretches(N_SAMPLES, 30_000, edges)
    shapes = np.linalg.qr(np.random.default_rng(0).normal(size=(WIDTH, 6)))[0].T.astype(np.float32)
    detector = threshold_detector(CONTACTS, RATE, 4.2, "both")
    finder = PeakFinder(CONTACTS, detector, width=WIDTH, trough=TROUGH, shapes=shapes)
    known = follows(motion) if motion is not None else setting()

    def look(s):
        return finder.find(known.at_rest(s.data, s.stretch), s.stretch.start - s.begin, s.stretch.stop - s.begin)[0]

    seen = []
    with SecondDevice():
        found = passes(motion, data, every, on_device(data), look=look, take=seen.append)
    assert_same(passes(motion, data, every), found)
    assert len(seen) == len(every)


@pytest.mark.parametrize("mix", [lambda a: a + torch.ones(3), lambda a: a[torch.arange(2)], lambda a: a.numpy()])
def test_a_second_device_is_told_from_the_host(mix):
    with SecondDevice():
        there = torch.zeros(3, device="cpu")
        assert (there * 2 + 1).cpu().numpy().tolist() == [1, 1, 1]
        with pytest.raises(RuntimeError, match=r"two devices|taken as an array"):
            mix(there)


def test_what_is_on_a_device_goes_with_its_templates():
    data, every = crowded(), stretches(N_SAMPLES, 30_000)
    gc.collect()
    before = len(torch_pass._matchers)
    source = on_device(data)
    bank = Bank(model(None), setting(), sample_of(source, every))
    run_pass(source, every, bank, setting())
    assert len(torch_pass._matchers) == before + 1
    del bank
    assert len(torch_pass._matchers) == before


def test_products_are_exact_on_a_card():
    torch.set_float32_matmul_precision("high")
    try:
        with exact_products("cuda:0"):
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")


def test_values_that_are_not_finite_are_refused():
    data = crowded()
    data[3, 31_000] = np.nan
    with pytest.raises(PhyMedError, match="not finite between samples 29,"):
        on_device(data)(stretches(N_SAMPLES, 30_000)[1])


def test_what_is_read_again_is_rounded_and_has_a_bound():
    data, (first, second) = crowded(), stretches(N_SAMPLES, 30_000)
    source = on_device(data, kept_bytes=2 * 24 * 31_000)
    expected = Surroundings(lambda a, b: data[:, a:b], N_SAMPLES, MARGIN)(first)
    assert source(first).numpy().tolist() == expected.tolist()
    source._tensor = None  # only what is kept can be read now
    assert source(first).numpy().tolist() == expected.tolist()
    with pytest.raises(TypeError):
        source(second)


def test_what_is_read_once_is_not_rounded():
    data = crowded()
    source = on_device(data, kept_bytes=0)
    assert (source(stretches(N_SAMPLES, N_SAMPLES)[0]).numpy() == data).all()


@pytest.mark.parametrize("sign", ["troughs", "both"])
def test_peaks_and_their_features_are_the_same(sign):
    data = crowded()
    shapes = np.linalg.qr(np.random.default_rng(0).normal(size=(WIDTH, 6)))[0].T.astype(np.float32)
    detector = threshold_detector(CONTACTS, RATE, 4.2, sign)
    finder = PeakFinder(CONTACTS, detector, width=WIDTH, trough=TROUGH, shapes=shapes)
    for first, stop in ((0, N_SAMPLES), (130, 6_200)):
        expected = finder.find(data, first, stop)
        assert len(expected[0]) > 10
        found = finder.find(torch.as_tensor(data), first, stop)
        for one, other in zip(expected, found, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4)
    np.testing.assert_array_equal(finder.snippets(data, 0, 9_000), finder.snippets(torch.as_tensor(data), 0, 9_000))


def test_windows_that_leave_the_data_are_filled_with_zeros():
    data = np.arange(40, dtype=np.float32).reshape(4, 10)
    channels = np.array([[1, 3], [2, -1]])
    times, rows = np.array([-2, 4, 7]), np.array([0, 1, 0])
    expected = stretch_data.windows(data, times, rows, channels, 5)
    assert expected[0, 0].tolist() == [0, 0, 10, 11, 12] and not expected[1, 1].any()
    assert stretch_data.windows(torch.as_tensor(data), times, rows, channels, 5).tolist() == expected.tolist()


def test_many_windows_are_taken_part_by_part(monkeypatch):
    data, times = crowded(), np.arange(0, 50_000, 700)
    channels, rows = np.arange(24).reshape(4, 6), np.arange(len(times)) % 4
    sums = [np.zeros((4, 1, 6, 30), np.float32) for _ in range(2)]
    sizes, bins = np.linspace(1, 2, len(times)).astype(np.float32), np.zeros(4, np.int64)
    monkeypatch.setattr(torch_data, "_VALUES", 1000)
    for some, out in zip((data, torch.as_tensor(data)), sums, strict=True):
        stretch_data.add_at_spikes(some, times, rows, sizes, bins, channels, out, 3)
    np.testing.assert_allclose(*sums, atol=1e-4)
    one, other = (stretch_data.windows(some, times, rows, channels, 30) for some in (data, torch.as_tensor(data)))
    assert (one == other).all()


class Memory:
    """A recording in memory."""

    sample_rate = RATE

    def __init__(self, data):
        self.data = data
        self.n_samples, self.n_channels = data.shape

    def read(self, start, stop):
        return self.data[start:stop]


def recorded(n_channels=40, seed=0, kind=np.int16):
    """A recording with slow waves, offsets, a common noise and a shock."""
    rng = np.random.default_rng(seed)
    t = np.arange(N_SAMPLES) / RATE
    common = 40 * rng.normal(size=(N_SAMPLES, 1)) + 3000 * np.sin(2 * np.pi * 6 * t)[:, None]
    data = 20 * rng.normal(size=(N_SAMPLES, n_channels)) + common + 500 * rng.normal(size=n_channels)
    data[20_000:20_004] += 15_000 * (-1.0) ** np.arange(n_channels)
    return Memory(np.rint(data).astype(kind))


def channels_of(n_channels, used=None, shanks=1):
    used = np.arange(n_channels) if used is None else used
    positions = np.array([[16.0 * (i % 2) + 300 * (i % shanks), 20.0 * (i // 2)] for i in used.tolist()])
    return SortedChannels(used, positions, (used % shanks).astype(np.int32))


def assert_reads_the_same(recording, channels, options, motion=None):
    settings = SortingSettings(**options)
    filtered = FilteredChannels.of(recording, channels, settings, gain_uv=0.195)
    host = SortingRecording.of_signal(filtered, channels, settings, motion=motion)
    signal = replace(Place("cpu").signal(filtered), gate=host.signal.gate)
    device = TorchRecording(replace(host, signal=signal))
    for start, stop in ((0, 900), (19_000, 31_000), (N_SAMPLES - 700, N_SAMPLES)):
        expected = host.read(start, stop)
        with SecondDevice():
            found = device.tensor(start, stop).cpu().numpy()
        np.testing.assert_allclose(found, expected, atol=3e-3)
        np.testing.assert_allclose(signal.read(start, stop), host.signal.read(start, stop), atol=1e-2)
    return host


@pytest.mark.parametrize(
    "options",
    [{}, {"band_pass": False}, {"common_reference": False, "artifact_noise": 0.0}, {"high_hz": 14_999.0}],
    ids=["all", "no filter", "filter alone", "high-pass"],
)
def test_what_is_read_is_the_same(options):
    host = assert_reads_the_same(recorded(), channels_of(40), {"drift": "none", **options})
    assert bool(host.artifacts) == ("band_pass" not in options and "artifact_noise" not in options)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int32, ">i2"])
def test_numbers_of_any_kind_are_read(kind):
    assert_reads_the_same(recorded(kind=kind), channels_of(40), {"drift": "none"})


def test_some_channels_of_two_shanks_are_read_in_their_order():
    used = np.random.default_rng(0).permutation(40)[:36]
    assert_reads_the_same(recorded(), channels_of(40, used, shanks=2), {"drift": "none"})


def test_data_that_are_moved_back_are_the_same():
    assert_reads_the_same(recorded(), channels_of(40), {"drift": "data"}, moving())


def test_a_value_that_is_not_finite_is_refused_with_its_channel():
    recording = recorded(kind=np.float32)
    recording.data[300, 7] = np.inf
    signal = Place("cpu").signal(FilteredChannels.of(recording, channels_of(40), SortingSettings()))
    with pytest.raises(PhyMedError, match="Channel 7 has values that are not finite"):
        signal.read(100, 1000)
