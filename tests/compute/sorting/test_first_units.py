"""First units: clusters of peaks, region by region."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.sorting.first_units import first_units, on_channels, regions, thinned
from phy_medicine.compute.sorting.spike_features import Peaks, channels_around
from tests.compute.sorting.made_units import CONTACTS, POSITIONS, WIDTH, Neuron

NEURONS = [Neuron((8.0, 70.0)), Neuron((8.0, 78.0), period=20.0), Neuron((8.0, 190.0))]
SIZES, COUNTS = [30.0, 22.0, 25.0], [300, 200, 120]


def made_peaks(contacts=CONTACTS, seed=0, counts=COUNTS):
    """Peaks of neurons with noise of 1 in each feature, in the order of time, and the neuron of each."""
    rng = np.random.default_rng(seed)
    waveforms = np.stack([n.at() * size for n, size in zip(NEURONS, SIZES, strict=True)])
    shapes = np.linalg.svd(waveforms.reshape(-1, WIDTH), full_matrices=False)[2][:6].astype(np.float32)
    around = channels_around(contacts)
    kinds = rng.permutation(np.repeat(np.arange(3), counts))
    mains = np.abs(waveforms).max(axis=2).argmax(axis=1)
    channels = mains[kinds]
    features = np.where(around[channels][:, :, None] >= 0, (waveforms @ shapes.T)[kinds[:, None], around[channels]], 0)
    features = features + rng.normal(size=features.shape) * (around[channels] >= 0)[:, :, None]
    amplitudes = -np.abs(waveforms).max(axis=(1, 2))[kinds]
    samples = np.sort(rng.choice(1_000_000, len(kinds), replace=False))
    return Peaks(
        samples, channels, amplitudes.astype(np.float32), features.astype(np.float32), around, shapes
    ), kinds, waveforms  # fmt: skip


def test_each_neuron_is_found_with_its_mean_waveform():
    peaks, kinds, waveforms = made_peaks()
    found = first_units(peaks, CONTACTS, np.random.default_rng(0))
    of_neuron = set()
    for template, samples, count in zip(found.templates, found.samples, found.counts, strict=True):
        own = kinds[np.isin(peaks.samples, samples)]
        assert len(set(own.tolist())) == 1 and count == len(own) == COUNTS[own[0]]
        used = np.abs(template).max(axis=1) > 0
        assert np.linalg.norm((template - waveforms[own[0]])[used]) < 0.1 * np.linalg.norm(waveforms[own[0]])
        of_neuron.add(int(own[0]))
    assert of_neuron == {0, 1, 2}
    np.testing.assert_allclose(found.sizes, np.linalg.norm(found.templates, axis=(1, 2)), rtol=1e-5)


def test_some_of_the_units_are_chosen():
    found = first_units(made_peaks()[0], CONTACTS, np.random.default_rng(0))
    some = found.of(np.array([2, 0]))
    np.testing.assert_array_equal(some.templates, found.templates[[2, 0]])
    assert some.counts.tolist() == found.counts[[2, 0]].tolist()
    assert some.samples[1] is found.samples[0]


def test_peaks_that_are_too_few_are_no_units():
    found = first_units(made_peaks(counts=[20, 0, 29])[0], CONTACTS, np.random.default_rng(0))
    assert found.templates.shape == (0, 24, WIDTH) and found.counts.tolist() == [] and found.samples == ()


def test_no_unit_has_channels_of_two_shanks():
    contacts = Contacts.of(POSITIONS, (POSITIONS[:, 1] > 74).astype(int))
    found = first_units(made_peaks(contacts)[0], contacts, np.random.default_rng(0))
    assert len(found.counts) >= 3
    for template in found.templates:
        assert len(set(contacts.shanks[np.abs(template).max(axis=1) > 0].tolist())) == 1


@pytest.mark.parametrize("columns", [2, 40])
def test_each_channel_is_in_two_regions_along_the_probe_of_its_shank(columns):
    places = np.array([[16.0 * (i % columns), 20.0 * (i // columns)] for i in range(160)])
    contacts = Contacts.of(places, np.repeat([0, 1], 80))
    every = regions(contacts)
    times = np.sum([inside for inside, _ in every], axis=0)
    assert set(times.tolist()) == ({2} if columns == 2 else {4})
    for inside, channels in every:
        assert set(np.flatnonzero(inside)) <= set(channels.tolist())
        assert len(set(contacts.shanks[channels].tolist())) == 1


@given(n=st.integers(1, 400), most=st.integers(1, 400), seed=st.integers(0, 99))
def test_so_many_are_kept_at_most_and_rare_large_ones_stay(n, most, seed):
    rng = np.random.default_rng(seed)
    sizes = rng.lognormal(1.0, 0.2, n)
    sizes[: n // 50] *= 20
    rows = 3 * np.arange(n)
    kept = thinned(rows, sizes, most, rng)
    assert len(kept) == min(n, most) and set(kept.tolist()) <= set(rows.tolist())
    assert (np.diff(kept) > 0).all()
    if most >= 20 * max(n // 50, 1):
        assert set(rows[: n // 50].tolist()) <= set(kept.tolist())


def test_features_on_other_channels_are_those_of_the_same_channels():
    peaks, _, _ = made_peaks()
    rows, channels = np.array([0, 5, 77]), np.array([3, 7, 8, 23])
    found = on_channels(peaks, rows, channels)
    for i, row in enumerate(rows):
        around = peaks.around[peaks.channels[row]].tolist()
        for slot, channel in enumerate(channels.tolist()):
            expected = peaks.features[row, around.index(channel)] if channel in around else np.zeros(6)
            np.testing.assert_array_equal(found[i, slot], expected)
