"""Units joined and taken apart: no spike is lost, templates and amplitudes stay true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phy_medicine.compute.pairs.template_pairs import shifted
from phy_medicine.compute.sorting.unit import joined, parted, shared_features, spikes_of, units_of
from tests.compute.sorting.neurons import N_CHANNELS, WIDTH, features, shapes_of, template

ALL = np.arange(N_CHANNELS)


def made(seed, labels, templates, channels=ALL, amplitude=20.0):
    """Units with features without noise; labels : a unit for each spike."""
    rng = np.random.default_rng(seed)
    labels = np.asarray(labels)
    times = np.sort(rng.integers(0, 100_000, len(labels)))
    amplitudes = (amplitude + rng.random(len(labels))).astype(np.float32)
    shapes = shapes_of(templates)
    scores = features(rng, shapes, templates, labels, amplitudes, noise=0)[:, :, channels]
    rows = np.tile(channels, (len(templates), 1))
    return units_of(templates, times, labels, amplitudes, features=scores, channels=rows), shapes


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(-5, 5), st.integers(0, 9))
def test_joined_units_have_all_spikes_in_order(labels, lag, seed):
    units, shapes = made(seed, labels, np.stack([template(k) for k in range(4)]))
    union = joined(units[0], units[1], lag, shapes)
    assert (np.diff(union.times) >= 0).all()
    assert sorted(union.rows) == sorted(np.flatnonzero(np.asarray(labels) <= 1))
    assert union.features.shape == (len(union), len(shapes), N_CHANNELS)


def test_the_second_unit_is_moved_into_the_time_of_the_first():
    one = template(3)
    templates = np.stack([one, shifted(one, -4)])
    units = units_of(templates, np.array([100, 200, 296]), np.array([0, 0, 1]), np.array([10.0, 12.0, 11.0]))
    union = joined(units[0], units[1], 4)
    assert union.times.tolist() == [100, 200, 300]
    assert union.amplitudes == pytest.approx([10, 12, 11], rel=0.01)
    assert (union.template * one).sum() > 0.999
    back = joined(units[1], units[0], -4)
    assert back.times.tolist() == [100, 200, 300]


def test_what_amplitudes_times_template_are_stays_by_joining():
    a, b = template(3), template(3, width_um=1.6)
    units = units_of(np.stack([a, b]), np.arange(6) * 100, np.array([0, 0, 0, 1, 1, 1]), np.full(6, 20.0))
    union = joined(units[0], units[1], 0)
    for row, truth in zip(union.rows, [a, a, a, b, b, b], strict=True):
        k = list(union.rows).index(row)
        assert np.linalg.norm(union.amplitudes[k] * union.template - 20 * truth) < 20 * np.linalg.norm(a - b)
    assert np.linalg.norm(union.template) == pytest.approx(1, abs=1e-5)


def test_features_of_channels_that_only_one_unit_has_are_those_of_its_template():
    templates = np.stack([template(3), template(4)])
    units, shapes = made(0, [0] * 5 + [1] * 3, templates, channels=np.array([2, 3, 4, -1]))
    whole, _ = made(0, [0] * 5 + [1] * 3, templates)
    filled = units[1].on(np.array([3, 6, -1]), shapes)
    assert filled[:, :, 0] == pytest.approx(whole[1].features[:, :, 3])
    assert filled[:, :, 1] == pytest.approx(whole[1].features[:, :, 6], abs=1e-3)
    assert not filled[:, :, 2].any()


def test_features_are_compared_on_channels_that_both_have():
    templates = np.stack([template(3), template(5)])
    units, _ = made(1, [0, 1, 0, 1], templates, channels=np.array([2, 3, 4, -1]))
    other, _ = made(1, [0, 1, 0, 1], templates, channels=np.array([4, 3, 6, -1]))
    mine, its = shared_features(units[0], other[1])
    assert mine == pytest.approx(units[0].features[:, :, [1, 2]])
    assert its == pytest.approx(other[1].features[:, :, [1, 0]])
    far, _ = made(1, [0, 1, 0, 1], templates, channels=np.array([6, 7, -1, -1]))
    assert shared_features(units[0], far[1]) is None


@settings(max_examples=30)
@given(st.lists(st.booleans(), min_size=2, max_size=30).filter(lambda m: any(m) and not all(m)))
def test_parts_have_all_spikes_and_their_own_templates(second):
    truth = np.stack([template(3), template(4)])
    labels = np.array(second, int)
    units, shapes = made(2, labels, truth)
    mixed = joined(units[0], units[1], 0, shapes)
    mask = labels[mixed.rows] == 1
    parts = parted(mixed, mask, shapes)
    assert sorted(np.concatenate([p.rows for p in parts])) == list(range(len(labels)))
    for part, true in zip(parts, truth, strict=True):
        assert (part.template * true).sum() > 0.98
        assert part.amplitudes.mean() == pytest.approx(20.5, rel=0.06)


@given(st.lists(st.integers(0, 5), max_size=50))
def test_spikes_are_those_that_units_were_made_of(labels):
    templates = np.zeros((6, 1, WIDTH))
    times = np.arange(len(labels)) // 3
    labels = np.asarray(labels, int)
    units = units_of(templates, times, labels, np.arange(len(labels)))
    assert spikes_of(units, "times").tolist() == times.tolist()
    assert sorted(zip(spikes_of(units, "units"), spikes_of(units, "rows"), strict=True)) == sorted(
        zip(labels, range(len(labels)), strict=True)
    )
