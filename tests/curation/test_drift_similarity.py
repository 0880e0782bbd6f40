"""Drift-aware similarity against loops, and what must hold for any templates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.curation import drift_similarity as drift
from phy_medicine.curation.drift_similarity import LocalTemplates

STAGGERED = np.array([[32.0 * (i % 2) + 16.0 * (i // 2 % 2), 20.0 * (i // 2)] for i in range(24)])
LINEAR = np.array([[0.0, 25.0 * i] for i in range(12)])
SQUARE = np.array([[15.0 * (i % 3), 15.0 * (i // 3)] for i in range(30)])


def neurons(places: np.ndarray, positions: np.ndarray, *, widths: np.ndarray | None = None) -> LocalTemplates:
    """Templates of neurons at (x, y, distance from the probe), on the contacts around their peaks."""
    t = np.arange(20.0)
    widths = np.full(len(places), 2.0) if widths is None else widths
    waves = np.exp(-(((t[None, :] - 9) / widths[:, None]) ** 2))
    offsets = places[:, None, :2] - positions[None]
    gains = 1 / np.sqrt((offsets**2).sum(axis=2) + places[:, 2:] ** 2)
    channels = drift.contacts_near(positions[gains.argmax(axis=1)], positions)
    local = np.take_along_axis(gains, np.maximum(channels, 0), axis=1) * (channels >= 0)
    return LocalTemplates((-waves[:, :, None] * local[:, None, :]).astype(np.float32), channels, positions)


def random_neurons(seed: int, n: int, positions: np.ndarray) -> tuple[LocalTemplates, np.ndarray, np.ndarray]:
    """Templates, their displacements, and a similarity matrix as a sorter would give it."""
    rng = np.random.default_rng(seed)
    low, high = positions.min(axis=0), positions.max(axis=0)
    places = np.column_stack([rng.uniform(low, high + 1e-9, (n, 2)), rng.uniform(10, 40, n)])
    matrix = rng.random((n, n)).astype(np.float32)
    matrix = np.maximum(matrix, matrix.T)
    np.fill_diagonal(matrix, 1)
    return neurons(places, positions, widths=rng.uniform(1, 3, n)), rng.uniform(-30, 30, n), matrix


def slow(templates: LocalTemplates, moved: np.ndarray, matrix: np.ndarray, whitening: np.ndarray | None) -> np.ndarray:
    """One pair of templates, one contact, one lag after another."""
    places, n_channels = templates.positions_um, len(templates.positions_um)
    apart = [min(np.hypot(*(p - q)) for j, q in enumerate(places) if j != i) for i, p in enumerate(places)]
    sigma = max(20.0, float(np.median(apart)))

    def covariance(p: np.ndarray, q: np.ndarray) -> float:
        return float(np.exp(-((p - q) ** 2).sum() / (2 * sigma**2)))

    resting = []
    for t, wave in enumerate(templates.waveforms):
        own = [c for c in templates.channel_ids[t] if c >= 0]
        data = wave[:, : len(own)].astype(float)
        peak = places[own[int(np.argmax(np.ptp(data, axis=0)))]]
        goal = peak - [0, moved[t]]
        order = sorted(range(n_channels), key=lambda c: (((places[c] - goal) ** 2).sum(), c))[:40]
        targets = [c for c in order if np.hypot(*(places[c] - goal)) <= 100] or order[:1]
        inner = np.array([[covariance(places[a], places[b]) + 0.01 * (a == b) for b in own] for a in own])
        dense = np.zeros((len(wave) + 10, n_channels))
        for c in targets:
            towards = [covariance(places[a], places[c] + [0, moved[t]]) for a in own]
            dense[5:-5, c] = data @ np.linalg.solve(inner, towards)
        if whitening is not None:
            dense[:, targets] = dense[:, targets] @ whitening[np.ix_(targets, targets)]
        resting.append((dense, set(targets)))
    result = matrix.astype(float).copy()
    for i, (a, on_a) in enumerate(resting):
        for j, (b, on_b) in enumerate(resting):
            r = np.linalg.norm(a) / np.linalg.norm(b)
            norm = np.linalg.norm(a) * np.linalg.norm(b)
            best = max((a * np.roll(b, lag, axis=0)).sum() / norm for lag in range(-5, 6)) if on_a & on_b else 0.0
            at_rest = 1.0 if i == j else best * 2 * r / (1 + r * r)
            w = 1 - np.exp(-0.5 * ((moved[i] - moved[j]) / 5) ** 2)
            gain = at_rest - result[i, j]
            result[i, j] += w * gain * (1 if gain > 0 else 0.5)
    return result


@pytest.mark.parametrize("positions", [STAGGERED, LINEAR, SQUARE], ids=["staggered", "linear", "square"])
@pytest.mark.parametrize("whitened", [False, True])
def test_values_are_those_of_a_slow_version(positions, whitened):
    templates, moved, matrix = random_neurons(3, 7, positions)
    n = len(positions)
    whitening = np.eye(n) + 0.2 * np.random.default_rng(0).normal(size=(n, n)) if whitened else None
    values = drift.drift_similarity(templates, moved, matrix, whitening=whitening)
    np.testing.assert_allclose(values, slow(templates, moved, matrix, whitening), atol=2e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(-50, 50))
def test_without_motion_it_is_the_template_similarity(seed, everywhere):
    templates, _, matrix = random_neurons(seed, 5, STAGGERED)
    assert np.array_equal(drift.drift_similarity(templates, np.full(5, everywhere), matrix), matrix)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_templates_of_one_motion_keep_their_similarity(seed):
    templates, moved, matrix = random_neurons(seed, 5, STAGGERED)
    moved[3] = moved[1]
    assert drift.drift_similarity(templates, moved, matrix)[1, 3] == matrix[1, 3]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_it_is_symmetric_and_does_not_depend_on_the_order(seed):
    templates, moved, matrix = random_neurons(seed, 6, SQUARE)
    order = np.random.default_rng(seed).permutation(6)
    values = drift.drift_similarity(templates, moved, matrix)
    shuffled = LocalTemplates(templates.waveforms[order], templates.channel_ids[order], SQUARE)
    again = drift.drift_similarity(shuffled, moved[order], matrix[np.ix_(order, order)])
    np.testing.assert_allclose(values, values.T, atol=1e-6)
    np.testing.assert_allclose(again, values[np.ix_(order, order)], atol=1e-5)


@pytest.mark.parametrize("positions", [STAGGERED, LINEAR, SQUARE], ids=["staggered", "linear", "square"])
def test_a_neuron_at_two_depths_is_found_again(positions):
    x, y = positions.mean(axis=0)
    templates = neurons(np.array([[x, y - 20, 25.0], [x, y + 20, 25.0], [x, y, 25.0]]), positions)
    values = drift.rest_similarity(templates, np.array([-20.0, 20.0, 30.0]))
    assert values[0, 1] > 0.98
    assert values[0, 2] < 0.9


def test_templates_far_apart_at_rest_have_nothing_in_common():
    places = np.array([[0, 0, 20.0], [0, 10, 20.0]])
    templates = neurons(places, np.array([[0, 25.0 * i] for i in range(40)]))
    seen = np.ones((2, 2), dtype=np.float32)
    assert drift.rest_similarity(templates, np.array([0.0, -500.0]))[0, 1] == 0
    assert drift.drift_similarity(templates, np.array([0.0, -500.0]), seen)[0, 1] == 0.5


def test_size_counts():
    templates = neurons(np.array([[0, 100, 20.0], [0, 100, 20.0]]), LINEAR)
    assert drift.rest_similarity(templates, np.zeros(2))[0, 1] == pytest.approx(1)
    assert drift.rest_similarity(templates, np.zeros(2), sizes=np.array([1.0, 2.0]))[0, 1] == pytest.approx(0.8)


def test_empty_and_broken_templates_give_finite_values():
    templates, moved, matrix = random_neurons(1, 4, LINEAR)
    waves = templates.waveforms.copy()
    waves[0], waves[1, 3, 0], matrix[2, 3] = 0, np.nan, np.nan
    values = drift.drift_similarity(LocalTemplates(waves, templates.channel_ids, LINEAR), moved, matrix)
    assert np.isfinite(values).all()


def test_displacements_are_means_over_the_spikes_of_a_template():
    times, templates = np.array([0.0, 1, 2, 3, 4]), np.array([0, 2, 0, 2, 9])
    depths = np.array([100.0, 200, 300])
    means = drift.mean_displacements(times, templates, depths, lambda t, d: t + d / 100)
    assert means.tolist() == [2.0, 0.0, 5.0]


def test_spikes_are_taken_in_pieces(monkeypatch):
    monkeypatch.setattr(drift, "_SPIKES_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    times, ids = np.sort(rng.random(50)), rng.integers(0, 3, 50)
    means = drift.mean_displacements(times, ids, np.zeros(3), lambda t, d: t)
    np.testing.assert_allclose(means, [times[ids == i].mean() for i in range(3)])


def test_only_near_contacts_are_taken_the_nearest_first():
    line = np.array([[0.0, 40.0 * i] for i in range(10)])
    assert drift.contacts_near(np.array([[0, 0.0], [0, 1000], [0, 121]]), line).tolist() == [
        [0, 1, 2, -1, -1],
        [9, -1, -1, -1, -1],
        [3, 4, 2, 5, 1],
    ]
