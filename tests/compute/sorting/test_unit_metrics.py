"""What is measured of units."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.sorting.draft import Draft
from phy_medicine.compute.sorting.isolation import isolation
from phy_medicine.compute.sorting.post_settings import PostSettings
from phy_medicine.compute.sorting.result import SortedChannels, SortedSpikes
from phy_medicine.compute.sorting.unit_metrics import drift_depths, unit_metrics
from phy_medicine.compute.sorting.whitening import Whitening
from tests.compute.sorting.neurons import (
    N_CHANNELS,
    N_SAMPLES,
    RATE,
    features,
    neuron_train,
    shapes_of,
    spikes,
    template,
)

POSITIONS = np.stack([np.zeros(N_CHANNELS), 20.0 * np.arange(N_CHANNELS)], axis=1)


def draft_of(trains, amplitudes, waveforms, gain_uv=5.0):
    """A draft without mistakes; the noise is white, and `gain_uv` on each channel before."""
    times, units, values = spikes(trains, amplitudes)
    waveforms = np.stack(waveforms)
    shapes = shapes_of(waveforms)
    scores = features(np.random.default_rng(0), shapes, waveforms, units, values)
    none = np.zeros(len(times), np.float32)
    whitening = Whitening(
        np.eye(N_CHANNELS, dtype=np.float32) / gain_uv, gain_uv * np.eye(N_CHANNELS), np.full(N_CHANNELS, gain_uv)
    )
    channels = SortedChannels(np.arange(N_CHANNELS), POSITIONS, np.zeros(N_CHANNELS, np.int32))
    return Draft(
        SortedSpikes(times, units, values, values**2 / 2, none, scores), waveforms, 13,
        np.tile(np.arange(N_CHANNELS), (len(waveforms), 1)), shapes, channels, whitening, RATE, N_SAMPLES,
    )  # fmt: skip


def test_a_neuron_is_measured():
    rng = np.random.default_rng(0)
    one, other = template(3), template(6)
    draft = draft_of([neuron_train(rng, 5), neuron_train(rng, 8)], [30.0, 20.0], [one, other])
    table = unit_metrics(draft, draft.units(), PostSettings())
    height = np.abs(one).max()
    assert table["rate_hz"] == pytest.approx([5, 8], rel=0.05)
    assert table["n_spikes"].tolist() == np.bincount(draft.spikes.units).tolist()
    assert table["amplitude_sigma"].tolist() == [30, 20]
    assert table["amplitude_uv"][0] == pytest.approx(30 * height * 5, rel=1e-4)
    assert table["snr"][0] == pytest.approx(30 * height, rel=1e-4)
    assert table["depth_um"] == pytest.approx([60, 120], abs=6)
    assert table["x_um"].tolist() == [0, 0] and table["shank"].tolist() == [0, 0]
    assert table["refractory_pairs"].tolist() == [0, 0] and table["contamination"].tolist() == [0, 0]
    assert table["presence_ratio"].tolist() == [1, 1]
    assert (table["drift_um"] < 2).all()
    assert (table["l_ratio"] < 1e-3).all() and table["isolation_distance"][0] > 50


def test_spikes_of_other_neurons_are_contamination():
    rng = np.random.default_rng(1)
    train = np.sort(np.concatenate([neuron_train(rng, 40), neuron_train(rng, 10)]))
    draft = draft_of([train], [20.0], [template(3)])
    table = unit_metrics(draft, draft.units(), PostSettings())
    assert table["contamination"][0] == pytest.approx(0.2, abs=0.05)
    slow = sum(21 <= train[i + k] - train[i] < 45 for k in (1, 2, 3, 4) for i in range(len(train) - k))
    assert table["refractory_pairs"][0] == slow > 50


def test_drift_is_seen_in_the_mean_spikes():
    rng = np.random.default_rng(3)
    depths = np.repeat([60.0, 75.0, 90.0], 40)
    heights = 20 * np.exp(-0.5 * ((POSITIONS[:, 1] - depths[:, None]) / 25) ** 2)
    scores = np.stack([heights, 0 * heights], axis=1) + rng.normal(size=(120, 2, N_CHANNELS))
    edges = np.array([0, 40, 45, 80, 120])
    assert drift_depths(scores, POSITIONS[:, 1], edges) == pytest.approx([60, 75, 90], abs=1.5)


def test_units_of_the_same_shape_are_not_isolated():
    rng = np.random.default_rng(6)
    trains = [neuron_train(rng, 3) for _ in range(3)]
    draft = draft_of(trains, [20.0, 20.0, 20.0], [template(3), template(3), template(5)])
    ratio, _ = isolation(draft.units(), draft.feature_shapes)
    assert ratio[0] > 0.3 and ratio[1] > 0.3 and ratio[2] < 1e-3
