"""Compiled sums over spikes, and the fit of one mode, against slow and obvious ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.sorting import _kernels_learn as kernels
from phy_medicine.compute.sorting._kernels_modes import unimodal

N_CHANNELS, N_SAMPLES, N_UNITS, N_SLOTS, WIDTH = 6, 60, 4, 3, 9
seeds = st.integers(0, 10_000)
quick = settings(max_examples=25, deadline=None)


class Made:
    """Data, spikes of which some leave it, and waveforms on a few channels each."""

    def __init__(self, seed):
        self.rng = rng = np.random.default_rng(seed)
        self.data = rng.normal(size=(N_CHANNELS, N_SAMPLES)).astype(np.float32)
        self.times = np.sort(rng.integers(2 - WIDTH, N_SAMPLES - 1, 15))
        self.units = rng.integers(0, N_UNITS, 15)
        self.sizes = rng.uniform(1, 9, 15).astype(np.float32)
        self.channels = np.stack([rng.permutation(N_CHANNELS)[:N_SLOTS] for _ in range(N_UNITS)])
        self.channels[rng.random(self.channels.shape) < 0.3] = -1
        self.waveforms = rng.normal(size=(N_UNITS, N_SLOTS, WIDTH)).astype(np.float32)
        self.bins = rng.integers(0, 2, N_UNITS)

    @property
    def spikes(self):
        return zip(self.times.tolist(), self.units.tolist(), self.sizes.tolist(), strict=True)

    def slots(self, unit):
        return [(slot, c) for slot, c in enumerate(self.channels[unit].tolist()) if c >= 0]


@quick
@given(seed=seeds)
def test_spikes_are_taken_out_of_the_data_where_they_lie_in_it(seed):
    made = Made(seed)
    taps = made.rng.normal(size=(15, 3)).astype(np.float32)
    taps[::2] = 0, 1, 0
    expected = made.data.astype(np.float64)
    for i, (time, unit, size) in enumerate(made.spikes):
        for slot, channel in made.slots(unit):
            for tap in range(3):
                for d in range(WIDTH):
                    t = time + tap - 1 + d
                    if 0 <= t < N_SAMPLES:
                        expected[channel, t] -= size * taps[i, tap] * made.waveforms[unit, slot, d]
    kernels.subtract(made.data, made.times, made.units, made.sizes, taps, made.channels, made.waveforms)
    np.testing.assert_allclose(made.data, expected, atol=1e-4)


@quick
@given(seed=seeds)
def test_sums_at_spikes_are_of_the_windows_that_lie_in_the_data(seed):
    made, shift = Made(seed), 2
    sums = np.zeros((N_UNITS, 2, N_SLOTS, WIDTH + 2 * shift), np.float32)
    expected = sums.astype(np.float64)
    for time, unit, size in made.spikes:
        first, stop = time - shift, time + WIDTH + shift
        if first >= 0 and stop <= N_SAMPLES:
            for slot, channel in made.slots(unit):
                expected[unit, made.bins[unit], slot] += size * made.data[channel, first:stop]
    kernels.add_at_spikes(made.data, made.times, made.units, made.sizes, made.bins, made.channels, sums, shift)
    np.testing.assert_allclose(sums, expected, atol=1e-4)


@quick
@given(seed=seeds)
def test_a_units_own_waveform_is_added_on_the_channels_that_both_have(seed):
    made, others, shift = Made(seed), Made(seed + 1), 2
    energies = made.rng.uniform(0, 5, N_UNITS).astype(np.float32)
    energies[0] = 0
    sums = np.zeros((N_UNITS, 2, N_SLOTS, WIDTH + 2 * shift), np.float32)
    expected = sums.astype(np.float64)
    for k in range(N_UNITS):
        for slot, channel in made.slots(k):
            for own, same in others.slots(k):
                if channel == same:
                    expected[k, made.bins[k], slot, shift : shift + WIDTH] = energies[k] * others.waveforms[k, own]
    kernels.add_own(others.channels, others.waveforms, energies, made.bins, made.channels, sums, shift)
    np.testing.assert_allclose(sums, expected, atol=1e-4)


@quick
@given(seed=seeds)
def test_a_spike_has_its_share_of_the_energy_of_all_that_it_overlaps(seed):
    made = Made(seed)
    shares = (made.rng.random((N_UNITS, N_UNITS)) < 0.5).astype(np.uint8)
    shares |= shares.T
    expected = []
    for i, (time, unit, size) in enumerate(made.spikes):
        overlaps = [
            (1 - abs(time - t) / WIDTH) * s**2
            for j, (t, u, s) in enumerate(made.spikes)
            if j != i and abs(time - t) < WIDTH and shares[unit, u]
        ]
        expected.append(size**2 / (size**2 + sum(overlaps)))
    found = kernels.alone(made.times, made.units, made.sizes.astype(np.float64), shares, WIDTH)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@quick
@given(seed=seeds)
def test_windows_are_copied_as_far_as_the_data_go(seed):
    made = Made(seed)
    out = np.zeros((15, N_SLOTS, WIDTH), np.float32)
    kernels.windows(made.data, made.times, made.units, made.channels, out)
    padded = np.pad(made.data, ((0, 0), (WIDTH, 2 * WIDTH)))
    for i, (time, unit, _) in enumerate(made.spikes):
        for slot, channel in enumerate(made.channels[unit].tolist()):
            window = padded[channel, time + WIDTH : time + 2 * WIDTH] if channel >= 0 else np.zeros(WIDTH)
            assert out[i, slot].tolist() == window.tolist()


@quick
@given(seed=seeds)
def test_troughs_of_scores_are_counted(seed):
    scores = np.random.default_rng(seed).integers(-3, 3, (3, 40)).astype(np.float32)
    thresholds = np.array([1.0, 2.0, 3.0])
    expected = [
        sum(row[t] <= -low and row[t] < row[t - 1] and row[t] <= row[t + 1] for t in range(5, 39))
        for row, low in zip(scores, thresholds, strict=True)
    ]
    counts = np.ones(3, np.int64)
    kernels.count_below(scores, thresholds, 5, 99, counts)
    assert (counts - 1).tolist() == expected


@quick
@given(seed=seeds)
def test_delays_between_spikes_are_counted_both_ways(seed):
    made, reach = Made(seed), 6
    expected = np.zeros((N_UNITS, N_UNITS, 2 * reach + 1), np.int32)
    for i, (time, unit, _) in enumerate(made.spikes):
        for j, (other, its, _) in enumerate(made.spikes):
            if i != j and abs(other - time) <= reach:
                expected[unit, its, other - time + reach] += 1
    counts = np.zeros_like(expected)
    kernels.count_lags(made.times, made.units, reach, counts)
    np.testing.assert_array_equal(counts, expected)


@quick
@given(st.lists(st.integers(0, 20), min_size=1, max_size=14))
def test_the_nearest_histogram_of_one_mode_is_the_best_over_all_places_of_its_peak(values):
    from sklearn.isotonic import IsotonicRegression

    counts = np.array(values, np.float64)

    def error(part, increasing):
        if not len(part):
            return 0.0
        fit = IsotonicRegression(increasing=increasing).fit_transform(np.arange(len(part)), part)
        return float(((fit - part) ** 2).sum())

    fit = unimodal(counts)
    best = min(error(counts[:i], True) + error(counts[i:], False) for i in range(len(counts) + 1))
    assert ((fit - counts) ** 2).sum() == pytest.approx(best, abs=1e-9)
    steps = np.sign(np.diff(fit))
    assert (np.diff(steps[steps != 0]) <= 0).all()
    assert fit.sum() == pytest.approx(counts.sum())
