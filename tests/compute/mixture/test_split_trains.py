"""Parts whose trains are those of one neuron are one; two neurons stay two."""

from __future__ import annotations

import numpy as np
import pytest

from phy_medicine.compute.mixture.split import split_by_model
from phy_medicine.compute.mixture.split_trains import _clearest, join_by_trains

RATE, DURATION = 30_000, 30_000 * 300


def train(rng, n, wait):
    """Spikes of one neuron, `wait` samples apart at least, over the whole recording."""
    gaps = rng.exponential(DURATION / n - wait, n) + wait
    return np.cumsum(gaps * (DURATION - 1) / gaps.sum()).astype(np.int64)


def clouds(rng, parts, gap=7.0):
    """Features of spikes of each part."""
    return rng.normal(size=(len(parts), 6)) + gap * np.eye(6)[parts]


def put_together(*trains):
    samples = np.concatenate(trains)
    order = np.argsort(samples, kind="stable")
    return samples[order], np.repeat(np.arange(len(trains)), [len(t) for t in trains])[order]


def test_two_neurons_stay_two():
    rng = np.random.default_rng(0)
    samples, truth = put_together(train(rng, 6000, 60), train(rng, 4000, 60))
    split = split_by_model(clouds(rng, truth))
    after, joined = join_by_trains(split, samples, RATE, DURATION)
    assert after is split and joined == () and split.sizes == (6000, 4000)


def test_one_train_in_two_shapes_is_one_neuron():
    rng = np.random.default_rng(0)
    samples = train(rng, 12_000, 90)
    shapes = rng.integers(2, size=len(samples))
    split = split_by_model(clouds(rng, shapes, 2.4))
    assert len(split.sizes) == 2
    after, (joined,) = join_by_trains(split, samples, RATE, DURATION)
    assert after.sizes == (12_000,) and not after.supported and after.depth == 0.0
    assert set(after.labels.tolist()) == {0} and after.certainty == pytest.approx(1)
    assert "wait for each other as one neuron does (0 pairs within 1.5 ms of" in joined.words
    assert sorted(joined.sizes) == sorted(split.sizes)


def test_a_neuron_that_changed_in_the_middle_is_one_beside_another():
    """Three parts; the second and third are one neuron, before and after."""
    rng = np.random.default_rng(0)
    moved, other = train(rng, 5000, 60), train(rng, 4000, 60)
    samples, truth = put_together(moved[moved < DURATION / 2], moved[moved >= DURATION / 2], other)
    x = rng.normal(size=(len(truth), 6)) + np.array([[0, 0], [4, 0], [0, 9]])[truth] @ np.eye(6)[:2]
    split = split_by_model(x)
    assert len(split.sizes) == 3
    after, (joined,) = join_by_trains(split, samples, RATE, DURATION)
    assert "take turns, as of one neuron" in joined.words
    assert len(after.sizes) == 2 and after.sizes[0] >= after.sizes[1]
    one = after.labels == 0
    assert ((truth < 2) == one).mean() > 0.99
    # What is joined is exactly two of the parts, and the shares follow.
    for part in range(3):
        assert len(set(after.labels[split.labels == part].tolist())) == 1
    np.testing.assert_allclose(after.shares.sum(axis=1), 1)
    assert after.certainty == pytest.approx(after.shares[np.arange(len(truth)), after.labels])
    assert after.sizes == tuple(np.bincount(after.labels)) and after.depth > 0.9


def test_a_part_is_joined_with_the_one_that_is_its_nearest_by_far():
    """Two neurons that jumped, 0 to 2 and 1 to 3: the least distance of all is between strangers."""
    distances = {(0, 2): 5.0, (0, 3): 2.9, (1, 3): 3.0, (1, 2): 8.0}
    assert _clearest(distances) == (1, 3)
    assert _clearest({(0, 1): 4.0, (2, 3): 3.0}) == (2, 3)
