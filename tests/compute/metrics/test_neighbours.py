"""Nearest neighbours and silhouettes against the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phy_medicine.compute.metrics.neighbours import nearest_neighbours, silhouette


def slow_rates(own, others, asked, k):
    points = np.concatenate([own, others]).astype(np.float32)

    def share(row):
        away = ((points - points[row]) ** 2).sum(axis=1)
        away[row] = np.inf
        return (np.argsort(away, kind="stable")[:k] < len(own)).mean()

    rates = [[share(row) for row in rows] for rows in (asked[0], len(own) + asked[1])]
    return tuple(float(np.mean(r)) if r else float("nan") for r in rates)


@given(st.integers(0, 10_000), st.integers(5, 30), st.integers(1, 600), st.integers(1, 6), st.integers(1, 4))
def test_rates_are_those_of_all_distances(seed, n_own, n_others, n_dimensions, k):
    rng = np.random.default_rng(seed)
    own, others = rng.normal(size=(n_own, n_dimensions)), rng.normal(size=(n_others, n_dimensions)) + 1
    asked = np.arange(0, n_own, 2), np.arange(0, n_others, 3)
    found = nearest_neighbours(own, others, asked=asked, k=k)
    assert found == pytest.approx(slow_rates(own, others, asked, k), abs=1e-9)


def test_a_cluster_far_from_others_finds_only_itself():
    rng = np.random.default_rng(0)
    own, others = rng.normal(size=(50, 3)), rng.normal(size=(80, 3)) + 100
    assert nearest_neighbours(own, others) == (1.0, 0.0)
    assert nearest_neighbours(own, others[:0]) == (1.0, 0.0)
    assert np.isnan(nearest_neighbours(own[:4], others)).all()


def test_two_halves_of_one_cluster_are_each_others_neighbours():
    points = np.random.default_rng(1).normal(size=(2000, 4))
    hits, misses = nearest_neighbours(points[:1000], points[1000:])
    assert hits == pytest.approx(0.5, abs=0.03) and misses == pytest.approx(0.5, abs=0.03)


def test_a_silhouette_is_one_far_from_others_and_negative_among_them():
    rng = np.random.default_rng(2)
    own = rng.normal(size=(40, 3))
    assert silhouette(own, own + 1000, np.zeros(40, int)) > 0.99
    mixed = np.concatenate([own[:20], own[20:] + 10])
    assert silhouette(mixed, own[20:] + 10, np.full(20, 7)) < 0.1
    assert np.isnan(silhouette(own, own[:0], np.zeros(0, int)))


def test_only_the_nearest_of_the_other_clusters_counts():
    own, near, far = np.zeros((3, 2)), np.full((4, 2), 3.0), np.full((5, 2), 900.0)
    own[0] = [0.0, 1.0]
    labels = np.array([5] * 5 + [2] * 4)
    assert silhouette(own, np.concatenate([far, near]), labels) == silhouette(own, near, np.zeros(4, int))
