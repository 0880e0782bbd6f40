"""Peaks before there are templates: where they are, and their waveforms in a few shapes."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.localize.contacts import Contacts
from phy_medicine.compute.peak_settings import BOTH, TROUGHS
from phy_medicine.compute.sorting.spike_features import (
    AROUND_UM,
    PeakFinder,
    PeakList,
    channels_around,
    shapes_of,
    threshold_detector,
)
from tests.compute.sorting.made_units import CONTACTS, POSITIONS, RATE, TROUGH, WIDTH, Neuron

N = 4000
TIMES = {400: (Neuron((5.0, 110.0)), 30.0), 1500: (Neuron((4.0, 30.0)), 20.0), 1503: (Neuron((5.0, 200.0)), 25.0)}


def made(times=TIMES, seed=0):
    """Data (N, T) with spikes whose troughs are at given samples."""
    data = np.random.default_rng(seed).normal(0, 0.3, (len(POSITIONS), N)).astype(np.float32)
    for trough, (neuron, size) in times.items():
        first, stop = max(0, TROUGH - trough), min(WIDTH, N - trough + TROUGH)
        data[:, trough - TROUGH + first : trough - TROUGH + stop] += size * neuron.at()[:, first:stop]
    return data


def finder(sign=TROUGHS, shapes=None, contacts=CONTACTS):
    detector = threshold_detector(contacts, RATE, 5.0, sign)
    return PeakFinder(contacts, detector, width=WIDTH, trough=TROUGH, shapes=shapes)


def test_peaks_are_the_troughs_of_spikes():
    data, shapes = made(), shapes_of(finder().snippets(made(), 0, N))
    times, channels, amplitudes, features = finder(shapes=shapes).find(data, 0, N)
    assert times.tolist() == [400, 1500, 1503]
    for i, (neuron, size) in enumerate(TIMES.values()):
        assert channels[i] == np.abs(neuron.at()).max(axis=1).argmax()
        assert amplitudes[i] == pytest.approx(-size * np.abs(neuron.at()).max(), abs=1.5)
    assert features.shape == (3, channels_around(CONTACTS).shape[1], 6)


def test_features_give_the_waveform_back_on_the_channels_around():
    found = finder(shapes=shapes_of(finder().snippets(made(), 0, N)))
    _, channels, _, features = found.find(made(), 0, N)
    around = found.around[channels[0]]
    expected = 30.0 * TIMES[400][0].at()[around[around >= 0]]
    left = features[0, around >= 0] @ found.shapes - expected
    assert np.linalg.norm(left) < 0.15 * np.linalg.norm(expected)


def test_peaks_are_those_of_the_columns_that_are_asked_for_and_lie_in_the_data_wholly():
    data = made({400: TIMES[400], TROUGH - 1: TIMES[400], N - WIDTH + TROUGH + 1: TIMES[400]} | {1500: TIMES[1500]})
    found = finder(shapes=np.eye(6, WIDTH, dtype=np.float32))
    assert found.find(data, 0, N)[0].tolist() == [400, 1500]
    assert found.find(data, 401, N)[0].tolist() == [1500]
    assert found.find(data, 0, 400)[0].tolist() == []


def test_crests_are_peaks_only_where_both_are_looked_for():
    data = -made({400: TIMES[400]})
    data[:, 405:] = 0  # the peak after the trough is a trough now
    shapes = np.eye(6, WIDTH, dtype=np.float32)
    assert finder(BOTH, shapes).find(data, 0, N)[0].tolist() == [400]
    assert finder(TROUGHS, shapes).find(data, 0, N)[0].tolist() == []


def test_shapes_are_orthonormal_and_hold_the_waveforms():
    rng = np.random.default_rng(0)
    kinds = np.linalg.qr(rng.normal(size=(WIDTH, 3)))[0].T
    waveforms = (rng.normal(size=(500, 3)) * [9, 5, 3]) @ kinds + 0.01 * rng.normal(size=(500, WIDTH))
    shapes = shapes_of(waveforms, 3)
    np.testing.assert_allclose(shapes @ shapes.T, np.eye(3), atol=1e-5)
    left = waveforms - waveforms @ shapes.T @ shapes
    assert np.linalg.norm(left) < 0.01 * np.linalg.norm(waveforms)


def test_channels_around_are_near_and_on_the_same_shank_nearest_first():
    contacts = Contacts.of(POSITIONS, np.repeat([0, 1], 12))
    around = channels_around(contacts)
    for channel, row in enumerate(around):
        ids = row[row >= 0]
        assert ids[0] == channel and len(set(ids.tolist())) == len(ids)
        assert (contacts.shanks[ids] == contacts.shanks[channel]).all()
        away = contacts.distances(channel)[ids]
        assert (np.diff(away) >= 0).all()
        assert (np.abs(POSITIONS[ids] - POSITIONS[channel]) <= AROUND_UM).all()


def test_what_was_found_in_stretches_is_put_together(tmp_path):
    found = finder(shapes=np.eye(6, WIDTH, dtype=np.float32))
    parts = [found.find(made(), 0, 1501), found.find(made(), 1501, N)]
    peaks = PeakList(found, tmp_path)
    assert peaks.peaks().samples.size == 0 and peaks.peaks().features[np.zeros(0, int)].shape[0] == 0
    for part in parts:
        peaks.add(part)
    every = peaks.peaks()
    assert every.samples.tolist() == [400, 1500, 1503]
    expected = np.concatenate([part[3] for part in parts])
    np.testing.assert_array_equal(every.features[np.array([2, 0])], expected[[2, 0]])
    assert not list(tmp_path.iterdir())  # nothing that an interrupted sort would leave
