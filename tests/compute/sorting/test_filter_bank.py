"""A bank of filters: what it is made of, and the spikes it finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.peak_settings import TROUGHS
from phy_medicine.compute.sorting import _kernels_bank as kernels
from phy_medicine.compute.sorting.filter_bank import (
    N_PROTOTYPES,
    WIDTHS_UM,
    BankDetector,
    Footprints,
    built_in_prototypes,
    is_alone,
    learned_prototypes,
    prototype_noise,
    prototypes_of,
)
from phy_medicine.compute.sorting.spike_features import threshold_detector
from tests.compute.sorting.made_units import CONTACTS, POSITIONS, RATE, TROUGH, WIDTH, Neuron

N, EXCLUDE = 6000, 15
PLACES = {700: (5.0, 110.0), 2500: (9.0, 31.0), 2503: (5.0, 200.0), 4300: (12.0, 160.0)}
FOOTPRINTS = Footprints.of(CONTACTS)


def made(size, places=PLACES, seed=0):
    """Noise of 1 with spikes of norm `size` whose troughs are at given samples."""
    data = np.random.default_rng(seed).normal(size=(len(POSITIONS), N)).astype(np.float32)
    for trough, place in places.items():
        data[:, trough - TROUGH : trough - TROUGH + WIDTH] += size * Neuron(place).template()
    return data


def detector(*, both=False, threshold=8.0, footprints=FOOTPRINTS):
    prototypes = built_in_prototypes(WIDTH, TROUGH, RATE)
    levels = np.ones(len(prototypes), np.float32)
    return BankDetector(prototypes, TROUGH, levels, footprints, threshold, EXCLUDE, both)


def test_spikes_that_no_channel_shows_are_found_together():
    # The largest channel has 4 standard deviations of the noise.
    data = made(17.0)
    assert max(np.abs(17.0 * Neuron(place).template()).max() for place in PLACES.values()) < 5.0
    by_threshold = threshold_detector(CONTACTS, RATE, 6.0, TROUGHS).detect(np.ascontiguousarray(data.T))
    assert by_threshold.samples.size == 0
    found = detector().detect(data, 0, N)
    assert len(found.samples) == len(PLACES)
    for sample, channel, place in zip(found.samples, found.channel_ids, PLACES.values(), strict=True):
        assert np.abs(np.array(list(PLACES)) - sample).min() <= 6
        assert np.hypot(*(POSITIONS[channel] - place)) < 40 or sample in (2500, 2503)
    assert (found.amplitudes < -8).all() and found.samples.tolist() == sorted(found.samples.tolist())


def test_noise_has_no_spikes():
    assert detector(both=True).detect(made(0.0), 0, N).samples.size == 0


def test_spikes_upside_down_are_found_only_where_both_are_looked_for():
    data = made(-60.0, {2500: PLACES[2500]})
    found = detector(both=True).detect(data, 0, N)
    strongest = int(np.abs(found.amplitudes).argmax())
    assert abs(found.samples[strongest] - 2500) <= 2 and found.amplitudes[strongest] > 8
    assert not (np.abs(detector().detect(data, 0, N).samples - 2500) <= 2).any()


def test_parts_of_a_large_spike_are_no_spikes():
    found = detector().detect(made(150.0, {2500: PLACES[2500]}), 0, N)
    assert found.samples.tolist() == [2500]


def test_which_spikes_are_found_does_not_depend_on_the_columns_asked_for():
    data = made(40.0)
    whole = detector().detect(data, 0, N)
    parts = [detector().detect(data, a, b) for a, b in ((0, 700), (700, 2502), (2502, N))]
    assert np.concatenate([p.samples for p in parts]).tolist() == whole.samples.tolist()
    assert [len(p.samples) for p in parts] == [0, 2, 2]


def test_channels_of_another_shank_have_no_part():
    contacts = Contacts.of(POSITIONS, np.repeat([0, 1], 12))
    footprints = Footprints.of(contacts)
    for m in range(footprints.n_filters):
        channels = footprints.order[footprints.rows[footprints.starts[m] : footprints.starts[m + 1]]]
        assert (contacts.shanks[channels] == footprints.shanks[m]).all()
    assert set(footprints.groups[:, 0]) == set(range(footprints.n_slabs))


def test_footprints_have_norm_1_and_cover_the_probe():
    f = FOOTPRINTS
    squares = np.add.reduceat(f.weights.astype(float) ** 2, f.starts[:-1])
    np.testing.assert_allclose(squares, 1, rtol=1e-5)
    for position in POSITIONS:
        assert np.hypot(*(f.places - position).T).min() < 12
    assert f.groups[-1, 4] == f.n_filters and len(f.groups) % len(WIDTHS_UM) == 0


def test_a_probe_of_one_channel_has_a_bank():
    footprints = Footprints.of(Contacts.of([[0.0, 0.0]]))
    assert footprints.n_filters == len(WIDTHS_UM) and footprints.weights.tolist() == [1.0] * len(WIDTHS_UM)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.booleans(), st.floats(2.5, 5.0))
def test_the_search_leaves_out_no_filter_that_reaches_the_score(seed, both, least):
    rng, f = np.random.default_rng(seed), FOOTPRINTS
    responses = rng.normal(size=(2, len(POSITIONS), 30)).astype(np.float32)
    best, which = np.empty((f.n_slabs, 30), np.float32), np.zeros((f.n_slabs, 30), np.int32)
    kernels.search(responses, both, least, f.groups, f.starts, f.rows, f.weights, best, which)
    every = np.full((f.n_slabs, 30), -np.inf)
    for slab, _, _, begin, end in f.groups:
        for m in range(begin, end):
            some = slice(f.starts[m], f.starts[m + 1])
            scores = np.tensordot(f.weights[some], responses[:, f.rows[some]], axes=(0, 1))
            every[slab] = np.maximum(every[slab], (np.abs(scores) if both else scores).max(axis=0))
    clear = np.abs(every - least) > 1e-4
    np.testing.assert_allclose(np.abs(best)[clear], np.where(every >= least, every, 0)[clear], rtol=1e-4)


def test_prototypes_are_the_waveforms_that_were_seen():
    rng = np.random.default_rng(0)
    kinds = np.array([Neuron((5.0, 110.0), period=p).at()[10] for p in (8.0, 18.0)])
    kinds /= np.linalg.norm(kinds, axis=1, keepdims=True)
    snippets = 20 * kinds[rng.integers(0, 2, 1500)] + rng.normal(size=(1500, WIDTH))
    found = learned_prototypes(snippets, 0, 2)
    assert sorted((found @ kinds.T).argmax(axis=1).tolist()) == [0, 1]
    assert (found @ kinds.T).max(axis=1).min() > 0.99
    np.testing.assert_array_equal(found, learned_prototypes(snippets, 0, 2))


def test_few_snippets_are_not_learned_from():
    few = np.ones((10, WIDTH), np.float32)
    np.testing.assert_array_equal(prototypes_of(few, TROUGH, RATE, 0), built_in_prototypes(WIDTH, TROUGH, RATE))
    built_in = built_in_prototypes(WIDTH, TROUGH, RATE)
    assert built_in.shape == (N_PROTOTYPES, WIDTH)
    assert np.abs(built_in.argmin(axis=1) - TROUGH).max() <= 1  # a crest that comes soon moves it


@pytest.mark.parametrize(("late", "alone"), [(0, True), (20, False)])
def test_waveforms_with_a_second_trough_are_no_prototypes(late, alone):
    snippet = Neuron((5.0, 110.0)).at()[10]
    both = snippet + 0.6 * np.roll(snippet, late) if late else snippet
    assert is_alone(both[None], TROUGH, EXCLUDE).tolist() == [alone]


def test_the_noise_of_prototypes_is_that_of_their_responses():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(4, 20_000)).astype(np.float32)
    slow = ((noise[:, :-1] + noise[:, 1:]) / np.sqrt(2)).astype(np.float32)
    prototypes = built_in_prototypes(WIDTH, TROUGH, RATE)
    white, coloured = prototype_noise(prototypes, noise), prototype_noise(prototypes, slow)
    np.testing.assert_allclose(white, 1, rtol=0.03)
    expected = [np.std(np.convolve(slow[0], p[::-1], mode="valid")) for p in prototypes]
    np.testing.assert_allclose(coloured, expected, rtol=0.05)
