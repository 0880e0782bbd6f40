"""Units that are one neuron are joined, others are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.pairs.template_pairs import shifted
from phy_medicine.compute.sorting.merges import merge_units
from tests.compute.sorting.neurons import (
    N_CHANNELS,
    N_SAMPLES,
    RATE,
    WIDTH,
    features,
    neuron_train,
    shapes_of,
    spikes,
    template,
)  # fmt: skip

LIMITS = {"sample_rate": RATE, "n_samples": N_SAMPLES}


def merged(rng, trains, amplitudes, templates, truth=None, **more):
    """Join units whose spikes have the waveforms `truth`, by default the templates."""
    times, units, values = spikes(trains, amplitudes)
    templates = np.stack(templates)
    waveforms = templates if truth is None else np.stack(truth)
    shapes = shapes_of(waveforms)
    scores = features(rng, shapes, waveforms, units, values)
    channels = np.tile(np.arange(N_CHANNELS), (len(templates), 1))
    given_ = {"features": scores, "feature_channels": channels, "feature_shapes": shapes}
    return merge_units(templates, times, units, values, **given_, **LIMITS, **more)


def test_random_halves_of_a_neuron_are_joined():
    rng = np.random.default_rng(0)
    train = neuron_train(rng, 12)
    half = rng.random(len(train)) < 0.5
    a = template(3)
    result = merged(rng, [train[half], train[~half], neuron_train(rng, 12)], [20, 20, 20], [a, a, template(6)])
    assert result.group.tolist() == [0, 0, 1]
    assert result.times[result.units == 0].tolist() == train.tolist()
    assert result.suggested == ()


def test_small_and_large_spikes_of_a_neuron_are_joined():
    rng = np.random.default_rng(1)
    train = neuron_train(rng, 12)
    amplitudes = 20 + 3 * rng.normal(size=len(train))
    large = amplitudes > 21
    a = template(3)
    result = merged(rng, [train[large], train[~large]], [amplitudes[large], amplitudes[~large]], [a, a])
    assert result.group.tolist() == [0, 0]
    assert (result.templates[0] * a).sum() == pytest.approx(1, abs=1e-5)


def test_early_and_late_spikes_of_a_neuron_are_joined():
    rng = np.random.default_rng(2)
    train = neuron_train(rng, 6)
    a = template(3)
    late = train > N_SAMPLES // 2
    assert merged(rng, [train[late], train[~late]], [20, 20], [a, a]).group.tolist() == [0, 0]


def test_two_neurons_of_the_same_shape_are_not_joined():
    rng = np.random.default_rng(3)
    a = template(3)
    result = merged(rng, [neuron_train(rng, 8), neuron_train(rng, 8)], [20, 20], [a, a])
    assert result.group.tolist() == [0, 1]


def test_two_neurons_of_similar_shape_that_never_fire_together_are_only_suggested():
    rng = np.random.default_rng(4)
    train = neuron_train(rng, 14, refractory_s=0.01)
    half = rng.random(len(train)) < 0.5
    result = merged(rng, [train[half], train[~half]], [20, 20], [template(3), template(3, width_um=1.6)])
    assert result.group.tolist() == [0, 1]
    (suggestion,) = result.suggested
    assert suggestion[:2] == (0, 1) and 0 < suggestion[2] < 1 and "bimodality" in suggestion[3]


def test_later_spikes_of_bursts_may_be_of_another_shape():
    rng = np.random.default_rng(5)
    first = neuron_train(rng, 6, refractory_s=0.02)
    later = first + rng.integers(100, 250, len(first))
    result = merged(rng, [first, later], [20, 14], [template(3), template(3, width_um=1.7)])
    assert result.group.tolist() == [0, 0]


def test_parts_of_a_small_neuron_are_joined_though_noise_makes_their_templates_differ():
    rng = np.random.default_rng(10)
    train = neuron_train(rng, 0.9)
    half = rng.random(len(train)) < 0.5
    a = template(3)
    noisy = [a + 0.015 * rng.normal(size=a.shape) for _ in range(2)]
    noisy = [t / np.linalg.norm(t) for t in noisy]
    assert 0.9 < (noisy[0] * noisy[1]).sum() < 0.95
    assert merged(rng, [train[half], train[~half]], [9, 9], noisy, truth=[a, a]).group.tolist() == [0, 0]
    b = template(3, width_um=2.0)
    assert 0.9 < (a * b).sum() < 0.95
    assert merged(rng, [train[half], train[~half]], [9, 9], [a, b]).group.tolist() == [0, 1]


def test_three_parts_become_one_unit():
    rng = np.random.default_rng(6)
    train = neuron_train(rng, 20)
    part = rng.integers(0, 3, len(train))
    a = template(3)
    result = merged(rng, [train[part == k] for k in range(3)], [20, 20, 20], [a, a, a])
    assert result.group.tolist() == [0, 0, 0] and len(result.templates) == 1
    assert result.times.tolist() == train.tolist()


def test_a_part_with_a_shifted_template_is_joined_in_the_right_time():
    rng = np.random.default_rng(7)
    train = neuron_train(rng, 12)
    half = rng.random(len(train)) < 0.55
    one = template(3)
    result = merged(rng, [train[half], train[~half] - 6], [20, 20], [one, shifted(one, -6)])
    assert result.group.tolist() == [0, 0]
    assert result.times.tolist() == train.tolist()


def test_without_features_amplitudes_tell():
    rng = np.random.default_rng(8)
    train = neuron_train(rng, 12)
    half = rng.random(len(train)) < 0.5
    a = np.stack([template(3)] * 2)
    alike = 20 + 2 * rng.normal(size=len(train))
    apart = np.where(half, 20, 40) + 2 * rng.normal(size=len(train))
    groups = [
        merge_units(a, *spikes([train[half], train[~half]], [v[half], v[~half]]), **LIMITS).group.tolist()
        for v in (alike, apart)
    ]
    assert groups == [[0, 0], [0, 1]]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(0, 200))
def test_no_spike_is_lost_and_times_stay_in_order(seed, n_units, n_spikes):
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(0, 300_000, n_spikes))
    units = rng.integers(0, n_units, n_spikes)
    templates = np.stack([template(3, width_um=1 + 0.1 * k) for k in range(n_units)])
    result = merge_units(templates, times, units, 20 + rng.random(n_spikes), sample_rate=RATE, n_samples=300_000)
    assert sorted(result.rows) == list(range(n_spikes))
    assert (np.diff(result.times) >= 0).all()
    assert (result.group[units[result.rows]] == result.units).all()
    assert result.templates.shape == (len(set(result.group)), N_CHANNELS, WIDTH)
    assert np.linalg.norm(result.templates, axis=(1, 2)) == pytest.approx(1, abs=1e-4)


def test_no_unit_at_all_is_no_error():
    empty = np.zeros(0, np.int64)
    result = merge_units(np.zeros((0, 4, 9)), empty, empty, empty, sample_rate=RATE, n_samples=100)
    assert len(result.templates) == 0 and result.suggested == ()
